//! A person with an account. The password is no event: history is kept for good, a secret is not.

mod command;
mod decide;
mod error;
mod event;
mod opener;
mod role;
mod state;
mod upcast;

pub use self::{
    command::UserCommand,
    error::UserError,
    event::{RegisteredUser, UserEvent},
    opener::Opener,
    role::Role,
    state::User,
};
