//! Times: RFC 3339 in UTC on the outside, microseconds since 1970 on the inside.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat};

/// Writes microseconds as RFC 3339 in UTC with `Z`, always with six digits of the second's fraction: so times sort as text.
pub(crate) fn rfc3339(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Reads an RFC 3339 time, or a date, which is its first moment in UTC.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let time = || {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|time| time.timestamp_micros())
    };
    // A `+` that nobody encoded arrives as a space.
    let spaced = || {
        let mended = text.replacen(' ', "+", 1);
        let time = DateTime::parse_from_rfc3339(&mended).ok()?;
        text.contains('T').then(|| time.timestamp_micros())
    };
    let day = || Some(date(text)?.and_time(NaiveTime::MIN).and_utc().timestamp_micros());
    day().or_else(time).or_else(spaced)
}

/// Reads a date, `YYYY-MM-DD` and nothing else.
pub(crate) fn date(text: &str) -> Option<NaiveDate> {
    // chrono alone would also take signs and years of any length.
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    shaped
        .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_z() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(rfc3339(1_291_191_960_000_000), "2010-12-01T08:26:00.000000Z");
        assert_eq!(rfc3339(1_500_000), "1970-01-01T00:00:01.500000Z");
        assert_eq!(rfc3339(1), "1970-01-01T00:00:00.000001Z");
        assert!(
            [0, 1, 999_999, 1_000_000, 1_000_001, 10_500_000]
                .map(rfc3339)
                .is_sorted()
        );
        assert_eq!(
            parse(&rfc3339(1_500_001)),
            Some(1_500_001),
            "what is told can be asked for"
        );
    }

    #[test]
    fn dates_and_times_are_read() {
        assert_eq!(parse("1970-01-02"), Some(86_400_000_000));
        assert_eq!(parse("1970-01-01T00:00:01Z"), Some(1_000_000));
        assert_eq!(parse("1970-01-01T01:00:01+01:00"), Some(1_000_000));
        assert_eq!(parse("1970-01-01T01:00:01 01:00"), Some(1_000_000));
        for wrong in [
            "",
            "yesterday",
            "2011-13-01",
            "2011-02-29",
            "2011-1-1",
            "+2011-01-1",
            "-211-01-01",
            "1970-01-01T00:00:00",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
