//! Accounts: one file per use case.

mod authenticate;
mod create;
mod credentials;
mod logins;
mod password;
mod view;

use proto::v1::{
    AuthenticateReply, AuthenticateRequest, CreateUserRequest, UserReply, user_command_server::UserCommand,
};
use tonic::{Request, Response, Status};

use self::{credentials::Credentials, logins::Logins, password::Passwords};
use crate::{core::Core, serve::serve};

/// The gRPC service `UserCommand`.
#[derive(Clone)]
pub(crate) struct Users {
    core: Core,
    credentials: Credentials,
    passwords: Passwords,
    logins: Logins,
}

impl Users {
    /// `parallel_hashes`: how many passwords are hashed at once; each takes 19 MiB and a core.
    pub(crate) fn new(core: Core, parallel_hashes: usize) -> Self {
        let credentials = Credentials::new(core.pool.clone());
        let passwords = Passwords::new(core.ids.clone(), parallel_hashes);
        let logins = Logins::new(core.clone());
        Self {
            core,
            credentials,
            passwords,
            logins,
        }
    }

    /// Puts on record what is not yet.
    pub(crate) async fn close(&self) {
        self.logins.flush().await;
    }
}

#[tonic::async_trait]
impl UserCommand for Users {
    async fn create_user(&self, request: Request<CreateUserRequest>) -> Result<Response<UserReply>, Status> {
        serve("CreateUser", create::create_user(self, request.into_inner())).await
    }

    async fn authenticate(&self, request: Request<AuthenticateRequest>) -> Result<Response<AuthenticateReply>, Status> {
        serve("Authenticate", authenticate::authenticate(self, request.into_inner())).await
    }
}
