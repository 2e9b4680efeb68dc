//! `tillroll openapi`.

use super::{End, print};

pub(super) fn run() -> anyhow::Result<End> {
    print::line(gateway::openapi().to_pretty_json()?);
    Ok(End::Success)
}
