//! An order as clients see it.

use proto::v1::{self, LineKind, OrderStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::expansion::Expansion;
use crate::products::related::PRODUCT;
use crate::users::related::USER;
use crate::{money::Money, times::rfc3339};

/// What can be put in the place of ids.
pub(crate) const EXPANSIONS: &[Expansion] = &[
    Expansion {
        name: "customer",
        id: "customer_id",
        target: USER,
    },
    Expansion {
        name: "lines.product",
        id: "product_id",
        target: PRODUCT,
    },
];

/// Status by its name in the API.
pub(crate) const STATUSES: &[(&str, OrderStatus)] = &[
    ("pending", OrderStatus::Pending),
    ("confirmed", OrderStatus::Confirmed),
    ("completed", OrderStatus::Completed),
    ("cancelled", OrderStatus::Cancelled),
    ("expired", OrderStatus::Expired),
];

/// How far an order has come.
#[derive(ToSchema)]
#[schema(as = OrderStatus, rename_all = "snake_case")]
#[expect(dead_code, reason = "documents the words of `STATUSES`")]
pub(crate) enum Status {
    Pending,
    Confirmed,
    Completed,
    Cancelled,
    Expired,
}

/// What a line stands for.
#[derive(ToSchema)]
#[schema(as = OrderLineKind, rename_all = "snake_case")]
#[expect(dead_code, reason = "documents the words of `LineView::kind`")]
pub(crate) enum Kind {
    /// Goods.
    Product,
    /// Money without goods: postage, charges, discounts.
    Fee,
    /// Goods without money: corrections in imported history.
    Adjustment,
}

/// A line of an order: the product as it was when the order was placed.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct LineView {
    #[schema(value_type = Kind)]
    kind: &'static str,
    /// Null for a fee.
    #[schema(required)]
    product_id: Option<String>,
    sku: String,
    name: String,
    category: String,
    quantity: i64,
    unit_price: Money,
    /// Without the discount, with the tax.
    total: Money,
    /// What was taken off; absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<Money>,
    /// What took that off, part by part; absent: that is not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    discounts: Vec<DiscountView>,
    /// How much of the total is tax; absent: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<Money>,
}

/// A part of what was taken off a line.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderDiscount)]
struct DiscountView {
    amount: Money,
    #[schema(value_type = DiscountKind)]
    kind: &'static str,
    /// What it was got with; absent: not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false, example = "SUMMER10")]
    code: String,
    /// What it was part of; absent: not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false, example = "Summer sale")]
    campaign: String,
}

/// Why something was taken off.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "documents the words of `DiscountView::kind`")]
enum DiscountKind {
    /// These goods are cheaper.
    Line,
    /// The order as a whole is cheaper; this is the line's part.
    Order,
    /// The customer is a good one.
    Loyalty,
    /// The customer had a coupon.
    Coupon,
}

impl DiscountView {
    fn new(discount: v1::Discount, currency: &str) -> Self {
        Self {
            amount: Money::new(discount.amount, currency),
            kind: match discount.kind() {
                v1::DiscountKind::Line | v1::DiscountKind::Unspecified => "line",
                v1::DiscountKind::Order => "order",
                v1::DiscountKind::Loyalty => "loyalty",
                v1::DiscountKind::Coupon => "coupon",
            },
            code: discount.code,
            campaign: discount.campaign,
        }
    }
}

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderView {
    #[schema(example = "ord_0198c0de-0000-7000-8000-000000000001")]
    id: String,
    /// For people; null in imported history.
    #[schema(required, example = 1001)]
    number: Option<u64>,
    #[schema(value_type = Status)]
    status: &'static str,
    /// Null where imported history does not say.
    #[schema(required)]
    customer_id: Option<String>,
    /// ISO 3166-1 alpha-2, or a name in imported history; null: not said.
    #[schema(required)]
    country: Option<String>,
    currency: String,
    lines: Vec<LineView>,
    total: Money,
    /// What later credits took back.
    credited: Money,
    placed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<String>,
    /// Imported history: the customer there.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_reference: Option<String>,
    /// Imported history: the system that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Imported history: the order's id there.
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    /// Also the `ETag`.
    version: u64,
    updated_at: String,
}

impl LineView {
    fn new(line: v1::OrderLine, currency: &str) -> Self {
        let kind = match line.kind() {
            LineKind::Product | LineKind::Unspecified => "product",
            LineKind::Fee => "fee",
            LineKind::Adjustment => "adjustment",
        };
        Self {
            kind,
            product_id: non_empty(line.product_id),
            sku: line.sku,
            name: line.name,
            category: line.category,
            quantity: line.quantity,
            unit_price: Money::new(line.unit_price, currency),
            total: Money::new(line.total, currency),
            discount: (line.discount != 0).then(|| Money::new(line.discount, currency)),
            discounts: line
                .discounts
                .into_iter()
                .map(|discount| DiscountView::new(discount, currency))
                .collect(),
            tax: (line.tax != 0).then(|| Money::new(line.tax, currency)),
        }
    }
}

impl From<v1::Order> for OrderView {
    fn from(order: v1::Order) -> Self {
        let status = match order.status() {
            OrderStatus::Pending | OrderStatus::Unspecified => "pending",
            OrderStatus::Confirmed => "confirmed",
            OrderStatus::Completed => "completed",
            OrderStatus::Cancelled => "cancelled",
            OrderStatus::Expired => "expired",
        };
        let currency = order.currency;
        Self {
            id: order.id,
            number: (order.number > 0).then_some(order.number),
            status,
            customer_id: non_empty(order.customer_id),
            country: non_empty(order.country),
            lines: order
                .lines
                .into_iter()
                .map(|line| LineView::new(line, &currency))
                .collect(),
            total: Money::new(order.total, &currency),
            credited: Money::new(order.credited, &currency),
            currency,
            placed_at: rfc3339(order.placed_at_micros),
            cancelled_at: order.cancelled_at_micros.map(rfc3339),
            cancel_reason: non_empty(order.cancel_reason),
            customer_reference: non_empty(order.customer_reference),
            source: non_empty(order.source),
            external_id: non_empty(order.external_id),
            version: order.version,
            updated_at: rfc3339(order.updated_at_micros),
        }
    }
}

/// The protocol says nothing with an empty text.
fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_the_documented_shape() {
        let order = v1::Order {
            id: "ord_1".to_owned(),
            number: 1001,
            status: OrderStatus::Pending.into(),
            customer_id: "usr_1".to_owned(),
            currency: "GBP".to_owned(),
            lines: vec![v1::OrderLine {
                kind: LineKind::Product.into(),
                product_id: "prod_1".to_owned(),
                sku: "MUG-1".to_owned(),
                name: "Mug".to_owned(),
                category: "kitchen/mugs".to_owned(),
                quantity: 2,
                unit_price: 1250,
                total: 2500,
                ..v1::OrderLine::default()
            }],
            total: 2500,
            version: 1,
            ..v1::Order::default()
        };
        insta::assert_json_snapshot!(OrderView::from(order), @r#"
        {
          "id": "ord_1",
          "number": 1001,
          "status": "pending",
          "customer_id": "usr_1",
          "country": null,
          "currency": "GBP",
          "lines": [
            {
              "kind": "product",
              "product_id": "prod_1",
              "sku": "MUG-1",
              "name": "Mug",
              "category": "kitchen/mugs",
              "quantity": 2,
              "unit_price": {
                "amount": 1250,
                "currency": "GBP"
              },
              "total": {
                "amount": 2500,
                "currency": "GBP"
              }
            }
          ],
          "total": {
            "amount": 2500,
            "currency": "GBP"
          },
          "credited": {
            "amount": 0,
            "currency": "GBP"
          },
          "placed_at": "1970-01-01T00:00:00.000000Z",
          "version": 1,
          "updated_at": "1970-01-01T00:00:00.000000Z"
        }
        "#);
    }
}
