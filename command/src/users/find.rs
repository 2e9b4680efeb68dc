//! The user with an e-mail address, for operators at the machine: by the claim, which no read model has to show yet.

use domain::{EmailAddress, email::EmailClaim, user::User};
use proto::{
    failure::Failure,
    v1::{FindUserRequest, UserReply},
};

use super::{change, resources::Resources, view};
use crate::fields::Fields;

pub(super) async fn find_user(users: &Resources, request: FindUserRequest) -> Result<UserReply, Failure> {
    let email = Fields::read(|fields| fields.check("email", EmailAddress::new(&request.email)))?;
    let missing = || change::refused(domain::user::UserError::NotFound);
    let claim = users.core.load::<EmailClaim>(&email.stream_id()).await?;
    let user_id = claim.aggregate.owner().ok_or_else(missing)?;
    let user = users.core.load::<User>(&user_id.to_string()).await?;
    let account = user.aggregate.account().ok_or_else(missing)?;
    Ok(UserReply {
        user: Some(view::message(account, user.version)),
        committed: None,
    })
}
