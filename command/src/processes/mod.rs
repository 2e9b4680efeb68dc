//! Processes: what must follow from events, also after a crash. The crate `processes` runs them.

pub(crate) mod books;
mod reservations;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use eventstore::{Recorded, TransactError};
use processes::{Config, Engine, Refused};

pub(crate) use self::books::Books;
use self::books::Look;
use self::reservations::{Reservations, Settle};
use crate::core::Core;

/// All processes of the write side.
pub(crate) fn engine(core: &Core, books: &Books, reservation_ttl: Duration) -> Engine {
    let Core { pool, store, clock, .. } = core;
    Engine::new(pool.clone(), store.log(), Arc::clone(clock), Config::default())
        .process(Reservations::new(reservation_ttl))
        .effect(Settle(core.clone()))
        .process(books.clone())
        .effect(Look(books.clone()))
}

/// Why an event cannot be read.
#[derive(Debug, thiserror::Error)]
enum EventError {
    #[error(transparent)]
    Decode(#[from] eventstore::Error),
    #[error(transparent)]
    Id(#[from] domain::ValueError),
}

impl EventError {
    /// Logs the error. The fold continues without the event.
    fn tell<T>(&self, event: &Recorded) -> Option<T> {
        tracing::error!(event_id = %event.event_id, error = %self, "an event cannot be read; processes go on without it");
        None
    }
}

/// Whether a command that failed is worth another try.
fn refused<E: Display>(error: &TransactError<E>) -> Refused {
    match error {
        TransactError::Rejected(refusal) => Refused::never(refusal),
        TransactError::VersionMismatch { .. }
        | TransactError::KeyReused
        | TransactError::Plan(_)
        | TransactError::Invalid(_) => Refused::never(error),
        TransactError::Unavailable(cause) | TransactError::Store(cause) => Refused::later(cause),
        TransactError::Conflict | TransactError::Overloaded { .. } | TransactError::Closed => Refused::later(error),
    }
}
