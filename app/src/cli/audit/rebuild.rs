//! `tillroll audit rebuild-tiles`.

use anyhow::Context as _;
use eventstore::sealing::{SealError, rebuild_tiles};

use super::super::session::with_database;
use super::super::{End, print};
use super::Trust;
use crate::config::Config;
use crate::{compose, seal_key, world};

pub(super) async fn run(config: &Config, trust: &Trust) -> anyhow::Result<End> {
    let keys = trust.keys(config)?;
    anyhow::ensure!(
        !keys.is_empty(),
        "there is no key here; say with --public-key whose signature is trusted"
    );
    let events = with_database(config, async |work| {
        let pool = work.database.pool("audit rebuild", 2, None);
        let result = rebuild_tiles(&pool, &keys, world::ids()(), &seal_key::witness(config)).await;
        compose::close_pool(&pool).await;
        Ok(result)
    })
    .await?;
    match events {
        Ok(events) => print::line(format_args!(
            "the hashes of {events} events are stored anew and lead to what was signed"
        )),
        Err(error @ SealError::LeaseLost) => return Err(error).context("stop the server first, or its role `worker`"),
        Err(error) => return Err(error).context("nothing was changed"),
    }
    Ok(End::Success)
}
