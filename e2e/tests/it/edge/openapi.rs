//! Every route answers as the description says.

use std::collections::BTreeSet;

use e2e::{Client, OpenApi, Request, System, product};
use serde_json::{Value, json};

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

    fn operations(&self) -> Vec<Operation> {
        let (admin, public, ann) = (&self.admin, &self.public, &self.ann);
        let id = self.parked.first().map_or("", String::as_str);
        let retry = |who: &Client, id: &str| who.post(format!("/v1/projections/parked/{id}/retry"));
        let skip = |id: &str, body: Value| admin.post(format!("/v1/projections/parked/{id}/skip")).json(body);
        let listed = vec![
            admin.get("/v1/projections"),
            public.get("/v1/projections"),
            ann.get("/v1/projections"),
        ];
        let parked = || {
            vec![
                admin.get("/v1/projections/parked?limit=1"),
                admin.get("/v1/projections/parked?state=odd&projection=none"),
                admin.get("/v1/projections/parked?cursor=x"),
                ann.get("/v1/projections/parked"),
            ]
        };
        let retried = vec![
            retry(admin, id),
            retry(admin, "orders.0.77"),
            retry(public, id),
            retry(ann, id),
        ];
        let skipped = vec![
            skip(id, json!({})),
            skip(id, json!({"reason": "a test"})),
            skip("nonsense", json!({"reason": "a test"})),
        ];
        vec![
            ("get", "/v1/projections", listed),
            ("get", "/v1/projections/parked", parked()),
            ("post", "/v1/projections/parked/{id}/retry", retried),
            ("post", "/v1/projections/parked/{id}/skip", skipped),
            ("get", "/v1/projections/parked", parked()),
        ]
    }

    fn exports(&self) -> Vec<Operation> {
        let (admin, public, ann) = (&self.admin, &self.public, &self.ann);
        let one = format!("/v1/exports/{}", self.export);
        let file = || admin.get(format!("{one}/file"));
        let behind = "/v1/reports/sales/orders?from=2024-01-01&to=2033-01-01";
        let drilled = vec![
            admin.get(behind),
            admin.get(format!("{behind}&format=pdf")),
            admin.get("/v1/reports/sales/orders"),
            ann.get(behind),
        ];
        let start = |who: &Client, body: Value| who.post("/v1/exports").json(body);
        let started = vec![
            start(admin, new_export()),
            start(admin, json!({})),
            start(ann, new_export()),
            start(public, new_export()),
        ];
        let files = vec![
            file(),
            file().header("range", "bytes=0-3"),
            file().header("range", "bytes=999999999-"),
            public.get(format!("{one}/file")),
        ];
        vec![
            ("get", "/v1/reports/sales/orders", drilled),
            ("post", "/v1/exports", started),
            (
                "get",
                "/v1/exports",
                vec![admin.get("/v1/exports?limit=1"), public.get("/v1/exports")],
            ),
            (
                "get",
                "/v1/exports/{id}",
                vec![admin.get(&one), admin.get("/v1/exports/x"), ann.get(&one)],
            ),
            ("get", "/v1/exports/{id}/file", files),
            (
                "delete",
                "/v1/exports/{id}",
                vec![ann.delete(&one), admin.delete(&one), admin.delete(&one)],
            ),
        ]
    }

    fn search(&self) -> Vec<Operation> {
        const SETTINGS: &str = "/v1/search/settings";
        const RULES: &str = "/v1/search/rules";
        let (admin, public, ann) = (&self.admin, &self.public, &self.ann);
        let (rule, shown) = (format!("{RULES}/{}", self.rule.0), &self.rule.1);
        let nothing = format!("{RULES}/rule_0198c0de-0000-7000-8000-000000000001");
        let settings = json!({"synonyms": [{"words": ["mug", "cup"]}], "stop_words": ["the"]});
        let suggest = "/v1/products/suggest";
        let put = |client: &Client| client.request(http::Method::PUT, SETTINGS);
        vec![
            (
                "get",
                suggest,
                vec![
                    public.get(format!("{suggest}?q=mu")).after(&self.everything),
                    public.get(format!("{suggest}?limit=0")),
                    public.get(format!("{suggest}?colour=red")),
                ],
            ),
            (
                "get",
                SETTINGS,
                vec![admin.get(SETTINGS), ann.get(SETTINGS), public.get(SETTINGS)],
            ),
            (
                "put",
                SETTINGS,
                vec![
                    put(admin).json(settings.clone()),
                    put(admin).json(settings.clone()).if_match(77),
                    put(admin).json(json!({"synonyms": 5})),
                    put(ann).json(settings),
                ],
            ),
            (
                "patch",
                SETTINGS,
                vec![
                    admin.patch(SETTINGS).merge(json!({"stop_words": ["a"]})),
                    admin.patch(SETTINGS).merge(json!({"stop_words": []})).if_match(77),
                    admin.patch(SETTINGS).merge(json!({"stop_words": [5]})),
                ],
            ),
            ("get", RULES, vec![admin.get(RULES).after(shown), ann.get(RULES)]),
            (
                "post",
                RULES,
                vec![
                    admin
                        .post(RULES)
                        .json(json!({"query": "cup", "pinned": [self.product], "hidden": []})),
                    admin
                        .post(RULES)
                        .json(json!({"query": "cup", "pinned": [NOBODY], "hidden": []})),
                    admin
                        .post(RULES)
                        .json(json!({"query": "mug", "pinned": [self.product], "hidden": []})),
                    admin.post(RULES).json(json!({})),
                ],
            ),
            (
                "get",
                "/v1/search/rules/{id}",
                vec![admin.get(&rule).after(shown), admin.get(&nothing), ann.get(&rule)],
            ),
            (
                "delete",
                "/v1/search/rules/{id}",
                vec![admin.delete(&rule), admin.delete(&nothing), ann.delete(&rule)],
            ),
        ]
    }

    fn audit(&self) -> Vec<Operation> {
        let (admin, ann) = (&self.admin, &self.ann);
        vec![
            (
                "get",
                "/v1/audit",
                vec![admin.get("/v1/audit?limit=3").after(&self.everything)],
            ),
            (
                "get",
                "/v1/audit/requests/{id}",
                vec![
                    admin
                        .get(format!("/v1/audit/requests/{}", self.correlation))
                        .after(&self.everything),
                    admin.get("/v1/audit/requests/unknown"),
                    ann.get("/v1/audit/requests/unknown"),
                ],
            ),
            (
                "get",
                "/v1/audit/key",
                vec![admin.get("/v1/audit/key"), ann.get("/v1/audit/key")],
            ),
            (
                "get",
                "/v1/audit/checkpoints",
                vec![
                    admin.get("/v1/audit/checkpoints?limit=1"),
                    admin.get("/v1/audit/checkpoints?limit=0"),
                ],
            ),
            (
                "get",
                "/v1/audit/checkpoints/{number}",
                vec![
                    admin.get("/v1/audit/checkpoints/latest"),
                    admin.get("/v1/audit/checkpoints/x"),
                ],
            ),
            (
                "get",
                "/v1/audit/consistency",
                vec![
                    admin.get("/v1/audit/consistency?from=1"),
                    admin.get("/v1/audit/consistency"),
                    admin.get("/v1/audit/consistency?from=99999"),
                ],
            ),
            (
                "get",
                "/v1/audit/events/{event_id}/proof",
                vec![
                    admin.get(format!("/v1/audit/events/{}/proof", self.event)),
                    admin.get("/v1/audit/events/x/proof"),
                    admin.get(format!("/v1/audit/events/{}/proof?checkpoint=0", self.event)),
                ],
            ),
        ]
    }

    fn others(&self) -> Vec<Operation> {
        let (admin, public, ann) = (&self.admin, &self.public, &self.ann);
        let report = "/v1/reports/sales?from=2024-01-01&to=2033-01-01&interval=month";
        let log_in = |body: Value| public.post("/v1/auth/login").json(body);
        let reports = vec![
            admin.get(report),
            admin.get(format!("{report}&group_by=product")),
            admin.get(format!("{report}&format=csv")),
            admin.get("/v1/reports/sales"),
        ];
        let streams = vec![
            admin.get(format!("/v1/streams/order/{}", self.order)),
            admin.get("/v1/streams/order/x"),
        ];
        let logins = vec![
            log_in(json!({"email": "admin@shop.example", "password": e2e::PASSWORD})),
            log_in(json!({"email": "admin@shop.example", "password": "x"})),
            log_in(json!({})),
        ];
        let plain = |path: &'static str| ("get", path, vec![public.get(path)]);
        vec![
            ("get", "/v1/reports/sales", reports),
            ("get", "/v1/streams/{aggregate}/{id}", streams),
            ("post", "/v1/auth/login", logins),
            (
                "get",
                "/v1/users",
                vec![admin.get("/v1/users").after(&self.everything), ann.get("/v1/users")],
            ),
            (
                "get",
                "/v1/users/{id}",
                vec![
                    admin
                        .get(format!("/v1/users/{}", ann.user_id()))
                        .after(&self.everything),
                    admin.get("/v1/users/usr_0198c0de-0000-7000-8000-000000000001"),
                ],
            ),
            (
                "get",
                "/v1/me",
                vec![
                    ann.get("/v1/me"),
                    ann.get("/v1/me?as_of=2001-01-01"),
                    public.get("/v1/me"),
                ],
            ),
            plain("/.well-known/jwks.json"),
            plain("/healthz"),
            plain("/readyz"),
            plain("/metrics"),
            plain("/openapi.json"),
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
