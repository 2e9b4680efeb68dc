//! A user who is logged in somewhere. What its refresh tokens are is no event: they change every few minutes, and a secret is not kept.

mod command;
mod decide;
mod error;
mod event;
mod reason;
mod state;

pub use self::{command::SessionCommand, error::SessionError, event::SessionEvent, reason::EndReason, state::Session};
