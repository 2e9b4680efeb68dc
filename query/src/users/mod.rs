//! `UserQuery`: who there is.

mod get;

use proto::v1::user_query_server::UserQuery;
use proto::v1::{GetUserReply, GetUserRequest};
use tonic::{Request, Response, Status};

use crate::Query;

pub(crate) use get::{COLUMNS, read};

#[tonic::async_trait]
impl UserQuery for Query {
    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<GetUserReply>, Status> {
        Ok(Response::new(get::get(self, request.into_inner()).await?))
    }
}
