//! An order as the services answer it.

use domain::order::{Discount, DiscountKind, OrderLine, PlacedOrder};
use proto::v1;

/// An order that was just placed.
pub(super) fn placed(order: &PlacedOrder) -> v1::Order {
    let placed_at_micros = order.placed_at.timestamp_micros();
    v1::Order {
        id: order.order_id.to_string(),
        number: order.number,
        status: v1::OrderStatus::Pending.into(),
        customer_id: order.customer_id.to_string(),
        country: order.country.as_ref().map(ToString::to_string).unwrap_or_default(),
        currency: order.currency.to_string(),
        lines: order.lines.iter().map(line).collect(),
        total: order.total,
        placed_at_micros,
        version: 1,
        updated_at_micros: placed_at_micros,
        ..v1::Order::default()
    }
}

fn line(line: &OrderLine) -> v1::OrderLine {
    v1::OrderLine {
        kind: v1::LineKind::Product.into(),
        product_id: line.product_id.to_string(),
        sku: line.sku.to_string(),
        name: line.name.to_string(),
        category: line.category.to_string(),
        quantity: line.quantity.get(),
        unit_price: line.unit_price,
        total: line.total,
        discount: line.discount,
        discounts: line.discounts.iter().map(discount).collect(),
        tax: line.tax,
    }
}

fn discount(discount: &Discount) -> v1::Discount {
    let kind = match discount.kind {
        DiscountKind::Line => v1::DiscountKind::Line,
        DiscountKind::Order => v1::DiscountKind::Order,
        DiscountKind::Loyalty => v1::DiscountKind::Loyalty,
        DiscountKind::Coupon => v1::DiscountKind::Coupon,
    };
    v1::Discount {
        amount: discount.amount,
        kind: kind.into(),
        code: discount.code.as_ref().map(ToString::to_string).unwrap_or_default(),
        campaign: discount.campaign.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}
