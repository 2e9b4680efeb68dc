//! Waiting for something to become true.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long anything that is bound to happen may take, on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How often the condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until `look` finds something, at most for `patience`, and returns it. `what` says in the failure what did not come.
pub async fn wait_until<T, F, Fut>(what: &str, patience: Duration, mut look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} in vain for {what}");
        sleep(LOOK_EVERY).await;
    }
}
