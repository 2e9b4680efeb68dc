//! `tillroll rebuild search`: fills the search indexes anew while the old ones serve.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use projections::IndexStatus;
use tokio_util::sync::CancellationToken;

use super::session::{Work, with_database};
use super::{End, print};
use crate::compose::{self, Search};
use crate::config::Config;
use crate::world::World;

/// What to rebuild is called.
pub(super) const NAME: &str = "search";
/// How often is looked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Connections of an indexer of this process, and for looking.
const CONNECTIONS: u32 = 5;

pub(super) async fn run(config: &Config) -> anyhow::Result<End> {
    let done = with_database(config, async |work| rebuild(config, &work).await).await?;
    for index in &done {
        print::line(format_args!(
            "{} is rebuilt: {} products{}",
            index.name,
            index.built,
            if index.rejected > 0 {
                format!(", {} refused by the engine", index.rejected)
            } else {
                String::new()
            }
        ));
    }
    Ok(End::Success)
}

async fn rebuild(config: &Config, work: &Work) -> anyhow::Result<Vec<IndexStatus>> {
    let pool = work.database.pool("rebuild search", CONNECTIONS, None);
    let result = tokio::select! {
        result = all(config, &pool) => result,
        () = work.stop.cancelled() => Err(anyhow::anyhow!("interrupted; the process that keeps the index finishes the rebuild")),
    };
    compose::close_pool(&pool).await;
    result
}

/// Has every index filled anew that somebody keeps, and waits for it. What nobody keeps at present is filled when it is used again;
/// the one that this configuration uses is filled here.
async fn all(config: &Config, pool: &sqlx::PgPool) -> anyhow::Result<Vec<IndexStatus>> {
    let kept = |indexes: Vec<IndexStatus>| indexes.into_iter().filter(|index| index.kept).count();
    let mut helper = None;
    if kept(projections::index_status(pool).await?) == 0 {
        let search = Search::open(config, &World::default(), pool).await?;
        let stop = CancellationToken::new();
        let task = tokio::spawn(search.indexer(pool.clone(), false).run(stop.clone()));
        helper = Some((task, stop));
        while kept(projections::index_status(pool).await?) == 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    let asked = projections::ask_for_rebuild(pool).await?;
    let mut display = Display::default();
    let done = loop {
        let indexes = projections::index_status(pool).await?;
        let wanted = |index: &&IndexStatus| {
            index.kept
                || asked
                    .iter()
                    .any(|(name, asked)| *name == index.name && index.rebuilds_done >= *asked)
        };
        let indexes: Vec<IndexStatus> = indexes.iter().filter(wanted).cloned().collect();
        let is_done = |index: &IndexStatus| {
            asked
                .iter()
                .all(|(name, asked)| *name != index.name || index.rebuilds_done >= *asked)
        };
        if !indexes.is_empty() && indexes.iter().all(is_done) {
            break indexes;
        }
        if let Some(reason) = indexes.iter().find_map(|index| index.outage.as_deref()) {
            display.say(format!("waiting for the search engine: {reason}"));
        }
        display.show(&indexes);
        tokio::time::sleep(LOOK_EVERY).await;
    };
    display.end();
    if let Some((task, stop)) = helper {
        stop.cancel();
        task.await?;
    }
    Ok(done)
}

/// A bar for all indexes together.
#[derive(Default)]
struct Display {
    bar: Option<ProgressBar>,
    last_line: String,
}

impl Display {
    fn show(&mut self, indexes: &[IndexStatus]) {
        let bar = self.bar.get_or_insert_with(|| {
            let style =
                ProgressStyle::with_template("fill [{bar:40}] {human_pos}/{human_len} products {per_sec:0} ETA {eta}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("=> ");
            ProgressBar::new(0).with_style(style)
        });
        let sum = |of: fn(&IndexStatus) -> i64| {
            let building = indexes.iter().filter(|index| index.building);
            u64::try_from(building.map(of).sum::<i64>()).unwrap_or_default()
        };
        bar.set_length(sum(|index| index.to_build));
        bar.set_position(sum(|index| index.built));
    }

    fn say(&mut self, line: String) {
        if self.last_line != line {
            eprintln!("{line}");
            self.last_line = line;
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }
}
