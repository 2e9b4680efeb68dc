//! The names of parked events.

use std::fmt;
use std::str::FromStr;

/// Names an event of a read model that is parked or was skipped: `orders.17.345`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParkedId {
    /// The projection.
    pub projection: String,
    /// The lane of the event.
    pub lane: u32,
    /// Its position in the lane.
    pub position: u64,
}

impl fmt::Display for ParkedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.projection, self.lane, self.position)
    }
}

/// The text names no parked event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a parked event is named like orders.17.345")]
pub struct ParkedIdError;

impl FromStr for ParkedId {
    type Err = ParkedIdError;

    /// Only the spelling that `Display` has: no signs, no leading zeros, nothing that no column could hold.
    fn from_str(text: &str) -> Result<Self, ParkedIdError> {
        let mut parts = text.split('.');
        let (Some(projection), Some(lane), Some(position), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ParkedIdError);
        };
        let lane = lane.parse::<i32>().map_err(|_| ParkedIdError)?;
        let position = position.parse::<i64>().map_err(|_| ParkedIdError)?;
        let id = Self {
            projection: projection.to_owned(),
            lane: u32::try_from(lane).map_err(|_| ParkedIdError)?,
            position: u64::try_from(position).map_err(|_| ParkedIdError)?,
        };
        if projection.is_empty() || id.to_string() != text {
            return Err(ParkedIdError);
        }
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = ParkedId {
            projection: "orders".to_owned(),
            lane: 17,
            position: 345,
        };
        assert_eq!("orders.17.345".parse(), Ok(id.clone()));
        assert_eq!(id.to_string(), "orders.17.345");
        for wrong in [
            "",
            "orders",
            "orders.17",
            ".17.345",
            "orders.17.345.1",
            "orders.+17.345",
            "orders.017.345",
            "orders.-1.345",
            "orders.17.99999999999999999999",
            "orders.99999999999.1",
        ] {
            assert_eq!(wrong.parse::<ParkedId>(), Err(ParkedIdError), "{wrong}");
        }
    }
}
