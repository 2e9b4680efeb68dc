//! Sends the bytes of a file in chunks of one size.

use std::io::Write;

use tokio::sync::mpsc;

/// Hands bytes over in chunks.
pub(crate) struct Chunks {
    buffer: Vec<u8>,
    size: usize,
    sender: mpsc::Sender<Vec<u8>>,
}

impl Chunks {
    pub(crate) fn new(size: usize, sender: mpsc::Sender<Vec<u8>>) -> Self {
        Self {
            buffer: Vec::with_capacity(size),
            size,
            sender,
        }
    }

    fn send(&mut self) -> std::io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(self.size));
        self.sender.blocking_send(chunk).map_err(|_| gone())
    }
}

fn gone() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::BrokenPipe, "nobody reads any more")
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(self.size - self.buffer.len());
        self.buffer.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.buffer.len() == self.size {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.sender.is_closed() {
            return Err(gone());
        }
        self.send()
    }
}
