//! The first pass over the file: what each stock code is called and costs, how many lines each invoice has, and
//! which purchases a cancellation may undo.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use anyhow::{Result, ensure};
use files::read::{Record, Records, Window};

use crate::document::{CURRENCY, Money, Product, SOURCE};
use crate::line::{Header, Line, is_product, to_pence};
use crate::time;

/// What the second pass has to know beforehand. About 10 MB for the 541,909 lines of the data set.
pub(crate) struct Survey {
    codes: HashMap<Box<str>, Code>,
    invoices: HashMap<Box<str>, u32>,
    /// Customers and stock codes of which something is taken back somewhere.
    taken_back: HashMap<Box<str>, HashSet<Box<str>>>,
    /// Lines of the file that are not empty, but for the header.
    pub(crate) rows: u64,
}

/// What the file says of a stock code.
#[derive(Default)]
struct Code {
    first_line: u64,
    first_seen: String,
    descriptions: Vec<(Box<str>, Tally)>,
    prices: Vec<(i64, u32)>,
}

/// How often a description stands on a line.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Tally {
    /// With a price. Lines without one are corrections of stock, and their descriptions are notes: `damaged`.
    sold: u32,
    all: u32,
}

/// Opens the records of the file behind its header.
pub(crate) fn open<R: Read>(input: R) -> Result<(Header, Records<R>)> {
    let mut records = Records::begin(Window::new(input, 0, 1))?;
    let mut record = Record::default();
    ensure!(records.read(&mut record)?, "the file is empty");
    Ok((Header::read(&record)?, records))
}

impl Survey {
    /// Reads the whole file.
    pub(crate) fn read<R: Read>(input: R) -> Result<Self> {
        let (header, mut records) = open(input)?;
        let mut survey = Self {
            codes: HashMap::new(),
            invoices: HashMap::new(),
            taken_back: HashMap::new(),
            rows: 0,
        };
        let mut record = Record::default();
        while records.read(&mut record)? {
            survey.rows += 1;
            if let Some(invoice) = header.invoice(&record) {
                *survey.invoices.entry(invoice.into()).or_default() += 1;
            }
            // Wrong lines are reported by the second pass.
            if let Ok(line) = Line::read(&header, &record) {
                survey.add(&line, record.line);
            }
        }
        Ok(survey)
    }

    fn add(&mut self, line: &Line<'_>, number: u64) {
        if !self.codes.contains_key(line.code) {
            let code = Code {
                first_line: number,
                first_seen: line.time.to_owned(),
                ..Code::default()
            };
            self.codes.insert(line.code.into(), code);
        }
        if let Some(code) = self.codes.get_mut(line.code) {
            code.add(line);
        }
        if line.is_cancellation() && !line.customer.is_empty() {
            let codes = match self.taken_back.get_mut(line.customer) {
                Some(codes) => codes,
                None => self.taken_back.entry(line.customer.into()).or_default(),
            };
            if !codes.contains(line.code) {
                codes.insert(line.code.into());
            }
        }
    }

    /// How many lines an invoice has.
    pub(crate) fn lines_of(&self, invoice: &str) -> u32 {
        self.invoices.get(invoice).copied().unwrap_or_default()
    }

    /// What a stock code is called: the description that most lines with a price give it. Without one, the one
    /// that most lines give it; without any, the code itself.
    pub(crate) fn name_of<'a>(&'a self, code: &'a str) -> &'a str {
        self.codes.get(code).and_then(Code::name).unwrap_or(code)
    }

    /// True when something of this stock code is taken back from this customer somewhere in the file.
    pub(crate) fn is_taken_back(&self, customer: &str, code: &str) -> bool {
        self.taken_back.get(customer).is_some_and(|codes| codes.contains(code))
    }

    /// The products, in the order in which the file first names them.
    pub(crate) fn products(&self) -> Vec<Product<'_>> {
        let mut products: Vec<_> = self.codes.iter().filter(|(code, _)| is_product(code)).collect();
        products.sort_unstable_by_key(|(code, facts)| (facts.first_line, *code));
        products
            .into_iter()
            .map(|(code, facts)| Product {
                sku: code,
                name: facts.name().unwrap_or(code),
                price: Money {
                    amount: to_pence(facts.price()),
                    currency: CURRENCY,
                },
                category: SOURCE,
                status: "active",
                // An unreadable time is an error of its invoice.
                created_at: time::to_utc(&facts.first_seen).ok(),
            })
            .collect()
    }
}

impl Code {
    fn add(&mut self, line: &Line<'_>) {
        if !line.description.is_empty() {
            let known = self
                .descriptions
                .iter()
                .position(|(text, _)| **text == *line.description);
            let index = known.unwrap_or_else(|| {
                let fresh = (line.description.into(), Tally::default());
                self.descriptions.push(fresh);
                self.descriptions.len() - 1
            });
            let tally = &mut self.descriptions[index].1;
            tally.all += 1;
            tally.sold += u32::from(line.price > 0);
        }
        if line.price > 0 && !line.is_cancellation() {
            let known = self.prices.iter_mut().find(|(price, _)| *price == line.price);
            match known {
                Some((_, count)) => *count += 1,
                None => self.prices.push((line.price, 1)),
            }
        }
    }

    /// Of two that are as frequent, the one that the file gives first.
    fn name(&self) -> Option<&str> {
        let best = self.descriptions.iter().rev().max_by_key(|(_, tally)| *tally);
        best.map(|(text, _)| &**text)
    }

    /// The price that most sales were made at, in thousandths; of two that are as frequent, the later one.
    fn price(&self) -> i64 {
        let best = self.prices.iter().max_by_key(|(_, count)| *count);
        best.map_or(0, |(price, _)| *price)
    }
}
