//! `tillroll stream adopt`.

use domain::REGISTRY;
use eventstore::{Adopted, adopt};

use crate::cli::session::with_database;
use crate::cli::{End, print};
use crate::compose;
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// The table of postgres-es, in this database; `schema.table` if it is not in the search path
    table: String,
}

pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    let adopted = with_database(config, async |work| {
        let pool = work.database.pool("stream adopt", 1, None);
        let adopted = adopt(&pool, &arguments.table, REGISTRY).await;
        compose::close_pool(&pool).await;
        Ok(adopted?)
    })
    .await?;
    let Adopted {
        streams,
        events,
        unchanged,
        refused,
    } = &adopted;
    for (stream, reason) in refused {
        print::line(format_args!("REFUSED    {stream}: {reason}"));
    }
    print::line(format_args!(
        "{events} events of {streams} streams adopted, {unchanged} streams are as they were, {} refused",
        refused.len()
    ));
    Ok(if refused.is_empty() { End::Success } else { End::Failure })
}
