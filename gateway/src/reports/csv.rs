//! The sales report as CSV (RFC 4180).

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use proto::v1::SalesRow;

const HEADER: [&str; 12] = [
    "period",
    "time_zone",
    "key",
    "label",
    "name",
    "currency",
    "orders",
    "units",
    "gross",
    "credits",
    "credited_units",
    "net",
];

/// Writes the rows. Amounts are in minor units; every row says its time zone, because a file travels alone.
pub(super) fn write(rows: &[SalesRow], time_zone: &str) -> Result<Vec<u8>, csv::Error> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for row in rows {
        for text in [&row.period, time_zone, &row.key, &row.label, &row.name, &row.currency] {
            writer.write_field(&*inert(text))?;
        }
        for number in [
            row.orders,
            row.units,
            row.gross,
            row.credits,
            row.credited_units,
            row.net,
        ] {
            writer.write_field(number.to_string())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A text that no spreadsheet takes for a formula: some run what begins like one, and names come from anywhere.
fn inert(text: &str) -> Cow<'_, str> {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n') => Cow::Owned(format!("'{text}")),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_quoted_where_needed_and_never_formulas() {
        let row = SalesRow {
            period: "2011-01-01".to_owned(),
            key: "prod_1".to_owned(),
            label: "=HYPERLINK(\"http://x\")".to_owned(),
            name: "MUG, \"RED\"\nBIG".to_owned(),
            currency: "GBP".to_owned(),
            orders: 1,
            units: 2,
            gross: 2500,
            credits: 3000,
            credited_units: 0,
            net: -500,
        };
        let text = String::from_utf8(write(&[row], "Europe/London").unwrap()).unwrap();
        assert_eq!(
            text,
            "period,time_zone,key,label,name,currency,orders,units,gross,credits,credited_units,net\r\n\
             2011-01-01,Europe/London,prod_1,\"'=HYPERLINK(\"\"http://x\"\")\",\"MUG, \"\"RED\"\"\nBIG\",GBP,1,2,2500,3000,0,-500\r\n"
        );
        for dangerous in ["=1", "+1", "-1", "@x", "\t=1", "\r=1"] {
            assert!(inert(dangerous).starts_with('\''), "{dangerous:?}");
        }
        assert_eq!(inert("22423"), "22423");
    }

    #[test]
    fn no_rows_are_a_header() {
        assert_eq!(
            write(&[], "UTC").unwrap(),
            format!("{}\r\n", HEADER.join(",")).into_bytes()
        );
    }
}
