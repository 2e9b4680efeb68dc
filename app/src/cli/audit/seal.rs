//! `tillroll audit seal`.

use eventstore::sealing::{SealConfig, SealError, Sealer};

use super::super::session::with_database;
use super::super::{End, print};
use crate::config::Config;
use crate::world::World;
use crate::{compose, seal_key};

pub(super) async fn run(config: &Config) -> anyhow::Result<End> {
    let key = seal_key::load(config)?;
    let world = World::default();
    let settings = SealConfig::new(key, world.clock.clone(), (world.ids)());
    let result = with_database(config, async |work| {
        compose::migrate(&work.database).await?;
        let pool = work.database.pool("audit seal", 2, None);
        let result = Sealer::new(pool.clone(), settings).seal_all().await;
        compose::close_pool(&pool).await;
        Ok(result)
    })
    .await?;
    match result {
        Ok((0, Some(newest))) => print::line(format_args!("nothing is new since checkpoint {}", newest.number)),
        Ok((events, Some(newest))) => {
            print::line(format_args!("{events} events sealed by checkpoint {}", newest.number));
        }
        Ok((_, None)) => print::line("the log is empty"),
        Err(SealError::Lost) => {
            anyhow::bail!("a running server seals this log; it does so every few seconds (TILLROLL_SEAL_EVERY)")
        }
        Err(error) => return Err(error.into()),
    }
    Ok(End::Success)
}
