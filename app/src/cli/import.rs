//! `tillroll import`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use import::{Input, Options, Summary};
use proto::transport::Transport;
use tokio::time::Instant;

use super::services::Services;
use super::session::{Work, with_database};
use super::{End, print};
use crate::config::Config;
use crate::world::World;

/// Who the events say has done it.
const ACTOR: &str = "system:import";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Import products: each row creates the product with its SKU, or updates it
    Products(File),
    /// Import orders and credits of another system, as facts
    Orders {
        /// Name of the system that they come from; within it, an external id always means the same order
        #[arg(long)]
        source: String,
        #[command(flatten)]
        file: File,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct File {
    /// Format of the file
    #[arg(long, value_enum)]
    format: Format,
    #[command(flatten)]
    rows: Rows,
}

#[derive(Debug, clap::Args)]
pub(super) struct Rows {
    /// The file; `-` is standard input
    file: PathBuf,
    /// File for the list of rejected rows [default: FILE.errors.csv]
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Begin at the first row, even if an earlier run of the same file was interrupted
    #[arg(long)]
    restart: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// RFC 4180 with a header line
    Csv,
    /// One JSON document per line
    Jsonl,
}

impl From<Format> for import::Format {
    fn from(format: Format) -> import::Format {
        match format {
            Format::Csv => import::Format::Csv,
            Format::Jsonl => import::Format::Jsonl,
        }
    }
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<End> {
    let begun = Instant::now();
    let mut summary = with_database(config, async |work| bring_in(config, &work, &command).await).await?;
    // From the command to its answer, the start of the database and its end included.
    summary.elapsed = begun.elapsed();
    print::line(&summary);
    Ok(if summary.exit_code() == 0 {
        End::Success
    } else {
        End::Partly
    })
}

async fn bring_in(config: &Config, work: &Work, command: &Command) -> anyhow::Result<Summary> {
    let world = World::default();
    let mut services = Services::open(config, &world, work).await?;
    let sent = tokio::select! {
        result = send(config, &world, services.commands(), command) => result,
        () = work.stop.cancelled() => Err(anyhow::anyhow!("interrupted; the same command goes on where it was")),
    };
    let result = match sent {
        Ok(summary) => {
            services.project(config, work);
            let stored = Instant::now();
            tokio::select! {
                result = services.caught_up() => result.map(|()| Summary {
                    following: stored.elapsed(),
                    ..summary
                }),
                () = work.stop.cancelled() => {
                    Err(anyhow::anyhow!("interrupted; all rows are in, and the read models catch up when the server runs"))
                }
            }
        }
        Err(error) => Err(error),
    };
    services.close().await;
    result
}

async fn send(config: &Config, world: &World, commands: Transport, command: &Command) -> anyhow::Result<Summary> {
    let options = |rows: &Rows| Options {
        input: Input::from_argument(&rows.file),
        errors: rows.errors.clone(),
        folder: config.data.dir.clone(),
        restart: rows.restart,
        actor: ACTOR.to_owned(),
        correlation_id: (world.ids)(),
    };
    let summary = match command {
        Command::Products(file) => import::products(commands, file.format.into(), &options(&file.rows)).await?,
        Command::Orders { source, file } => {
            import::orders(commands, source, file.format.into(), &options(&file.rows)).await?
        }
    };
    Ok(summary)
}
