//! What a customer wants, and what it costs at the products' own prices.

use chrono::{DateTime, Utc};
use domain::{
    CountryCode, Currency, Money, OrderId, UserId, ValueError,
    order::{OrderError, PlaceLine, PlaceOrder},
};
use proto::{
    failure::Failure,
    v1::{PlaceOrderRequest, StockLine},
};

use crate::{
    basket::{Basket, Orderable},
    fields::Fields,
};

/// The checked request. Prices are not in it: they are the products' own.
pub(super) struct Wanted {
    pub(super) customer_id: UserId,
    currency: Option<Currency>,
    country: Option<CountryCode>,
    pub(super) basket: Basket,
    expected_total: Option<Money>,
}

impl Wanted {
    pub(super) fn read(request: &PlaceOrderRequest, lines: &[StockLine]) -> Result<Self, Failure> {
        let mut fields = Fields::default();
        let customer_id = fields.check("customer_id", request.customer_id.parse());
        let currency = optional(&mut fields, "currency", &request.currency, Currency::new);
        let country = optional(&mut fields, "country", &request.country, CountryCode::new);
        let expected_total = request.expected_total.as_ref().and_then(|total| {
            let currency = fields.check("expected_total.currency", Currency::new(&total.currency))?;
            Some(Money::new(total.amount, currency))
        });
        let basket = Basket::read(&mut fields, lines);
        fields.into_result()?;
        let (Some(customer_id), Some(basket)) = (customer_id, basket) else {
            return Err(Fields::default().into_failure());
        };
        Ok(Self {
            customer_id,
            currency,
            country,
            basket,
            expected_total,
        })
    }

    /// The order at the prices of `products`, which are those of the basket.
    pub(super) fn price(
        &self,
        order_id: OrderId,
        number: u64,
        products: &[Orderable],
        placed_at: DateTime<Utc>,
    ) -> Result<PlaceOrder, OrderError> {
        let lines = self.basket.by_line(products).map(|(product, quantity)| PlaceLine {
            product_id: product.product_id,
            sku: product.sku.clone(),
            name: product.name.clone(),
            category: product.category.clone(),
            quantity,
            unit_price: product.price,
        });
        let lines: Vec<PlaceLine> = lines.collect();
        let currency = self.currency.or_else(|| Some(lines.first()?.unit_price.currency()));
        Ok(PlaceOrder {
            order_id,
            number,
            customer_id: self.customer_id,
            country: self.country,
            currency: currency.ok_or(OrderError::NoLines)?,
            lines,
            expected_total: self.expected_total,
            placed_at,
        })
    }
}

fn optional<T>(
    fields: &mut Fields,
    field: &str,
    text: &str,
    read: impl FnOnce(&str) -> Result<T, ValueError>,
) -> Option<T> {
    if text.is_empty() {
        None
    } else {
        fields.check(field, read(text))
    }
}
