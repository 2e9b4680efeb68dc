//! `tillroll audit checkpoints`.

use std::path::PathBuf;

use anyhow::Context as _;
use chrono::SecondsFormat;
use clap::Subcommand;
use seal::SignedCheckpoint;
use sqlx::PgPool;

use super::super::session::with_database;
use super::super::{End, print};
use crate::compose;
use crate::config::Config;

/// Checkpoints read at a time.
const PAGE: i64 = 256;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Write signed checkpoints, to be kept out of reach of the database's owner
    Export {
        /// Number of the first checkpoint; by default only the newest is written
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
        from: Option<i64>,
        /// File to write [default: standard output]
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// List the newest checkpoints
    List {
        /// Number of checkpoints
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=100_000))]
        limit: i64,
        /// Print JSON, one object per line
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<End> {
    with_database(config, async |work| {
        let pool = work.database.pool("audit checkpoints", 1, None);
        let result = match command {
            Command::Export { from, out } => export(&pool, from, out).await,
            Command::List { limit, json } => list(&pool, limit, json).await,
        };
        compose::close_pool(&pool).await;
        result
    })
    .await?;
    Ok(End::Success)
}

async fn export(pool: &PgPool, from: Option<i64>, out: Option<PathBuf>) -> anyhow::Result<()> {
    let mut text = String::new();
    let mut after = match from {
        Some(from) => from.saturating_sub(1),
        None => {
            sqlx::query_scalar::<_, i64>("SELECT coalesce(max(number), 0) - 1 FROM seal_checkpoints")
                .fetch_one(pool)
                .await?
        }
    };
    loop {
        let page: Vec<(i64, String)> =
            sqlx::query_as("SELECT number, note FROM seal_checkpoints WHERE number > $1 ORDER BY number LIMIT $2")
                .bind(after)
                .bind(PAGE)
                .fetch_all(pool)
                .await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        for (_, note) in page {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&note);
        }
    }
    anyhow::ensure!(
        !text.is_empty(),
        "there is no such checkpoint; `tillroll audit seal` makes one"
    );
    super::write(out.as_ref(), &text)
}

async fn list(pool: &PgPool, limit: i64, json: bool) -> anyhow::Result<()> {
    let notes: Vec<(i64, String)> =
        sqlx::query_as("SELECT number, note FROM seal_checkpoints ORDER BY number DESC LIMIT $1")
            .bind(limit)
            .fetch_all(pool)
            .await?;
    if !json {
        print::line(format_args!(
            "{:>10} {:<28} {:>12} {:<10} HASH",
            "CHECKPOINT", "TIME", "EVENTS", "KEY"
        ));
    }
    for (number, note) in notes {
        let signed: SignedCheckpoint = note.parse().with_context(|| format!("checkpoint {number}"))?;
        let checkpoint = &signed.checkpoint;
        let time = checkpoint.time.to_rfc3339_opts(SecondsFormat::Micros, true);
        if json {
            print::line(serde_json::json!({
                "number": checkpoint.number,
                "made_at": time,
                "events": checkpoint.events(),
                "hash": checkpoint.hash(),
                "previous": checkpoint.previous,
                "key_ids": signed.key_ids(),
            }));
        } else {
            let keys = signed.key_ids().join(",");
            let (number, events, hash) = (checkpoint.number, checkpoint.events(), checkpoint.hash());
            print::line(format_args!("{number:>10} {time:<28} {events:>12} {keys:<10} {hash}"));
        }
    }
    Ok(())
}
