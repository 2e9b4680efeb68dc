//! What is not plain UTF-8 made so while it is read: files packed with zstd, and UTF-16.

use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::utf16;

/// What a packed file begins with.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Whether the input is read without unpacking.
pub(super) fn is_plain(input: &mut impl BufRead) -> io::Result<bool> {
    let beginning = input.fill_buf()?;
    Ok(!beginning.starts_with(&MAGIC) && utf16::unit(beginning).is_none())
}

/// Reads what is inside, if the input is packed, as UTF-8.
pub(super) fn readable<R: BufRead + Send + 'static>(mut input: R) -> io::Result<Box<dyn Read + Send>> {
    if input.fill_buf()?.starts_with(&MAGIC) {
        Ok(decoded(BufReader::new(Unpacker::Between(input))))
    } else {
        Ok(decoded(input))
    }
}

fn decoded<R: BufRead + Send + 'static>(mut input: R) -> Box<dyn Read + Send> {
    // Errors are reported where the rows are read.
    match input.fill_buf().ok().and_then(utf16::unit) {
        Some(unit) => Box::new(utf16::Decoder::new(input, unit)),
        None => Box::new(input),
    }
}

/// The frames of a file one after another; the decoder knows single ones.
enum Unpacker<R: BufRead> {
    Between(R),
    Inside(Box<StreamingDecoder<R, FrameDecoder>>),
    Broken,
}

impl<R: BufRead> Read for Unpacker<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Self::Broken) {
                Self::Between(mut input) => {
                    if input.fill_buf()?.is_empty() {
                        *self = Self::Between(input);
                        return Ok(0);
                    }
                    *self = next_frame(input)?;
                }
                Self::Inside(mut frame) => {
                    let read = frame.read(buffer)?;
                    if read > 0 {
                        *self = Self::Inside(frame);
                        return Ok(read);
                    }
                    let decoder = &frame.decoder;
                    let stored = decoder.get_checksum_from_data();
                    if stored.is_some() && stored != decoder.get_calculated_checksum() {
                        return Err(damaged("the checksum is wrong"));
                    }
                    *self = Self::Between(frame.into_inner());
                }
                Self::Broken => return Err(damaged("the file cannot be unpacked any further")),
            }
        }
    }
}

fn next_frame<R: BufRead>(mut input: R) -> io::Result<Unpacker<R>> {
    // Frames that hold no data begin with 0x50 to 0x5F, 0x2A, 0x4D, 0x18 and their length.
    if matches!(input.fill_buf()?.first(), Some(0x50..=0x5F)) {
        let mut header = [0; 8];
        input.read_exact(&mut header)?;
        let [.., a, b, c, d] = header;
        let length = u32::from_le_bytes([a, b, c, d]);
        io::copy(&mut (&mut input).take(length.into()), &mut io::sink())?;
        return Ok(Unpacker::Between(input));
    }
    let frame = StreamingDecoder::new(input).map_err(damaged)?;
    Ok(Unpacker::Inside(Box::new(frame)))
}

fn damaged(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
