//! From the file to states.

use std::io::BufRead;

use cqrs_es::DomainEvent as _;
use registry::Registered;

use super::{FORMAT, FORMAT_VERSION, Line, StreamFileError, StreamFileProblem, StreamHeader};
use crate::{Loaded, Recorded, lane_of};

/// Reads a file event by event, and sees to it that it is a whole stream, in order.
#[derive(Debug)]
pub struct StreamReader<R> {
    lines: std::io::Lines<R>,
    header: StreamHeader,
    line: u64,
    sequence: u64,
    position: u64,
    ended: bool,
}

impl<R: BufRead> StreamReader<R> {
    /// Reads the header.
    pub fn open(file: R) -> Result<Self, StreamFileError> {
        let mut lines = file.lines();
        let first = |problem| StreamFileError { line: 1, problem };
        let text = match lines.next() {
            Some(Ok(text)) => text,
            Some(Err(error)) => return Err(first(error.into())),
            None => return Err(first(StreamFileProblem::NotAStream("it is empty".to_owned()))),
        };
        let header: StreamHeader = serde_json::from_str(&text).map_err(|error| {
            first(StreamFileProblem::NotAStream(format!(
                "the header is not readable: {error}"
            )))
        })?;
        if header.format != FORMAT {
            let named = format!("it calls itself {:?}", header.format);
            return Err(first(StreamFileProblem::NotAStream(named)));
        }
        if header.format_version != FORMAT_VERSION {
            return Err(first(StreamFileProblem::UnknownVersion(header.format_version)));
        }
        if header.lane != lane_of(&header.aggregate_id, header.lanes) {
            let text = format!(
                "{} does not lie in lane {} of {}",
                header.aggregate_id, header.lane, header.lanes
            );
            return Err(first(StreamFileProblem::Misplaced(text)));
        }
        Ok(Self {
            lines,
            header,
            line: 1,
            sequence: 0,
            position: 0,
            ended: false,
        })
    }

    /// What the file is of.
    pub fn header(&self) -> &StreamHeader {
        &self.header
    }

    fn read(&mut self) -> Result<Option<Recorded>, StreamFileProblem> {
        self.line += 1;
        let Some(text) = self.lines.next().transpose()? else {
            if self.sequence < self.header.events {
                return Err(StreamFileProblem::Incomplete {
                    expected: self.header.events,
                    found: self.sequence,
                });
            }
            return Ok(None);
        };
        let line: Line = serde_json::from_str(&text).map_err(StreamFileProblem::NotAnEvent)?;
        self.check(&line)?;
        self.sequence = line.sequence;
        self.position = line.position;
        Ok(Some(recorded(line)))
    }

    fn check(&self, line: &Line) -> Result<(), StreamFileProblem> {
        let header = &self.header;
        if (&line.aggregate_type, &line.aggregate_id) != (&header.aggregate_type, &header.aggregate_id) {
            return Err(StreamFileProblem::Foreign {
                expected: format!("{}/{}", header.aggregate_type, header.aggregate_id),
                found: format!("{}/{}", line.aggregate_type, line.aggregate_id),
            });
        }
        let (expected, found) = (self.sequence + 1, line.sequence);
        if found > expected {
            return Err(StreamFileProblem::Gap { expected, found });
        }
        if found < expected {
            return Err(StreamFileProblem::Disorder { expected, found });
        }
        if found > header.events {
            return Err(StreamFileProblem::Overlong(header.events));
        }
        if line.lane != header.lane {
            let text = format!(
                "event {found} lies in lane {}, and the stream in {}",
                line.lane, header.lane
            );
            return Err(StreamFileProblem::Misplaced(text));
        }
        if line.position <= self.position {
            let text = format!(
                "event {found} has position {}, and the one before it {}",
                line.position, self.position
            );
            return Err(StreamFileProblem::Misplaced(text));
        }
        Ok(())
    }

    /// Folds the events into the aggregate; `each` sees every event with the state after it.
    pub fn replay<A: Registered>(mut self, mut each: impl FnMut(&Recorded, &A)) -> Result<Loaded<A>, StreamFileError> {
        if self.header.aggregate_type != A::TYPE {
            return Err(StreamFileError {
                line: 1,
                problem: StreamFileProblem::OtherType {
                    expected: A::TYPE.to_owned(),
                    found: self.header.aggregate_type,
                },
            });
        }
        let mut loaded = Loaded {
            aggregate: A::default(),
            version: 0,
        };
        while let Some(event) = self.next() {
            let event = event?;
            let decoded: A::Event = event.decode().map_err(|error| StreamFileError {
                line: self.line,
                problem: StreamFileProblem::Undecodable {
                    sequence: event.sequence,
                    event_type: event.event_type.to_string(),
                    reason: std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string),
                },
            })?;
            if decoded.event_type() != *event.event_type {
                return Err(StreamFileError {
                    line: self.line,
                    problem: StreamFileProblem::Contradictory {
                        event_type: event.event_type.to_string(),
                        payload: decoded.event_type(),
                    },
                });
            }
            loaded.aggregate.apply(decoded);
            loaded.version = event.sequence;
            each(&event, &loaded.aggregate);
        }
        Ok(loaded)
    }
}

fn recorded(line: Line) -> Recorded {
    let request_id = serde_json::from_str::<serde_json::Value>(line.metadata.get())
        .ok()
        .and_then(|metadata| Some(metadata.get("request_id")?.as_str()?.to_owned()));
    Recorded {
        lane: line.lane,
        position: line.position,
        event_id: line.event_id,
        aggregate_type: line.aggregate_type.into(),
        aggregate_id: line.aggregate_id.into(),
        sequence: line.sequence,
        event_type: line.event_type.into(),
        event_version: line.event_version.into(),
        payload: line.payload.get().into(),
        metadata: line.metadata.get().into(),
        actor: line.actor.into(),
        correlation_id: line.correlation_id,
        causation_id: line.causation_id,
        request_id: request_id.unwrap_or_default().into(),
        recorded_at: line.recorded_at,
        occurred_at: line.occurred_at,
    }
}

impl<R: BufRead> Iterator for StreamReader<R> {
    type Item = Result<Recorded, StreamFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        match self.read() {
            Ok(Some(event)) => Some(Ok(event)),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(problem) => {
                self.ended = true;
                Some(Err(StreamFileError {
                    line: self.line,
                    problem,
                }))
            }
        }
    }
}
