//! UTF-16, which spreadsheets call "Unicode text", as UTF-8.

use std::io::{self, BufRead, Read};

/// How two bytes make a unit of UTF-16.
pub(super) type Unit = fn([u8; 2]) -> u16;

/// Input is decoded so many bytes at a time.
const CHUNK: usize = 16 * 1024;

/// Whether a file that begins so is UTF-16, and which of both: by its byte order mark, or because every other byte of its first two
/// letters is empty, which no other text has.
pub(super) fn unit(beginning: &[u8]) -> Option<Unit> {
    match beginning {
        [0xFF, 0xFE, ..] | [1..=0x7F, 0, 1..=0x7F, 0, ..] => Some(u16::from_le_bytes),
        [0xFE, 0xFF, ..] | [0, 1..=0x7F, 0, 1..=0x7F, ..] => Some(u16::from_be_bytes),
        _ => None,
    }
}

/// Reads UTF-16 as UTF-8, the byte order mark included.
pub(super) struct Decoder<R> {
    input: R,
    unit: Unit,
    /// Units whose other half has not come yet, or a lone byte.
    left: Vec<u8>,
    decoded: Vec<u8>,
    given: usize,
}

impl<R: BufRead> Decoder<R> {
    pub(super) fn new(input: R, unit: Unit) -> Self {
        Self {
            input,
            unit,
            left: Vec::new(),
            decoded: Vec::new(),
            given: 0,
        }
    }

    fn decode(&mut self) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.left);
        let read = (&mut self.input).take(CHUNK as u64).read_to_end(&mut bytes)?;
        let mut whole = bytes.len() / 2 * 2;
        if read > 0 && whole >= 2 {
            let last = (self.unit)([bytes[whole - 2], bytes[whole - 1]]);
            if matches!(last, 0xD800..=0xDBFF) {
                whole -= 2;
            }
        } else if bytes.len() > whole {
            return Err(damaged("the file ends within a character of UTF-16"));
        }
        let units = bytes[..whole]
            .chunks_exact(2)
            .map(|pair| (self.unit)([pair[0], pair[1]]));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        self.decoded = text.map_err(|_| damaged("half a character of UTF-16"))?.into_bytes();
        self.given = 0;
        self.left = bytes.split_off(whole);
        Ok(())
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.decoded.len() {
            let ended = self.input.fill_buf()?.is_empty() && self.left.is_empty();
            if ended {
                return Ok(0);
            }
            self.decode()?;
        }
        let length = buffer.len().min(self.decoded.len() - self.given);
        buffer[..length].copy_from_slice(&self.decoded[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

fn damaged(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        let unit = unit(bytes).unwrap();
        // A small buffer, so that characters fall apart.
        Decoder::new(BufReader::with_capacity(3, bytes), unit).read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn both_orders_with_and_without_a_mark() {
        let text = format!("sku,{}\n", "Größe 😀".repeat(CHUNK));
        for mark in ["", "\u{feff}"] {
            let marked = format!("{mark}{text}");
            let low: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let high: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert!(read(&low).unwrap() == marked && read(&high).unwrap() == marked);
        }
        for other in [&b"sku,"[..], b"", b"s", b"\xEF\xBB\xBF", "größe".as_bytes()] {
            assert!(unit(other).is_none());
        }
    }

    #[test]
    fn half_a_character_is_an_error() {
        for end in [&b"\0"[..], b"\xD8\x3D", b"\xDE\0\0a"] {
            let bytes = [b"\0a\0b", end].concat();
            assert_eq!(read(&bytes).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }
}
