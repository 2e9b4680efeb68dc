//! `tillroll audit key`.

use super::super::{End, print};
use crate::config::Config;
use crate::seal_key;

pub(super) fn run(config: &Config) -> anyhow::Result<End> {
    print::line(seal_key::load(config)?.public());
    Ok(End::Success)
}
