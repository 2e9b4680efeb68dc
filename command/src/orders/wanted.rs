//! What a customer wants, and what it costs at the products' own prices.

use domain::{
    CategoryPath, CountryCode, Currency, Money, OrderId, Price, ProductId, ProductName, Quantity, Sku, UserId,
    ValueError,
    order::{MAX_LINES, PlaceLine, PlaceOrder},
};
use proto::{
    failure::Failure,
    v1::{PlaceOrderRequest, ReservedProduct, StockLine},
};

use crate::{context::Context, failure, fields::Fields};

/// The checked request. Prices are not in it: they are the products' own.
pub(super) struct Wanted {
    pub(super) customer_id: UserId,
    currency: Option<Currency>,
    country: Option<CountryCode>,
    quantities: Vec<Quantity>,
    pub(super) lines: Vec<StockLine>,
    expected_total: Option<Money>,
}

impl Wanted {
    pub(super) fn read(request: PlaceOrderRequest) -> Result<Self, Failure> {
        let mut fields = Fields::default();
        let customer_id = fields.check("customer_id", request.customer_id.parse());
        let currency = optional(&mut fields, "currency", &request.currency, Currency::new);
        let country = optional(&mut fields, "country", &request.country, CountryCode::new);
        let expected_total = request.expected_total.and_then(|total| {
            let currency = fields.check("expected_total.currency", Currency::new(&total.currency))?;
            Some(Money::new(total.amount, currency))
        });
        if request.lines.is_empty() {
            fields.add("lines", "required", "an order has at least one line");
        }
        if request.lines.len() > MAX_LINES {
            let message = format!("an order has at most {MAX_LINES} lines");
            fields.add("lines", "too_many", message);
            return Err(fields.into_failure());
        }
        let mut quantities = Vec::with_capacity(request.lines.len());
        for (index, line) in request.lines.iter().enumerate() {
            if let Err(error) = line.product_id.parse::<ProductId>() {
                fields.check::<ProductId>(format!("lines[{index}].product_id"), Err(error));
            }
            match Quantity::new(line.quantity) {
                Ok(quantity) => quantities.push(quantity),
                Err(error) => {
                    fields.check::<Quantity>(format!("lines[{index}].quantity"), Err(error));
                }
            }
        }
        fields.into_result()?;
        let Some(customer_id) = customer_id else {
            return Err(Fields::default().into_failure());
        };
        let lines = request
            .lines
            .into_iter()
            .map(|line| StockLine {
                product_id: line.product_id,
                quantity: line.quantity,
            })
            .collect();
        Ok(Self {
            customer_id,
            currency,
            country,
            quantities,
            lines,
            expected_total,
        })
    }

    /// The order at the prices of `products`, which are in the order of the lines. Without a number yet.
    pub(super) fn price(
        &self,
        context: &Context,
        order_id: OrderId,
        products: &[ReservedProduct],
    ) -> Result<PlaceOrder, Failure> {
        let broken = |error: &dyn std::fmt::Display| failure::internal("the stock service answered nonsense", error);
        if products.len() != self.quantities.len() {
            return Err(broken(&"another number of products than lines"));
        }
        let lines: Vec<PlaceLine> = products
            .iter()
            .zip(&self.quantities)
            .map(|(product, quantity)| place_line(product, *quantity))
            .collect::<Result<_, _>>()
            .map_err(|error| broken(&error))?;
        let currency = self
            .currency
            .or_else(|| lines.first().map(|line| line.unit_price.currency()));
        Ok(PlaceOrder {
            order_id,
            number: 0,
            customer_id: self.customer_id,
            country: self.country,
            currency: currency.ok_or_else(|| broken(&"no lines"))?,
            lines,
            expected_total: self.expected_total,
            placed_at: context.now,
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

fn place_line(product: &ReservedProduct, quantity: Quantity) -> Result<PlaceLine, ValueError> {
    let price = product.price.as_ref();
    let currency = Currency::new(price.map_or("", |price| price.currency.as_str()))?;
    let unit_price = Price::new(Money::new(price.map_or(-1, |price| price.amount), currency))?;
    Ok(PlaceLine {
        product_id: product.product_id.parse()?,
        sku: Sku::accepted(&product.sku),
        name: ProductName::accepted(&product.name),
        category: CategoryPath::accepted(&product.category),
        quantity,
        unit_price,
    })
}
