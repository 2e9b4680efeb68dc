//! The body of an answer on its way to the client.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::{line::UnderWay, streams::Progress};

/// An answer is handed over in pieces of this many bytes. So little of it is held beyond what the client is ready for, and what the
/// answer was admitted with is kept until nearly all of it has been taken.
const PIECE: usize = 16 * 1024;

/// A body, watched until its last byte has been taken.
pub(super) struct Sent {
    body: Body,
    /// Of a long frame, what has not been handed over yet.
    rest: Bytes,
    /// Of what was handed over last, in bytes.
    last: usize,
    /// Of an answer over HTTP/2; over HTTP/1.1 the connection is watched.
    progress: Option<Progress>,
    _under_way: UnderWay,
}

impl Sent {
    pub(super) fn new(body: Body, under_way: UnderWay) -> Self {
        let progress = under_way.is_http2().then(Progress::current).flatten();
        Self::watched(body, under_way, progress)
    }

    fn watched(body: Body, under_way: UnderWay, progress: Option<Progress>) -> Self {
        if let Some(progress) = &progress {
            progress.wait();
        }
        Self {
            body,
            rest: Bytes::new(),
            last: 0,
            progress,
            _under_way: under_way,
        }
    }

    fn next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.len() > PIECE => self.rest = data,
                    Ok(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        // Copied: a piece must not hold the whole.
        let piece = self.rest.split_to(PIECE.min(self.rest.len()));
        Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(&piece)))))
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // A request for more means that the last piece was taken.
        let taken = std::mem::take(&mut self.last);
        if let Some(progress) = &self.progress {
            progress.took(taken);
        }
        let polled = self.next(context);
        if let Poll::Ready(frame) = &polled {
            let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
            self.last = data.map_or(0, Bytes::len);
            if let Some(progress) = &self.progress {
                progress.wait();
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut whole = SizeHint::new();
        whole.set_lower(hint.lower() + rest);
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper + rest);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use futures::FutureExt;
    use http_body_util::BodyExt;
    use tokio::time::advance;

    use super::*;
    use crate::serve::{Connections, line::Line};

    fn under_way() -> UnderWay {
        Arc::new(Line::new(false, &Connections::default())).begin()
    }

    #[tokio::test]
    async fn a_long_answer_goes_out_in_pieces_and_is_all_there() {
        let text: Vec<u8> = (0..100_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let mut sent = Sent::new(Body::from(text.clone()), under_way());
        assert_eq!(sent.size_hint().exact(), Some(100_000));
        let mut taken = Vec::new();
        while let Some(frame) = sent.frame().await {
            let data = frame.unwrap().into_data().unwrap();
            assert!(data.len() <= PIECE);
            taken.extend_from_slice(&data);
            assert_eq!(sent.size_hint().exact(), Some(100_000 - taken.len() as u64));
            assert_eq!(sent.is_end_stream(), taken.len() == text.len());
        }
        assert_eq!(taken, text);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_a_piece_now_and_then_is_given_up() {
        let limits = Connections::default();
        let progress = Progress::new(&limits);
        let body = Body::from(vec![b'x'; 64 * PIECE]);
        let mut sent = Sent::watched(body, under_way(), Some(progress.clone()));
        let mut stopped = Box::pin(progress.stopped(&limits));
        assert!((&mut stopped).now_or_never().is_none());
        for pieces in 0.. {
            advance(Duration::from_secs(8)).await;
            if (&mut stopped).now_or_never().is_some() {
                // Two seconds' worth every eight.
                assert_eq!(pieces, 4);
                break;
            }
            sent.frame().await.unwrap().unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_still_being_made_waits_for_nobody() {
        let limits = Connections::default();
        let progress = Progress::new(&limits);
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let mut sent = Sent::watched(body, under_way(), Some(progress.clone()));
        assert!(sent.frame().now_or_never().is_none());
        let mut stopped = Box::pin(progress.stopped(&limits));
        for _ in 0..100 {
            advance(Duration::from_secs(10)).await;
            assert!((&mut stopped).now_or_never().is_none());
        }
    }
}
