//! Accounts: one file per use case.

mod authenticate;
mod create;
mod credentials;
mod logins;
mod password;
mod resources;
mod view;

use proto::v1::{
    AuthenticateReply, AuthenticateRequest, CreateUserRequest, UserReply, user_command_server::UserCommand,
};
use tonic::{Request, Response, Status};

use self::resources::Resources;
use crate::{core::Core, serve::serve};

/// The gRPC service `UserCommand`.
#[derive(Clone)]
pub(crate) struct Users {
    resources: Resources,
}

impl Users {
    /// `parallel_hashes`: how many passwords are hashed at once; each takes 19 MiB and a core.
    pub(crate) fn new(core: Core, parallel_hashes: usize) -> Self {
        Self {
            resources: Resources::new(core, parallel_hashes),
        }
    }

    /// Puts on record what is not yet.
    pub(crate) async fn close(&self) {
        self.resources.logins.flush().await;
    }
}

#[tonic::async_trait]
impl UserCommand for Users {
    async fn create_user(&self, request: Request<CreateUserRequest>) -> Result<Response<UserReply>, Status> {
        serve("CreateUser", create::create_user(&self.resources, request.into_inner())).await
    }

    async fn authenticate(&self, request: Request<AuthenticateRequest>) -> Result<Response<AuthenticateReply>, Status> {
        serve(
            "Authenticate",
            authenticate::authenticate(&self.resources, request.into_inner()),
        )
        .await
    }
}
