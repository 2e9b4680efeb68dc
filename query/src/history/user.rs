//! One user as of a moment.

use proto::v1::{UserAsOfReply, UserAsOfRequest};

use super::HistoryService;
use super::Look;
use crate::error::Error;
use crate::users;

pub(super) async fn as_of(query: &HistoryService, request: UserAsOfRequest) -> Result<UserAsOfReply, Error> {
    let UserAsOfRequest { context, as_of, id } = request;
    query.reads.check_token(context.as_ref()).await?;
    let look = Look::at(query, "user", &id, as_of).await?;
    let row = sqlx::query(&format!(
        "SELECT {} FROM jsonb_populate_record(NULL::users, $1::jsonb)",
        users::columns()
    ))
    .bind(look.row("user").await?)
    .fetch_one(query.reads.pool())
    .await?;
    Ok(UserAsOfReply {
        moment: Some(look.moment()),
        user: Some(users::read(&row)?),
    })
}
