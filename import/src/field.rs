//! From the text of a field to its value.

use chrono::{DateTime, Utc};
use domain::Currency;

use super::error::FieldError;

/// The text of a field, spaces around it taken off.
pub(crate) fn text<'a>(field: &str, bytes: &'a [u8]) -> Result<&'a str, FieldError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.trim_matches(' ')),
        Err(error) => Err(FieldError::new(
            field,
            "invalid_utf8",
            not_utf8(bytes, error.valid_up_to()),
        )),
    }
}

/// What a text is that is not UTF-8, and what to do about it.
fn not_utf8(bytes: &[u8], valid: usize) -> String {
    let byte = bytes.get(valid).copied().unwrap_or_default();
    format!(
        "byte {} (0x{byte:02X}) is not UTF-8 but looks like Latin-1 or Windows-1252; save the file as UTF-8, or convert it: iconv -f \
         WINDOWS-1252 -t UTF-8",
        valid + 1
    )
}

/// A required field.
pub(crate) fn required<'a>(field: &str, text: &'a str) -> Result<&'a str, FieldError> {
    if text.is_empty() {
        return Err(FieldError::new(field, "required", "must not be empty"));
    }
    Ok(text)
}

/// A currency code.
pub(crate) fn currency(field: &str, text: &str) -> Result<Currency, FieldError> {
    Currency::new(required(field, text)?).map_err(|error| FieldError::value(field, &error))
}

/// A whole number; `10.0` is one too, as spreadsheets and data frames write it.
pub(crate) fn integer(field: &str, text: &str) -> Result<i64, FieldError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !is_digits(whole.strip_prefix('-').unwrap_or(whole)) || !is_digits(fraction) {
        return Err(FieldError::new(
            field,
            "invalid_format",
            "is a whole number in digits, like 12",
        ));
    }
    if fraction.bytes().any(|digit| digit != b'0') {
        return Err(not_whole(field));
    }
    whole
        .parse()
        .map_err(|_| FieldError::new(field, "out_of_range", "the number is too large"))
}

/// A number has a fraction where none can be.
pub(crate) fn not_whole(field: &str) -> FieldError {
    FieldError::new(
        field,
        "not_whole",
        "is a whole number: a part of a unit cannot be counted; what is sold by weight or length is counted in a smaller unit",
    )
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Checks that a number is one from `min` to `max`.
pub(crate) fn in_range(field: &str, number: i64, min: i64, max: i64) -> Result<i64, FieldError> {
    if (min..=max).contains(&number) {
        return Ok(number);
    }
    Err(FieldError::new(
        field,
        "out_of_range",
        format!("is a whole number from {min} to {max}"),
    ))
}

/// An amount of money: a decimal number in the currency's major unit, as minor units.
pub(crate) fn amount(field: &str, text: &str, currency: Currency) -> Result<i64, FieldError> {
    let text = required(field, text)?;
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    if !is_digits(whole) || !fraction.is_none_or(is_digits) {
        return Err(FieldError::new(
            field,
            "invalid_format",
            "is a decimal number with a point and no other signs, like 12.50",
        ));
    }
    let decimals = usize::from(currency.exponent());
    // Zeros beyond the currency's decimals say nothing.
    let fraction = fraction.unwrap_or_default().trim_end_matches('0');
    if fraction.len() > decimals {
        return Err(FieldError::new(
            field,
            "too_many_decimals",
            format!("{currency} has {decimals} decimals"),
        ));
    }
    let digits = format!("{whole}{fraction:0<decimals$}");
    let amount: Option<i64> = digits.parse().ok();
    match amount {
        Some(amount) if negative => Ok(-amount),
        Some(amount) => Ok(amount),
        None => Err(FieldError::new(field, "out_of_range", "the amount is too large")),
    }
}

/// A time with its offset, RFC 3339, as microseconds since 1970.
pub(crate) fn time(field: &str, text: &str) -> Result<i64, FieldError> {
    let text = required(field, text)?;
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| {
        FieldError::new(
            field,
            "invalid_format",
            "is a time with its offset as in RFC 3339, like 2026-01-31T09:30:00Z",
        )
    })?;
    let micros = time.with_timezone(&Utc).timestamp_micros();
    in_range(field, micros, EARLIEST, LATEST)
        .map_err(|_| FieldError::new(field, "out_of_range", "is a time between the years 1900 and 2200"))
}

/// 1900-01-01T00:00:00Z in microseconds.
const EARLIEST: i64 = -2_208_988_800_000_000;
/// 2200-01-01T00:00:00Z in microseconds.
const LATEST: i64 = 7_258_118_400_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T: std::fmt::Debug>(result: Result<T, FieldError>) -> &'static str {
        result.unwrap_err().code
    }

    #[test]
    fn amounts_are_exact_in_the_currency() {
        let gbp = Currency::GBP;
        let jpy = Currency::new("JPY").unwrap();
        let kwd = Currency::new("KWD").unwrap();
        assert_eq!(amount("price", "12.50", gbp), Ok(1250));
        assert_eq!(amount("price", "12.5", gbp), Ok(1250));
        assert_eq!(amount("price", "12", gbp), Ok(1200));
        assert_eq!(amount("price", "0.01", gbp), Ok(1));
        assert_eq!(amount("price", "-0.05", gbp), Ok(-5));
        assert_eq!(amount("price", "1200", jpy), Ok(1200));
        assert_eq!(amount("price", "1.234", kwd), Ok(1234));
        assert_eq!(amount("price", "92233720368547758.07", gbp), Ok(i64::MAX));
        assert_eq!(code(amount("price", "12.505", gbp)), "too_many_decimals");
        assert_eq!(amount("price", "12.5000", gbp), Ok(1250));
        assert_eq!(amount("price", "1.00", jpy), Ok(1));
        assert_eq!(code(amount("price", "12.5010", gbp)), "too_many_decimals");
        assert_eq!(code(amount("price", "1.5", jpy)), "too_many_decimals");
        assert_eq!(code(amount("price", "92233720368547758.08", gbp)), "out_of_range");
        assert_eq!(code(amount("price", &"9".repeat(400), gbp)), "out_of_range");
        assert_eq!(code(amount("price", "", gbp)), "required");
        for wrong in [
            "1,200.00", "12,50", "£12", "1e3", "+1", ".5", "5.", "--1", "-", "NaN", "0x10", "1 000", "١٢",
        ] {
            assert_eq!(code(amount("price", wrong, gbp)), "invalid_format", "{wrong}");
        }
    }

    #[test]
    fn whole_numbers() {
        assert_eq!(integer("quantity", "-12"), Ok(-12));
        assert_eq!(integer("quantity", "10.0"), Ok(10));
        assert_eq!(integer("quantity", "-1250.000"), Ok(-1250));
        assert_eq!(code(integer("quantity", "10.5")), "not_whole");
        for wrong in ["10.", ".0", "1e3", "10,0", "--1", "1.0.0"] {
            assert_eq!(code(integer("quantity", wrong)), "invalid_format", "{wrong}");
        }
        assert_eq!(code(integer("quantity", "")), "invalid_format");
        assert_eq!(code(integer("quantity", "99999999999999999999")), "out_of_range");
        assert_eq!(code(in_range("quantity", 0, 1, 9)), "out_of_range");
    }

    #[test]
    fn times_carry_their_offset() {
        assert_eq!(time("at", "1970-01-01T01:00:00+01:00"), Ok(0));
        assert_eq!(time("at", "1900-01-01T00:00:00Z"), Ok(EARLIEST));
        assert_eq!(time("at", "2200-01-01T00:00:00Z"), Ok(LATEST));
        assert_eq!(code(time("at", "1899-12-31T23:59:59Z")), "out_of_range");
        assert_eq!(code(time("at", "9999-12-31T23:59:59Z")), "out_of_range");
        for wrong in [
            "2026-01-31",
            "2026-01-31T09:30:00",
            "31/01/2026",
            "2026-02-30T00:00:00Z",
        ] {
            assert_eq!(code(time("at", wrong)), "invalid_format", "{wrong}");
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_an_error_of_its_field() {
        assert_eq!(text("name", b" Mug "), Ok("Mug"));
        let error = text("name", b"Caf\xE9").unwrap_err();
        assert_eq!((error.field.as_str(), error.code), ("name", "invalid_utf8"));
        assert!(error.reason.contains("byte 4 (0xE9)") && error.reason.contains("Latin-1"));
    }
}
