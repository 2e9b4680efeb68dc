//! Some months of trade in an imaginary shop, and what a report on them has to say, added up without the system.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use e2e::System;
use proto::v1::order_command_client::OrderCommandClient;
use proto::v1::{
    CommandContext, Discount, DiscountKind, ImportOrderLine, ImportOrderRow, ImportOrdersRequest, LineKind,
    import_outcome,
};
use serde_json::Value;

/// SKU, name, category.
pub(super) const PRODUCTS: [(&str, &str, &str); 4] = [
    ("MUG", "Enamel mug", "kitchen/mugs"),
    ("PLATE", "=SUM(A1:A9)", "kitchen"),
    ("BAG", "+44 bag, \"large\"\nblue", "none"),
    ("ODD", "@odd", ""),
];

const CAMPAIGN: &str = "Spring 2024";

#[derive(Clone, Debug)]
struct Line {
    kind: LineKind,
    sku: &'static str,
    category: &'static str,
    quantity: i64,
    total: i64,
    discount: i64,
    /// The code of the coupon that took it off; empty: nobody knows.
    code: &'static str,
    tax: i64,
    /// Of a credit: which sale it undoes.
    undoes: Option<usize>,
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
    discounts: i64,
    tax: i64,
    credits: i64,
    credited_units: i64,
}

impl Figures {
    fn add(&mut self, sale: &Sale, lines: &[&Line]) {
        let sum = |value: fn(&Line) -> i64| lines.iter().map(|line| value(line)).sum::<i64>();
        let units: i64 = lines
            .iter()
            .filter(|line| line.kind == LineKind::Product)
            .map(|line| line.quantity)
            .sum();
        if sale.credit {
            self.credits += sum(|line| line.total - line.tax);
            self.credited_units += units;
            self.tax -= sum(|line| line.tax);
        } else {
            self.orders += 1;
            self.gross += sum(|line| line.total - line.tax + line.discount);
            self.discounts += sum(|line| line.discount);
            self.units += units;
            self.tax += sum(|line| line.tax);
        }
    }
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
    let mut sales: Vec<Sale> = Vec::new();
    for index in 0..200_usize {
        let credit = index % 5 == 4;
        let currency = numbers.pick(&["GBP", "GBP", "EUR"]);
        let lines = (0..=numbers.below(3))
            .map(|_| {
                let (sku, _, category) = numbers.pick(&PRODUCTS);
                let quantity = 1 + numbers.below(9).cast_signed();
                let amount = numbers.below(5_000).cast_signed();
                let undone = usize::try_from(numbers.below(index.max(1) as u64)).unwrap_or_default();
                let undoes = sales
                    .get(undone)
                    .filter(|sale| credit && !sale.credit && sale.currency == currency)
                    .map(|_| undone);
                let discount = if numbers.below(4) == 0 { amount / 9 } else { 0 };
                let line = Line {
                    kind: LineKind::Product,
                    sku,
                    category,
                    quantity,
                    total: amount,
                    discount,
                    code: ["", "SPRING", "=FRIEND"][usize::try_from(discount).unwrap_or_default() % 3],
                    tax: if numbers.below(3) == 0 { amount / 6 } else { 0 },
                    undoes,
                };
                match numbers.below(8) {
                    0 => Line {
                        kind: LineKind::Fee,
                        sku: "POST",
                        category: "",
                        quantity: 1,
                        total: amount - 500,
                        discount: 0,
                        code: "",
                        tax: 0,
                        undoes,
                    },
                    1 if !credit => Line {
                        kind: LineKind::Adjustment,
                        quantity: -quantity,
                        total: 0,
                        discount: 0,
                        code: "",
                        tax: 0,
                        ..line
                    },
                    _ => line,
                }
            })
            .collect();
        sales.push(Sale {
            id: format!("{}{index}", if credit { "C" } else { "" }),
            credit,
            at: start + TimeDelta::minutes(numbers.below(80 * 24 * 60).cast_signed()),
            customer: numbers.pick(&["", "17850", "-12583"]),
            country: numbers.pick(&["United Kingdom", "France", "@Norway", "none", ""]),
            currency,
            lines,
        });
    }
    sales
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
            lines: sale.lines.iter().map(|line| import_line(line, sales)).collect(),
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

fn import_line(line: &Line, sales: &[Sale]) -> ImportOrderLine {
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
        discount: line.discount,
        discounts: (!line.code.is_empty())
            .then(|| Discount {
                amount: line.discount,
                kind: DiscountKind::Coupon.into(),
                code: line.code.to_owned(),
                campaign: CAMPAIGN.to_owned(),
            })
            .into_iter()
            .collect(),
        tax: line.tax,
        credits_external_id: line.undoes.map(|sale| sales[sale].id.clone()).unwrap_or_default(),
    }
}

/// First day of the period that a day lies in.
fn period(interval: &str, day: NaiveDate) -> NaiveDate {
    match interval {
        "day" => day,
        "week" => day - Days::new(u64::from(day.weekday().num_days_from_monday())),
        "month" => day.with_day(1).unwrap_or(day),
        "quarter" => {
            let month = day.month0() / 3 * 3;
            day.with_day(1).and_then(|day| day.with_month0(month)).unwrap_or(day)
        }
        "year" => NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap_or(day),
        other => panic!("{other} is no interval"),
    }
}

/// How a report is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) interval: &'a str,
    pub(super) group: &'a str,
    pub(super) zone: Tz,
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    pub(super) by_order_date: bool,
}

/// The orders that are the first ones of their customers.
fn firsts(sales: &[Sale]) -> Vec<&str> {
    let mut firsts: BTreeMap<&str, &Sale> = BTreeMap::new();
    for sale in sales.iter().filter(|sale| !sale.credit && !sale.customer.is_empty()) {
        let first = firsts.entry(sale.customer).or_insert(sale);
        if sale.at < first.at {
            *first = sale;
        }
    }
    firsts.into_values().map(|sale| sale.id.as_str()).collect()
}

/// What the report has to say.
pub(super) fn expected(sales: &[Sale], asked: Asked<'_>) -> Table {
    let firsts = firsts(sales);
    let type_of = |sale: &Sale| match sale.customer {
        "" => "guest",
        _ if firsts.contains(&sale.id.as_str()) => "new",
        _ => "returning",
    };
    let mut table = Table::new();
    for sale in sales {
        let traded: Vec<&Line> = sale
            .lines
            .iter()
            .filter(|line| line.kind != LineKind::Adjustment)
            .collect();
        // The parts that undo different orders, each on its day and of its customer's kind.
        let mut parts: BTreeMap<Option<usize>, Vec<&Line>> = BTreeMap::new();
        for line in traded {
            parts.entry(line.undoes).or_default().push(line);
        }
        if parts.is_empty() {
            parts.insert(None, Vec::new());
        }
        for (undone, lines) in parts {
            let undone = undone.map(|index| &sales[index]);
            let at = if asked.by_order_date {
                undone.unwrap_or(sale).at
            } else {
                sale.at
            };
            let customer_type = match undone {
                Some(order) => type_of(order),
                None if sale.credit && !sale.customer.is_empty() => "returning",
                None => type_of(sale),
            };
            let day = at.with_timezone(&asked.zone).date_naive();
            if day < asked.from || day >= asked.to {
                continue;
            }
            let label_of = |line: &Line| match asked.group {
                "product" => line.sku.to_owned(),
                "category" => line.category.split('/').next().unwrap_or_default().to_owned(),
                "country" => sale.country.to_owned(),
                "customer" => sale.customer.to_owned(),
                "currency" => sale.currency.to_owned(),
                "customer_type" => customer_type.to_owned(),
                "discount_code" => line.code.to_owned(),
                "discount_campaign" if !line.code.is_empty() => CAMPAIGN.to_owned(),
                "discount_kind" if !line.code.is_empty() => "coupon".to_owned(),
                _ => String::new(),
            };
            let mut labels: Vec<String> = lines.iter().map(|line| label_of(line)).collect();
            if lines.is_empty() && !["product", "category"].contains(&asked.group) {
                labels.push(match asked.group {
                    "country" => sale.country.to_owned(),
                    "customer" => sale.customer.to_owned(),
                    "currency" => sale.currency.to_owned(),
                    "customer_type" => customer_type.to_owned(),
                    _ => String::new(),
                });
            }
            labels.sort_unstable();
            labels.dedup();
            for label in labels {
                let own: Vec<&Line> = lines.iter().copied().filter(|line| label_of(line) == label).collect();
                let period = period(asked.interval, day).to_string();
                table
                    .entry((period, label, sale.currency.to_owned()))
                    .or_default()
                    .add(sale, &own);
            }
        }
    }
    // Lines that cancel out leave a row of zeros, which says nothing.
    table.retain(|_, figures| *figures != Figures::default());
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
        total.discounts += figures.discounts;
        total.tax += figures.tax;
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
            discounts: number(&row["discounts"]["amount"]),
            tax: number(&row["tax"]["amount"]),
            credits: number(&row["credits"]["amount"]),
            credited_units: number(&row["credited_units"]),
        };
        let net = figures.gross - figures.discounts - figures.credits;
        assert_eq!(number(&row["net"]["amount"]), net, "{row}");
        assert_eq!(number(&row["total"]["amount"]), net + figures.tax, "{row}");
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
