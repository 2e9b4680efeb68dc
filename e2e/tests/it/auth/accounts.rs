//! What staff do about accounts, and passwords.

use chrono::TimeDelta;
use e2e::{Client, PASSWORD, PATIENCE, System, wait_until};
use proto::v1::Role;
use serde_json::json;

async fn is_over(client: &Client) {
    wait_until("the session to be over", PATIENCE, async || {
        Some(client.get("/v1/auth/sessions").await).filter(|answer| answer["code"] == "session_ended")
    })
    .await;
}

fn log_in(system: &System, email: &str, password: &str) -> e2e::Request {
    let credentials = json!({"email": email, "password": password});
    system.anonymous().post("/v1/auth/login").json(credentials)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_shut_out_has_no_rights_until_let_in_again() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let email = "ann@customers.example";
    let session = log_in(&system, email, PASSWORD).await.ok(200);
    let path = |what: &str| format!("/v1/users/{}/{what}", ann.user_id());
    let _ = ann.post(path("disable")).await.refused(403, "forbidden");
    let done = admin.post(path("disable")).await.ok(200);
    assert_eq!(done["id"], ann.user_id());
    let _ = admin.post(path("disable")).await.ok(200);
    is_over(&ann).await;
    let _ = log_in(&system, email, PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    let refresh = json!({"refresh_token": session["refresh_token"]});
    let refresh = || system.anonymous().post("/v1/auth/refresh").json(refresh.clone());
    let _ = refresh().await.refused(401, "session_ended");
    let _ = admin.post(path("enable")).await.ok(200);
    // What ended stays so.
    let _ = refresh().await.refused(401, "session_ended");
    is_over(&ann).await;
    let _ = log_in(&system, email, PASSWORD).await.ok(200);
    let audit = admin
        .get("/v1/audit?type=UserDisabled,UserEnabled")
        .after(&system.everything().await)
        .await
        .ok(200);
    assert_eq!(audit.each("event_type"), ["UserEnabled", "UserDisabled"]);
    let nobody = "usr_0198c0de-0000-7000-8000-0000000000ee";
    for what in ["disable", "enable"] {
        let _ = admin
            .post(format!("/v1/users/{nobody}/{what}"))
            .await
            .refused(404, "user_not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_administrator_stays_however_many_try_at_once() {
    let system = System::start().await;
    let admin = system.admin().await;
    let own = format!("/v1/users/{}", admin.user_id());
    let customer = json!({"role": "customer"});
    let _ = admin
        .post(format!("{own}/disable"))
        .await
        .refused(409, "last_administrator");
    let _ = admin
        .patch(&own)
        .merge(customer.clone())
        .await
        .refused(409, "last_administrator");
    system
        .create_user("bea@shop.example", Role::Admin, PASSWORD)
        .await
        .unwrap();
    let bea = system.anonymous().log_in("bea@shop.example", PASSWORD).await;
    let each_other = [
        admin.post(format!("/v1/users/{}/disable", bea.user_id())),
        bea.post(format!("{own}/disable")),
    ];
    let _ = futures::future::join_all(each_other.map(IntoFuture::into_future)).await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM account WHERE role = 'admin' AND status = 'active'")
        .fetch_one(&system.pool())
        .await
        .unwrap();
    assert_eq!(left, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_role_is_another_token() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let session = log_in(&system, "ann@customers.example", PASSWORD).await.ok(200);
    let path = format!("/v1/users/{}", ann.user_id());
    let changed = admin.patch(&path).merge(json!({"role": "admin"})).await.ok(200);
    assert_eq!(changed["role"], "admin");
    is_over(&ann).await;
    let refreshed = system
        .anonymous()
        .post("/v1/auth/refresh")
        .json(json!({"refresh_token": session["refresh_token"]}))
        .await
        .ok(200);
    assert_eq!(refreshed["user"]["role"], "admin");
    let promoted = system
        .anonymous()
        .with_token(refreshed["access_token"].as_str().unwrap());
    let read = promoted.get(&path).seeing(&changed).await.ok(200);
    assert_eq!(read["role"], "admin");
    let _ = admin.patch(&path).merge(json!({"role": "customer"})).await.ok(200);
    is_over(&promoted).await;
    for (body, code) in [(json!({}), "required"), (json!({"role": "root"}), "unknown")] {
        let refused = admin.patch(&path).merge(body).await;
        assert_eq!(refused.fields(), [("role".to_owned(), code.to_owned())], "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_open_accounts() {
    let system = System::start().await;
    let admin = system.admin().await;
    let body = json!({"email": "bea@shop.example", "name": "Bea", "role": "admin", "password": PASSWORD});
    let created = admin.post("/v1/users").json(body.clone()).await.ok(201);
    let location = format!("/v1/users/{}", created.id());
    assert_eq!(created.header("location"), Some(location.as_str()));
    let _ = admin.get(&location).seeing(&created).await.ok(200);
    let _ = log_in(&system, "bea@shop.example", PASSWORD).await.ok(200);
    let _ = admin
        .post("/v1/users")
        .json(body)
        .await
        .refused_for(409, "email_taken", &[("email", "taken")]);
    let ann = system.customer("ann").await;
    let _ = ann.post("/v1/users").json(json!({})).await.refused(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_changed_by_who_knows_it() {
    let system = System::start().await;
    let ann = system.customer("ann").await;
    let email = "ann@customers.example";
    let elsewhere = system.anonymous().log_in(email, PASSWORD).await;
    let change = |present: &str, new: &str| {
        ann.post("/v1/auth/password")
            .json(json!({"current_password": present, "new_password": new}))
    };
    for (new, code) in [
        ("short", "too_short"),
        (&*"x".repeat(129), "too_long"),
        ("Football", "too_common"),
        ("ANN@customers.example", "is_email"),
    ] {
        let _ = change(PASSWORD, new)
            .await
            .refused_for(422, "validation_failed", &[("new_password", code)]);
    }
    let _ = change("not the password", "a new password of mine").await.refused_for(
        422,
        "validation_failed",
        &[("current_password", "wrong")],
    );
    let _ = log_in(&system, email, PASSWORD).await.ok(200);
    let _ = change(PASSWORD, "passwörd").await.ok(204);
    let _ = log_in(&system, email, PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    let _ = log_in(&system, email, "passwörd").await.ok(200);
    is_over(&elsewhere).await;
    let _ = ann.get("/v1/auth/sessions").await.ok(200);
    let secret: i64 = sqlx::query_scalar("SELECT count(*) FROM events WHERE payload::text ~ 'argon2|passwörd|horse'")
        .fetch_one(&system.pool())
        .await
        .unwrap();
    assert_eq!(secret, 0, "no password and no hash is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_are_slowed_down_and_strangers_lock_nobody_out() {
    let system = System::options().with("trusted-proxies", "1").start().await;
    let email = "ann@customers.example";
    system.create_user(email, Role::Customer, PASSWORD).await.unwrap();
    let from = |address: &str, password: &str| log_in(&system, email, password).header("x-forwarded-for", address);
    let _ = from("10.0.0.1", PASSWORD).await.ok(200);
    // One stranger, all at once: some are judged, and then none, not even the right one.
    let guesses = futures::future::join_all((0..12).map(|_| from("10.9.0.1", "a guess").into_future())).await;
    let judged = guesses
        .iter()
        .filter(|answer| answer["code"] == "invalid_credentials")
        .count();
    assert!((5..12).contains(&judged), "{judged}");
    // By now the next wait is longer than a busy machine takes.
    for _ in 0..6 {
        system.clock().advance(TimeDelta::minutes(2));
        let _ = from("10.9.0.1", "a guess").await;
    }
    let delayed = from("10.9.0.1", PASSWORD).await.refused(429, "log_in_delayed");
    assert!(delayed.header("retry-after").is_some());
    // An account that there is not is no different.
    let nobody = |_| {
        let guess = log_in(&system, "nobody@customers.example", "a guess");
        guess.header("x-forwarded-for", "10.9.0.2").into_future()
    };
    let guesses = futures::future::join_all((0..12).map(nobody)).await;
    assert!(guesses.iter().any(|answer| answer["code"] == "log_in_delayed"));
    // Many strangers: no more guesses from addresses that nobody knows.
    for stranger in 0..40 {
        system.clock().advance(TimeDelta::seconds(31));
        let _ = from(&format!("10.8.0.{stranger}"), "a guess").await;
    }
    let _ = from("10.8.1.1", "a guess").await.refused(429, "log_in_delayed");
    // The owner gets in from where they were before, and from elsewhere after a while.
    let _ = from("10.0.0.1", PASSWORD).await.ok(200);
    system.clock().advance(TimeDelta::seconds(31));
    let _ = from("10.0.0.2", PASSWORD).await.ok(200);
}
