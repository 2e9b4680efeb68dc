//! The seal over the log: checkpoints and proofs.

pub(crate) mod checkpoint;
pub(crate) mod checkpoints;
pub(crate) mod consistency;
pub(crate) mod event;
pub(crate) mod key;
pub(crate) mod view;

use crate::params::Values;

/// The number of a checkpoint in a parameter.
fn number(values: &mut Values, name: &'static str) -> Option<u64> {
    let number = values.integer(name)?;
    let number = u64::try_from(number).ok().filter(|number| *number > 0);
    if number.is_none() {
        values.wrong(name, "out_of_range", "a number from 1 on is expected");
    }
    number
}
