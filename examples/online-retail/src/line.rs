//! One line of the file.

use anyhow::{Context as _, Result, ensure};
use files::read::Record;

/// The columns of the file; all of them are needed.
const COLUMNS: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// A line of the file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Its number, from 1.
    pub line: u64,
    /// The column; empty: the line as a whole.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// What is wrong with a field; its line is known to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    field: &'static str,
    reason: String,
}

impl Mistake {
    pub(crate) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self {
            field,
            reason: reason.into(),
        }
    }

    pub(crate) fn at(self, line: u64) -> Wrong {
        Wrong {
            line,
            field: self.field,
            reason: self.reason,
        }
    }
}

/// Where each of [`COLUMNS`] stands.
pub(crate) struct Header([usize; COLUMNS.len()]);

impl Header {
    /// Reads the first line, which names the columns and no others.
    pub(crate) fn read(record: &Record) -> Result<Self> {
        let mut places = [0; COLUMNS.len()];
        for (place, column) in places.iter_mut().zip(COLUMNS) {
            *place = (0..record.len())
                .find(|index| record.get(*index).map(<[u8]>::trim_ascii) == Some(column.as_bytes()))
                .with_context(|| {
                    format!(
                        "the first line names no column {column}; it names {}",
                        COLUMNS.join(", ")
                    )
                })?;
        }
        ensure!(record.len() == COLUMNS.len(), "the columns are {}", COLUMNS.join(", "));
        Ok(Self(places))
    }

    /// What a line says of its invoice, as far as it can be read.
    pub(crate) fn invoice(&self, record: &Record) -> Option<String> {
        let invoice = self.text(record, "InvoiceNo").ok()?;
        (!invoice.is_empty()).then(|| invoice.to_owned())
    }

    /// A field; empty when the line ends before it.
    fn text<'a>(&self, record: &'a Record, column: &'static str) -> Result<&'a str, Mistake> {
        let place = COLUMNS.iter().position(|name| *name == column);
        let bytes = place.and_then(|place| record.get(self.0[place])).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| Mistake::new(column, "is not UTF-8"))?;
        Ok(text.trim())
    }
}

/// A line of an invoice.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) invoice: &'a str,
    pub(crate) code: &'a str,
    pub(crate) description: &'a str,
    pub(crate) quantity: i64,
    /// Local time in Britain.
    pub(crate) time: &'a str,
    /// In thousandths of a pound, because a few prices have three decimals.
    pub(crate) price: i64,
    /// Empty: not known.
    pub(crate) customer: &'a str,
    pub(crate) country: &'a str,
}

impl<'a> Line<'a> {
    /// Reads a record.
    pub(crate) fn read(header: &Header, record: &'a Record) -> Result<Self, Mistake> {
        if let Some(malformed) = record.malformed {
            return Err(Mistake::new("", malformed.reason()));
        }
        if record.len() != COLUMNS.len() {
            let reason = format!("the line has {} fields, the header {}", record.len(), COLUMNS.len());
            return Err(Mistake::new("", reason));
        }
        let text = |name| header.text(record, name);
        let required = |name| match text(name)? {
            "" => Err(Mistake::new(name, "must not be empty")),
            text => Ok(text),
        };
        let line = Self {
            invoice: required("InvoiceNo")?,
            code: required("StockCode")?,
            description: text("Description")?,
            quantity: whole(text("Quantity")?)
                .parse()
                .map_err(|_| Mistake::new("Quantity", "is a whole number"))?,
            time: required("InvoiceDate")?,
            price: thousandths("UnitPrice", required("UnitPrice")?)?,
            customer: whole(text("CustomerID")?),
            country: text("Country")?,
        };
        if line.quantity == 0 {
            return Err(Mistake::new("Quantity", "must not be 0"));
        }
        if line.is_product() && line.price < 0 {
            return Err(Mistake::new("UnitPrice", "a product has no negative price"));
        }
        if line.is_product() && line.is_cancellation() != (line.quantity < 0) && !line.is_adjustment() {
            let reason = if line.is_cancellation() {
                "a cancellation takes back: its quantities are negative"
            } else {
                "products that come back for money stand on an invoice whose number begins with C"
            };
            return Err(Mistake::new("Quantity", reason));
        }
        Ok(line)
    }

    /// True for goods: five digits, then perhaps letters. Anything else is postage, a charge, a voucher.
    pub(crate) fn is_product(&self) -> bool {
        is_product(self.code)
    }

    /// True for a line of an invoice that takes back.
    pub(crate) fn is_cancellation(&self) -> bool {
        self.invoice.starts_with('C')
    }

    /// True for goods that left the shelf without being sold.
    pub(crate) fn is_adjustment(&self) -> bool {
        self.is_product() && !self.is_cancellation() && self.quantity < 0 && self.price == 0
    }
}

/// The rule of [`Line::is_product`].
pub(crate) fn is_product(code: &str) -> bool {
    let letters = code.trim_start_matches(|character: char| character.is_ascii_digit());
    code.len() - letters.len() == 5 && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// `17850.0` is customer 17850: the file has been through a spreadsheet.
fn whole(text: &str) -> &str {
    text.strip_suffix(".0").unwrap_or(text)
}

/// A decimal number with up to three decimals; more zeros are no more decimals.
fn thousandths(column: &'static str, text: &str) -> Result<i64, Mistake> {
    let wrong = || Mistake::new(column, "is a decimal number with at most three decimals, like 2.55");
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
        .map_err(|_| Mistake::new(column, "the amount is too large"))
}

/// Thousandths to pence, half a penny away from zero.
pub(crate) fn to_pence(thousandths: i64) -> i64 {
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
        assert_eq!(whole("17850.0"), "17850");
        assert_eq!(whole("17850"), "17850");
        assert_eq!(whole(""), "");
    }
}
