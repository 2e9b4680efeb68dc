//! What must follow, and how it is done.

use std::fmt::Display;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

/// One kind of effect: a command, a job, a mail, a payment, a webhook.
pub trait Effect: Send + Sync + 'static {
    /// Its name in the outbox, for ever.
    const KIND: &'static str;
    /// Whether it may be done any number of times, such as looking at something, or what decides on the streams whether anything is left
    /// to do. Its id is not kept when it is done, and a rebuild may say it again.
    const REPEATABLE: bool = false;
    /// What to do, as the outbox keeps it.
    type Body: Serialize + DeserializeOwned + Send;
    /// What came of it, for the process.
    type Outcome: Serialize;

    /// Does it. May be called again with the same `id`, also while an earlier call is under way elsewhere: use the id as the
    /// idempotency key.
    fn deliver(&self, id: Uuid, body: Self::Body) -> impl Future<Output = Result<Self::Outcome, Refused>> + Send;
}

/// Why an effect could not be delivered. The text is for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It may work later.
    Later(String),
    /// It will never work.
    Never(String),
}

impl Refused {
    /// It may work later.
    pub fn later(reason: impl Display) -> Self {
        Self::Later(reason.to_string())
    }

    /// It will never work.
    pub fn never(reason: impl Display) -> Self {
        Self::Never(reason.to_string())
    }
}

/// What became of an effect.
#[derive(Clone, Debug)]
pub struct Done {
    /// Its id.
    pub id: Uuid,
    /// As it was called when it was sent.
    pub step: String,
    /// What the effect answered, or why an operator dropped it.
    pub outcome: Result<Value, String>,
}

/// An effect whose types are forgotten.
pub(crate) trait ErasedEffect: Send + Sync {
    fn deliver(&self, id: Uuid, body: Value) -> BoxFuture<'_, Result<Value, Refused>>;
}

impl<E: Effect> ErasedEffect for E {
    fn deliver(&self, id: Uuid, body: Value) -> BoxFuture<'_, Result<Value, Refused>> {
        async move {
            let body = serde_json::from_value(body).map_err(Refused::never)?;
            let outcome = Effect::deliver(self, id, body).await?;
            serde_json::to_value(outcome).map_err(Refused::never)
        }
        .boxed()
    }
}
