//! Who may do what.

use axum::routing::get;
use proto::{failure::FailureKind, v1};

use super::*;
use crate::{
    endpoint::{Endpoint, Permission},
    rate::{Quota, Quotas},
    routes::only,
};

const ADMINS_ONLY: [(&str, &str); 21] = [
    ("POST", "/v1/products"),
    ("PATCH", "/v1/products/prod_0198c0de-0000-7000-8000-000000000001"),
    ("DELETE", "/v1/products/prod_0198c0de-0000-7000-8000-000000000001"),
    ("POST", "/v1/products/prod_0198c0de-0000-7000-8000-000000000001/publish"),
    ("POST", "/v1/products/prod_0198c0de-0000-7000-8000-000000000001/archive"),
    ("POST", "/v1/products/prod_0198c0de-0000-7000-8000-000000000001/restore"),
    ("POST", "/v1/stock/receive"),
    ("POST", "/v1/stock/adjust"),
    ("POST", "/v1/stock/set"),
    ("GET", "/v1/reports/sales"),
    ("GET", "/v1/reports/sales/orders"),
    ("GET", "/v1/exports"),
    ("POST", "/v1/exports"),
    ("GET", "/v1/exports/exp_0198c0de-0000-7000-8000-000000000001"),
    ("DELETE", "/v1/exports/exp_0198c0de-0000-7000-8000-000000000001"),
    ("GET", "/v1/exports/exp_0198c0de-0000-7000-8000-000000000001/file"),
    ("GET", "/v1/audit"),
    ("GET", "/v1/streams/order/ord_1"),
    ("GET", "/v1/products?status=draft"),
    ("GET", "/v1/products?deleted=true"),
    ("GET", "/v1/products?status=active,archived"),
];
const CALLERS_ONLY: [(&str, &str); 5] = [
    ("GET", "/v1/orders"),
    ("POST", "/v1/orders"),
    ("GET", "/v1/orders/ord_0198c0de-0000-7000-8000-000000000002"),
    ("POST", "/v1/orders/ord_0198c0de-0000-7000-8000-000000000002/cancel"),
    ("GET", "/v1/me"),
];

#[tokio::test]
async fn without_a_token_there_is_a_challenge() {
    let world = World::alone();
    for (method, path) in ADMINS_ONLY.into_iter().chain(CALLERS_ONLY) {
        let answer = world.send(method, path, &[], "{}").await;
        answer.problem(401, "unauthenticated");
        assert_eq!(
            answer.header("www-authenticate"),
            r#"Bearer realm="tillroll""#,
            "{method} {path}"
        );
    }
    insta::assert_json_snapshot!(world.get("/v1/me", &[]).await.problem(401, "unauthenticated"), @r#"
    {
      "code": "unauthenticated",
      "detail": "log in with POST /v1/auth/login and send the token as `Authorization: Bearer ...`",
      "errors": [],
      "status": 401,
      "title": "Unauthenticated",
      "type": "/errors/unauthenticated"
    }
    "#);
}

#[tokio::test]
async fn customers_are_not_administrators() {
    let world = World::alone();
    let token = world.customer();
    for (method, path) in ADMINS_ONLY {
        world
            .send(method, path, &[("authorization", &token)], "{}")
            .await
            .problem(403, "forbidden");
    }
    let path = format!("/v1/orders?customer={ADMIN}");
    world
        .get(&path, &[("authorization", &token)])
        .await
        .problem(403, "forbidden");
    let body = format!(r#"{{"lines": [{{"product_id": "{PRODUCT}", "quantity": 1}}], "customer_id": "{ADMIN}"}}"#);
    world
        .post("/v1/orders", &token, &[], &body)
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named() {
    let world = World::alone();
    let token = world.customer();
    for (path, permission) in [
        ("/v1/audit", "audit:read"),
        ("/v1/products?deleted=true", "products:write"),
    ] {
        let refused = world
            .get(path, &[("authorization", &token)])
            .await
            .problem(403, "forbidden");
        assert_eq!(refused["permission"], permission);
        assert_eq!(refused["detail"], format!("this needs the permission `{permission}`"));
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_is_refused_before_the_body_has_come() {
    let world = World::alone();
    let never = || Body::from_stream(futures::stream::pending::<Result<Bytes, Infallible>>());
    let token = world.customer();
    for (headers, status, code) in [
        (vec![], 401, "unauthenticated"),
        (vec![("authorization", token.as_str())], 403, "forbidden"),
    ] {
        world
            .send("POST", "/v1/products", &headers, never())
            .await
            .problem(status, code);
    }
}

#[tokio::test]
async fn an_address_of_any_other_beginning_is_guarded_too() {
    let world = World::with(
        |call| panic!("nobody should ask {call:?}"),
        |config| config.quotas = Some(Quotas::default()),
    );
    let endpoint = Endpoint::read(Permission::OrdersRead).at(Method::GET, "/graphql", get(async || "data"));
    let router = only(vec![endpoint], &world.app);
    let request = |token: &str| {
        Request::get("/graphql")
            .header("authorization", token)
            .body(Body::empty())
    };
    let nobody = send(&router, Request::get("/graphql").body(Body::empty()).unwrap()).await;
    nobody.problem(401, "unauthenticated");
    send(&router, request("Bearer x").unwrap())
        .await
        .problem(401, "invalid_token");
    let answer = send(&router, request(&world.customer()).unwrap()).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "data"));
    assert_eq!(answer.header("ratelimit-limit"), "600");
}

#[tokio::test]
async fn a_bad_token_is_refused_also_where_none_is_needed() {
    let world = World::alone();
    let expired = world.app.tokens.issue(
        ADMIN,
        Role::Admin,
        SESSION,
        now() - chrono::TimeDelta::seconds(600),
        Uuid::nil(),
    );
    let expired = format!("Bearer {}", expired.unwrap());
    for path in ["/v1/products", "/v1/me", "/v1/audit"] {
        for wrong in ["Bearer x.y.z", "Basic YTpi", "Bearer", "token"] {
            let answer = world.get(path, &[("authorization", wrong)]).await;
            answer.problem(401, "invalid_token");
            assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
        }
        world
            .get(path, &[("authorization", &expired)])
            .await
            .problem(401, "token_expired");
    }
}

#[tokio::test]
async fn logging_in_answers_with_a_token_that_works() {
    let user = v1::User {
        id: ADMIN.to_owned(),
        email: "a@example.com".to_owned(),
        name: "Ada".to_owned(),
        role: v1::Role::Admin.into(),
        ..v1::User::default()
    };
    let known = user.clone();
    let world = World::new(move |call| match call.method.as_str() {
        "Authenticate" => ok(&v1::AuthenticateReply {
            user: Some(known.clone()),
            session_id: SESSION.to_owned(),
            refresh_token: "trr_1".to_owned(),
        }),
        "CheckSession" => ok(&v1::CheckSessionReply {
            alive: true,
            user_id: ADMIN.to_owned(),
            role: v1::Role::Admin.into(),
        }),
        "GetUser" => ok(&v1::GetUserReply {
            user: Some(known.clone()),
            ..v1::GetUserReply::default()
        }),
        other => panic!("{other}"),
    });
    let body = r#"{"email": "a@example.com", "password": "secret"}"#;
    let answer = world.post("/v1/auth/login", "Bearer of bad news", &[], body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let session = answer.json();
    assert_eq!(
        (&session["token_type"], &session["expires_in"]),
        (&"Bearer".into(), &600.into())
    );
    assert_eq!(session["user"]["role"], "admin");
    assert_eq!(session["refresh_token"], "trr_1");
    let token = format!("Bearer {}", session["access_token"].as_str().unwrap());
    let me = world.get("/v1/me", &[("authorization", &token)]).await;
    assert_eq!(me.json(), session["user"]);
    assert_eq!(world.calls()[2].decode::<v1::GetUserRequest>().id, ADMIN);
}

#[tokio::test]
async fn a_wrong_password_is_a_problem_with_a_challenge() {
    let world = World::new(|_| {
        Err(Failure::new(
            FailureKind::Unauthenticated,
            "invalid_credentials",
            "the e-mail address or the password is wrong",
        ))
    });
    let answer = world
        .post("/v1/auth/login", "", &[], r#"{"email": "a@b.c", "password": "x"}"#)
        .await;
    answer.problem(401, "invalid_credentials");
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn limits_count_users_and_addresses_by_class() {
    let quota = |burst| Quota {
        burst: std::num::NonZeroU32::new(burst).unwrap(),
        refill: std::time::Duration::from_hours(1),
    };
    let world = World::with(
        |_| ok(&v1::ListProductsReply::default()),
        |config| {
            config.quotas = Some(Quotas {
                login: quota(1),
                write: quota(1),
                read: quota(2),
            });
        },
    );
    let (admin, customer) = (world.admin(), world.customer());
    let first = world.get("/v1/products", &[("authorization", &admin)]).await;
    assert_eq!(first.status, 200);
    assert_eq!(
        (
            first.header("ratelimit-limit"),
            first.header("ratelimit-remaining"),
            first.header("ratelimit-reset")
        ),
        ("2", "1", "3600")
    );
    world.get("/v1/products", &[("authorization", &admin)]).await;
    let refused = world.get("/v1/products", &[("authorization", &admin)]).await;
    insta::assert_json_snapshot!(refused.problem(429, "rate_limited"), @r#"
    {
      "code": "rate_limited",
      "detail": "2 requests at once are allowed; `Retry-After` says when the next one is",
      "errors": [],
      "status": 429,
      "title": "Rate limited",
      "type": "/errors/rate_limited"
    }
    "#);
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 3000);
    assert!(!refused.header("x-request-id").is_empty());
    assert_eq!(
        world.get("/v1/products", &[("authorization", &customer)]).await.status,
        200
    );
    assert_eq!(world.get("/v1/products", &[]).await.status, 200);
    for _ in 0..5 {
        let alive = world.get("/healthz", &[]).await;
        assert_eq!((alive.status.as_u16(), alive.header("ratelimit-limit")), (200, ""));
    }
    // A known caller guesses passwords at the rate of its address.
    world
        .post("/v1/auth/login", &admin, &[], "{}")
        .await
        .problem(422, "validation_failed");
    world
        .post("/v1/auth/login", &customer, &[], "{}")
        .await
        .problem(429, "rate_limited");
}
