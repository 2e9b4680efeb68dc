//! A circuit breaker: an engine that does not answer is not asked for a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long the engine is left alone after a failure; then one request tries it.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// Whether the engine may be asked: until when not, if it failed.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Option<Instant>>);

impl Breaker {
    /// Whether this request may ask the engine. After a failure one request may, now and then.
    pub(super) fn may_ask(&self) -> bool {
        let mut until = self.lock();
        let now = Instant::now();
        match until.as_mut() {
            None => true,
            Some(until) if now >= *until => {
                *until = now + LEFT_ALONE;
                true
            }
            Some(_) => false,
        }
    }

    /// The engine answered; true when it did not before.
    pub(super) fn answered(&self) -> bool {
        self.lock().take().is_some()
    }

    /// The engine did not answer; true when it did before.
    pub(super) fn failed(&self) -> bool {
        self.lock().replace(Instant::now() + LEFT_ALONE).is_none()
    }

    /// Whether the engine did not answer when it was last asked.
    pub(super) fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_one_request_tries_now_and_then() {
        let breaker = Breaker::default();
        assert!(breaker.may_ask() && breaker.may_ask());
        assert!(breaker.failed(), "the first failure is news");
        assert!(!breaker.failed());
        assert!(breaker.is_open() && !breaker.may_ask());
        tokio::time::advance(LEFT_ALONE).await;
        assert!(breaker.may_ask(), "one tries");
        assert!(!breaker.may_ask(), "the others do not wait with it");
        assert!(breaker.answered() && !breaker.answered());
        assert!(!breaker.is_open() && breaker.may_ask());
    }
}
