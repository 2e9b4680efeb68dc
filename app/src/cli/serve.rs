//! `tillroll serve`.

use super::{End, print};
use crate::compose::System;
use crate::config::{Config, Role};
use crate::lifecycle::Lifecycle;
use crate::world::World;

pub(super) async fn run(config: &Config) -> anyhow::Result<End> {
    let lifecycle = Lifecycle::new();
    let _signals = lifecycle.on_signals()?;
    for notice in &config.notices {
        tracing::warn!("{notice}");
    }
    let world = World::default();
    let system = tokio::select! {
        system = System::start_in(config, &world, lifecycle.clone()) => system?,
        () = lifecycle.hard().cancelled() => anyhow::bail!("interrupted while starting"),
    };
    if let Some(address) = system.http_addr() {
        print::line(format_args!(
            "Tillroll listens on http://{address} (roles {})",
            config.roles
        ));
        if config.roles.has(Role::Gateway) {
            print::line(format_args!("  start page  http://{address}/"));
            print::line(format_args!("  try the API http://{address}/docs"));
            print::line(format_args!(
                "  log in      POST http://{address}/v1/auth/login; `tillroll user create` makes users"
            ));
        }
    }
    if let Some(address) = system.grpc_addr() {
        print::line(format_args!("gRPC services listen on {address}"));
    }
    let reason = system.asked_to_end().await;
    system.shutdown().await?;
    reason?;
    Ok(End::Success)
}
