//! Positions in the log's lanes, as consistency tokens spell them.

use std::{collections::BTreeMap, fmt};

/// A position for each of some lanes. A lane that is not listed is at its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Positions(BTreeMap<u32, u64>);

impl Positions {
    /// Reads `3.88-17.345`; `None` for anything but what a write answers with, so that the service can refuse it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut lanes = BTreeMap::new();
        if text.is_empty() {
            return Some(Self(lanes));
        }
        for part in text.split('-') {
            let (lane, position) = part.split_once('.')?;
            let (lane, position) = (u32::try_from(decimal(lane)?).ok()?, decimal(position)?);
            if lanes.last_key_value().is_some_and(|(last, _)| *last >= lane) {
                return None;
            }
            lanes.insert(lane, position);
        }
        Some(Self(lanes))
    }

    pub(crate) fn get(&self, lane: u32) -> u64 {
        self.0.get(&lane).copied().unwrap_or_default()
    }

    /// Whether every lane of `other` is reached here.
    pub(crate) fn reached(&self, other: &Self) -> bool {
        other.iter().all(|(lane, position)| self.get(lane) >= position)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        self.0.iter().map(|(lane, position)| (*lane, *position))
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (lane, position)) in self.iter().enumerate() {
            let dash = if index == 0 { "" } else { "-" };
            write!(formatter, "{dash}{lane}.{position}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl FromIterator<(u32, u64)> for Positions {
    fn from_iter<I: IntoIterator<Item = (u32, u64)>>(lanes: I) -> Self {
        Self(lanes.into_iter().collect())
    }
}

fn decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    let number: i64 = canonical.then(|| text.parse().ok()).flatten()?;
    u64::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_strictly_as_the_services_read_them() {
        let token = Positions::parse("3.88-17.345").unwrap();
        assert_eq!((token.get(3), token.get(17), token.get(4)), (88, 345, 0));
        assert_eq!(token.to_string(), "3.88-17.345");
        assert_eq!(Positions::parse(""), Some(Positions::default()));
        for wrong in [
            "-",
            "1",
            "1.",
            ".1",
            "01.2",
            "1.02",
            "1.2-1.3",
            "2.1-1.1",
            "1.2 ",
            "1.9223372036854775808",
            "4294967296.1",
        ] {
            assert_eq!(Positions::parse(wrong), None, "{wrong}");
        }
    }
}
