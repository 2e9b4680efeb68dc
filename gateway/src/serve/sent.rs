//! The body of an answer on its way to the client.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::{line::UnderWay, streams::Progress};

/// Over HTTP/2 an answer is handed over in pieces of this many bytes, so that no more than one of them is held beyond what the client is
/// ready for.
const PIECE: usize = 16 * 1024;

/// A body, watched until its last byte has been taken.
pub(super) struct Sent {
    body: Body,
    /// Of a long frame, what has not been handed over yet.
    rest: Bytes,
    /// Of an answer over HTTP/2.
    progress: Option<Progress>,
    _under_way: UnderWay,
}

impl Sent {
    pub(super) fn new(body: Body, under_way: UnderWay) -> Self {
        let progress = under_way.is_http2().then(Progress::current).flatten();
        if let Some(progress) = &progress {
            progress.expect(true);
        }
        Self {
            body,
            rest: Bytes::new(),
            progress,
            _under_way: under_way,
        }
    }

    /// The next piece of what is left of a frame. Copied: a piece must not hold the whole.
    fn piece(&mut self) -> Frame<Bytes> {
        let piece = self.rest.split_to(PIECE.min(self.rest.len()));
        Frame::data(Bytes::copy_from_slice(&piece))
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.rest.is_empty() {
            let piece = self.piece();
            if let Some(progress) = &self.progress {
                progress.expect(true);
            }
            return Poll::Ready(Some(Ok(piece)));
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let Some(progress) = &self.progress else { return polled };
        progress.expect(polled.is_ready());
        match polled {
            Poll::Ready(Some(Ok(frame))) if frame.data_ref().is_some_and(|data| data.len() > PIECE) => {
                if let Ok(data) = frame.into_data() {
                    self.rest = data;
                }
                let piece = self.piece();
                Poll::Ready(Some(Ok(piece)))
            }
            polled => polled,
        }
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
