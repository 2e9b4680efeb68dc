//! Values that several variables have: numbers, times, switches. Each fails with what would have been right.

use std::time::Duration;

const MOST: usize = 1_000_000;
const LONGEST: u64 = 60_000;
const LONGEST_SECONDS: u64 = 3_600;

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("`on` or `off`".to_owned()),
    }
}

pub(super) fn number(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=MOST) => Ok(number),
        _ => Err(format!("a whole number from 1 to {MOST}")),
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(number @ 1..=LONGEST_SECONDS) => Ok(Duration::from_secs(number)),
        _ => Err(format!("a whole number of seconds from 1 to {LONGEST_SECONDS}")),
    }
}

pub(super) fn milliseconds(text: &str, least: u64) -> Result<Duration, String> {
    match text.parse() {
        Ok(number) if (least..=LONGEST).contains(&number) => Ok(Duration::from_millis(number)),
        _ => Err(format!("a whole number of milliseconds from {least} to {LONGEST}")),
    }
}
