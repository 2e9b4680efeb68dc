//! `tillroll stream export`.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use eventstore::{ExportError, export_stream};
use sqlx::PgPool;

use crate::cli::End;
use crate::cli::session::with_database;
use crate::compose;
use crate::config::Config;
use crate::stream::types;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Type of the aggregate
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(types()))]
    aggregate: String,
    /// Id of the aggregate; the stock of a product has the id of the product
    id: String,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    with_database(config, async |work| {
        let pool = work.database.pool("stream export", 1, None);
        let exported = export(&pool, arguments).await;
        compose::close_pool(&pool).await;
        exported
    })
    .await?;
    Ok(End::Success)
}

async fn export(pool: &PgPool, arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { aggregate, id, output } = arguments;
    let Some(output) = output else {
        let mut out = BufWriter::new(io::stdout());
        return match export_stream(pool, aggregate, id, &mut out).await {
            // A reader that has seen enough (`| head -1`) is no error.
            Err(ExportError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            exported => Ok(exported.map(drop)?),
        };
    };
    // Under another name until it is whole, so that what was there stays when this fails.
    let mut partial = output.clone().into_os_string();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = write(pool, aggregate, id, &partial).await;
    let renamed = match written {
        Ok(events) => std::fs::rename(&partial, output)
            .with_context(|| format!("{} cannot be written", output.display()))
            .map(|()| events),
        Err(error) => Err(error),
    };
    match renamed {
        Ok(events) => {
            eprintln!("{events} events written to {}", output.display());
            Ok(())
        }
        Err(error) => {
            // It may not even have been made.
            let _ = std::fs::remove_file(&partial);
            Err(error)
        }
    }
}

async fn write(pool: &PgPool, aggregate: &str, id: &str, partial: &Path) -> anyhow::Result<u64> {
    let file = File::create(partial).with_context(|| format!("{} cannot be written", partial.display()))?;
    let mut out = BufWriter::new(file);
    let events = export_stream(pool, aggregate, id, &mut out).await?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(events)
}
