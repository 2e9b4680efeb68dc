//! The sales of all events, when all of them are known: no order of reading, nothing booked twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, NaiveDate};
use serde_json::{Value, json};

use crate::fold::{number, text};

const QUARTER: i64 = 900_000_000;
const DAY: i64 = 86_400_000_000;

struct Trade {
    kind: &'static str,
    /// The order; of a credit its id.
    id: String,
    body: Value,
    at: i64,
}

#[derive(Default)]
pub(crate) struct Trades {
    all: Vec<Trade>,
    credited: BTreeSet<(String, String)>,
}

/// `(dimension, key, currency, customer type, bucket)` to the sums.
type Sums = BTreeMap<(&'static str, String, String, String, i64), [i64; 11]>;

impl Trades {
    pub(crate) fn sold(&mut self, order: &str, body: &Value, at: i64) {
        self.push("sale", order, body, at);
    }

    pub(crate) fn cancelled(&mut self, order: &str, body: &Value, at: i64) {
        self.push("cancellation", order, body, at);
    }

    pub(crate) fn given_back(&mut self, credit: &str, body: &Value, at: i64) {
        self.push("credit", credit, body, at);
    }

    pub(crate) fn credited(&mut self, order: &str, credit: &str) {
        self.credited.insert((order.to_owned(), credit.to_owned()));
    }

    fn push(&mut self, kind: &'static str, id: &str, body: &Value, at: i64) {
        self.all.push(Trade {
            kind,
            id: id.to_owned(),
            body: body.clone(),
            at,
        });
    }

    pub(crate) fn rows(&self) -> Vec<(&'static str, Vec<Value>)> {
        let sales: BTreeMap<&str, (i64, String)> = self
            .all
            .iter()
            .filter(|trade| trade.kind == "sale")
            .map(|trade| (&*trade.id, (trade.at, text(&trade.body["customer_id"]))))
            .collect();
        let mut firsts: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
        for (order, (at, customer)) in &sales {
            if !customer.is_empty() {
                let first = firsts.entry(customer).or_insert((*at, order));
                *first = (*first).min((*at, order));
            }
        }
        let type_of = |order: &str, customer: &str| match firsts.get(customer) {
            Some((_, first)) if *first == order => "new",
            _ if customer.is_empty() => "guest",
            _ => "returning",
        };

        let mut links: BTreeMap<(String, String), Value> = BTreeMap::new();
        for (order, credit) in &self.credited {
            let (at, customer) = &sales[&**order];
            let link = json!({"order_id": order, "credit_id": credit, "ordered_at": at, "customer_type": type_of(order, customer)});
            links.insert((order.clone(), credit.clone()), link);
        }
        let mut entries = Vec::new();
        let [mut fine, mut months, mut years, mut customers] = std::array::from_fn(|_| Sums::new());
        for trade in &self.all {
            let parts = parts(trade);
            for (order, lines) in parts {
                let customer = text(&trade.body["customer_id"]);
                let (mut ordered_at, mut customer_type) =
                    (trade.at, if customer.is_empty() { "guest" } else { "returning" });
                if trade.kind == "credit" {
                    if !order.is_empty() {
                        let pair = (order.clone(), trade.id.clone());
                        let link = links.entry(pair).or_insert_with(
                            || json!({"order_id": order, "credit_id": trade.id, "ordered_at": null, "customer_type": null}),
                        );
                        if let Some(at) = link["ordered_at"].as_i64() {
                            let (_, customer) = &sales[&*order];
                            (ordered_at, customer_type) = (at, type_of(&order, customer));
                        }
                    }
                } else {
                    let (at, customer) = &sales[&*order];
                    (ordered_at, customer_type) = (*at, type_of(&order, customer));
                }
                let part = Part {
                    trade,
                    ordered_at,
                    customer_type,
                    customer,
                };
                entries.extend(part.entries(&order, &lines));
                part.add(&lines, [&mut fine, &mut months, &mut years, &mut customers]);
            }
        }
        for sums in [&mut fine, &mut months, &mut years, &mut customers] {
            sums.retain(|_, sum| *sum != [0; 11]);
        }
        let first_orders = firsts
            .iter()
            .map(|(customer, (at, order))| json!({"customer_id": customer, "first_at": at, "first_order": order}));
        vec![
            ("sales_customer", first_orders.collect()),
            ("sales_link", links.into_values().collect()),
            ("sales_entry", entries),
            ("sales", fine.into_iter().map(row).collect()),
            ("sales_month", months.into_iter().map(row).collect()),
            ("sales_year", years.into_iter().map(row).collect()),
            ("sales_customer_year", customers.into_iter().map(row).collect()),
        ]
    }
}

struct Part<'a> {
    trade: &'a Trade,
    ordered_at: i64,
    customer_type: &'static str,
    customer: String,
}

/// The traded lines of a document by order: product, category and what took something off; units, amount, discount, tax.
type Lines = Vec<((String, String, [String; 3]), [i64; 4])>;

/// Code, campaign and kind.
fn promotion(discount: Option<&Value>) -> [String; 3] {
    ["code", "campaign", "kind"].map(|name| discount.map(|discount| text(&discount[name])).unwrap_or_default())
}

fn parts(trade: &Trade) -> BTreeMap<String, Lines> {
    let credit = trade.kind == "credit";
    let mut parts: BTreeMap<String, Lines> = BTreeMap::new();
    for line in trade.body["lines"].as_array().unwrap() {
        if line["kind"] == "adjustment" {
            continue;
        }
        let fee = line["kind"] == "fee";
        let product = if fee {
            format!("fee:{}", text(&line["sku"]))
        } else {
            text(&line["product_id"])
        };
        let order = if credit {
            text(&line["order_id"])
        } else {
            trade.id.clone()
        };
        let of = |name: &str| line[name].as_i64().unwrap_or_default();
        let units = if fee { 0 } else { number(&line["quantity"]) };
        let category = text(&line["category"]);
        let none = Vec::new();
        let discounts = line["discounts"].as_array().unwrap_or(&none);
        // The goods count with the first discount, the others take off.
        let further: i64 = discounts
            .iter()
            .skip(1)
            .map(|discount| number(&discount["amount"]))
            .sum();
        let first = [
            units,
            of("total") + further - of("tax"),
            of("discount") - further,
            of("tax"),
        ];
        let others = discounts.iter().skip(1).map(|discount| {
            let amount = number(&discount["amount"]);
            (promotion(Some(discount)), [0, -amount, amount, 0])
        });
        let lines = parts.entry(order).or_default();
        for (promotion, [units, after, taken_off, tax]) in
            std::iter::once((promotion(discounts.first()), first)).chain(others)
        {
            let numbers = if trade.kind == "sale" {
                [units, after + taken_off, taken_off, tax]
            } else {
                [units, after, 0, tax]
            };
            let key = (product.clone(), category.clone(), promotion);
            match lines.iter_mut().find(|(other, _)| *other == key) {
                Some((_, sum)) => sum.iter_mut().zip(numbers).for_each(|(sum, more)| *sum += more),
                None => lines.push((key, numbers)),
            }
        }
    }
    if parts.is_empty() {
        let order = if credit { String::new() } else { trade.id.clone() };
        parts.insert(order, vec![(Default::default(), [0; 4])]);
    }
    parts
}

impl Part<'_> {
    fn entries(&self, order: &str, lines: &Lines) -> Vec<Value> {
        let trade = self.trade;
        let document = if trade.kind == "credit" { &*trade.id } else { "" };
        let entry = |(index, line)| {
            let ((product, category, [code, campaign, kind]), [units, amount, discounts, tax]): &(_, [i64; 4]) = line;
            json!({
                "order_id": order, "document": document, "kind": trade.kind, "line": index, "happened_at": trade.at,
                "ordered_at": self.ordered_at, "currency": trade.body["currency"], "country": text(&trade.body["country"]),
                "customer": self.customer, "customer_type": self.customer_type, "product": product, "category": category,
                "units": units, "amount": amount, "discounts": discounts, "tax": tax,
                "discount_code": code, "discount_campaign": campaign, "discount_kind": kind,
            })
        };
        lines.iter().enumerate().map(entry).collect()
    }

    fn add(&self, lines: &Lines, [fine, months, years, customers]: [&mut Sums; 4]) {
        let mut keys: BTreeMap<(&'static str, String), [i64; 4]> = BTreeMap::new();
        for ((product, category, _), numbers) in lines {
            let mut under = vec![
                ("total", String::new()),
                ("country", text(&self.trade.body["country"])),
                ("customer", self.customer.clone()),
            ];
            if !product.is_empty() {
                under.push(("product", product.clone()));
                let country = text(&self.trade.body["country"]);
                under.push(("country_product", format!("{country}\u{1f}{product}")));
                under.push(("category_own", category.clone()));
                let mut path = String::new();
                for name in category.split('/') {
                    path = if path.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{path}/{name}")
                    };
                    under.push(("category", path.clone()));
                }
            }
            for key in under {
                let sum = keys.entry(key).or_default();
                sum.iter_mut().zip(numbers).for_each(|(sum, more)| *sum += more);
            }
        }
        for ((dimension, key), [units, amount, discounts, tax]) in keys {
            let mut put = |at: i64, change: [i64; 11]| {
                let add = |sums: &mut Sums, bucket, customer_type: &str| {
                    let currency = text(&self.trade.body["currency"]);
                    let id = (dimension, key.clone(), currency, customer_type.to_owned(), bucket);
                    let sum = sums.entry(id).or_default();
                    sum.iter_mut().zip(change).for_each(|(sum, more)| *sum += more);
                };
                let date = DateTime::from_timestamp_micros(at).unwrap().date_naive();
                let micros = |date: NaiveDate| date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_micros();
                let month = micros(date.with_day(1).unwrap());
                let year = micros(date.with_ordinal(1).unwrap());
                match dimension {
                    "customer" => {
                        add(months, month, self.customer_type);
                        add(customers, year, "");
                    }
                    "country_product" => add(years, year, self.customer_type),
                    "product" => {
                        add(fine, at.div_euclid(DAY) * DAY, self.customer_type);
                        add(months, month, self.customer_type);
                    }
                    _ => {
                        add(fine, at.div_euclid(QUARTER) * QUARTER, self.customer_type);
                        add(months, month, self.customer_type);
                    }
                }
            };
            if self.trade.kind == "sale" {
                put(self.trade.at, [1, units, amount, discounts, tax, 0, 0, 0, 0, 0, 0]);
            } else {
                put(self.trade.at, [0, 0, 0, 0, 0, amount, units, tax, 0, 0, 0]);
                put(self.ordered_at, [0, 0, 0, 0, 0, 0, 0, 0, amount, units, tax]);
            }
        }
    }
}

fn row(
    ((dimension, key, currency, customer_type, bucket), sum): ((&'static str, String, String, String, i64), [i64; 11]),
) -> Value {
    let names = [
        "orders",
        "units",
        "gross",
        "discounts",
        "tax",
        "credits",
        "credited_units",
        "credited_tax",
        "undone",
        "undone_units",
        "undone_tax",
    ];
    let mut row = json!({"dimension": dimension, "key": key, "currency": currency, "customer_type": customer_type, "bucket": bucket});
    for (name, value) in names.iter().zip(sum) {
        row[*name] = json!(value);
    }
    row
}
