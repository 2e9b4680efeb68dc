//! `UserQuery`: who there is.

mod get;
mod list;
mod row;

use proto::v1::user_query_server::UserQuery;
use proto::v1::{GetUserReply, GetUserRequest, GetUsersReply, GetUsersRequest, ListUsersReply, ListUsersRequest};
use tonic::{Request, Response, Status};

use crate::Query;

/// The read models that users are answered from.
const MODELS: &[&str] = &["users"];
pub(crate) use row::{columns, read};

#[tonic::async_trait]
impl UserQuery for Query {
    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<GetUserReply>, Status> {
        Ok(Response::new(get::get(self, request.into_inner()).await?))
    }

    async fn get_users(&self, request: Request<GetUsersRequest>) -> Result<Response<GetUsersReply>, Status> {
        Ok(Response::new(get::get_many(self, request.into_inner()).await?))
    }

    async fn list_users(&self, request: Request<ListUsersRequest>) -> Result<Response<ListUsersReply>, Status> {
        Ok(Response::new(list::list(self, request.into_inner()).await?))
    }
}
