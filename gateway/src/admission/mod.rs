//! Admission: how much is worked on at once, so that what is accepted is answered in time and the rest is refused at once.
//!
//! Each class of requests has its places ([`gate`]). How many, follows from how long answers take ([`limit`]): beyond its capacity a
//! system does not do more, it only does everything later. A request that finds no place waits a little, and then gets 503 with `Retry-After`.
//! Classes do not share places, so that a flood of one leaves the others alone, and no client has more than its share of them
//! ([`share`]). Health, metrics and pages need none. What was answered counts against a budget until the client has taken it ([`unread`]).

mod admitted;
mod gate;
mod intake;
mod limit;
mod share;
mod unread;

use std::{
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    response::Response,
};
use bytes::Bytes;
use http::StatusCode;
use hyper::body::{Frame, SizeHint};
use metrics::counter;
use tokio::time::Instant;

use crate::{
    addresses::{Addresses, Present},
    problem::Problem,
};
pub(crate) use admitted::Admitted;
use gate::{Gate, Permit};
pub(crate) use intake::discard;
use limit::Limit;
pub(crate) use share::Party;
pub(crate) use unread::measured;
use unread::{Reservation, Unread};

/// Places for attempts to log in. Hashing passwords is slow on purpose, and has a limit of its own behind this one.
const LOGINS: usize = 64;
/// How long an attempt to log in may wait for its place.
const LOGIN_WAIT: Duration = Duration::from_secs(5);
/// Places for what operators do.
const OPERATIONS: usize = 16;
/// Fewer places than this are never left to a class, as long as its ceiling allows them.
const FLOOR: usize = 64;
/// Of so many places for bodies, one is for a long body.
const LONG_BODIES: usize = 32;
/// After so long without a refusal, the overload is over.
const CALM: Duration = Duration::from_secs(5);

/// How much is worked on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Most writes at once.
    pub writes: usize,
    /// Most reads at once; and as many again that wait for the read models to show a write.
    pub reads: usize,
    /// Most reports and exports at once.
    pub reports: usize,
    /// When more than a tenth of the answers to writes or to reads take longer than this, fewer of them are worked on at once.
    pub latency: Duration,
    /// How long a request may wait for its place; a tenth of it, while more come than can be answered.
    pub wait: Duration,
    /// Most bodies received at once, of up to 64 KiB each; and a thirty-second of it of longer ones.
    pub bodies: usize,
    /// How long a client may take to send a body.
    pub sending: Duration,
    /// How many percent of the places of a class, and of `unread`, one caller or one address may have.
    pub share: u8,
    /// How much memory answers may take that clients have not taken yet, in bytes. Reports keep their places instead.
    pub unread: usize,
    /// Most requests of one address at once; none: its connections are counted instead. For gateways behind proxies, whose connections
    /// are not their clients'.
    pub per_address: Option<usize>,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            writes: 1024,
            reads: 1024,
            reports: 8,
            latency: Duration::from_millis(500),
            wait: Duration::from_millis(500),
            bodies: 1024,
            sending: Duration::from_secs(8),
            share: 50,
            unread: 64 << 20,
            per_address: None,
        }
    }
}

/// The classes of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Login,
    Write,
    Read,
    /// A read that may wait for the read models: slow without being much work.
    Waiting,
    Report,
    Operation,
    /// The body of any of them, while it comes.
    Body,
    /// The same, once it is known to be long.
    LongBody,
}

/// The places of all classes.
pub(crate) struct Admission {
    login: Gate,
    write: Gate,
    read: Gate,
    waiting: Gate,
    report: Gate,
    operation: Gate,
    body: Gate,
    long_body: Gate,
    unread: Unread,
    addresses: Option<Addresses>,
    sending: Duration,
    overload: Mutex<Option<Overload>>,
}

/// A time in which requests are refused.
struct Overload {
    since: Instant,
    last: Instant,
    refused: u64,
}

impl Admission {
    pub(crate) fn new(capacity: Capacity) -> Self {
        let gate = |name, limit| Gate::new(name, limit, capacity.wait, capacity.share);
        let fixed = |name, places| gate(name, Limit::fixed(places));
        let adaptive = |name, places| gate(name, Limit::adaptive(FLOOR, places, capacity.latency));
        Self {
            login: Gate::new("login", Limit::fixed(LOGINS), LOGIN_WAIT, capacity.share),
            write: adaptive("write", capacity.writes),
            read: adaptive("read", capacity.reads),
            waiting: fixed("waiting", capacity.reads),
            report: fixed("report", capacity.reports),
            operation: fixed("operation", OPERATIONS),
            body: fixed("body", capacity.bodies),
            long_body: fixed("long_body", capacity.bodies / LONG_BODIES),
            unread: Unread::new(capacity.unread, capacity.share),
            addresses: capacity.per_address.map(Addresses::new),
            sending: capacity.sending,
            overload: Mutex::new(None),
        }
    }

    fn gate(&self, class: Class) -> &Gate {
        match class {
            Class::Login => &self.login,
            Class::Write => &self.write,
            Class::Read => &self.read,
            Class::Waiting => &self.waiting,
            Class::Report => &self.report,
            Class::Operation => &self.operation,
            Class::Body => &self.body,
            Class::LongBody => &self.long_body,
        }
    }

    /// Takes a place, if need be after a wait. Dropping the future gives up waiting.
    ///
    /// # Errors
    /// 503 when there is none in time.
    pub(crate) async fn admit(&self, class: Class, party: &Party) -> Result<Permit, Problem> {
        let gate = self.gate(class);
        match gate.enter(party).await {
            Ok(permit) => {
                self.calm_down();
                Ok(permit)
            }
            Err(shed) => Err(self.refuse(gate.name(), shed.as_str())),
        }
    }

    /// Counts a request against its address, until the answer has been sent.
    ///
    /// # Errors
    /// 503 when the address has too many under way.
    pub(crate) fn begin(&self, party: &Party) -> Result<Option<Present>, Problem> {
        let (Some(addresses), Some(address)) = (&self.addresses, party.address()) else {
            return Ok(None);
        };
        let (others, present) = addresses.enter(address.clone());
        if others < addresses.most() {
            Ok(Some(present))
        } else {
            Err(self.refuse("address", "too_many_requests"))
        }
    }

    /// Counts an answer of so many bytes until it has been taken; one that is owed in any case.
    ///
    /// # Errors
    /// 503 when too many have not been taken.
    fn answer(&self, party: &Party, length: usize, owed: bool) -> Result<Reservation, Problem> {
        let taken = self.unread.take(party, length, owed);
        taken.map_err(|_| self.refuse("answer", "unread"))
    }

    /// How long a client may take to send a body.
    pub(crate) fn sending(&self) -> Duration {
        self.sending
    }

    /// Refuses a request for which there is no connection.
    pub(crate) fn refuse_crowded(&self) -> Problem {
        self.refuse("connection", "too_many_connections")
    }

    fn refuse(&self, class: &'static str, reason: &'static str) -> Problem {
        counter!("http_shed_total", "class" => class, "reason" => reason).increment(1);
        let now = Instant::now();
        let mut overload = self.overload.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(overload) = overload.as_mut() {
            overload.last = now;
            overload.refused += 1;
        } else {
            *overload = Some(Overload {
                since: now,
                last: now,
                refused: 1,
            });
            drop(overload);
            tracing::warn!(
                class,
                reason,
                "more requests come than can be answered in time: some are refused with 503"
            );
        }
        overloaded()
    }

    /// Notes that an overload is over.
    fn calm_down(&self) {
        let Ok(mut overload) = self.overload.try_lock() else {
            return;
        };
        if overload.as_ref().is_some_and(|overload| overload.last.elapsed() > CALM)
            && let Some(over) = overload.take()
        {
            let seconds = over.last.duration_since(over.since).as_secs_f64();
            tracing::info!(refused = over.refused, seconds, "all requests are answered again");
        }
    }
}

fn overloaded() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "overloaded",
        "more requests come than can be answered in time; nothing was done, try again after `Retry-After`",
    )
    .with_retry_after(Duration::from_secs(1))
}

/// Keeps what a request has until the last byte of its answer has been taken.
fn keep_until_sent<T: Send + Unpin + 'static>(kept: T, response: Response) -> Response {
    response.map(|body| Body::new(Guarded { body, _kept: kept }))
}

/// A body with what it is made in.
struct Guarded<T> {
    body: Body,
    _kept: T,
}

impl<T: Unpin> HttpBody for Guarded<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Admission").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_report_keeps_its_place_until_its_last_byte_is_taken() {
        let admission = Admission::new(Capacity {
            reports: 1,
            wait: Duration::ZERO,
            ..Capacity::default()
        });
        let nobody = Party::default();
        let stream = || Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>("row\n")]));
        for body in [stream(), Body::from("row\n")] {
            let permit = admission.admit(Class::Report, &nobody).await.ok();
            let response = keep_until_sent(permit, Response::new(body));
            let refused = admission.admit(Class::Report, &nobody).await.err().unwrap();
            assert_eq!((refused.status().as_u16(), refused.code()), (503, "overloaded"));
            assert!(
                admission.admit(Class::Read, &nobody).await.is_ok(),
                "another class is not concerned"
            );
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "row\n");
        }
        assert!(admission.admit(Class::Report, &nobody).await.is_ok());
    }
}
