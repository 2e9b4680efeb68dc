//! What is signed: how long each lane is and what its tree's root is.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::Hash;

const ORIGIN: &str = "tillroll.log/";
const FIRST: &str = "none";

/// The state of the whole log at some moment.
///
/// As text it is lines, after C2SP's tlog-checkpoint: the log's origin, the checkpoint's number, its time, the hash of the text of the
/// checkpoint before, and the size and root of each lane that is not empty, lanes ascending. There is one spelling for each checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's id.
    pub log: Uuid,
    /// Counts the log's checkpoints, from 1.
    pub number: u64,
    /// When it was made.
    pub time: DateTime<Utc>,
    /// The hash of the one before; none for the first.
    pub previous: Option<Hash>,
    /// The lanes that are not empty, ascending.
    pub lanes: Vec<LaneHead>,
}

/// How far a lane is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneHead {
    /// The lane.
    pub lane: u32,
    /// Its events: the positions 1 to `size`.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// The text is no checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a checkpoint: {0}")]
pub struct CheckpointError(&'static str);

impl Checkpoint {
    /// The hash by which the next checkpoint names this one.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(self.to_string().as_bytes())
    }

    /// Events that it covers.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.lanes.iter().fold(0, |sum, lane| sum.saturating_add(lane.size))
    }

    /// How far it covers a lane.
    #[must_use]
    pub fn lane(&self, lane: u32) -> Option<&LaneHead> {
        let index = self.lanes.binary_search_by_key(&lane, |head| head.lane).ok()?;
        self.lanes.get(index)
    }

    /// How many events of a lane it covers.
    #[must_use]
    pub fn size(&self, lane: u32) -> u64 {
        self.lane(lane).map_or(0, |head| head.size)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{ORIGIN}{}", self.log)?;
        writeln!(f, "checkpoint {}", self.number)?;
        writeln!(f, "time {}", self.time.to_rfc3339_opts(SecondsFormat::Micros, true))?;
        match self.previous {
            Some(previous) => writeln!(f, "previous {previous}")?,
            None => writeln!(f, "previous {FIRST}")?,
        }
        for LaneHead { lane, size, root } in &self.lanes {
            writeln!(f, "lane {lane} {size} {root}")?;
        }
        Ok(())
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.lines();
        let mut line = |prefix: &str, what| {
            lines
                .next()
                .and_then(|line| line.strip_prefix(prefix))
                .ok_or(CheckpointError(what))
        };
        let log = line(ORIGIN, "its first line names no log")?;
        let number = line("checkpoint ", "it has no number")?;
        let time = line("time ", "it has no time")?;
        let previous = line("previous ", "it does not say what it follows")?;
        let checkpoint = Self {
            log: log.parse().map_err(|_| CheckpointError("its log is no UUID"))?,
            number: number.parse().map_err(|_| CheckpointError("its number is none"))?,
            time: time.parse().map_err(|_| CheckpointError("its time is none"))?,
            previous: match previous {
                FIRST => None,
                hash => Some(
                    hash.parse()
                        .map_err(|_| CheckpointError("what it follows is no hash"))?,
                ),
            },
            lanes: lines
                .map(lane_head)
                .collect::<Option<_>>()
                .ok_or(CheckpointError("a lane is not as it should be"))?,
        };
        if (checkpoint.number <= 1) != checkpoint.previous.is_none() || checkpoint.number == 0 {
            return Err(CheckpointError("its number does not go with what it follows"));
        }
        if !checkpoint.lanes.is_sorted_by(|one, next| one.lane < next.lane) {
            return Err(CheckpointError("its lanes are not in order"));
        }
        if checkpoint.to_string() != text {
            return Err(CheckpointError("it is not spelled as it should be"));
        }
        Ok(checkpoint)
    }
}

fn lane_head(text: &str) -> Option<LaneHead> {
    let mut words = text.strip_prefix("lane ")?.split(' ');
    let lane = words.next()?.parse().ok()?;
    let size = words.next()?.parse().ok().filter(|size| *size > 0)?;
    let root = words.next()?.parse().ok()?;
    words.next().is_none().then_some(LaneHead { lane, size, root })
}

#[cfg(test)]
impl Checkpoint {
    /// One for tests.
    pub(crate) fn sample() -> Self {
        let head = |lane: u8, size| LaneHead {
            lane: lane.into(),
            size,
            root: Hash::of(&[lane]),
        };
        Self {
            log: Uuid::from_u128(5),
            number: 2,
            time: DateTime::from_timestamp_micros(1_767_323_045_000_006).unwrap_or_default(),
            previous: Some(Hash::of(b"before")),
            lanes: vec![head(0, 3), head(17, 1)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_spelling() {
        let checkpoint = Checkpoint::sample();
        let text = checkpoint.to_string();
        let [before, first, second] = [b"before".as_slice(), &[0], &[17]].map(Hash::of);
        assert_eq!(
            text,
            format!(
                "tillroll.log/00000000-0000-0000-0000-000000000005\ncheckpoint 2\ntime 2026-01-02T03:04:05.000006Z\n\
                 previous {before}\nlane 0 3 {first}\nlane 17 1 {second}\n"
            )
        );
        assert_eq!(text.parse(), Ok(checkpoint.clone()));
        assert_eq!(
            (checkpoint.events(), checkpoint.size(17), checkpoint.size(1)),
            (4, 1, 0)
        );
        let first = Checkpoint {
            number: 1,
            previous: None,
            lanes: vec![],
            ..checkpoint
        };
        assert_eq!(first.to_string().parse(), Ok(first));
        for (from, to) in [
            ("checkpoint 2", "checkpoint 02"),
            ("checkpoint 2", "checkpoint +2"),
            ("checkpoint 2", "checkpoint 1"),
            ("checkpoint 2", "checkpoint 0"),
            ("05.000006Z", "05.000006+00:00"),
            ("05.000006Z", "05.0000060Z"),
            ("lane 0 3", "lane 0 0"),
            ("lane 0 3", "lane 18 3"),
            ("lane 0 3", "lane 17 3"),
            ("lane 0 3", "lane 0  3"),
            ("lane 17 1", "lan 17 1"),
            ("\nlane 17", "\n\nlane 17"),
            ("previous ", "previous x"),
            ("tillroll.log/", "tillroll.log/x"),
            ("0-000000000005", "0-00000000000A"),
            ("\n", "\r\n"),
        ] {
            assert!(text.replace(from, to).parse::<Checkpoint>().is_err(), "{from:?} {to:?}");
        }
        assert!(text.trim_end().parse::<Checkpoint>().is_err());
        assert!(text.repeat(2).parse::<Checkpoint>().is_err());
    }
}
