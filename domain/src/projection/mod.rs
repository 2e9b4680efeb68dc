//! What operators did to a read model. Its rows are folded from other streams; this one keeps who put aside what, so that
//! a read model that lacks an event says why.

mod command;
mod decide;
mod error;
mod event;
mod state;

pub use self::{
    command::ReadModelCommand,
    error::ReadModelError,
    event::{ReadModelEvent, SkippedEvent},
    state::ReadModel,
};
