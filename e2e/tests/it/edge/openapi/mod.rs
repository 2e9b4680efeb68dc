//! Every route answers as the description says.

mod accounts;
mod office;

use std::collections::BTreeSet;

use e2e::{Client, OpenApi, Request, System, product};
use serde_json::{Value, json};

use crate::processes::{ID, OTHER, dead};

const NOBODY: &str = "prod_0198c0de-0000-7000-8000-000000000001";
const NO_ORDER: &str = "ord_0198c0de-0000-7000-8000-000000000001";

/// Method and path of an operation, and requests to it.
type Operation = (&'static str, &'static str, Vec<Request>);

fn new_export() -> Value {
    json!({"report": "sales", "params": {"from": "2024-01-01", "to": "2033-01-01", "interval": "year"}, "format": "csv"})
}

struct Shop {
    admin: Client,
    public: Client,
    ann: Client,
    product: String,
    order: String,
    everything: String,
    /// What led to the order.
    correlation: String,
    /// Sealed already.
    event: String,
    parked: Vec<String>,
    /// Done.
    export: String,
    /// A rule of the search, and the token that shows it.
    rule: (String, String),
}

impl Shop {
    async fn open(system: &System) -> Shop {
        let (admin, ann) = (system.admin().await, system.customer("ann").await);
        let mut full = product("MUG-1", 1250);
        full["description"] = json!("x");
        full["attributes"] = json!({"text": "a", "integer": 1, "number": 1.5, "boolean": true});
        let mug = admin.post("/v1/products").json(full).await.ok(201);
        let _ = admin.receive(mug.id(), 10).await.ok(200);
        let order = ann.order(&[(mug.id(), 2)]).await.ok(201);
        let stream = admin.get(format!("/v1/streams/order/{}", order.id())).await.ok(200);
        let event = stream.each("event_id")[0].to_owned();
        let proof = format!("/v1/audit/events/{event}/proof");
        e2e::wait_until("a checkpoint over the order", e2e::PATIENCE, || async {
            (admin.get(&proof).await.status() == 200).then_some(())
        })
        .await;
        system.garbled_order(NO_ORDER, 0).await;
        let everything = system.everything().await;
        // Every read model that folds orders has parked it by then.
        let _ = admin.get("/v1/orders").after(&everything).await.ok(200);
        let report = "/v1/reports/sales?from=2024-01-01&to=2025-01-01&interval=month";
        let _ = admin.get(report).after(&everything).await.ok(200);
        let parked = admin.get("/v1/projections/parked").await.ok(200);
        let parked = parked.each("id").into_iter().map(ToOwned::to_owned).collect();
        let export = admin
            .post("/v1/exports")
            .json(new_export())
            .await
            .ok(202)
            .id()
            .to_owned();
        e2e::wait_until("an export to be done", e2e::PATIENCE, || {
            let file = admin.get(format!("/v1/exports/{export}/file"));
            async move { (file.await.status() == 200).then_some(()) }
        })
        .await;
        dead(system, &[ID, OTHER]).await;
        let rule = json!({"query": "mug", "pinned": [mug.id()], "hidden": []});
        let rule = admin.post("/v1/search/rules").json(rule).await.ok(201);
        Shop {
            parked,
            export,
            rule: (rule.id().to_owned(), rule.consistency_token().to_owned()),
            everything,
            correlation: order.header("x-correlation-id").unwrap().to_owned(),
            admin,
            public: system.anonymous(),
            ann,
            product: mug.id().to_owned(),
            order: order.id().to_owned(),
            event,
        }
    }

    fn create(&self, body: Value) -> Request {
        self.admin.post("/v1/products").json(body)
    }

    fn patch(&self, id: &str) -> Request {
        let path = format!("/v1/products/{id}");
        self.admin.patch(path).merge(json!({"name": "New"}))
    }

    fn act(&self, id: &str, action: &str) -> Request {
        self.admin.post(format!("/v1/products/{id}/{action}"))
    }

    fn stock(&self, action: &str, body: Value) -> Request {
        self.admin.post(format!("/v1/stock/{action}")).json(body)
    }

    fn catalogue(&self) -> Vec<Operation> {
        let (admin, public, ann) = (&self.admin, &self.public, &self.ann);
        let create = |kind: &str, body: &str| admin.post("/v1/products").body(kind, body.to_owned());
        let one = format!("/v1/products/{}", self.product);
        let waiting = public.get("/v1/products").header("consistency-token", "1.999");
        let created = vec![
            self.create(product("MUG-2", 1)),
            self.create(product("MUG-1", 1)),
            self.create(json!({})),
            create("application/json", "{"),
            create("text/plain", "{}"),
            create("application/json", &" ".repeat(2 << 20)),
            public.post("/v1/products").json(json!({})),
            ann.post("/v1/products").json(json!({})),
        ];
        let listed = vec![
            admin.get("/v1/products?limit=1").after(&self.everything),
            public.get("/v1/products?limit=0"),
            public.get("/v1/products?status=draft"),
            ann.get("/v1/products?status=draft"),
            waiting.header("consistency-wait", 1),
        ];
        let read = vec![
            public.get(&one),
            public.get(format!("/v1/products/{NOBODY}")),
            public.with_token("x").get(&one),
        ];
        let patched = vec![
            self.patch(&self.product),
            self.patch(&self.product).if_match(77),
            self.patch(NOBODY),
        ];
        vec![
            ("post", "/v1/products", created),
            ("get", "/v1/products", listed),
            ("get", "/v1/products/{id}", read),
            (
                "get",
                "/v1/products/{id}/stock",
                vec![
                    public.get(format!("{one}/stock")),
                    public.get(format!("{one}/stock?as_of={}", self.everything)),
                    public.get(format!("{one}/stock?as_of=2001-01-01")),
                    public.get(format!("{one}/stock?as_of=2999-01-01")),
                ],
            ),
            (
                "get",
                "/v1/stock",
                vec![
                    admin.get("/v1/stock?limit=1").after(&self.everything),
                    ann.get("/v1/stock"),
                    admin.get("/v1/stock").header("if-none-match", "*"),
                ],
            ),
            ("patch", "/v1/products/{id}", patched),
        ]
    }

    fn changes(&self) -> Vec<Operation> {
        let (admin, id) = (&self.admin, self.product.as_str());
        let one = format!("/v1/products/{id}");
        let receive = |id: &str| self.stock("receive", json!({"product_id": id, "quantity": 1}));
        let adjust = |quantity: i64| {
            let body = json!({"product_id": id, "quantity": quantity, "reason": "lost"});
            self.stock("adjust", body)
        };
        let count = || self.stock("set", json!({"product_id": id, "quantity": 20, "expected": 10}));
        let publish = || vec![self.act(id, "publish"), self.act(NOBODY, "publish")];
        vec![
            ("post", "/v1/products/{id}/publish", publish()),
            ("post", "/v1/products/{id}/archive", vec![self.act(id, "archive")]),
            ("post", "/v1/stock/receive", vec![receive(id), receive(NOBODY)]),
            ("post", "/v1/stock/adjust", vec![adjust(-1), adjust(-100)]),
            ("post", "/v1/stock/set", vec![count(), count()]),
            ("delete", "/v1/products/{id}", vec![admin.delete(&one)]),
            ("get", "/v1/products/{id}", vec![admin.get(&one)]),
            ("post", "/v1/products/{id}/restore", vec![self.act(id, "restore")]),
            ("post", "/v1/products/{id}/publish", publish()),
        ]
    }

    fn orders(&self) -> Vec<Operation> {
        let (admin, public, ann, id) = (&self.admin, &self.public, &self.ann, self.product.as_str());
        let one = || vec![ann.get(format!("/v1/orders/{}", self.order))];
        let placed = vec![
            ann.order(&[(id, 1)]).key("k"),
            ann.order(&[(id, 2)]).key("k"),
            ann.order(&[(id, 1000)]),
            ann.order(&[(NOBODY, 1)]),
        ];
        let listed = vec![
            admin.get("/v1/orders?limit=1"),
            public.get("/v1/orders"),
            ann.get("/v1/orders?customer=usr_0198c0de-0000-7000-8000-000000000001"),
        ];
        vec![
            ("post", "/v1/orders", placed),
            ("get", "/v1/orders", listed),
            ("get", "/v1/orders/{id}", one()),
            (
                "post",
                "/v1/orders/{id}/cancel",
                vec![ann.cancel(&self.order), ann.cancel(NO_ORDER)],
            ),
            ("get", "/v1/orders/{id}", one()),
        ]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_answers_as_documented() {
    let system = System::options().with("seal-every", "1").start().await;
    let shop = Shop::open(&system).await;
    let description = OpenApi::new(shop.public.get("/openapi.json").await.ok(200).json().clone());
    let (mut objections, mut succeeded) = (Vec::new(), BTreeSet::new());
    for operations in [
        shop.catalogue(),
        shop.changes(),
        shop.orders(),
        shop.operations(),
        shop.exports(),
        shop.search(),
        shop.audit(),
        shop.others(),
        shop.accounts(&system).await,
    ] {
        for (method, path, requests) in operations {
            for request in requests {
                let answer = request.await;
                if answer.status() < 300 {
                    succeeded.insert((method.to_owned(), path.to_owned()));
                }
                let found = description.objections(method, path, &answer);
                if !found.is_empty() {
                    objections.push(format!("{method} {path} -> {}: {}", answer.status(), found.join("; ")));
                }
            }
        }
    }
    assert!(objections.is_empty(), "{objections:#?}");
    let documented: BTreeSet<_> = description.operations().into_iter().collect();
    assert_eq!(
        succeeded, documented,
        "every documented operation was seen to succeed, and no other"
    );
}
