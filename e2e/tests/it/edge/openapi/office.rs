//! Requests to what administrators look after: exports, read models, search, audit.

use e2e::Client;
use serde_json::{Value, json};

use crate::processes::{ID, OTHER};

use super::{NOBODY, Operation, Shop, new_export};

impl Shop {
    pub(super) fn operations(&self) -> Vec<Operation> {
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
        let letter = |id: &str, action: &str| format!("/v1/processes/dead-letters/{id}/{action}");
        let letters = vec![
            admin.get("/v1/processes/dead-letters?limit=1"),
            admin.get("/v1/processes/dead-letters?cursor=x"),
            public.get("/v1/processes/dead-letters"),
            ann.get("/v1/processes/dead-letters"),
        ];
        let redelivered = vec![
            admin.post(letter(ID, "retry")),
            admin.post(letter("nonsense", "retry")),
            ann.post(letter(ID, "retry")),
        ];
        let drop = |who: &Client, id: &str, body: Value| who.post(letter(id, "drop")).json(body);
        let dropped = vec![
            drop(admin, OTHER, json!({})),
            drop(admin, OTHER, json!({"reason": "a test"})),
            drop(admin, "nonsense", json!({"reason": "a test"})),
            drop(public, OTHER, json!({"reason": "a test"})),
        ];
        vec![
            ("get", "/v1/projections", listed),
            ("get", "/v1/projections/parked", parked()),
            ("post", "/v1/projections/parked/{id}/retry", retried),
            ("post", "/v1/projections/parked/{id}/skip", skipped),
            ("get", "/v1/projections/parked", parked()),
            ("get", "/v1/processes/dead-letters", letters),
            ("post", "/v1/processes/dead-letters/{id}/retry", redelivered),
            ("post", "/v1/processes/dead-letters/{id}/drop", dropped),
        ]
    }

    pub(super) fn exports(&self) -> Vec<Operation> {
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

    pub(super) fn search(&self) -> Vec<Operation> {
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

    pub(super) fn audit(&self) -> Vec<Operation> {
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

    pub(super) fn others(&self) -> Vec<Operation> {
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
