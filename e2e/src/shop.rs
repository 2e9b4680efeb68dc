//! Things that most tests need in the shop before they begin.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::client::{Client, Request};

/// The body of a product that is for sale: 1250 is 12.50 GBP.
#[must_use]
pub fn product(sku: &str, price: i64) -> Value {
    json!({
        "sku": sku,
        "name": format!("Product {sku}"),
        "price": {"amount": price, "currency": "GBP"},
        "category": "kitchen/mugs",
        "status": "active",
    })
}

/// A product with something on the shelf.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// The product's id.
    pub id: String,
    /// The answer to the receipt of the goods; a read that has seen it sees the product too.
    pub received: Answer,
}

impl Client {
    /// Creates a product that is for sale and receives `quantity` of it.
    pub async fn stocked(&self, sku: &str, price: i64, quantity: i64) -> Shelf {
        let created = self.post("/v1/products").json(product(sku, price)).await.ok(201);
        let id = created.id().to_owned();
        let received = self.receive(&id, quantity).await.ok(200);
        Shelf { id, received }
    }

    /// Receives goods.
    #[must_use]
    pub fn receive(&self, product_id: &str, quantity: i64) -> Request {
        self.post("/v1/stock/receive")
            .json(json!({"product_id": product_id, "quantity": quantity}))
    }

    /// Orders so many of each product.
    #[must_use]
    pub fn order(&self, lines: &[(&str, i64)]) -> Request {
        let lines: Vec<Value> = lines
            .iter()
            .map(|(id, quantity)| json!({"product_id": id, "quantity": quantity}))
            .collect();
        self.post("/v1/orders").json(json!({"lines": lines}))
    }

    /// Cancels an order.
    #[must_use]
    pub fn cancel(&self, order_id: &str) -> Request {
        self.post(format!("/v1/orders/{order_id}/cancel"))
            .json(json!({"reason": "ordered twice"}))
    }
}
