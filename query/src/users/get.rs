//! Users by their ids.

use proto::v1::{GetUserReply, GetUserRequest, GetUsersReply, GetUsersRequest};
use reads::Reads;
use sqlx::QueryBuilder;

use super::MODELS;
use super::row::{SELECT, UserRow};
use crate::batch;
use crate::error::Error;

pub(super) async fn get(query: &Reads, request: GetUserRequest) -> Result<GetUserReply, Error> {
    let id = request.id.as_str();
    let read = |pool: sqlx::PgPool| async move {
        let mut sql = QueryBuilder::new(SELECT.as_str());
        sql.push("id = ").push_bind(id);
        let row = sql.build().fetch_optional(&pool).await?;
        let row = row.ok_or_else(|| Error::NotFound {
            what: "user",
            id: id.to_owned(),
        })?;
        UserRow::read(&row)
    };
    let (row, freshness) = query.read(request.context.as_ref(), MODELS, read).await?;
    Ok(GetUserReply {
        user: Some(row.into()),
        freshness: Some(freshness),
    })
}

pub(super) async fn get_many(query: &Reads, request: GetUsersRequest) -> Result<GetUsersReply, Error> {
    batch::check(&request.ids)?;
    let ids = request.ids.as_slice();
    let read = |pool: sqlx::PgPool| async move {
        let mut sql = QueryBuilder::new(SELECT.as_str());
        sql.push("id = ANY(").push_bind(ids).push(")");
        let rows = sql.build().fetch_all(&pool).await?;
        rows.iter().map(UserRow::read).collect::<Result<Vec<_>, _>>()
    };
    let (rows, freshness) = query.read(request.context.as_ref(), MODELS, read).await?;
    Ok(GetUsersReply {
        users: rows.into_iter().map(Into::into).collect(),
        freshness: Some(freshness),
    })
}
