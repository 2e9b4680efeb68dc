//! The bytes of a connection, as its line sees them.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::line::Line;

/// How HTTP/2 begins; nothing else that HTTP knows does.
const PREFACE: &[u8] = b"PRI";

/// A connection's bytes, observed.
pub(super) struct Wire {
    stream: TcpStream,
    line: Arc<Line>,
    /// How many of the first bytes were those of HTTP/2; none: that is decided.
    preface: Option<usize>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, line: Arc<Line>) -> Self {
        Self {
            stream,
            line,
            preface: Some(0),
        }
    }

    fn recognise(&mut self, received: &[u8]) {
        let Some(seen) = self.preface else { return };
        let expected = PREFACE.get(seen..).unwrap_or_default();
        let same = expected
            .iter()
            .zip(received)
            .take_while(|(one, other)| one == other)
            .count();
        self.preface = if same == expected.len() {
            self.line.is_http2();
            None
        } else {
            (same == received.len()).then_some(seen + same)
        };
    }

    fn written(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.line.sent(match &outcome {
            Poll::Ready(written) => Some(*written.as_ref().unwrap_or(&0)),
            Poll::Pending => None,
        });
        outcome
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if outcome.is_ready()
            && let Some(received @ [_, ..]) = buffer.filled().get(before..)
        {
            self.recognise(received);
            self.line.received();
        }
        outcome
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
