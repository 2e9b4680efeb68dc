//! Requests to what people do about accounts and sessions, their own and others'.

use e2e::{PASSWORD, System};
use serde_json::{Value, json};

use super::{Operation, Shop};

impl Shop {
    pub(super) async fn accounts(&self, system: &System) -> Vec<Operation> {
        let (admin, public, ann) = (&self.admin, &self.public, &self.ann);
        let (bea, eve) = (system.customer("bea").await, system.customer("eve").await);
        let credentials = json!({"email": "bea@customers.example", "password": PASSWORD});
        let log_in = async || public.post("/v1/auth/login").json(credentials.clone()).await.ok(200);
        let (first, second) = (log_in().await, log_in().await);
        let refresh = |token: &Value| public.post("/v1/auth/refresh").json(json!({"refresh_token": token}));
        let refreshed = vec![
            refresh(&first["refresh_token"]),
            refresh(&json!("x")),
            refresh(&Value::Null),
        ];
        let (sessions, one) = ("/v1/auth/sessions", |id: &str| format!("/v1/auth/sessions/{id}"));
        let ended = vec![
            bea.delete(one(second["session_id"].as_str().unwrap())),
            bea.delete(one("x")),
            public.delete(one("x")),
        ];
        let change = |present: &str| {
            let body = json!({"current_password": present, "new_password": "another battery"});
            bea.post("/v1/auth/password").json(body)
        };
        let changed = vec![
            change("x"),
            change(PASSWORD),
            public.post("/v1/auth/password").json(json!({})),
        ];
        let user = |what: &str| format!("/v1/users/{}{what}", eve.user_id());
        let nobody = |what: &str| format!("/v1/users/usr_0198c0de-0000-7000-8000-0000000000ee{what}");
        let role = json!({"role": "customer"});
        let new = json!({"email": "kim@shop.example", "name": "Kim", "role": "admin", "password": PASSWORD});
        let create = || admin.post("/v1/users").json(new.clone());
        let created = vec![
            admin
                .patch(format!("/v1/users/{}", admin.user_id()))
                .merge(role.clone()),
            ann.patch(user("")).merge(role.clone()),
            admin.patch(user("")).merge(role.clone()),
            admin.patch(nobody("")).merge(role),
        ];
        vec![
            ("post", "/v1/auth/refresh", refreshed),
            ("get", sessions, vec![bea.get(sessions), public.get(sessions)]),
            ("delete", "/v1/auth/sessions/{id}", ended),
            ("post", "/v1/auth/password", changed),
            (
                "post",
                "/v1/auth/logout",
                vec![bea.post("/v1/auth/logout"), public.post("/v1/auth/logout")],
            ),
            (
                "post",
                "/v1/auth/logout-everywhere",
                vec![eve.post("/v1/auth/logout-everywhere")],
            ),
            ("patch", "/v1/users/{id}", created),
            (
                "post",
                "/v1/users",
                vec![create(), create(), admin.post("/v1/users").json(json!({}))],
            ),
            (
                "post",
                "/v1/users/{id}/disable",
                vec![
                    admin.post(user("/disable")),
                    ann.post(user("/disable")),
                    admin.post(nobody("/disable")),
                ],
            ),
            (
                "post",
                "/v1/users/{id}/enable",
                vec![admin.post(user("/enable")), admin.post(nobody("/enable"))],
            ),
        ]
    }
}
