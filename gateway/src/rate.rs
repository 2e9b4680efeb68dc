//! Rate limits by client and class of route.
//!
//! A class is a token bucket for each client: `burst` requests at once, then one more every `refill`. Buckets that are full
//! again are forgotten, so that memory is bounded by the clients of the last refill and not by all that ever came.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{
    RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::{StateInformationMiddleware, StateSnapshot},
    state::keyed::DashMapStateStore,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{client::Client, problem::Problem};

/// Full buckets are forgotten every so many requests.
const SWEEP_EVERY: u32 = 4096;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// How many requests a client may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests at once, after a pause.
    pub burst: NonZeroU32,
    /// One more request is allowed after each of these.
    pub refill: Duration,
}

/// The quotas of all classes of routes, for each client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Attempts to log in; always by address.
    pub login: Quota,
    /// Everything that writes.
    pub write: Quota,
    /// Everything that reads.
    pub read: Quota,
}

/// The classes of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Login,
    Write,
    Read,
}

type Limiter = RateLimiter<Client, DashMapStateStore<Client>, DefaultClock, StateInformationMiddleware>;

struct Bucket {
    limiter: Limiter,
    clock: DefaultClock,
    quota: Quota,
    since_sweep: AtomicU32,
}

/// The buckets of all clients.
pub(crate) struct Limits {
    login: Bucket,
    write: Bucket,
    read: Bucket,
}

/// What a class says of one request.
#[derive(Debug)]
pub(crate) struct Verdict {
    limit: u32,
    remaining: u32,
    /// Seconds until the bucket is full again.
    reset: u64,
    /// How long a refused client has to wait.
    wait: Option<Duration>,
}

// === impl Quotas ===

impl Default for Quotas {
    fn default() -> Self {
        let quota = |burst: u32, refill_ms: u64| Quota {
            burst: NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN),
            refill: Duration::from_millis(refill_ms),
        };
        Self {
            login: quota(20, 3_000),
            write: quota(300, 20),
            read: quota(600, 10),
        }
    }
}

// === impl Limits ===

impl Limits {
    pub(crate) fn new(quotas: Quotas) -> Self {
        Self {
            login: Bucket::new(quotas.login),
            write: Bucket::new(quotas.write),
            read: Bucket::new(quotas.read),
        }
    }

    pub(crate) fn check(&self, class: Class, client: &Client) -> Verdict {
        match class {
            Class::Login => self.login.check(client),
            Class::Write => self.write.check(client),
            Class::Read => self.read.check(client),
        }
    }
}

impl Bucket {
    fn new(quota: Quota) -> Self {
        let refill = quota.refill.max(Duration::from_nanos(1));
        let governed = governor::Quota::with_period(refill)
            .unwrap_or_else(|| governor::Quota::per_second(quota.burst))
            .allow_burst(quota.burst);
        Self {
            limiter: RateLimiter::dashmap_with_clock(governed, DefaultClock::default())
                .with_middleware::<StateInformationMiddleware>(),
            clock: DefaultClock::default(),
            quota: Quota {
                burst: quota.burst,
                refill,
            },
            since_sweep: AtomicU32::new(0),
        }
    }

    fn check(&self, client: &Client) -> Verdict {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        match self.limiter.check_key(client) {
            Ok(snapshot) => self.allowed(&snapshot),
            Err(until) => Verdict {
                limit: self.quota.burst.get(),
                remaining: 0,
                reset: self.full_after(0),
                wait: Some(until.wait_time_from(self.clock.now())),
            },
        }
    }

    fn allowed(&self, snapshot: &StateSnapshot) -> Verdict {
        let remaining = snapshot.remaining_burst_capacity();
        Verdict {
            limit: self.quota.burst.get(),
            remaining,
            reset: self.full_after(remaining),
            wait: None,
        }
    }

    fn full_after(&self, remaining: u32) -> u64 {
        let missing = self.quota.burst.get().saturating_sub(remaining);
        let wait = self.quota.refill.saturating_mul(missing);
        wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
    }
}

// === impl Verdict ===

impl Verdict {
    /// The refusal, when the client has used up its quota.
    pub(crate) fn refusal(&self) -> Option<Problem> {
        let wait = self.wait?;
        Some(
            Problem::new(
                http::StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                format!(
                    "{} requests at once are allowed; `Retry-After` says when the next one is",
                    self.limit
                ),
            )
            .with_retry_after(wait),
        )
    }

    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(address: &str) -> Client {
        Client::of_address(address.parse().unwrap())
    }

    #[test]
    fn a_bucket_lets_its_burst_through_and_says_how_long_to_wait() {
        let quota = Quota {
            burst: NonZeroU32::new(2).unwrap(),
            refill: Duration::from_hours(1),
        };
        let limits = Limits::new(Quotas {
            login: quota,
            ..Quotas::default()
        });
        let (one, other) = (client("10.0.0.1"), client("10.0.0.2"));
        assert_eq!(limits.check(Class::Login, &one).remaining, 1);
        let verdict = limits.check(Class::Login, &one);
        assert!(verdict.refusal().is_none());
        assert_eq!((verdict.remaining, verdict.reset), (0, 7200));
        let refused = limits.check(Class::Login, &one);
        assert!(refused.wait.unwrap() > Duration::from_mins(50));
        assert_eq!(refused.refusal().unwrap().status(), 429);
        assert!(
            limits.check(Class::Login, &other).refusal().is_none(),
            "another client has its own bucket"
        );
        assert!(
            limits.check(Class::Write, &one).refusal().is_none(),
            "another class has its own bucket"
        );
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let quota = Quota {
            burst: NonZeroU32::new(2).unwrap(),
            refill: Duration::from_nanos(1),
        };
        let bucket = Bucket::new(quota);
        for index in 0..=u64::from(SWEEP_EVERY) * 2 {
            bucket.check(&Client::V6(index.to_be_bytes()));
        }
        assert!(bucket.limiter.len() <= SWEEP_EVERY as usize, "{}", bucket.limiter.len());
    }
}
