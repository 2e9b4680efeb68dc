//! Who logged in, and who tried to. One stream a day, so that no stream grows for ever; attempts that fail are counted
//! together, so that strangers cannot make one grow as fast as they like.

mod command;
mod decide;
mod error;
mod event;
mod state;

pub use self::{
    command::LoginCommand,
    error::LoginError,
    event::{FailedLogIns, LoginEvent},
    state::Logins,
};
