//! `tillroll migrate`.

use super::session::with_database;
use super::{End, print};
use crate::compose::migrate;
use crate::config::Config;

pub(super) async fn run(config: &Config) -> anyhow::Result<End> {
    with_database(config, async |work| migrate(&work.database).await).await?;
    print::line("the schema is up to date");
    Ok(End::Success)
}
