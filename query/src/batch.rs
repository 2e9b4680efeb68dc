//! Several things by their ids.

use crate::error::Error;

/// Ids of one request at most.
const MOST: usize = 500;

/// Refuses more ids than one statement should have.
pub(crate) fn check(ids: &[String]) -> Result<(), Error> {
    if ids.len() > MOST {
        return Err(Error::invalid("ids", "too_many", format!("must be at most {MOST}")));
    }
    Ok(())
}
