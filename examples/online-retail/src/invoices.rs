//! The second pass: invoices become orders, cancellations become credits.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use anyhow::Result;
use files::read::Record;

use crate::credits::Purchases;
use crate::document::{self, CURRENCY, Kind, Order, Type};
use crate::line::{Line, Mistake, Wrong, to_pence};
use crate::survey::{self, Survey};
use crate::time;

/// An invoice whose lines have not all been read. Nearly always there is one at a time, but lines of one invoice of the data
/// set stand apart.
#[derive(Default)]
struct Open {
    /// `None`: none of its lines could be read yet.
    order: Option<Order>,
    wrong: Vec<Wrong>,
    missing: u32,
    /// Units and price of each line, to find out later what undoes what.
    facts: Vec<Fact>,
}

struct Fact {
    units: i64,
    price: i64,
}

struct Pass<'a> {
    survey: &'a Survey,
    open: HashMap<Box<str>, Open>,
    purchases: Purchases,
    /// Held back to the end, so that no credit is sent while the order that it undoes is on its way.
    credits: Vec<Order>,
    wrong: Vec<Wrong>,
}

/// Reads the invoices: orders in the order of their last lines, then the credits. Answers with the lines that cannot be read.
pub(crate) fn read<R: Read>(
    input: R,
    survey: &Survey,
    mut put: impl FnMut(&Order) -> Result<()>,
) -> Result<Vec<Wrong>> {
    let (header, mut records) = survey::open(input)?;
    let mut pass = Pass {
        survey,
        open: HashMap::new(),
        purchases: Purchases::default(),
        credits: Vec::new(),
        wrong: Vec::new(),
    };
    let mut record = Record::default();
    while records.read(&mut record)? {
        let line = Line::read(&header, &record);
        match (header.invoice(&record), line) {
            (Some(invoice), line) => {
                if let Some(order) = pass.add(&invoice, line, &record) {
                    put(&order)?;
                }
            }
            (None, Err(mistake)) => pass.wrong.push(mistake.at(record.line)),
            (None, Ok(_)) => {}
        }
    }
    for credit in &pass.credits {
        put(credit)?;
    }
    Ok(pass.wrong)
}

impl Pass<'_> {
    /// Adds a line to its invoice; answers with the order that it completes.
    fn add(&mut self, invoice: &str, line: Result<Line<'_>, Mistake>, record: &Record) -> Option<Order> {
        let survey = self.survey;
        let open = self.open.entry(invoice.into()).or_insert_with(|| Open {
            missing: survey.lines_of(invoice),
            ..Open::default()
        });
        if let Err(mistake) = line.and_then(|line| open.add(&line, survey)) {
            open.wrong.push(mistake.at(record.line));
        }
        open.missing = open.missing.saturating_sub(1);
        if open.missing > 0 {
            return None;
        }
        let Open {
            order,
            mut wrong,
            facts,
            ..
        } = self.open.remove(invoice)?;
        if !wrong.is_empty() {
            self.wrong.append(&mut wrong);
            return None;
        }
        let order = order?;
        if order.kind == Type::Credit {
            let credit = self.link(order, facts);
            self.credits.push(credit);
            return None;
        }
        self.remember(&order, &facts);
        Some(order)
    }

    /// Keeps what a later cancellation may undo.
    fn remember(&mut self, order: &Order, facts: &[Fact]) {
        let customer = &order.customer_reference;
        if customer.is_empty() {
            return;
        }
        let id = Arc::from(order.external_id.as_str());
        for (line, fact) in order.lines.iter().zip(facts) {
            if fact.units > 0 && self.survey.is_taken_back(customer, &line.sku) {
                self.purchases.add(customer, &line.sku, &id, fact.units, fact.price);
            }
        }
    }

    /// Finds the orders that a credit undoes, splitting lines where there are several.
    fn link(&mut self, mut credit: Order, facts: Vec<Fact>) -> Order {
        let mut lines = Vec::with_capacity(credit.lines.len());
        for (line, fact) in credit.lines.into_iter().zip(facts) {
            let parts = if credit.customer_reference.is_empty() || fact.units <= 0 {
                Vec::new()
            } else {
                let is_fee = line.kind == Kind::Fee;
                self.purchases
                    .take_back(&credit.customer_reference, &line.sku, fact.units, fact.price, is_fee)
            };
            if parts.is_empty() {
                lines.push(line);
                continue;
            }
            // Each part gets what the total grows by with it, so that no fraction of a penny is lost.
            let (mut units, mut total) = (0, 0);
            for part in parts {
                units += part.units;
                let until = to_pence(units * fact.price);
                lines.push(document::Line {
                    quantity: part.units,
                    total: until - total,
                    credits_external_id: part.order.as_deref().unwrap_or_default().to_owned(),
                    ..line.clone()
                });
                total = until;
            }
        }
        credit.lines = lines;
        credit
    }
}

impl Open {
    fn add(&mut self, line: &Line<'_>, survey: &Survey) -> Result<(), Mistake> {
        let order = match &mut self.order {
            Some(order) if order.customer_reference != line.customer => {
                return Err(Mistake::new("CustomerID", "differs from the invoice's other lines"));
            }
            Some(order) => order,
            None => self.order.insert(Order {
                external_id: line.invoice.to_owned(),
                kind: if line.is_cancellation() {
                    Type::Credit
                } else {
                    Type::Order
                },
                customer_reference: line.customer.to_owned(),
                country: line.country.to_owned(),
                currency: CURRENCY,
                lines: Vec::new(),
                // The first line's: 43 invoices of the data set go over from one minute to the next.
                occurred_at: time::to_utc(line.time)?,
            }),
        };
        // A credit counts what is taken back.
        let sign = if order.kind == Type::Credit { -1 } else { 1 };
        let units = sign * line.quantity;
        let total = units
            .checked_mul(line.price)
            .ok_or_else(|| Mistake::new("UnitPrice", "the total is too large"))?;
        let kind = if !line.is_product() {
            Kind::Fee
        } else if line.is_adjustment() {
            Kind::Adjustment
        } else {
            Kind::Product
        };
        // A correction of stock has a note for a description: what happened to the goods.
        let name = if kind == Kind::Adjustment && !line.description.is_empty() {
            line.description
        } else {
            survey.name_of(line.code)
        };
        self.facts.push(Fact {
            units,
            price: line.price,
        });
        order.lines.push(document::Line {
            kind,
            sku: line.code.to_owned(),
            name: name.to_owned(),
            quantity: units,
            unit_price: to_pence(line.price),
            total: to_pence(total),
            credits_external_id: String::new(),
        });
        Ok(())
    }
}
