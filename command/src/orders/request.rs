//! What a customer wants, and what it costs at the products' own prices.

use chrono::{DateTime, Utc};
use domain::{
    CountryCode, Currency, Money, OrderId, UserId,
    order::{OrderError, PlaceLine, PlaceOrder},
};
use proto::v1::{PlaceOrderRequest, StockLine};

use crate::{
    basket::{Basket, Orderable},
    fields::Fields,
};

/// The checked request. Prices are not in it: they are the products' own.
pub(super) struct OrderRequest {
    pub(super) customer_id: UserId,
    currency: Option<Currency>,
    country: Option<CountryCode>,
    pub(super) basket: Basket,
    expected_total: Option<Money>,
}

impl OrderRequest {
    pub(super) fn read(fields: &mut Fields, request: &PlaceOrderRequest, lines: &[StockLine]) -> Option<Self> {
        let customer_id = fields.check("customer_id", request.customer_id.parse());
        let currency = fields.optional("currency", &request.currency, Currency::new);
        let country = fields.optional("country", &request.country, CountryCode::new);
        let expected_total = request.expected_total.as_ref().and_then(|total| {
            let currency = fields.check("expected_total.currency", Currency::new(&total.currency))?;
            Some(Money::new(total.amount, currency))
        });
        let basket = Basket::read(fields, lines);
        Some(Self {
            customer_id: customer_id?,
            currency,
            country,
            basket: basket?,
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
