//! Amounts in words.

/// Digits behind the point of a currency (ISO 4217).
pub(crate) fn digits(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// What stands before an amount.
pub(crate) fn symbol(currency: &str) -> String {
    match currency {
        "GBP" => "£".to_owned(),
        "EUR" => "€".to_owned(),
        "USD" => "$".to_owned(),
        "JPY" => "¥".to_owned(),
        "INR" => "₹".to_owned(),
        code => format!("{code} "),
    }
}

/// A whole number with commas.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn signed(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// In major units, without the currency.
pub(crate) fn amount(minor: i64, currency: &str) -> String {
    let digits = digits(currency);
    let scale = 10_u64.pow(digits);
    let (whole, fraction) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
    let sign = if minor < 0 { "−" } else { "" };
    if digits == 0 {
        return format!("{sign}{}", grouped(whole));
    }
    format!("{sign}{}.{fraction:0width$}", grouped(whole), width = digits as usize)
}

/// The same with the currency.
#[must_use]
pub fn in_words(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "−" } else { "" };
    let unsigned = amount(minor.checked_abs().unwrap_or(i64::MAX), currency);
    format!("{sign}{}{unsigned}", symbol(currency))
}

/// Hundredths of a percent as a percentage with its sign.
#[must_use]
pub fn percent(points: i64) -> String {
    let sign = if points < 0 { "−" } else { "+" };
    let tenths = points.unsigned_abs().saturating_add(5) / 10;
    format!("{sign}{}.{}%", grouped(tenths / 10), tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        assert_eq!(in_words(123_456_789, "GBP"), "£1,234,567.89");
        assert_eq!(in_words(-5, "EUR"), "−€0.05");
        assert_eq!(in_words(1_234, "JPY"), "¥1,234");
        assert_eq!(in_words(1_234, "KWD"), "KWD 1.234");
        assert_eq!(amount(i64::MIN, "CHF"), "−92,233,720,368,547,758.08");
        assert_eq!(
            (percent(1_234), percent(-5), percent(0)),
            ("+12.3%".to_owned(), "−0.1%".to_owned(), "+0.0%".to_owned())
        );
    }
}
