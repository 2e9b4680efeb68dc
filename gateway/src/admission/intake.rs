//! Bodies of requests, received before a place is taken to work on them: a client that sends slowly, or nothing, keeps no other waiting.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header::CONTENT_LENGTH};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout};

use super::{Admission, Class, Party};
use crate::problem::{MAX_BODY, Problem, payload_too_large};

/// A longer body than this needs one of the few places for long ones, in bytes: so many bodies at once have a bounded size together.
const SHORT: usize = 64 * 1024;
/// How long a client may take to send its body, unless the configuration says otherwise.
const SENDING: Duration = Duration::from_secs(8);
/// How much of a body that nobody wants is read before it is answered, in bytes.
const MAX_DISCARDED: usize = 16 * MAX_BODY;
/// How long that may take.
const DISCARDING: Duration = Duration::from_secs(2);

/// Receives a body of bounded length in bounded time.
///
/// # Errors
/// 413 for one that is too long, 408 for one that is too slow, 400 for one that breaks off, 503 when too many come at once.
pub(crate) async fn receive(
    admission: Option<&Admission>,
    party: &Party,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Bytes, Problem> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok())
        .or_else(|| body.size_hint().exact())
        .unwrap_or_default();
    if announced > MAX_BODY as u64 {
        return Err(payload_too_large());
    }
    let place = async |class| match admission {
        Some(admission) => admission.admit(class, party).await.map(Some),
        None => Ok(None),
    };
    let limit = admission.map_or(SENDING, Admission::sending);
    let is_long = announced > SHORT as u64;
    let short = place(if is_long { Class::LongBody } else { Class::Body }).await?;
    let most = if is_long { MAX_BODY } else { SHORT };
    let mut received = Received::default();
    let began = Instant::now();
    if timed(limit, limit, received.fill(body, most)).await? {
        return Ok(received.whole());
    }
    if is_long {
        return Err(payload_too_large());
    }
    // It did not say how long it is.
    let _long = place(Class::LongBody).await?;
    drop(short);
    let rest = limit.saturating_sub(began.elapsed());
    if timed(limit, rest, received.fill(body, MAX_BODY)).await? {
        Ok(received.whole())
    } else {
        Err(payload_too_large())
    }
}

async fn timed(
    limit: Duration,
    rest: Duration,
    filling: impl Future<Output = Result<bool, Problem>>,
) -> Result<bool, Problem> {
    timeout(rest, filling).await.unwrap_or_else(|_| {
        Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            format!("a body must arrive within {} seconds", limit.as_secs()),
        ))
    })
}

/// What has come of a body.
#[derive(Default)]
struct Received {
    /// All of it as long as it is one piece, as most bodies are.
    first: Bytes,
    all: BytesMut,
}

impl Received {
    fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }

    /// Receives until the end, which is true, or until there are more bytes than `most`.
    async fn fill(&mut self, body: &mut Body, most: usize) -> Result<bool, Problem> {
        while self.len() <= most {
            let Some(frame) = body.frame().await else {
                return Ok(true);
            };
            let frame =
                frame.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "bad_request", "the body broke off"))?;
            let Ok(data) = frame.into_data() else { continue };
            if self.len() == 0 {
                self.first = data;
            } else {
                // Copied: a piece may be few bytes of a large buffer.
                self.all.extend_from_slice(&std::mem::take(&mut self.first));
                self.all.extend_from_slice(&data);
            }
        }
        Ok(false)
    }

    fn whole(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        }
    }
}

/// Reads what is left of a body that nobody wants, within bounds: a connection that is closed on a client that still sends is reset,
/// and the client may never see the answer. False: there is more, so the connection cannot be used again.
pub(crate) async fn discard(mut body: Body, expects: bool) -> bool {
    if body.is_end_stream() {
        return true;
    }
    // After `Expect`, a refused client may send its body or not: that cannot be known.
    if expects {
        return false;
    }
    let all = async {
        let mut rest = MAX_DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            rest = rest.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if rest == 0 {
                return false;
            }
        }
        true
    };
    timeout(DISCARDING, all).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};

    use super::*;
    use crate::admission::Capacity;

    fn pieces(length: usize, count: usize) -> Body {
        Body::from_stream(stream::iter(
            (0..count).map(move |_| Ok::<_, std::io::Error>(vec![b'x'; length])),
        ))
    }

    async fn receive_from(admission: Option<&Admission>, mut body: Body) -> Result<usize, u16> {
        receive(admission, &Party::default(), &HeaderMap::new(), &mut body)
            .await
            .map(|bytes| bytes.len())
            .map_err(|problem| problem.status().as_u16())
    }

    #[tokio::test]
    async fn bodies_have_a_bounded_length_whether_announced_or_not() {
        let admission = Admission::new(Capacity::default());
        for admission in [None, Some(&admission)] {
            for (length, expected) in [
                (MAX_BODY, Ok(MAX_BODY)),
                (MAX_BODY + 1, Err(413)),
                (0, Ok(0)),
                (7, Ok(7)),
            ] {
                assert_eq!(receive_from(admission, vec![0; length].into()).await, expected);
                let streamed = pieces(1, 0).into_data_stream();
                let rest = pieces(length, 1).into_data_stream();
                assert_eq!(
                    receive_from(admission, Body::from_stream(streamed.chain(rest))).await,
                    expected
                );
            }
            assert_eq!(receive_from(admission, pieces(1024, 1024)).await, Ok(MAX_BODY));
            assert_eq!(receive_from(admission, pieces(1024, 1025)).await, Err(413));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for_and_takes_no_place_of_others() {
        let admission = Admission::new(Capacity {
            bodies: 64,
            wait: Duration::ZERO,
            ..Capacity::default()
        });
        let never = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(receive_from(Some(&admission), never()).await, Err(408));
        let begun = || Body::from_stream(stream::iter([Ok::<_, std::io::Error>("{")]).chain(stream::pending()));
        let slow: Vec<_> = (0..64).map(|_| receive_from(Some(&admission), begun())).collect();
        let all = futures::future::join_all(slow);
        let writes = async {
            tokio::task::yield_now().await;
            let place = admission.admit(Class::Write, &Party::default()).await;
            assert!(place.is_ok(), "a slow body is not work");
            let body = admission.admit(Class::Body, &Party::default()).await;
            assert!(body.is_err(), "so many at once are too many");
        };
        let (all, ()) = tokio::join!(all, writes);
        assert!(all.iter().all(|outcome| *outcome == Err(408)), "{all:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_wants_is_read_within_bounds() {
        assert!(discard(Body::empty(), true).await);
        assert!(discard(pieces(1024, 100), false).await);
        assert!(!discard(pieces(MAX_BODY, 17), false).await);
        let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert!(!discard(never, false).await);
        assert!(!discard(pieces(1, 1), true).await);
    }
}
