//! `tillroll audit seal`.

use eventstore::sealing::{SealConfig, SealError, Sealer};

use super::super::session::with_database;
use super::super::{End, print};
use crate::config::Config;
use crate::world::World;
use crate::{compose, seal_key};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Accept what the database holds as sealed, although a newer checkpoint or another log was sealed here. Use it after a backup was
    /// restored, or if this data folder is used with another database
    #[arg(long)]
    start_over: bool,
}

pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    let key = seal_key::load(config)?;
    let world = World::default();
    let witness = seal_key::witness(config);
    let before = if arguments.start_over { witness.newest()? } else { None };
    let settings = SealConfig {
        witness: Some(witness),
        ..SealConfig::new(key, world.clock.clone(), (world.ids)())
    };
    let result = with_database(config, async |work| {
        let pool = work.database.pool("audit seal", 2, None);
        let sealer = Sealer::new(pool.clone(), settings);
        let result = if arguments.start_over {
            sealer.start_over().await
        } else {
            sealer.seal_all().await
        };
        compose::close_pool(&pool).await;
        Ok(result)
    })
    .await?;
    if let (Ok(_), Some(before)) = (&result, before) {
        print::line(format_args!(
            "checkpoint {} of {} is not gone on from any more; it was:\n{before}",
            before.checkpoint.number, before.checkpoint.time
        ));
    }
    match result {
        Ok((0, Some(newest))) => print::line(format_args!("nothing is new since checkpoint {}", newest.number)),
        Ok((events, Some(newest))) => {
            print::line(format_args!("{events} events sealed by checkpoint {}", newest.number));
        }
        Ok((_, None)) => print::line("the log is empty"),
        Err(SealError::LeaseLost) => {
            anyhow::bail!("a running server seals this log; it does so every few seconds (TILLROLL_SEAL_EVERY)")
        }
        Err(error) => return Err(error.into()),
    }
    Ok(End::Success)
}
