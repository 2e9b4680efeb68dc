//! A command on its way through the writer, whatever its types.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::fold::Fold;
use crate::idempotency::StoredOutcome;
use crate::transaction::{Appended, Fault};
use crate::{Committed, Error, Plan, StreamKey, TransactError, Transaction};

/// What a caller awaits.
pub(crate) type Reply<T, E> = oneshot::Sender<Result<Committed<T>, TransactError<E>>>;

/// A failure that is not the decision's own.
pub(crate) type Failure = TransactError<Infallible>;

/// A queued command.
pub(crate) trait Job: Send {
    fn id(&self) -> Uuid;
    fn plan(&self) -> &Plan;
    /// Whether the caller has gone away.
    fn abandoned(&self) -> bool;
    /// Runs the decision on the streams of its plan, which lie at `places` of `fold`. It may run again, on other states; the last run
    /// counts.
    fn decide(&mut self, places: &[usize], fold: &Fold) -> Decision;
    fn answer(self: Box<Self>, answer: Answer);
}

/// How a decision went. Its return value stays in the job.
pub(crate) enum Decision {
    /// With the outcome as JSON when it is to be stored.
    Accepted {
        appended: Vec<Appended>,
        outcome: Option<String>,
    },
    Rejected,
    Faulty(Fault),
}

/// What became of a command.
pub(crate) enum Answer {
    /// Its decision stands.
    Decided {
        versions: Vec<(StreamKey, u64)>,
        positions: Vec<(u32, u64)>,
    },
    /// It had been carried out before.
    Replayed(StoredOutcome),
    Failed(Failure),
}

/// A command with its types.
pub(crate) struct Command<T, E, F> {
    id: Uuid,
    plan: Plan,
    decide: F,
    decided: Option<Result<T, E>>,
    reply: Reply<T, E>,
}

impl<T, E, F> Command<T, E, F> {
    pub(crate) fn new(id: Uuid, plan: Plan, decide: F, reply: Reply<T, E>) -> Self {
        Self {
            id,
            plan,
            decide,
            decided: None,
            reply,
        }
    }
}

impl<T, E, F> Job for Command<T, E, F>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    E: Send + 'static,
    F: FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
{
    fn id(&self) -> Uuid {
        self.id
    }

    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn decide(&mut self, places: &[usize], fold: &Fold) -> Decision {
        let mut transaction = Transaction::new(&self.plan.streams, places, fold);
        // A panic in one decision must not take the other commands with it. The states are only borrowed, so none is left half-changed.
        let Ok(decided) = catch_unwind(AssertUnwindSafe(|| (self.decide)(&mut transaction))) else {
            return Decision::Faulty(Fault::Plan("the decision panicked".to_owned()));
        };
        let decided = self.decided.insert(decided);
        match (transaction.finish(), decided) {
            (Err(fault), _) => Decision::Faulty(fault),
            (Ok(_), Err(_)) => Decision::Rejected,
            (Ok(appended), Ok(_)) if self.plan.idempotency.is_none() => Decision::Accepted {
                appended,
                outcome: None,
            },
            (Ok(appended), Ok(value)) => match serde_json::to_string(value) {
                Ok(outcome) => Decision::Accepted {
                    appended,
                    outcome: Some(outcome),
                },
                Err(error) => Decision::Faulty(Fault::Encode(Error::encode("the outcome", error))),
            },
        }
    }

    fn answer(self: Box<Self>, answer: Answer) {
        let Self { id, decided, reply, .. } = *self;
        let result = match answer {
            Answer::Decided { versions, positions } => match decided {
                Some(Ok(value)) => Ok(Committed {
                    value,
                    replayed: false,
                    command_id: id,
                    versions,
                    positions,
                }),
                Some(Err(rejection)) => Err(TransactError::Rejected(rejection)),
                None => Err(TransactError::Conflict),
            },
            Answer::Replayed(stored) => stored.replay().map_err(TransactError::Store),
            Answer::Failed(failure) => Err(failure.widen()),
        };
        // A caller that has gone away asks for no answer.
        let _ = reply.send(result);
    }
}

impl Failure {
    /// The same failure for a command with rejections of its own.
    pub(crate) fn widen<E>(self) -> TransactError<E> {
        match self {
            Self::Rejected(never) => match never {},
            Self::VersionMismatch {
                stream,
                expected,
                actual,
            } => TransactError::VersionMismatch {
                stream,
                expected,
                actual,
            },
            Self::Conflict => TransactError::Conflict,
            Self::KeyReused => TransactError::KeyReused,
            Self::Overloaded { retry_after } => TransactError::Overloaded { retry_after },
            Self::Closed => TransactError::Closed,
            Self::Plan(detail) => TransactError::Plan(detail),
            Self::Invalid(detail) => TransactError::Invalid(detail),
            Self::Unavailable(error) => TransactError::Unavailable(error),
            Self::Store(error) => TransactError::Store(error),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Plan(detail) => Self::Plan(detail),
            Fault::Encode(error) => Self::Store(error),
        }
    }
}
