//! The second pass: invoices become orders, cancellations become credits.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use proto::v1::{ImportOrderLine, ImportOrderRow, LineKind};

use super::super::csv::Record;
use super::super::error::{Error, FieldError, RowError};
use super::super::item::{Item, Origin, Ready};
use super::super::orders::credited;
use super::super::reader::Halt;
use super::credits::Purchases;
use super::line::{Line, to_pence};
use super::survey::{self, Survey};
use super::time;

/// Rough size of a line on the wire.
const LINE_BYTES: usize = 110;

/// An invoice whose lines have not all been read. Nearly always there is one at a time, but lines of one invoice of the data
/// set stand apart.
struct Open {
    row: ImportOrderRow,
    numbers: Vec<u64>,
    errors: Vec<RowError>,
    missing: u32,
    /// Stock code, units and price of each line, to find out later what undoes what.
    facts: Vec<Fact>,
}

struct Fact {
    line: usize,
    units: i64,
    price: i64,
}

struct Pass<'a> {
    survey: &'a Survey,
    open: HashMap<Box<str>, Open>,
    purchases: Purchases,
    /// Held back to the end, so that no credit is sent while the order that it undoes is on its way.
    credits: Vec<Item<ImportOrderRow>>,
}

/// Reads the invoices: orders in the order of their last lines, then the credits.
pub(super) fn read<R: Read>(
    input: R,
    survey: &Survey,
    mut put: impl FnMut(Item<ImportOrderRow>) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let (header, mut records) = survey::open(input)?;
    let mut pass = Pass {
        survey,
        open: HashMap::new(),
        purchases: Purchases::default(),
        credits: Vec::new(),
    };
    let mut record = Record::default();
    while records.read(&mut record).map_err(Error::Read)? {
        let line = Line::read(&header, &record);
        let item = match (&line, header.key(&record, "InvoiceNo")) {
            (_, Some(invoice)) => pass.add(&invoice, line, &record),
            (Err(error), None) => Some((Err(vec![error.clone().at(record.line, "")]), 1)),
            (Ok(_), None) => None,
        };
        if let Some((row, rows)) = item {
            put(Item {
                row,
                offset: record.end,
                line: record.next_line,
                rows,
            })?;
        }
    }
    for credit in pass.credits {
        put(credit)?;
    }
    Ok(())
}

type Slot = Result<Ready<ImportOrderRow>, Vec<RowError>>;

impl Pass<'_> {
    /// Adds a line to its invoice; answers with the order that it completes, and of how many rows that is.
    fn add(&mut self, invoice: &str, line: Result<Line<'_>, FieldError>, record: &Record) -> Option<(Slot, u64)> {
        let survey = self.survey;
        let rows = survey.lines_of(invoice).into();
        let open = self.open.entry(invoice.into()).or_insert_with(|| Open {
            row: ImportOrderRow::default(),
            numbers: Vec::new(),
            errors: Vec::new(),
            missing: survey.lines_of(invoice),
            facts: Vec::new(),
        });
        if let Err(error) = line.and_then(|line| open.add(&line, record.line, survey)) {
            open.errors.push(error.at(record.line, invoice));
        }
        open.missing = open.missing.saturating_sub(1);
        if open.missing > 0 {
            return None;
        }
        let complete = self.open.remove(invoice)?;
        if !complete.errors.is_empty() {
            return Some((Err(complete.errors), rows));
        }
        if complete.row.credit {
            let credit = self.link(complete);
            self.credits.push(Item {
                row: Ok(credit),
                offset: record.end,
                line: record.next_line,
                rows,
            });
            return None;
        }
        self.remember(&complete);
        Some((Ok(complete.into_ready()), rows))
    }

    /// Keeps what a later cancellation may undo.
    fn remember(&mut self, order: &Open) {
        let customer = &order.row.customer_reference;
        if customer.is_empty() {
            return;
        }
        let id = Arc::from(order.row.external_id.as_str());
        for fact in &order.facts {
            let code = &order.row.lines[fact.line].sku;
            if fact.units > 0 && self.survey.is_taken_back(customer, code) {
                self.purchases.add(customer, code, &id, fact.units, fact.price);
            }
        }
    }

    /// Finds the orders that a credit undoes, splitting lines where there are several.
    fn link(&mut self, credit: Open) -> Ready<ImportOrderRow> {
        let Open {
            mut row,
            numbers,
            facts,
            ..
        } = credit;
        let mut lines = Vec::with_capacity(row.lines.len());
        let mut origins = Vec::with_capacity(numbers.len());
        for ((line, number), fact) in row.lines.into_iter().zip(numbers).zip(facts) {
            let parts = if row.customer_reference.is_empty() || fact.units <= 0 {
                Vec::new()
            } else {
                let is_fee = line.kind() == LineKind::Fee;
                self.purchases
                    .take_back(&row.customer_reference, &line.sku, fact.units, fact.price, is_fee)
            };
            if parts.is_empty() {
                lines.push(line);
                origins.push(number);
                continue;
            }
            // Each part gets what the total grows by with it, so that no fraction of a penny is lost.
            let (mut units, mut total) = (0, 0);
            for part in parts {
                units += part.units;
                let until = to_pence(units * fact.price);
                lines.push(ImportOrderLine {
                    quantity: part.units,
                    total: until - total,
                    credits_external_id: part.order.as_deref().unwrap_or_default().to_owned(),
                    ..line.clone()
                });
                origins.push(number);
                total = until;
            }
        }
        row.lines = lines;
        Ready {
            key: row.external_id.clone(),
            needs: credited(&row),
            size: row.lines.len() * LINE_BYTES,
            origin: Origin::Lines(origins),
            row,
        }
    }
}

impl Open {
    fn add(&mut self, line: &Line<'_>, number: u64, survey: &Survey) -> Result<(), FieldError> {
        if self.numbers.is_empty() {
            self.row = ImportOrderRow {
                external_id: line.invoice.to_owned(),
                credit: line.is_cancellation(),
                customer_reference: line.customer.to_owned(),
                country: line.country.to_owned(),
                currency: super::CURRENCY.to_owned(),
                lines: Vec::new(),
                // The first line's: 43 invoices of the data set go over from one minute to the next.
                occurred_at_micros: time::to_utc(line.time)?,
            };
        } else if self.row.customer_reference != line.customer {
            return Err(FieldError::new(
                "CustomerID",
                "differs",
                "differs from the invoice's other lines",
            ));
        }
        // A credit counts what is taken back.
        let sign = if self.row.credit { -1 } else { 1 };
        let units = sign * line.quantity;
        let total = units
            .checked_mul(line.price)
            .ok_or_else(|| FieldError::new("UnitPrice", "out_of_range", "the total is too large"))?;
        let kind = if !line.is_product() {
            LineKind::Fee
        } else if line.is_adjustment() {
            LineKind::Adjustment
        } else {
            LineKind::Product
        };
        // A correction of stock has a note for a description: what happened to the goods.
        let name = if kind == LineKind::Adjustment && !line.description.is_empty() {
            line.description
        } else {
            survey.name_of(line.code)
        };
        self.facts.push(Fact {
            line: self.row.lines.len(),
            units,
            price: line.price,
        });
        self.numbers.push(number);
        self.row.lines.push(ImportOrderLine {
            kind: kind.into(),
            sku: line.code.to_owned(),
            name: name.to_owned(),
            quantity: units,
            unit_price: to_pence(line.price),
            total: to_pence(total),
            ..ImportOrderLine::default()
        });
        Ok(())
    }

    fn into_ready(self) -> Ready<ImportOrderRow> {
        Ready {
            key: self.row.external_id.clone(),
            needs: Vec::new(),
            size: self.row.lines.len() * LINE_BYTES,
            origin: Origin::Lines(self.numbers),
            row: self.row,
        }
    }
}
