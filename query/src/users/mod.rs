//! `UserQuery`: who there is.

mod get;
mod list;
mod row;

use proto::v1::user_query_server::{UserQuery, UserQueryServer};
use proto::v1::{GetUserReply, GetUserRequest, GetUsersReply, GetUsersRequest, ListUsersReply, ListUsersRequest};
use reads::Reads;
use tonic::{Request, Response, Status};

/// The read models that users are answered from.
const MODELS: &[&str] = &["users"];
pub(crate) use row::{columns, read};

/// Who there is.
#[derive(Clone, Debug)]
pub struct UserService(Reads);

impl UserService {
    /// The server of `tillroll.v1.UserQuery`.
    #[must_use]
    pub fn server(reads: Reads) -> UserQueryServer<Self> {
        UserQueryServer::new(Self(reads))
    }
}

#[tonic::async_trait]
impl UserQuery for UserService {
    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<GetUserReply>, Status> {
        Ok(Response::new(get::get(&self.0, request.into_inner()).await?))
    }

    async fn get_users(&self, request: Request<GetUsersRequest>) -> Result<Response<GetUsersReply>, Status> {
        Ok(Response::new(get::get_many(&self.0, request.into_inner()).await?))
    }

    async fn list_users(&self, request: Request<ListUsersRequest>) -> Result<Response<ListUsersReply>, Status> {
        Ok(Response::new(list::list(&self.0, request.into_inner()).await?))
    }
}
