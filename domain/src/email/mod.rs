//! The claim to one e-mail address. Its stream is named after the e-mail address itself, so that two claims meet in one
//! stream and the append lets only one of them win: that makes the e-mail address unique, also under concurrency.

mod command;
mod decide;
mod error;
mod event;
mod state;

pub use self::{command::EmailCommand, error::EmailError, event::EmailEvent, state::EmailClaim};
