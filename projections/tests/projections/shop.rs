//! Random trade, written as events.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use domain::{
    credit::Credit, order::Order, product::Product, search_settings::SearchSettings, stock::Stock, user::User,
};
use eventstore::{Metadata, Plan, Registered, Store, Transaction};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use uuid::Uuid;

/// The aggregate of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Product,
    Stock,
    Order,
    Credit,
    User,
    SearchSettings,
}

/// Events for one stream.
pub(crate) type Append = (Kind, String, Vec<Value>);

fn put<A: Registered>(tx: &mut Transaction<'_>, id: &str, events: &[Value]) {
    let events = events
        .iter()
        .map(|event| serde_json::from_value(event.clone()).unwrap())
        .collect();
    tx.append::<A>(id, events);
}

pub(crate) fn metadata() -> Metadata {
    Metadata {
        actor: "usr_test".to_owned(),
        correlation_id: Uuid::from_u128(7),
        causation_id: None,
        request_id: "request".to_owned(),
    }
}

/// Appends events as they are, in one command.
pub(crate) async fn append(store: &Store, at: Option<DateTime<Utc>>, appends: Vec<Append>) {
    let mut plan = Plan::new(metadata());
    for (kind, id, _) in &appends {
        plan = match kind {
            Kind::Product => plan.write::<Product>(id),
            Kind::Stock => plan.write::<Stock>(id),
            Kind::Order => plan.write::<Order>(id),
            Kind::Credit => plan.write::<Credit>(id),
            Kind::User => plan.write::<User>(id),
            Kind::SearchSettings => plan.write::<SearchSettings>(id),
        };
    }
    if let Some(at) = at {
        plan = plan.occurred_at(at);
    }
    let committed = store.transact(plan, move |tx| {
        for (kind, id, events) in &appends {
            match kind {
                Kind::Product => put::<Product>(tx, id, events),
                Kind::Stock => put::<Stock>(tx, id, events),
                Kind::Order => put::<Order>(tx, id, events),
                Kind::Credit => put::<Credit>(tx, id, events),
                Kind::User => put::<User>(tx, id, events),
                Kind::SearchSettings => put::<SearchSettings>(tx, id, events),
            }
        }
        Ok::<_, ()>(())
    });
    committed.await.unwrap();
}

struct Item {
    id: String,
    sku: String,
    name: String,
    category: &'static str,
    price: i64,
}

struct Placed {
    id: String,
    body: Value,
    imported: bool,
    cancelled: bool,
}

/// A shop whose trade follows from its seed.
pub(crate) struct Shop {
    store: Store,
    rng: StdRng,
    items: Vec<Item>,
    orders: Vec<Placed>,
    customers: Vec<String>,
    rules: Vec<String>,
    number: u64,
    start: DateTime<Utc>,
}

const CATEGORIES: &[&str] = &["kitchen/mugs", "kitchen", "garden", ""];
const COUNTRIES: &[&str] = &["GB", "DE", "France", "EIRE"];
const CURRENCIES: &[&str] = &["GBP", "EUR"];

impl Shop {
    pub(crate) fn new(store: Store, seed: u64) -> Self {
        Self {
            store,
            rng: StdRng::seed_from_u64(seed),
            items: Vec::new(),
            orders: Vec::new(),
            customers: Vec::new(),
            rules: Vec::new(),
            number: seed * 1_000_000,
            start: DateTime::from_timestamp(1_300_000_000, 123_456_000).unwrap(),
        }
    }

    /// Does so many random things.
    pub(crate) async fn trade(&mut self, deeds: usize) {
        for _ in 0..3 {
            self.create_product().await;
            self.register().await;
        }
        for _ in 0..deeds {
            match self.rng.random_range(0..13) {
                0 => self.create_product().await,
                1 => self.change_product().await,
                2 => self.register().await,
                3 => self.move_stock().await,
                4..=6 => self.place().await,
                7 => self.cancel().await,
                8 => self.import().await,
                9 => self.credit().await,
                10 => self.abandon().await,
                11 => self.set_search().await,
                _ => self.commit().await,
            }
        }
    }

    fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", Uuid::from_u128(self.rng.random()))
    }

    fn pick(&mut self, length: usize) -> usize {
        self.rng.random_range(0..length)
    }

    fn moment(&mut self) -> DateTime<Utc> {
        self.start + Duration::milliseconds(self.rng.random_range(0..86_400_000))
    }

    async fn create_product(&mut self) {
        let id = self.id("prod_");
        let (price, nth) = (self.rng.random_range(1..5_000), self.items.len());
        let category = CATEGORIES[self.pick(CATEGORIES.len())];
        let item = Item {
            sku: format!("SKU-{nth}"),
            name: format!("Näme “{nth}”, it's"),
            id: id.clone(),
            category,
            price,
        };
        let mut created = json!({"ProductCreated": {
            "product_id": id, "sku": item.sku, "name": item.name, "description": "A \\ thing\nof \"use\"",
            "price": {"amount": price, "currency": "GBP"}, "category": category,
            "attributes": {"colour": "red", "size": nth, "ratio": 0.25, "new": true}, "status": "draft"}});
        if nth % 5 == 4 {
            let _ = created["ProductCreated"].as_object_mut().unwrap().remove("price");
        }
        let received = json!({"StockReceived": {"quantity": 100}});
        let appends = vec![
            (Kind::Product, id.clone(), vec![created]),
            (Kind::Stock, id, vec![received]),
        ];
        append(&self.store, None, appends).await;
        self.items.push(item);
    }

    async fn change_product(&mut self) {
        let index = self.pick(self.items.len());
        let change = self.rng.random_range(0..7);
        let amount = self.rng.random_range(1..9_000);
        let category = CATEGORIES[self.pick(CATEGORIES.len())];
        let item = &mut self.items[index];
        let events = match change {
            0 => {
                let previous = std::mem::replace(&mut item.sku, format!("SKU-{index}-{amount}"));
                vec![json!({"ProductUpdated": {"sku": item.sku, "previous_sku": previous}})]
            }
            1 => {
                item.name = format!("Renamed {amount}");
                vec![
                    json!({"ProductUpdated": {"name": item.name, "set_attributes": {"size": amount, "note": "n"}}}),
                    json!({"ProductUpdated": {"removed_attributes": ["colour", "note"]}}),
                ]
            }
            2 => {
                item.category = category;
                vec![json!({"ProductUpdated": {"category": item.category, "description": ""}})]
            }
            3 => {
                let from = std::mem::replace(&mut item.price, amount);
                vec![
                    json!({"ProductPriceChanged": {"from": {"amount": from, "currency": "GBP"},
                                                    "to": {"amount": amount, "currency": "GBP"}}}),
                ]
            }
            4 => vec![json!({"ProductPublished": {}})],
            5 => vec![json!({"ProductArchived": {}}), json!({"ProductDeleted": {}})],
            _ => vec![json!({"ProductDeleted": {}}), json!({"ProductRestored": {}})],
        };
        let id = item.id.clone();
        append(&self.store, None, vec![(Kind::Product, id, events)]).await;
    }

    async fn register(&mut self) {
        let id = self.id("usr_");
        let (role, other) = if self.rng.random() {
            ("admin", "customer")
        } else {
            ("customer", "admin")
        };
        let user = json!({"UserRegistered": {"user_id": id, "email": format!("{}@example.com", &id[4..]), "name": "Zoë",
                                             "role": role,
                                             "opened_by": "staff"}});
        let mut events = vec![user];
        if self.rng.random() {
            events.extend([json!({"UserRoleChanged": {"role": other}}), json!({"UserDisabled": {}})]);
        }
        append(&self.store, None, vec![(Kind::User, id.clone(), events)]).await;
        self.customers.push(id);
    }

    async fn set_search(&mut self) {
        let id = self.id("rule_");
        let word = format!("word {}", self.rng.random_range(0..1000));
        let event = match (self.rng.random_range(0..4), self.rules.pop()) {
            (0, Some(rule)) => json!({"SearchRuleDeleted": {"rule_id": rule}}),
            (1, rule) => {
                self.rules.extend(rule);
                json!({"SearchSettingsChanged": {"stop_words": [word]}})
            }
            (2, rule) => {
                self.rules.extend(rule);
                json!({"SearchSettingsChanged": {"synonyms": [{"kind": "group", "words": [word, "other"]}]}})
            }
            (_, rule) => {
                self.rules.extend(rule);
                self.rules.push(id.clone());
                let item = self.pick(self.items.len());
                json!({"SearchRuleCreated": {"rule_id": id, "query": word, "hidden": [self.items[item].id]}})
            }
        };
        let at = self.moment();
        append(
            &self.store,
            Some(at),
            vec![(Kind::SearchSettings, "search_settings".into(), vec![event])],
        )
        .await;
    }

    async fn move_stock(&mut self) {
        let index = self.pick(self.items.len());
        let quantity = self.rng.random_range(1..500);
        let event = match self.rng.random_range(0..3) {
            0 => json!({"StockReceived": {"quantity": quantity, "reason": "delivery"}}),
            1 => json!({"StockAdjusted": {"delta": quantity - 250, "reason": "count"}}),
            _ => json!({"StockSet": {"quantity": quantity, "previous": 1}}),
        };
        let id = self.items[index].id.clone();
        append(&self.store, None, vec![(Kind::Stock, id, vec![event])]).await;
    }

    fn lines(&mut self) -> (Vec<Value>, i64) {
        let count = self.rng.random_range(1..4);
        let mut lines = Vec::new();
        let mut total = 0;
        for index in (0..self.items.len()).rev().take(count) {
            let quantity = self.rng.random_range(1..5);
            let item = &self.items[index];
            total += quantity * item.price;
            lines.push(
                json!({"product_id": item.id, "sku": item.sku, "name": item.name, "category": item.category,
                              "quantity": quantity, "unit_price": item.price, "total": quantity * item.price}),
            );
        }
        (lines, total)
    }

    async fn place(&mut self) {
        let id = self.id("ord_");
        let (lines, total) = self.lines();
        let customer = self.customers[self.rng.random_range(0..self.customers.len())].clone();
        self.number += 1;
        let mut body = json!({"order_id": id, "number": self.number, "customer_id": customer, "currency": "GBP",
                              "lines": lines, "total": total, "placed_at": self.moment()});
        if self.rng.random() {
            body["country"] = json!(COUNTRIES[self.pick(COUNTRIES.len())]);
        }
        let mut appends = vec![(Kind::Order, id.clone(), vec![json!({"OrderPlaced": body})])];
        for line in &lines {
            let reserved = json!({"StockReserved": {"order_id": id, "quantity": line["quantity"]}});
            appends.push((
                Kind::Stock,
                line["product_id"].as_str().unwrap().to_owned(),
                vec![reserved],
            ));
        }
        let at = self.moment();
        append(&self.store, self.number.is_multiple_of(2).then_some(at), appends).await;
        self.orders.push(Placed {
            id,
            body,
            imported: false,
            cancelled: false,
        });
    }

    fn open_order(&mut self, imported: bool) -> Option<usize> {
        let open: Vec<usize> = (0..self.orders.len())
            .filter(|index| self.orders[*index].imported == imported && !self.orders[*index].cancelled)
            .collect();
        (!open.is_empty()).then(|| open[self.rng.random_range(0..open.len())])
    }

    /// Ends an order placed here; the stock moves with it.
    async fn end(&mut self, cancel: bool) {
        let Some(index) = self.open_order(false) else { return };
        self.orders[index].cancelled = true;
        let (id, mut body) = (self.orders[index].id.clone(), self.orders[index].body.clone());
        let mut appends = Vec::new();
        for line in body["lines"].as_array().unwrap() {
            let moved = if cancel {
                json!({"StockReleased": {"order_id": id, "quantity": line["quantity"], "reason": "cancelled"}})
            } else {
                json!({"StockCommitted": {"order_id": id, "quantity": line["quantity"]}})
            };
            appends.push((
                Kind::Stock,
                line["product_id"].as_str().unwrap().to_owned(),
                vec![moved],
            ));
        }
        if cancel {
            body.as_object_mut().unwrap().remove("order_id");
            body["reason"] = json!("changed my mind");
            appends.push((Kind::Order, id, vec![json!({"OrderCancelled": body})]));
        }
        let at = self.moment();
        append(&self.store, Some(at), appends).await;
    }

    async fn cancel(&mut self) {
        self.end(true).await;
    }

    async fn commit(&mut self) {
        self.end(false).await;
    }

    async fn abandon(&mut self) {
        let id = self.id("ord_");
        let event = json!({"OrderAbandoned": {"reason": "too late"}});
        append(&self.store, None, vec![(Kind::Order, id, vec![event])]).await;
    }

    fn history_lines(&mut self) -> (Vec<Value>, i64) {
        let (mut lines, mut total) = self.lines();
        for line in &mut lines {
            line["kind"] = json!("product");
            if self.rng.random_range(0..3) == 0 {
                let discounts: Vec<i64> = (0..self.rng.random_range(0..4))
                    .map(|_| self.rng.random_range(1..20))
                    .collect();
                line["discount"] = json!(discounts.iter().sum::<i64>() + i64::from(discounts.is_empty()));
                let kinds = ["line", "coupon", "loyalty"];
                let named = |amount: &i64| match amount % 3 {
                    0 => json!({"amount": amount, "kind": "coupon", "code": "SUMMER10", "campaign": "Summer"}),
                    other => json!({"amount": amount, "kind": kinds[usize::try_from(other).unwrap()]}),
                };
                line["discounts"] = discounts.iter().map(named).collect();
                line["tax"] = json!(line["total"].as_i64().unwrap() / 6);
            }
        }
        if self.rng.random() {
            let fee = self.rng.random_range(-500..500);
            total += fee;
            lines.push(
                json!({"kind": "fee", "sku": "POST", "name": format!("Postage {}", fee % 3), "category": "",
                              "quantity": 1, "unit_price": fee, "total": fee}),
            );
        }
        if self.rng.random_range(0..4) == 0 {
            let item = &self.items[0];
            lines.push(
                json!({"kind": "adjustment", "product_id": item.id, "sku": item.sku, "name": item.name,
                              "category": item.category, "quantity": -3, "unit_price": 0, "total": 0}),
            );
        }
        (lines, total)
    }

    fn heading(&mut self) -> Value {
        let reference = self.rng.random_range(0..5);
        let mut heading = json!({"source": "till", "external_id": self.rng.random::<u32>().to_string(),
                                 "currency": CURRENCIES[self.pick(CURRENCIES.len())]});
        if reference > 0 {
            heading["customer_id"] = json!(format!("usr_{}", Uuid::from_u128(reference)));
            heading["customer_reference"] = json!(format!("1234{reference}"));
        }
        if self.rng.random() {
            heading["country"] = json!(COUNTRIES[self.pick(COUNTRIES.len())]);
        }
        heading
    }

    async fn import(&mut self) {
        let id = self.id("ord_");
        let (lines, total) = self.history_lines();
        let mut body = self.heading();
        body["order_id"] = json!(id);
        body["lines"] = json!(lines);
        body["total"] = json!(total);
        let at = self.moment();
        append(
            &self.store,
            Some(at),
            vec![(Kind::Order, id.clone(), vec![json!({"OrderImported": body})])],
        )
        .await;
        self.orders.push(Placed {
            id,
            body,
            imported: true,
            cancelled: false,
        });
    }

    async fn credit(&mut self) {
        let id = self.id("crd_");
        let (mut lines, total) = self.history_lines();
        let mut body = self.heading();
        let mut appends = Vec::new();
        // A credit may undo several orders, and none that is known.
        let mut taken: BTreeMap<String, i64> = BTreeMap::new();
        for line in lines.iter_mut().take(2) {
            if let Some(index) = self.open_order(true) {
                let order = self.orders[index].id.clone();
                *taken.entry(order.clone()).or_default() += line["total"].as_i64().unwrap();
                line["order_id"] = json!(order);
            }
        }
        for (order, amount) in taken {
            let credited = json!({"OrderCredited": {"credit_id": id, "amount": amount, "units": 1}});
            appends.push((Kind::Order, order, vec![credited]));
        }
        body["credit_id"] = json!(id);
        body["lines"] = json!(lines);
        body["total"] = json!(total);
        appends.push((Kind::Credit, id, vec![json!({"CreditIssued": body})]));
        let at = self.moment();
        append(&self.store, Some(at), appends).await;
    }
}
