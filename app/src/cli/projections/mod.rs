//! `tillroll projections`.

mod parked;

use projections::{IndexStatus, Status, index_status, status};

use super::session::with_database;
use super::{End, print};
use crate::compose;
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print JSON, one object per line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List, retry or skip events that a read model does not show
    Parked(parked::Arguments),
}

pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    if let Some(Command::Parked(parked)) = &arguments.command {
        return parked::run(config, parked, arguments.json).await;
    }
    let (all, indexes) = with_database(config, async |work| {
        let pool = work.database.pool("projections", 1, None);
        let (all, indexes) = (status(&pool).await, index_status(&pool).await);
        compose::close_pool(&pool).await;
        Ok((all?, indexes?))
    })
    .await?;
    if arguments.json {
        for status in &all {
            print::line(json(status));
        }
        for index in &indexes {
            print::line(index_json(index));
        }
    } else {
        print::line(format_args!(
            "{:<15} {:>7} {:<9} {:>12} {:>8} {:>10} {:>7} {:>7}",
            "PROJECTION", "VERSION", "STATE", "LAG EVENTS", "LAG S", "EVENTS/S", "PARKED", "SKIPPED"
        ));
        for status in &all {
            print::line(format_args!(
                "{:<15} {:>7} {:<9} {:>12} {:>8.1} {:>10.0} {:>7} {:>7}",
                status.name,
                status.version,
                status.state.as_str(),
                status.lag_events,
                status.lag_seconds,
                status.rate,
                status.parked,
                status.skipped
            ));
            if status.needs_rebuild {
                print::line(format_args!(
                    "                its tables were built by another version of the code: tillroll rebuild {}",
                    status.name
                ));
            }
            if let Some(build) = &status.build {
                print::line(format_args!(
                    "                {} in phase {}: {} of {} events",
                    if build.running { "being built," } else { "cut off" },
                    build.phase,
                    build.done_events,
                    build.total_events
                ));
            }
        }
        if !indexes.is_empty() {
            print::line(format_args!(
                "\n{:<44} {:>7} {:<9} {:>12} {:>8} {:>8}",
                "SEARCH INDEX", "BUILD", "STATE", "DIRTY KEYS", "LAG S", "REFUSED"
            ));
        }
        for index in &indexes {
            print::line(format_args!(
                "{:<44} {:>7} {:<9} {:>12} {:>8.1} {:>8}",
                index.name,
                index.build,
                state(index),
                index.dirty,
                index.lag_seconds,
                index.rejected
            ));
            if let Some(reason) = index.outage.as_ref().filter(|_| index.kept) {
                print::line(format_args!("  {reason}"));
            }
        }
    }
    Ok(End::Success)
}

/// What an index is doing.
fn state(index: &IndexStatus) -> &'static str {
    match index {
        // Whatever went wrong when somebody kept it is no news.
        IndexStatus { kept: false, .. } => "unkept",
        IndexStatus { outage: Some(_), .. } => "outage",
        IndexStatus { building: true, .. } => "building",
        IndexStatus { ready: true, .. } => "active",
        IndexStatus { ready: false, .. } => "waiting",
    }
}

fn index_json(index: &IndexStatus) -> serde_json::Value {
    serde_json::json!({
        "name": "search",
        "index": index.name,
        "engine": index.engine,
        "version": index.build,
        "state": state(index),
        "ready": index.ready,
        "built": index.built,
        "to_build": index.to_build,
        "dirty_keys": index.dirty,
        "lag_seconds": index.lag_seconds,
        "refused": index.rejected,
        "outage": index.outage,
    })
}

fn json(status: &Status) -> serde_json::Value {
    serde_json::json!({
        "name": status.name,
        "version": status.version,
        "state": status.state.as_str(),
        "lag_events": status.lag_events,
        "lag_seconds": status.lag_seconds,
        "events_per_second": status.rate,
        "parked": status.parked,
        "skipped": status.skipped,
        "needs_rebuild": status.needs_rebuild,
    })
}
