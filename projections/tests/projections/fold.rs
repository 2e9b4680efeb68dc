//! All events folded by code that shares nothing with the crate: JSON and maps.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sqlx::PgPool;

use crate::fold_sales::Trades;
use crate::support::{Rows, VIEWS, identity, normal};

/// What the views must show.
pub(crate) async fn expected(pool: &PgPool) -> BTreeMap<&'static str, Rows> {
    let events: Vec<Value> =
        sqlx::query_scalar("SELECT to_jsonb(e) FROM events e ORDER BY aggregate_type, aggregate_id, sequence")
            .fetch_all(pool)
            .await
            .unwrap();
    let mut shop = Shop::default();
    for event in &events {
        shop.take(event);
    }
    let mut views: BTreeMap<&'static str, Rows> = VIEWS.iter().map(|(view, _)| (*view, Rows::new())).collect();
    let mut put = |view: &'static str, rows: Vec<Value>| {
        let key = VIEWS.iter().find(|(name, _)| *name == view).unwrap().1;
        for row in rows {
            views.get_mut(view).unwrap().insert(identity(&row, key), normal(row));
        }
    };
    put("products", shop.products.into_values().collect());
    put("stock", shop.stock.into_values().collect());
    put("orders", shop.orders.into_values().collect());
    put("users", shop.users);
    put("product_sales", shop.units.into_iter().map(units_row).collect());
    put("search_settings", shop.search.into_iter().collect());
    put("audit", shop.audit);
    for (view, rows) in shop.trades.rows() {
        put(view, rows);
    }
    put("sales_label", shop.labels.into_iter().map(label_row).collect());
    views
}

#[derive(Default)]
struct Shop {
    products: BTreeMap<String, Value>,
    stock: BTreeMap<String, Value>,
    orders: BTreeMap<String, Value>,
    users: Vec<Value>,
    /// By product: sold, and taken back.
    units: BTreeMap<String, [i64; 2]>,
    search: Option<Value>,
    audit: Vec<Value>,
    trades: Trades,
    /// `(dimension, key)` to `(as of, label, name)`.
    labels: BTreeMap<(String, String), (i64, String, String)>,
}

/// The row of one stream after these events of it.
pub(crate) fn row_after(events: &[Value]) -> Option<Value> {
    let mut shop = Shop::default();
    for event in events {
        shop.take(event);
    }
    let mut rows = shop.products.into_values().chain(shop.stock.into_values());
    let row = rows.next().or_else(|| shop.orders.into_values().next());
    row.or_else(|| shop.users.pop()).map(normal)
}

/// Members of events that are called like what they change.
const NAMES: [&str; 16] = [
    "sku",
    "name",
    "description",
    "price",
    "category",
    "status",
    "source",
    "external_id",
    "currency",
    "lines",
    "total",
    "customer_id",
    "customer_reference",
    "country",
    "email",
    "role",
];

/// What the events change by name, told from their members.
fn changed(event: &Value) -> Vec<String> {
    let kind = text(&event["event_type"]);
    let body = event["payload"][&kind].as_object().unwrap();
    let members = || -> Vec<String> {
        let has = |name: &&str| body.contains_key(*name);
        NAMES.into_iter().filter(has).map(str::to_owned).collect()
    };
    let attributes = |names: Vec<String>| -> Vec<String> {
        if names.is_empty() {
            return names;
        }
        std::iter::once("attributes".to_owned())
            .chain(names.into_iter().map(|name| format!("attributes.{name}")))
            .collect()
    };
    let keys = |member: &str| -> Vec<String> {
        let object = event["payload"][&kind][member].as_object();
        object
            .map(|object| object.keys().cloned().collect())
            .unwrap_or_default()
    };
    let list = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let optional = || -> Vec<String> {
        ["customer_id", "customer_reference", "country"]
            .into_iter()
            .filter(|name| body.get(*name).is_some_and(|value| !value.is_null()))
            .map(str::to_owned)
            .collect()
    };
    let mut fields = match kind.as_str() {
        "ProductCreated" => [members(), attributes(keys("attributes"))].concat(),
        "ProductUpdated" => {
            let removed = event["payload"][&kind]["removed_attributes"].as_array();
            let removed = removed.into_iter().flatten().map(text);
            [
                members(),
                attributes(keys("set_attributes").into_iter().chain(removed).collect()),
            ]
            .concat()
        }
        "ProductPriceChanged" => list(&["price"]),
        "ProductPublished" | "ProductArchived" => list(&["status"]),
        "ProductDeleted" | "ProductRestored" => list(&["deleted_at"]),
        "StockReceived" | "StockAdjusted" | "StockSet" => list(&["on_hand", "available"]),
        "StockReserved" | "StockReleased" => list(&["reserved", "available"]),
        "StockCommitted" => list(&["on_hand", "reserved"]),
        "OrderPlaced" => [
            list(&[
                "number",
                "status",
                "currency",
                "lines",
                "total",
                "credited",
                "placed_at",
            ]),
            optional(),
        ]
        .concat(),
        "OrderImported" => [
            list(&[
                "status",
                "currency",
                "lines",
                "total",
                "credited",
                "placed_at",
                "source",
                "external_id",
            ]),
            optional(),
        ]
        .concat(),
        "OrderCancelled" => list(&["status", "cancelled_at", "cancel_reason"]),
        "OrderAbandoned" => list(&["status", "cancel_reason"]),
        "OrderCredited" => list(&["credited"]),
        "CreditIssued" => members(),
        "UserRegistered" => list(&["email", "name", "role"]),
        "LoggedIn" | "LogInFailed" | "UserDisabled" | "UserEnabled" | "PasswordChanged" | "RefreshTokenReused" => {
            list(&[])
        }
        "UserRoleChanged" => list(&["role"]),
        "SessionEnded" => list(&["ended"]),
        "EmailClaimed" | "EmailReleased" | "SessionOpened" => list(&["user_id"]),
        "SkuClaimed" | "SkuReleased" => list(&["product_id"]),
        "ParkedEventsRetried" => list(&["retried"]),
        "ParkedEventSkipped" => list(&["skipped"]),
        "SearchSettingsChanged" => body.keys().cloned().collect(),
        "SearchRuleCreated" | "SearchRuleDeleted" => list(&["rules"]),
        other => panic!("{other}"),
    };
    fields.sort_unstable();
    fields
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

fn micros(value: &Value) -> i64 {
    normal(value.clone()).as_i64().unwrap()
}

fn copy(from: &Value, names: &[&str]) -> Map<String, Value> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), from[*name].clone()))
        .collect()
}

impl Shop {
    fn take(&mut self, event: &Value) {
        let mut audit = copy(
            event,
            &[
                "lane",
                "position",
                "event_id",
                "aggregate_type",
                "aggregate_id",
                "sequence",
                "event_type",
                "actor",
                "correlation_id",
                "recorded_at",
                "occurred_at",
            ],
        );
        audit.insert("request_id".into(), event["metadata"]["request_id"].clone());
        audit.insert("fields".into(), json!(changed(event)));
        self.audit.push(Value::Object(audit));
        let id = text(&event["aggregate_id"]);
        let at = &event["occurred_at"];
        let kind = text(&event["event_type"]);
        let body = &event["payload"][&kind];
        match event["aggregate_type"].as_str().unwrap() {
            "product" => self.product(&id, &kind, body, event),
            "stock" => self.stock(&id, &kind, body, event),
            "order" => self.order(&id, &kind, body, event),
            "credit" => {
                self.trade(body, at, false);
                self.trades.given_back(&id, body, micros(at));
            }
            "search_settings" => self.set_search(&kind, body, event),
            "user" => {
                if kind != "UserRegistered" {
                    let row = self.users.iter_mut().find(|row| row["id"] == json!(id)).unwrap();
                    row["version"] = event["sequence"].clone();
                    if kind == "UserRoleChanged" {
                        row["role"] = body["role"].clone();
                    }
                    return;
                }
                let mut row = copy(body, &["email", "name", "role"]);
                row.extend([
                    ("id".into(), json!(id)),
                    ("version".into(), json!(1)),
                    ("created_at".into(), at.clone()),
                ]);
                self.users.push(Value::Object(row));
            }
            // In the audit alone.
            "sku" | "email" | "login" | "projection" | "session" => {}
            other => panic!("{other}"),
        }
    }

    fn set_search(&mut self, kind: &str, body: &Value, event: &Value) {
        let row = self.search.get_or_insert_with(|| {
            json!({"id": event["aggregate_id"],
                   "settings": {"revision": 0, "synonyms": [], "stop_words": [], "rules": []}})
        });
        let settings = &mut row["settings"];
        match kind {
            "SearchSettingsChanged" => {
                settings["revision"] = json!(number(&settings["revision"]) + 1);
                for (name, list) in body.as_object().unwrap() {
                    settings[name] = list.clone();
                }
            }
            "SearchRuleCreated" => settings["rules"].as_array_mut().unwrap().push(body.clone()),
            "SearchRuleDeleted" => settings["rules"]
                .as_array_mut()
                .unwrap()
                .retain(|rule| rule["rule_id"] != body["rule_id"]),
            other => panic!("{other}"),
        }
        row["version"] = event["sequence"].clone();
        row["updated_at"] = event["occurred_at"].clone();
    }

    fn product(&mut self, id: &str, kind: &str, body: &Value, event: &Value) {
        let at = event["occurred_at"].clone();
        if kind == "ProductCreated" {
            let mut row = copy(
                body,
                &["sku", "name", "description", "category", "attributes", "status"],
            );
            row.insert("id".into(), json!(id));
            let price = &body["price"];
            row.insert(
                "price_amount".into(),
                price["amount"].as_i64().unwrap_or_default().into(),
            );
            row.insert("currency".into(), price["currency"].as_str().unwrap_or_default().into());
            row.insert("created_at".into(), at.clone());
            row.insert("deleted_at".into(), Value::Null);
            self.products.insert(id.to_owned(), Value::Object(row));
        }
        let row = self.products.get_mut(id).unwrap();
        match kind {
            "ProductUpdated" => {
                for name in ["sku", "name", "description", "category"] {
                    if let Some(value) = body.get(name) {
                        row[name] = value.clone();
                    }
                }
                let attributes = row["attributes"].as_object_mut().unwrap();
                for key in body["removed_attributes"].as_array().into_iter().flatten() {
                    attributes.remove(key.as_str().unwrap());
                }
                attributes.extend(body["set_attributes"].as_object().cloned().unwrap_or_default());
            }
            "ProductPriceChanged" => {
                row["price_amount"] = body["to"]["amount"].clone();
                row["currency"] = body["to"]["currency"].clone();
            }
            "ProductPublished" => row["status"] = json!("active"),
            "ProductArchived" => row["status"] = json!("archived"),
            "ProductDeleted" => row["deleted_at"] = at.clone(),
            "ProductRestored" => row["deleted_at"] = Value::Null,
            _ => {}
        }
        row["name_key"] = json!(search::sort_key(row["name"].as_str().unwrap()));
        row["version"] = event["sequence"].clone();
        row["updated_at"] = at;
        let label = (0, text(&row["sku"]), text(&row["name"]));
        self.labels.insert(("product".into(), id.to_owned()), label);
    }

    fn stock(&mut self, id: &str, kind: &str, body: &Value, event: &Value) {
        let row = self
            .stock
            .entry(id.to_owned())
            .or_insert_with(|| json!({"product_id": id, "on_hand": 0, "reserved": 0}));
        let (mut on_hand, mut reserved) = (number(&row["on_hand"]), number(&row["reserved"]));
        match kind {
            "StockReceived" => on_hand += number(&body["quantity"]),
            "StockAdjusted" => on_hand += number(&body["delta"]),
            "StockSet" => on_hand = number(&body["quantity"]),
            "StockReserved" => reserved += number(&body["quantity"]),
            "StockReleased" => reserved -= number(&body["quantity"]),
            "StockCommitted" => {
                reserved -= number(&body["quantity"]);
                on_hand -= number(&body["quantity"]);
            }
            other => panic!("{other}"),
        }
        row["on_hand"] = json!(on_hand);
        row["reserved"] = json!(reserved);
        row["version"] = event["sequence"].clone();
        row["updated_at"] = event["occurred_at"].clone();
    }

    fn order(&mut self, id: &str, kind: &str, body: &Value, event: &Value) {
        let at = &event["occurred_at"];
        match kind {
            "OrderAbandoned" => return,
            "OrderPlaced" | "OrderImported" => {
                self.trade(body, at, true);
                self.trades.sold(id, body, micros(at));
                let mut row = copy(
                    body,
                    &[
                        "number",
                        "customer_id",
                        "customer_reference",
                        "country",
                        "currency",
                        "total",
                        "source",
                        "external_id",
                    ],
                );
                let imported = kind == "OrderImported";
                let mut lines = body["lines"].clone();
                let mut products = BTreeSet::new();
                for line in lines.as_array_mut().unwrap() {
                    if !imported {
                        line["kind"] = json!("product");
                    }
                    products.extend(line["product_id"].as_str().map(ToOwned::to_owned));
                }
                row.insert("id".into(), json!(id));
                row.insert("lines".into(), lines);
                row.insert("product_ids".into(), json!(products));
                row.insert("status".into(), json!(if imported { "completed" } else { "pending" }));
                row.insert(
                    "placed_at".into(),
                    if imported {
                        at.clone()
                    } else {
                        body["placed_at"].clone()
                    },
                );
                row.insert("credited".into(), json!(0));
                row.insert("cancelled_at".into(), Value::Null);
                row.insert("cancel_reason".into(), Value::Null);
                self.orders.insert(id.to_owned(), Value::Object(row));
            }
            "OrderCancelled" => {
                self.trade(body, at, false);
                self.trades.cancelled(id, body, micros(at));
                let row = self.orders.get_mut(id).unwrap();
                row["status"] = json!("cancelled");
                row["cancelled_at"] = at.clone();
                row["cancel_reason"] = body["reason"].clone();
            }
            "OrderCredited" => {
                self.trades.credited(id, &text(&body["credit_id"]));
                let row = self.orders.get_mut(id).unwrap();
                row["credited"] = json!(number(&row["credited"]) + number(&body["amount"]));
            }
            other => panic!("{other}"),
        }
        let row = self.orders.get_mut(id).unwrap();
        row["version"] = event["sequence"].clone();
        row["updated_at"] = at.clone();
    }

    /// Units that moved, and what the keys of money that came in, or was given back, are called.
    fn trade(&mut self, body: &Value, at: &Value, sold: bool) {
        let lines = body["lines"].as_array().unwrap();
        let moved: Vec<&Value> = lines.iter().filter(|line| line["kind"] != "adjustment").collect();
        let is_fee = |line: &Value| line["kind"] == "fee";
        for line in moved
            .iter()
            .filter(|line| !is_fee(line) && line["product_id"].is_string())
        {
            let units = self.units.entry(text(&line["product_id"])).or_default();
            units[usize::from(!sold)] += number(&line["quantity"]);
        }
        let product = |line: &Value| {
            if is_fee(line) {
                format!("fee:{}", text(&line["sku"]))
            } else {
                text(&line["product_id"])
            }
        };
        let customer = text(&body["customer_id"]);
        let mut label = |dimension: &str, key: String, label: &str, name: &str| {
            let new = (micros(at), label.to_owned(), name.to_owned());
            let present = self
                .labels
                .entry((dimension.to_owned(), key))
                .or_insert_with(|| new.clone());
            *present = present.clone().min(new);
        };
        for line in moved {
            if is_fee(line) {
                label("product", product(line), &text(&line["sku"]), &text(&line["name"]));
            }
        }
        let reference = body["customer_reference"].as_str().unwrap_or(&customer).to_owned();
        let reference = if customer.is_empty() { String::new() } else { reference };
        label("customer", customer, &reference, &reference);
    }
}

fn units_row((product_id, [sold, taken_back]): (String, [i64; 2])) -> Value {
    json!({"product_id": product_id, "sold": sold, "taken_back": taken_back})
}

fn label_row(((dimension, key), (_, label, name)): ((String, String), (i64, String, String))) -> Value {
    json!({"dimension": dimension, "key": key, "label": label, "name": name})
}
