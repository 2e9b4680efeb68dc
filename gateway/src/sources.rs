//! Where the time and ids come from: the configuration decides.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The source of the time.
pub type ClockFn = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;
/// The source of ids.
pub type IdsFn = Arc<dyn Fn() -> Uuid + Send + Sync>;
