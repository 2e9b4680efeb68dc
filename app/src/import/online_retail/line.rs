//! One line of the file.

use super::super::csv::Record;
use super::super::error::FieldError;
use super::super::field;
use super::super::header::Header;

/// The columns of the file; all of them are needed.
pub(super) const COLUMNS: &[&str] = &[
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// A line of an invoice.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) invoice: &'a str,
    pub(super) code: &'a str,
    pub(super) description: &'a str,
    pub(super) quantity: i64,
    /// Local time in Britain.
    pub(super) time: &'a str,
    /// In thousandths of a pound, because a few prices have three decimals.
    pub(super) price: i64,
    /// Empty: not known.
    pub(super) customer: &'a str,
    pub(super) country: &'a str,
}

impl<'a> Line<'a> {
    /// Reads a record.
    pub(super) fn read(header: &Header, record: &'a Record) -> Result<Self, FieldError> {
        header.check(record)?;
        let text = |name| header.text(record, name).map(str::trim);
        let required = |name| field::required(name, text(name)?);
        let line = Self {
            invoice: required("InvoiceNo")?,
            code: required("StockCode")?,
            description: text("Description")?,
            quantity: field::integer("Quantity", text("Quantity")?)?,
            time: required("InvoiceDate")?,
            price: thousandths("UnitPrice", required("UnitPrice")?)?,
            customer: customer(text("CustomerID")?),
            country: text("Country")?,
        };
        if line.quantity == 0 {
            return Err(FieldError::new("Quantity", "out_of_range", "must not be 0"));
        }
        if line.is_product() && line.price < 0 {
            return Err(FieldError::new(
                "UnitPrice",
                "out_of_range",
                "a product has no negative price",
            ));
        }
        if line.is_product() && line.is_cancellation() != (line.quantity < 0) && !line.is_adjustment() {
            let reason = if line.is_cancellation() {
                "a cancellation takes back: its quantities are negative"
            } else {
                "products that come back for money stand on an invoice whose number begins with C"
            };
            return Err(FieldError::new("Quantity", "out_of_range", reason));
        }
        Ok(line)
    }

    /// True for goods: five digits, then perhaps letters. Anything else is postage, a charge, a voucher.
    pub(super) fn is_product(&self) -> bool {
        is_product(self.code)
    }

    /// True for a line of an invoice that takes back.
    pub(super) fn is_cancellation(&self) -> bool {
        self.invoice.starts_with('C')
    }

    /// True for goods that left the shelf without being sold.
    pub(super) fn is_adjustment(&self) -> bool {
        self.is_product() && !self.is_cancellation() && self.quantity < 0 && self.price == 0
    }
}

/// The rule of [`Line::is_product`].
pub(super) fn is_product(code: &str) -> bool {
    let letters = code.trim_start_matches(|character: char| character.is_ascii_digit());
    code.len() - letters.len() == 5 && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// `17850.0` is customer 17850: the file has been through a spreadsheet.
fn customer(text: &str) -> &str {
    text.strip_suffix(".0").unwrap_or(text)
}

/// A decimal number with up to three decimals; more zeros are no more decimals.
fn thousandths(name: &str, text: &str) -> Result<i64, FieldError> {
    let wrong = || {
        FieldError::new(
            name,
            "invalid_format",
            "is a decimal number with at most three decimals, like 2.55",
        )
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(digits) || !is_number(fraction) {
        return Err(wrong());
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 3 {
        return Err(wrong());
    }
    format!("{whole}{fraction:0<3}")
        .parse()
        .map_err(|_| FieldError::new(name, "out_of_range", "the amount is too large"))
}

/// Thousandths to pence, half a penny away from zero.
pub(super) fn to_pence(thousandths: i64) -> i64 {
    let away = if thousandths < 0 { -5 } else { 5 };
    thousandths.saturating_add(away) / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_five_digits_and_perhaps_letters() {
        for code in ["85123A", "71053", "15056bl", "84997C"] {
            assert!(is_product(code), "{code}");
        }
        for code in [
            "POST",
            "M",
            "m",
            "DCGSSGIRL",
            "gift_0001_20",
            "PADS",
            "BANK CHARGES",
            "1234",
            "123456",
            "12345-",
            "C2",
            "",
        ] {
            assert!(!is_product(code), "{code}");
        }
    }

    #[test]
    fn prices_are_exact_and_rounded_away_from_zero() {
        assert_eq!(thousandths("UnitPrice", "2.55"), Ok(2550));
        assert_eq!(thousandths("UnitPrice", "38970.0"), Ok(38_970_000));
        assert_eq!(thousandths("UnitPrice", "0.001"), Ok(1));
        assert_eq!(thousandths("UnitPrice", "0.0010"), Ok(1));
        assert_eq!(thousandths("UnitPrice", "-11062.06"), Ok(-11_062_060));
        assert_eq!(thousandths("UnitPrice", "-0.5"), Ok(-500));
        assert_eq!(thousandths("UnitPrice", "7"), Ok(7000));
        for wrong in ["0.0001", "1e3", "", ".5", "5.", "1,5", "£5"] {
            assert!(thousandths("UnitPrice", wrong).is_err(), "{wrong}");
        }
        assert!(thousandths("UnitPrice", "99999999999999999999").is_err());
        assert_eq!([1, 4, 5, 14, 15, -4, -5].map(to_pence), [0, 0, 1, 1, 2, 0, -1]);
    }

    #[test]
    fn customers_lose_the_spreadsheets_decimal() {
        assert_eq!(customer("17850.0"), "17850");
        assert_eq!(customer("17850"), "17850");
        assert_eq!(customer(""), "");
    }
}
