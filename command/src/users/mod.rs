//! Accounts: one file per use case.

mod authenticate;
mod change;
mod change_password;
mod check;
mod common;
mod create;
mod credentials;
mod find;
mod logins;
mod password;
mod refresh;
mod refresh_token;
mod resources;
mod rows;
mod sessions;
mod throttle;
mod view;

use domain::session::EndReason;
use proto::v1::{
    AuthenticateReply, AuthenticateRequest, ChangePasswordRequest, ChangeRoleRequest, ChangeUserRequest,
    CheckSessionReply, CheckSessionRequest, CreateUserRequest, EndSessionRequest, FindUserRequest, FollowSessionsReply,
    FollowSessionsRequest, ListSessionsReply, ListSessionsRequest, LogOutEverywhereRequest, RefreshSessionRequest,
    SessionsEnded, SetPasswordRequest, UserReply, user_command_server::UserCommand,
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
    pub(crate) fn new(core: Core, parallel_hashes: usize, refresh_key: [u8; 32]) -> Self {
        Self {
            resources: Resources::new(core, parallel_hashes, refresh_key),
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

    async fn refresh_session(
        &self,
        request: Request<RefreshSessionRequest>,
    ) -> Result<Response<AuthenticateReply>, Status> {
        serve(
            "RefreshSession",
            refresh::refresh_session(&self.resources, request.into_inner()),
        )
        .await
    }

    async fn log_out(&self, request: Request<EndSessionRequest>) -> Result<Response<SessionsEnded>, Status> {
        serve(
            "LogOut",
            sessions::end_own(&self.resources, "log_out", request.into_inner(), EndReason::LoggedOut),
        )
        .await
    }

    async fn log_out_everywhere(
        &self,
        request: Request<LogOutEverywhereRequest>,
    ) -> Result<Response<SessionsEnded>, Status> {
        serve(
            "LogOutEverywhere",
            sessions::log_out_everywhere(&self.resources, request.into_inner()),
        )
        .await
    }

    async fn end_session(&self, request: Request<EndSessionRequest>) -> Result<Response<SessionsEnded>, Status> {
        serve(
            "EndSession",
            sessions::end_own(
                &self.resources,
                "end_session",
                request.into_inner(),
                EndReason::EndedByUser,
            ),
        )
        .await
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsReply>, Status> {
        serve("ListSessions", sessions::list(&self.resources, request.into_inner())).await
    }

    async fn change_password(&self, request: Request<ChangePasswordRequest>) -> Result<Response<UserReply>, Status> {
        serve(
            "ChangePassword",
            change_password::change_password(&self.resources, request.into_inner()),
        )
        .await
    }

    async fn disable_user(&self, request: Request<ChangeUserRequest>) -> Result<Response<UserReply>, Status> {
        serve(
            "DisableUser",
            change::disable_user(&self.resources, request.into_inner()),
        )
        .await
    }

    async fn enable_user(&self, request: Request<ChangeUserRequest>) -> Result<Response<UserReply>, Status> {
        serve("EnableUser", change::enable_user(&self.resources, request.into_inner())).await
    }

    async fn change_role(&self, request: Request<ChangeRoleRequest>) -> Result<Response<UserReply>, Status> {
        serve("ChangeRole", change::change_role(&self.resources, request.into_inner())).await
    }

    async fn check_session(
        &self,
        request: Request<CheckSessionRequest>,
    ) -> Result<Response<CheckSessionReply>, Status> {
        serve(
            "CheckSession",
            check::check_session(&self.resources, request.into_inner()),
        )
        .await
    }

    async fn follow_sessions(
        &self,
        request: Request<FollowSessionsRequest>,
    ) -> Result<Response<FollowSessionsReply>, Status> {
        serve(
            "FollowSessions",
            check::follow_sessions(&self.resources, request.into_inner()),
        )
        .await
    }

    async fn find_user(&self, request: Request<FindUserRequest>) -> Result<Response<UserReply>, Status> {
        serve("FindUser", find::find_user(&self.resources, request.into_inner())).await
    }

    async fn set_password(&self, request: Request<SetPasswordRequest>) -> Result<Response<UserReply>, Status> {
        serve(
            "SetPassword",
            change_password::set_password(&self.resources, request.into_inner()),
        )
        .await
    }
}
