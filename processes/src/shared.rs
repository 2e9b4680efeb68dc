//! What the tasks of one engine share.

use std::collections::HashMap;
use std::sync::Arc;

use eventstore::Log;
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::config::{Clock, Config};
use crate::effect::ErasedEffect;

/// What followers and deliverers share.
pub(crate) struct Shared {
    pub(crate) pool: PgPool,
    pub(crate) log: Log,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) effects: HashMap<&'static str, Arc<dyn ErasedEffect>>,
    /// There is something to deliver.
    pub(crate) sent: Notify,
    /// Something was delivered.
    pub(crate) delivered: Notify,
}
