//! A place in the log: one position per lane.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The position reached in each lane. As text it is the opaque consistency token: `3.88-17.345` (`lane.position`, ascending lanes),
/// safe in headers and URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Positions(BTreeMap<u32, u64>);

impl Positions {
    /// No lane at all.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The start of the log: position 0 in each of `lanes`.
    pub fn start(lanes: impl IntoIterator<Item = u32>) -> Self {
        lanes.into_iter().map(|lane| (lane, 0)).collect()
    }

    /// The position of `lane`; `None` when the lane is not listed.
    #[must_use]
    pub fn get(&self, lane: u32) -> Option<u64> {
        self.0.get(&lane).copied()
    }

    /// Lists `lane` and moves it forward to `position`; never back.
    pub fn advance(&mut self, lane: u32, position: u64) {
        let reached = self.0.entry(lane).or_default();
        *reached = position.max(*reached);
    }

    /// Moves every lane of `other` forward.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(lane, position)| self.advance(lane, position));
    }

    /// Whether every lane of `other` is reached here (a lane at 0 always is).
    #[must_use]
    pub fn reached(&self, other: &Self) -> bool {
        other
            .iter()
            .all(|(lane, position)| self.get(lane).unwrap_or_default() >= position)
    }

    /// Lanes, ascending, with their positions.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u32, u64)> {
        self.0.iter().map(|(lane, position)| (*lane, *position))
    }

    /// Lanes listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no lane is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(u32, u64)> for Positions {
    fn from_iter<I: IntoIterator<Item = (u32, u64)>>(positions: I) -> Self {
        let mut collected = Self::new();
        collected.extend(positions);
        collected
    }
}

impl Extend<(u32, u64)> for Positions {
    fn extend<I: IntoIterator<Item = (u32, u64)>>(&mut self, positions: I) {
        positions
            .into_iter()
            .for_each(|(lane, position)| self.advance(lane, position));
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (lane, position)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "-" };
            write!(f, "{separator}{lane}.{position}")?;
        }
        Ok(())
    }
}

/// The text is no consistency token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a consistency token: {0:?}")]
pub struct ParsePositionsError(String);

impl FromStr for Positions {
    type Err = ParsePositionsError;

    fn from_str(token: &str) -> Result<Self, Self::Err> {
        let parse = |part: &str| {
            let (lane, position) = part.split_once('.')?;
            Some((lane.parse().ok()?, position.parse().ok()?))
        };
        if token.is_empty() {
            return Ok(Self::new());
        }
        token
            .split('-')
            .map(parse)
            .collect::<Option<Self>>()
            .ok_or_else(|| ParsePositionsError(token.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_round_trip() {
        let positions = Positions::from_iter([(17, 345), (3, 88)]);
        assert_eq!(positions.to_string(), "3.88-17.345");
        assert_eq!("17.345-3.88".parse(), Ok(positions));
        assert_eq!("".parse(), Ok(Positions::new()));
        for bad in ["3", "3.", "3.x", "3.1-", "-1.2", "3.1,4.1"] {
            assert!(bad.parse::<Positions>().is_err(), "{bad}");
        }
    }

    #[test]
    fn positions_only_move_forward() {
        let mut positions = Positions::from_iter([(1, 5)]);
        positions.advance(1, 3);
        positions.merge(&Positions::from_iter([(2, 1)]));
        assert_eq!(positions.to_string(), "1.5-2.1");
        assert!(positions.reached(&Positions::from_iter([(1, 5), (9, 0)])));
        assert!(!positions.reached(&Positions::from_iter([(9, 1)])));
    }
}
