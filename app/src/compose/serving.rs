//! Where a process answers: its gRPC port, its gateway, its address for operators.

use proto::transport::Transport;
use tokio::sync::watch;

use super::edge;
use super::grpc::Services;
use super::listeners::Listeners;
use super::parts::Parts;
use super::queries::Queries;
use super::standing::Standing;
use crate::config::{Config, Role};
use crate::internal::Internal;
use crate::world::World;

impl Parts {
    /// Begins to answer.
    pub(super) fn serve(
        &self,
        config: &Config,
        world: &World,
        listeners: Listeners,
        queries: Option<&Queries>,
        standing: &watch::Receiver<Standing>,
    ) -> anyhow::Result<()> {
        let offered = self.command.clone().filter(|_| config.roles.has(Role::Command));
        if let Some(listener) = listeners.grpc {
            let mut services = Services::new(standing.clone());
            if let Some(command) = &offered {
                services = services.command(command);
                if let Some(operations) = &self.operations {
                    services = services.operations(operations);
                }
            }
            if let Some(queries) = queries {
                services = services.queries(queries);
            }
            let internal = Internal::load(config, world)?;
            let (server, health) = services.on(listener, &internal, self.edge.stop_token())?;
            self.upkeep
                .spawn(health.follow(standing.clone(), self.edge.stop_token()));
            self.edge.spawn(async move {
                if let Err(error) = server.await {
                    tracing::error!("the gRPC server ended: {error}");
                }
            });
        }
        self.upkeep.spawn(edge::upkeep(self.upkeep.stop_token()));
        let mut operations = listeners.operations;
        if listeners.gateway.is_none()
            && let Some(listener) = operations.take()
        {
            self.edge.spawn(edge::operations(
                listener,
                standing.clone(),
                config.roles.has(Role::Command),
                self.edge.stop_token(),
            ));
        }
        if let Some(listener) = listeners.gateway {
            let command = match offered {
                Some(command) => {
                    let services = Services::new(standing.clone()).command(&command);
                    let services = match &self.operations {
                        Some(operations) => services.operations(operations),
                        None => services,
                    };
                    self.inside(services, standing)
                }
                None => Internal::load(config, world)?
                    .remote("TILLROLL_COMMAND_URL", config.services.command_url.as_deref())?,
            };
            let query = match queries {
                Some(queries) => self.inside(Services::new(standing.clone()).queries(queries), standing),
                None => {
                    Internal::load(config, world)?.remote("TILLROLL_QUERY_URL", config.services.query_url.as_deref())?
                }
            };
            let server = edge::gateway(
                config,
                world,
                listener,
                operations,
                command,
                query,
                self.edge.stop_token(),
            )?;
            self.edge.spawn(server);
        }
        Ok(())
    }

    /// A channel to services in this process, whose health is kept true.
    fn inside(&self, services: Services, standing: &watch::Receiver<Standing>) -> Transport {
        let (transport, health) = services.in_process();
        self.upkeep
            .spawn(health.follow(standing.clone(), self.edge.stop_token()));
        transport
    }
}
