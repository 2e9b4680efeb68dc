//! Whether sessions are still good, for those who let requests in.

use proto::{
    failure::Failure,
    v1::{CheckSessionReply, CheckSessionRequest, FollowSessionsReply, FollowSessionsRequest},
};

use super::resources::Resources;
use crate::failure;

pub(super) async fn check_session(
    users: &Resources,
    request: CheckSessionRequest,
) -> Result<CheckSessionReply, Failure> {
    let checked = users.rows.check(&request.session_id).await;
    checked.map_err(|error| failure::of_database(&error))
}

pub(super) async fn follow_sessions(
    users: &Resources,
    request: FollowSessionsRequest,
) -> Result<FollowSessionsReply, Failure> {
    // First how far the log is: what is appended meanwhile is told twice, and nothing is missed.
    let heads = users.rows.heads().await.map_err(|error| failure::of_database(&error))?;
    let everything = FollowSessionsReply {
        position: heads.to_string(),
        everything: true,
        ..FollowSessionsReply::default()
    };
    let Ok(after) = request.position.parse() else {
        return Ok(everything);
    };
    if request.position.is_empty() {
        return Ok(everything);
    }
    let changes = users.rows.changes(&after).await;
    let changes = changes.map_err(|error| failure::of_database(&error))?;
    if changes.too_many {
        return Ok(everything);
    }
    Ok(FollowSessionsReply {
        sessions: changes.sessions,
        users: changes.users,
        everything: false,
        ..everything
    })
}
