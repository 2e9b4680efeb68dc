//! The figures of a report as clients see them.

use proto::v1::SalesRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::money::Money;

/// The sales of one period, group and currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SalesFigures {
    /// First date of the interval; null in a total.
    #[schema(required, example = "2011-01-01")]
    period: Option<String>,
    /// Id of the group's member; null without grouping.
    #[schema(required)]
    key: Option<String>,
    /// What people call it: SKU, category, country, customer.
    #[schema(required)]
    label: Option<String>,
    /// The product's name.
    #[schema(required)]
    name: Option<String>,
    currency: String,
    /// Orders placed.
    orders: i64,
    /// Goods sold, fees not counted.
    units: i64,
    /// What was ordered, before discounts and tax.
    gross: Money,
    /// What was taken back: cancellations and credits, after discounts and before tax.
    credits: Money,
    /// Goods taken back.
    credited_units: i64,
    /// Units - credited units.
    net_units: i64,
    /// Gross - discounts - credits.
    net: Money,
    /// What was taken off.
    discounts: Money,
    /// Tax on what was sold, less that on what was taken back.
    tax: Money,
    /// Net + tax.
    total: Money,
    /// (Gross - discounts) / orders; null without orders.
    #[schema(required)]
    average_order_value: Option<Money>,
    /// By whether it was the customer's first order.
    customers: Customers,
    /// Present and true: all groups that are not among the top ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    other: bool,
    /// Present and true: the category without those below it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    direct: bool,
    /// What it is compared with; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousFigures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Changes>,
    links: FigureLinks,
}

/// The same sales by who bought.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Customers {
    /// First orders of their customers: as many as there are new customers.
    new: CustomerFigures,
    /// Later orders.
    returning: CustomerFigures,
    /// Orders of nobody who is known.
    guest: CustomerFigures,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerFigures {
    orders: i64,
    net: Money,
}

/// What it is compared with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviousFigures {
    /// First date.
    from: String,
    /// Date after the last one.
    to: String,
    /// Orders placed.
    orders: i64,
    /// Goods sold, fees not counted.
    units: i64,
    /// What was ordered, before discounts and tax.
    gross: Money,
    /// What was taken back: cancellations and credits, after discounts and before tax.
    credits: Money,
    /// Goods taken back.
    credited_units: i64,
    /// Units - credited units.
    net_units: i64,
    /// Gross - discounts - credits.
    net: Money,
    /// What was taken off.
    discounts: Money,
    /// Tax on what was sold, less that on what was taken back.
    tax: Money,
    /// Net + tax.
    total: Money,
    /// (Gross - discounts) / orders; null without orders.
    #[schema(required)]
    average_order_value: Option<Money>,
    /// First orders of their customers.
    new_customers: i64,
    /// By whether it was the customer's first order.
    customers: Customers,
    links: FigureLinks,
}

/// What has become of the figures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changes {
    orders: CountChange,
    units: CountChange,
    net_units: CountChange,
    gross: MoneyChange,
    discounts: MoneyChange,
    credits: MoneyChange,
    net: MoneyChange,
    tax: MoneyChange,
    total: MoneyChange,
    #[schema(required)]
    average_order_value: Option<MoneyChange>,
    new_customers: CountChange,
    customers: CustomersChange,
}

/// What has become of the same by who bought.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomersChange {
    new: CustomerChange,
    returning: CustomerChange,
    guest: CustomerChange,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CustomerChange {
    orders: CountChange,
    net: MoneyChange,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountChange {
    absolute: i64,
    /// Hundredths of a percent; null when there was nothing before.
    #[schema(required)]
    basis_points: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MoneyChange {
    absolute: Money,
    /// Hundredths of a percent; null when there was nothing before.
    #[schema(required)]
    basis_points: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FigureLinks {
    /// The orders and credits that add up to the figures.
    orders: String,
}

impl SalesFigures {
    /// `orders` is the address of the orders behind a row.
    pub(super) fn new(row: SalesRow, grouped: bool, total: bool, orders: impl Fn(&SalesRow) -> String) -> Self {
        let currency = row.currency.clone();
        let previous = row.previous.as_deref();
        let money = |amount| Money::new(amount, &currency);
        Self {
            orders: row.orders,
            units: row.units,
            gross: money(row.gross),
            credits: money(row.credits),
            credited_units: row.credited_units,
            net_units: net_units(&row),
            net: money(row.net),
            discounts: money(row.discounts),
            tax: money(row.tax),
            total: money(row.net.saturating_add(row.tax)),
            average_order_value: average(&row).map(money),
            customers: Customers::new(&row),
            previous: previous.map(|previous| PreviousFigures::new(previous, orders(previous))),
            links: FigureLinks { orders: orders(&row) },
            change: previous.map(|previous| Changes::new(&row, previous)),
            period: (!total).then_some(row.period),
            key: (grouped && !row.other).then_some(row.key),
            label: (grouped && !row.other).then_some(row.label),
            name: (!row.name.is_empty()).then_some(row.name),
            other: row.other,
            direct: row.direct,
            currency,
        }
    }
}

impl Customers {
    fn new(row: &SalesRow) -> Self {
        let customers = |orders, net| CustomerFigures {
            orders,
            net: Money::new(net, &row.currency),
        };
        Self {
            new: customers(row.new_orders, row.new_net),
            returning: customers(row.returning_orders, row.returning_net),
            guest: customers(row.guest_orders, row.guest_net),
        }
    }
}

impl PreviousFigures {
    fn new(row: &SalesRow, orders: String) -> Self {
        let money = |amount| Money::new(amount, &row.currency);
        Self {
            from: row.from.clone(),
            to: row.to.clone(),
            orders: row.orders,
            units: row.units,
            gross: money(row.gross),
            credits: money(row.credits),
            credited_units: row.credited_units,
            net_units: net_units(row),
            net: money(row.net),
            discounts: money(row.discounts),
            tax: money(row.tax),
            total: money(total(row)),
            average_order_value: average(row).map(money),
            new_customers: row.new_orders,
            customers: Customers::new(row),
            links: FigureLinks { orders },
        }
    }
}

impl Changes {
    fn new(now: &SalesRow, before: &SalesRow) -> Self {
        let count = |value: fn(&SalesRow) -> i64| CountChange {
            absolute: value(now).saturating_sub(value(before)),
            basis_points: points(value(now), value(before)),
        };
        let between = |now: i64, before: i64, currency: &str| MoneyChange {
            absolute: Money::new(now.saturating_sub(before), currency),
            basis_points: points(now, before),
        };
        let money = |value: fn(&SalesRow) -> i64| between(value(now), value(before), &now.currency);
        let customers = |orders, net| CustomerChange {
            orders: count(orders),
            net: money(net),
        };
        Self {
            orders: count(|row| row.orders),
            units: count(|row| row.units),
            net_units: count(net_units),
            gross: money(|row| row.gross),
            discounts: money(|row| row.discounts),
            credits: money(|row| row.credits),
            net: money(|row| row.net),
            tax: money(|row| row.tax),
            total: money(total),
            average_order_value: average(now)
                .zip(average(before))
                .map(|(now_, before_)| between(now_, before_, &now.currency)),
            new_customers: count(|row| row.new_orders),
            customers: CustomersChange {
                new: customers(|row| row.new_orders, |row| row.new_net),
                returning: customers(|row| row.returning_orders, |row| row.returning_net),
                guest: customers(|row| row.guest_orders, |row| row.guest_net),
            },
        }
    }
}

fn total(row: &SalesRow) -> i64 {
    row.net.saturating_add(row.tax)
}

fn net_units(row: &SalesRow) -> i64 {
    row.units.saturating_sub(row.credited_units)
}

/// Gross sales less discounts, for an order, rounded half up.
fn average(row: &SalesRow) -> Option<i64> {
    let orders = i128::from(row.orders);
    if orders <= 0 {
        return None;
    }
    let sold = i128::from(row.gross) - i128::from(row.discounts);
    i64::try_from((sold * 2 + orders).div_euclid(orders * 2)).ok()
}

/// Hundredths of a percent, rounded half away from zero; `None`: nothing was there before.
fn points(now: i64, before: i64) -> Option<i64> {
    if before == 0 {
        return None;
    }
    let change = (i128::from(now) - i128::from(before)) * 10_000;
    let before = i128::from(before).abs();
    let rounded = (change.abs() * 2 + before) / (before * 2) * change.signum();
    i64::try_from(rounded).ok()
}
