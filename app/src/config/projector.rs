//! Projecting.

use std::time::Duration;

use super::reader::{Invalid, Reader};
use super::variable::{Secrecy, Variable};

const PROJECTOR_LEASE: Variable = Variable {
    key: "projector_lease",
    environment: "TILLROLL_PROJECTOR_LEASE",
    flag: "projector-lease",
    value: "SECONDS",
    default: Some("15"),
    secrecy: Secrecy::Open,
    help: "Seconds without a sign of life after which other projectors take over a projector's part of the log",
};

pub(super) const VARIABLES: &[&Variable] = &[&PROJECTOR_LEASE];

const LONGEST: u64 = 300;

/// Projecting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projector {
    /// How long a projector that shows no sign of life keeps its part of the log.
    pub lease: Duration,
}

pub(super) fn read(reader: &mut Reader) -> Result<Projector, Invalid> {
    let lease = reader.required(&PROJECTOR_LEASE, |text| match text.parse() {
        Ok(seconds @ 1..=LONGEST) => Ok(Duration::from_secs(seconds)),
        _ => Err(format!("a whole number of seconds from 1 to {LONGEST}")),
    })?;
    Ok(Projector { lease })
}
