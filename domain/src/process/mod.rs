//! What operators did to a process: which of its effects they had tried again, or gave up for good.

mod command;
mod decide;
mod error;
mod event;
mod state;

pub use self::{
    command::ProcessCommand,
    error::ProcessError,
    event::{DeadEffect, DroppedEffect, ProcessEvent},
    state::Process,
};
