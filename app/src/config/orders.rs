//! Orders and reservations.

use std::time::Duration;

use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const RESERVATION_TTL: Variable = Variable {
    key: "reservation_ttl",
    environment: "TILLROLL_RESERVATION_TTL",
    flag: "reservation-ttl",
    value: "SECONDS",
    default: Some("900"),
    secrecy: Secrecy::Open,
    help: "Seconds after which reserved stock is released if its order never came",
};

pub(super) const VARIABLES: &[&Variable] = &[&RESERVATION_TTL];

const WEEK: u64 = 7 * 24 * 60 * 60;

/// Orders and reservations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orders {
    /// How long reserved stock waits for its order.
    pub reservation_ttl: Duration,
}

pub(super) fn read(reader: &mut Reader) -> Result<Orders, Invalid> {
    let reservation_ttl = reader.required(&RESERVATION_TTL, |text| match text.parse() {
        Ok(seconds @ 1..=WEEK) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("a whole number of seconds from 1 to {WEEK}")),
    })?;
    Ok(Orders { reservation_ttl })
}
