//! Wall-clock times in Britain.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Europe::London;

use crate::line::Mistake;

/// A local time, `2010-12-01 08:26:00`, in UTC.
///
/// Of an hour that the clocks went through twice, the first is meant; a time that they skipped is taken as
/// winter time. The shop of the data set did not trade in either.
pub(crate) fn to_utc(local: &str) -> Result<DateTime<Utc>, Mistake> {
    let wrong = || Mistake::new("InvoiceDate", "is a time like 2010-12-01 08:26:00");
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S").map_err(|_| wrong())?;
    Ok(match London.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.with_timezone(&Utc),
        LocalResult::None => Utc.from_utc_datetime(&local),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(local: &str) -> String {
        to_utc(local).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    #[test]
    fn british_time_is_an_hour_ahead_in_summer() {
        assert_eq!(utc("2010-12-01 08:26:00"), "2010-12-01T08:26:00Z");
        assert_eq!(utc("2011-07-01 08:26:00"), "2011-07-01T07:26:00Z");
        assert_eq!(utc("2011-03-27 00:59:00"), "2011-03-27T00:59:00Z");
        assert_eq!(utc("2011-03-27 01:30:00"), "2011-03-27T01:30:00Z");
        assert_eq!(utc("2011-03-27 02:00:00"), "2011-03-27T01:00:00Z");
        assert_eq!(utc("2011-10-30 01:30:00"), "2011-10-30T00:30:00Z");
        assert_eq!(utc("2011-10-30 02:00:00"), "2011-10-30T02:00:00Z");
        assert!(to_utc("12/1/2010 8:26").is_err());
        assert!(to_utc("2011-02-30 08:26:00").is_err());
    }
}
