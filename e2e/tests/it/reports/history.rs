//! Some months of trade in an imaginary shop, and what a report on them has to say, added up without the system.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use e2e::System;
use proto::v1::order_command_client::OrderCommandClient;
use proto::v1::{CommandContext, ImportOrderLine, ImportOrderRow, ImportOrdersRequest, LineKind, import_outcome};
use serde_json::Value;

/// SKU, name, category.
pub(super) const PRODUCTS: [(&str, &str, &str); 4] = [
    ("MUG", "Enamel mug", "kitchen/mugs"),
    ("PLATE", "=SUM(A1:A9)", "kitchen"),
    ("BAG", "+44 bag, \"large\"\nblue", "travel"),
    ("ODD", "@odd", ""),
];

#[derive(Clone, Debug)]
struct Line {
    kind: LineKind,
    sku: &'static str,
    category: &'static str,
    quantity: i64,
    total: i64,
}

/// An order, or what was taken back.
#[derive(Clone, Debug)]
pub(super) struct Sale {
    id: String,
    credit: bool,
    at: DateTime<Utc>,
    customer: &'static str,
    country: &'static str,
    currency: &'static str,
    lines: Vec<Line>,
}

/// What a report says under one heading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    orders: i64,
    units: i64,
    gross: i64,
    credits: i64,
    credited_units: i64,
}

/// By period, label and currency.
pub(super) type Table = BTreeMap<(String, String, String), Figures>;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap_or_default()]
    }
}

/// 160 orders and 40 credits of the spring of 2024, which has the change to summer time in it.
pub(super) fn spring() -> Vec<Sale> {
    let mut numbers = Numbers(7);
    let start: DateTime<Utc> = "2024-02-25T00:00:00Z".parse().unwrap_or_default();
    (0..200)
        .map(|index| {
            let credit = index % 5 == 4;
            let lines = (0..=numbers.below(3))
                .map(|_| {
                    let (sku, _, category) = numbers.pick(&PRODUCTS);
                    let quantity = 1 + numbers.below(9).cast_signed();
                    let amount = numbers.below(5_000).cast_signed();
                    match numbers.below(8) {
                        0 => Line {
                            kind: LineKind::Fee,
                            sku: "POST",
                            category: "",
                            quantity: 1,
                            total: amount - 500,
                        },
                        1 if !credit => Line {
                            kind: LineKind::Adjustment,
                            sku,
                            category,
                            quantity: -quantity,
                            total: 0,
                        },
                        _ => Line {
                            kind: LineKind::Product,
                            sku,
                            category,
                            quantity,
                            total: amount,
                        },
                    }
                })
                .collect();
            Sale {
                id: format!("{}{index}", if credit { "C" } else { "" }),
                credit,
                at: start + TimeDelta::minutes(numbers.below(80 * 24 * 60).cast_signed()),
                customer: numbers.pick(&["", "17850", "-12583"]),
                country: numbers.pick(&["United Kingdom", "France", "@Norway", ""]),
                currency: numbers.pick(&["GBP", "GBP", "EUR"]),
                lines,
            }
        })
        .collect()
}

/// Has the system import it, after its products.
pub(super) async fn import(system: &System, sales: &[Sale]) {
    let rows = sales
        .iter()
        .map(|sale| ImportOrderRow {
            external_id: sale.id.clone(),
            credit: sale.credit,
            customer_reference: sale.customer.to_owned(),
            country: sale.country.to_owned(),
            currency: sale.currency.to_owned(),
            lines: sale.lines.iter().map(import_line).collect(),
            occurred_at_micros: sale.at.timestamp_micros(),
        })
        .collect();
    let context = CommandContext {
        actor: "system:e2e".to_owned(),
        ..CommandContext::default()
    };
    let request = ImportOrdersRequest {
        context: Some(context),
        source: "spring".to_owned(),
        rows,
    };
    let reply = OrderCommandClient::new(system.grpc()).import_orders(request).await;
    let outcomes = reply.expect("history can be imported").into_inner().outcomes;
    assert_eq!(outcomes.len(), sales.len());
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.kind() == import_outcome::Kind::Created),
        "{outcomes:#?}"
    );
}

fn import_line(line: &Line) -> ImportOrderLine {
    let name = PRODUCTS
        .iter()
        .find(|product| product.0 == line.sku)
        .map_or("Postage", |product| product.1);
    ImportOrderLine {
        kind: line.kind.into(),
        sku: line.sku.to_owned(),
        name: name.replace('\n', " "),
        quantity: line.quantity,
        unit_price: if line.kind == LineKind::Adjustment {
            0
        } else {
            line.total / line.quantity
        },
        total: line.total,
        ..ImportOrderLine::default()
    }
}

/// First day of the period that a day lies in.
fn period(interval: &str, day: NaiveDate) -> NaiveDate {
    match interval {
        "day" => day,
        "week" => day - Days::new(u64::from(day.weekday().num_days_from_monday())),
        "month" => day.with_day(1).unwrap_or(day),
        other => panic!("{other} is no interval"),
    }
}

/// What the report has to say, with an empty period for the whole.
pub(super) fn expected(sales: &[Sale], interval: &str, group: &str, zone: Tz, from: NaiveDate, to: NaiveDate) -> Table {
    let mut table = Table::new();
    for sale in sales {
        let day = sale.at.with_timezone(&zone).date_naive();
        if day < from || day >= to {
            continue;
        }
        let lines: Vec<&Line> = sale
            .lines
            .iter()
            .filter(|line| line.kind != LineKind::Adjustment)
            .collect();
        let mut labels: Vec<&str> = match group {
            "product" => lines.iter().map(|line| line.sku).collect(),
            "category" => lines.iter().map(|line| line.category).collect(),
            "country" => vec![sale.country],
            "customer" => vec![sale.customer],
            _ => vec![""],
        };
        labels.sort_unstable();
        labels.dedup();
        for label in labels {
            let of_label = |line: &&&Line| match group {
                "product" => line.sku == label,
                "category" => line.category == label,
                _ => true,
            };
            let amount: i64 = lines.iter().filter(of_label).map(|line| line.total).sum();
            let units: i64 = lines
                .iter()
                .filter(of_label)
                .filter(|line| line.kind == LineKind::Product)
                .map(|line| line.quantity)
                .sum();
            let period = period(interval, day).to_string();
            let figures = table
                .entry((period, label.to_owned(), sale.currency.to_owned()))
                .or_default();
            if sale.credit {
                figures.credits += amount;
                figures.credited_units += units;
            } else {
                figures.orders += 1;
                figures.gross += amount;
                figures.units += units;
            }
        }
    }
    table
}

/// The sum over all periods and labels, by currency. Only right for groups that every order is in once.
pub(super) fn totals(table: &Table) -> BTreeMap<String, Figures> {
    let mut totals: BTreeMap<String, Figures> = BTreeMap::new();
    for ((_, _, currency), figures) in table {
        let total = totals.entry(currency.clone()).or_default();
        total.orders += figures.orders;
        total.units += figures.units;
        total.gross += figures.gross;
        total.credits += figures.credits;
        total.credited_units += figures.credited_units;
    }
    totals
}

/// What the report says. Rows of nothing but zeros are left out, as nothing is expected of them.
pub(super) fn reported(rows: &Value) -> Table {
    let mut table = Table::new();
    for row in rows.as_array().into_iter().flatten() {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let number = |value: &Value| value.as_i64().unwrap_or(i64::MIN);
        let figures = Figures {
            orders: number(&row["orders"]),
            units: number(&row["units"]),
            gross: number(&row["gross"]["amount"]),
            credits: number(&row["credits"]["amount"]),
            credited_units: number(&row["credited_units"]),
        };
        assert_eq!(number(&row["net"]["amount"]), figures.gross - figures.credits, "{row}");
        assert_eq!(
            (&row["gross"]["currency"], &row["net"]["currency"]),
            (&row["currency"], &row["currency"])
        );
        let key = (text("period"), text("label"), text("currency"));
        if figures != Figures::default() {
            assert_eq!(table.insert(key, figures), None, "two rows under one heading: {row}");
        }
    }
    table
}
