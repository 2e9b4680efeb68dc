//! The bytes of an input: a file or standard input, read piece by piece.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::unpack::{is_plain, readable};

/// Longest row that is taken, in bytes. A longer one is a row error, and is never in memory as a whole.
pub const MAX_ROW: usize = 1024 * 1024;
/// How much of both ends of a file its fingerprint covers.
const FINGERPRINT_SPAN: u64 = 64 * 1024;
const CHUNK: usize = 64 * 1024;
/// What is read from a file at once.
const BUFFER: usize = 256 * 1024;

/// Where the rows come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input. Cannot be taken up again after an interruption.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// The input that a command line names: `-` is standard input.
    #[must_use]
    pub fn from_argument(argument: &Path) -> Self {
        if argument.as_os_str() == "-" {
            Self::Stdin
        } else {
            Self::File(argument.to_owned())
        }
    }

    /// Opens the input at a byte offset of what is in it as UTF-8: a packed or otherwise encoded one is read from its beginning.
    pub fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Stdin => readable(BufReader::with_capacity(BUFFER, io::stdin())),
            Self::File(path) => open(path, offset),
        }
    }

    /// Length and fingerprint of a file; `None` for what cannot be read twice.
    pub fn identity(&self) -> io::Result<Option<Identity>> {
        match self {
            Self::Stdin => Ok(None),
            Self::File(path) => Identity::of(path),
        }
    }
}

fn open(path: &Path, offset: u64) -> io::Result<Box<dyn Read + Send>> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
    if is_plain(&mut file)? {
        file.seek(SeekFrom::Start(offset))?;
        return Ok(Box::new(file));
    }
    let mut inside = readable(file)?;
    io::copy(&mut (&mut inside).take(offset), &mut io::sink())?;
    Ok(inside)
}

/// What tells one file from another, and from itself after it was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Bytes of the file.
    pub length: u64,
    /// Whether its bytes are those of the rows: it is neither packed nor encoded.
    pub plain: bool,
    /// Hash over the length and both ends.
    pub fingerprint: String,
}

impl Identity {
    fn of(path: &Path) -> io::Result<Option<Self>> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if !metadata.is_file() {
            return Ok(None);
        }
        let length = metadata.len();
        let mut hash = Sha256::new();
        hash.update(length.to_le_bytes());
        let mut span = Vec::new();
        (&mut file).take(FINGERPRINT_SPAN).read_to_end(&mut span)?;
        hash.update(&span);
        let plain = is_plain(&mut span.as_slice())?;
        span.clear();
        file.seek(SeekFrom::Start(length.saturating_sub(FINGERPRINT_SPAN)))?;
        file.take(FINGERPRINT_SPAN).read_to_end(&mut span)?;
        hash.update(&span);
        let mut fingerprint = String::new();
        for byte in hash.finalize().iter().take(16) {
            // Writing to a string cannot fail.
            let _ = write!(fingerprint, "{byte:02x}");
        }
        Ok(Some(Self {
            length,
            plain,
            fingerprint,
        }))
    }
}

/// A window over the input that knows where it stands.
#[derive(Debug)]
pub struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    ended: bool,
    /// A carriage return alone ends a line, as it did on old Macintoshes.
    pub line_ends_in_cr: bool,
    /// Offset in the input of the first byte of the window.
    pub offset: u64,
    /// Number, from 1, of the line that the window begins with.
    pub line: u64,
}

impl<R: Read> Window<R> {
    /// A window at a byte offset of the input, on a line of this number.
    #[must_use]
    pub fn new(input: R, offset: u64, line: u64) -> Self {
        Self {
            input,
            buffer: Vec::with_capacity(2 * CHUNK),
            start: 0,
            ended: false,
            line_ends_in_cr: false,
            offset,
            line,
        }
    }

    /// What has been read and not consumed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// True when nothing comes after [`Self::bytes`].
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.ended
    }

    /// True when no more may be asked for, because one row would fill the window.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes().len() > MAX_ROW
    }

    /// Reads on.
    pub fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let filled = self.buffer.len();
        // Grows with what is there, so that a long row is looked at a few times and not once a chunk.
        let wanted = CHUNK.max(filled);
        self.buffer.resize(filled + wanted, 0);
        let read = loop {
            match self.input.read(&mut self.buffer[filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.buffer.truncate(filled + read.as_ref().map_or(0, |read| *read));
        if self.line_ends_in_cr {
            line_feeds(&mut self.buffer[filled..]);
        }
        self.ended = read? == 0;
        Ok(())
    }

    /// Goes on behind `length` bytes that hold `lines` line ends.
    pub fn consume(&mut self, length: usize, lines: u64) {
        self.start += length;
        self.offset += length as u64;
        self.line += lines;
    }

    /// Length of the first line with its end, if the window holds all of it.
    #[must_use]
    pub fn first_line(&self) -> Option<usize> {
        let bytes = self.bytes();
        match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => Some(end + 1),
            None if self.ended => Some(bytes.len()),
            None => None,
        }
    }

    /// Goes to the next line, however long this one is.
    pub fn skip_line(&mut self) -> io::Result<()> {
        loop {
            if let Some(length) = self.first_line() {
                self.consume(length, 1);
                return Ok(());
            }
            let length = self.bytes().len();
            self.consume(length, 0);
            self.fill()?;
        }
    }

    /// Takes a byte order mark off the beginning of the input, and looks how its lines end.
    pub fn begin(&mut self) -> io::Result<()> {
        while self.bytes().len() < 3 && !self.ended {
            self.fill()?;
        }
        if self.offset == 0 && self.bytes().starts_with(b"\xEF\xBB\xBF") {
            self.consume(3, 0);
        }
        loop {
            let ends = |byte: &u8| matches!(byte, b'\r' | b'\n');
            match self
                .bytes()
                .iter()
                .position(ends)
                .and_then(|at| self.bytes().get(at..at + 2))
            {
                Some([b'\r', next]) if *next != b'\n' => {
                    self.line_ends_in_cr = true;
                    line_feeds(&mut self.buffer[self.start..]);
                    return Ok(());
                }
                Some(_) => return Ok(()),
                None if self.ended || self.is_full() => return Ok(()),
                None => self.fill()?,
            }
        }
    }
}

/// Ends lines as everything else here expects it, byte for byte, so that offsets stay.
fn line_feeds(bytes: &mut [u8]) {
    bytes
        .iter_mut()
        .filter(|byte| **byte == b'\r')
        .for_each(|byte| *byte = b'\n');
}

/// A row of the input that does not follow its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It is longer than [`MAX_ROW`].
    TooLong,
    /// A quoted field does not end.
    UnterminatedQuote,
    /// A quoted field goes on behind its end.
    StrayQuote,
}

impl Malformed {
    /// Stable, for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "row_too_long",
            Self::UnterminatedQuote => "unterminated_quote",
            Self::StrayQuote => "stray_quote",
        }
    }

    /// For people.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "a row has at most 1048576 bytes",
            Self::UnterminatedQuote => "a quoted field has no closing quote",
            Self::StrayQuote => {
                "after a closing quote only the separator or the end of the row may follow; a quote inside a quoted field is written twice"
            }
        }
    }
}
