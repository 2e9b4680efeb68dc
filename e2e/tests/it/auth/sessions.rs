//! Sessions: going on with them, seeing and ending them, and that every gateway knows within a second.

use std::time::Duration;

use chrono::TimeDelta;
use e2e::{Answer, Client, PASSWORD, PATIENCE, System, Token, wait_until};
use proto::v1::Role;
use serde_json::{Value, json};
use tokio::time::Instant;

/// A log-in as it is answered.
async fn log_in(system: &System, email: &str, agent: &str) -> Value {
    let request = system.anonymous().post("/v1/auth/login").header("user-agent", agent);
    let answer = request
        .json(json!({"email": email, "password": PASSWORD}))
        .await
        .ok(200);
    answer.json().clone()
}

async fn refresh(client: &Client, token: &Value) -> Answer {
    client
        .post("/v1/auth/refresh")
        .json(json!({"refresh_token": token}))
        .await
}

fn with(system: &System, session: &Value) -> Client {
    system.anonymous().with_token(session["access_token"].as_str().unwrap())
}

async fn customer(system: &System, name: &str) -> String {
    let email = format!("{name}@customers.example");
    system.create_user(&email, Role::Customer, PASSWORD).await.unwrap();
    email
}

/// One more gateway in front of the services of a system, with its keys.
async fn gateway_beside(system: &System) -> System {
    let key = system.folder().join("keys/jwt-ed25519.pem");
    System::options()
        .on(system.database())
        .with("roles", "gateway")
        .with("grpc-addr", "off")
        .with("command-url", system.grpc_url())
        .with("query-url", system.grpc_url())
        .with("jwt-key-file", key.display().to_string())
        .start()
        .await
}

/// Sends requests until one is refused as of an ended session, and checks that none began more than a second after now and got through.
async fn is_soon_over(client: &Client, path: &str) {
    let ended = Instant::now();
    wait_until("the session to be over", PATIENCE, async || {
        let begun = ended.elapsed();
        let answer = client.get(path).await;
        if answer.status() == 401 {
            let _ = answer.refused(401, "session_ended");
            return Some(());
        }
        assert!(
            begun < Duration::from_secs(1),
            "let in {begun:?} after the end: {answer:?}"
        );
        None
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_goes_on_and_a_lost_answer_logs_nobody_out() {
    let system = System::start().await;
    let email = customer(&system, "ann").await;
    let first = log_in(&system, &email, "till/1").await;
    let public = system.anonymous();
    let second = refresh(&public, &first["refresh_token"]).await.ok(200);
    assert_eq!(second.header("cache-control"), Some("no-store"));
    assert_eq!(
        (&second["session_id"], &second["user"]),
        (&first["session_id"], &first["user"])
    );
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    for session in [&first, second.json()] {
        let _ = with(&system, session).get("/v1/auth/sessions").await.ok(200);
    }
    // The answer got lost: the same one again, however often, and it is good.
    for _ in 0..2 {
        let again = refresh(&public, &first["refresh_token"]).await.ok(200);
        assert_eq!(again["refresh_token"], second["refresh_token"]);
    }
    let third = refresh(&public, &second["refresh_token"]).await.ok(200);
    assert_ne!(third["refresh_token"], second["refresh_token"]);
    let stored: Vec<Vec<u8>> = sqlx::query_scalar("SELECT refresh_hash FROM session")
        .fetch_all(&system.pool())
        .await
        .unwrap();
    let token = third["refresh_token"].as_str().unwrap();
    assert!(
        stored
            .iter()
            .all(|hash| hash.len() == 32 && !token.as_bytes().ends_with(hash))
    );
    for wrong in ["", "trr_", "nonsense", first["access_token"].as_str().unwrap()] {
        let _ = refresh(&public, &json!(wrong))
            .await
            .refused(401, "invalid_refresh_token");
    }
    let _ = public.post("/v1/auth/refresh").json(json!({})).await.refused_for(
        422,
        "validation_failed",
        &[("refresh_token", "required")],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_refreshes_at_once_get_the_same_successor() {
    let system = System::start().await;
    let email = customer(&system, "ann").await;
    let first = log_in(&system, &email, "till/1").await;
    let public = system.anonymous();
    let all = futures::future::join_all((0..6).map(|_| refresh(&public, &first["refresh_token"]))).await;
    let tokens: Vec<_> = all
        .into_iter()
        .map(|answer| answer.ok(200)["refresh_token"].clone())
        .collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    let _ = refresh(&public, &tokens[0]).await.ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_that_is_used_much_later_ends_the_session() {
    let system = System::start().await;
    let admin = system.admin().await;
    let email = customer(&system, "ann").await;
    let (first, elsewhere) = (
        log_in(&system, &email, "till/1").await,
        log_in(&system, &email, "till/2").await,
    );
    let public = system.anonymous();
    let second = refresh(&public, &first["refresh_token"]).await.ok(200);
    let third = refresh(&public, &second["refresh_token"]).await.ok(200);
    // Two tokens ago is too old, however short a time that is.
    let _ = refresh(&public, &first["refresh_token"])
        .await
        .refused(401, "session_ended");
    let _ = refresh(&public, &third["refresh_token"])
        .await
        .refused(401, "session_ended");
    is_soon_over(&with(&system, third.json()), "/v1/auth/sessions").await;
    // The user's other session is another family.
    let next = refresh(&public, &elsewhere["refresh_token"]).await.ok(200);
    // After half a minute the one before is too old as well.
    system.clock().advance(TimeDelta::seconds(31));
    let _ = refresh(&public, &elsewhere["refresh_token"])
        .await
        .refused(401, "session_ended");
    let _ = refresh(&public, &next["refresh_token"])
        .await
        .refused(401, "session_ended");
    let audit = admin
        .get("/v1/audit?type=RefreshTokenReused,SessionEnded")
        .after(&system.everything().await)
        .await
        .ok(200);
    let mut types = audit.each("event_type");
    types.sort_unstable();
    assert_eq!(
        types,
        [
            "RefreshTokenReused",
            "RefreshTokenReused",
            "SessionEnded",
            "SessionEnded"
        ]
    );
    assert!(audit.text().contains("token_reused") && !audit.text().contains("trr_"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_session_is_over_after_thirty_days() {
    let system = System::start().await;
    let email = customer(&system, "ann").await;
    let first = log_in(&system, &email, "till/1").await;
    system.clock().advance(TimeDelta::days(29));
    let second = refresh(&system.anonymous(), &first["refresh_token"]).await.ok(200);
    system.clock().advance(TimeDelta::days(31));
    let _ = refresh(&system.anonymous(), &second["refresh_token"])
        .await
        .refused(401, "session_ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_seen_and_ended_in_every_gateway_within_a_second() {
    let system = System::start().await;
    let beside = gateway_beside(&system).await;
    let (ann, bob) = (customer(&system, "ann").await, customer(&system, "bob").await);
    let sessions = [
        log_in(&system, &ann, "phone").await,
        log_in(&beside, &ann, "laptop").await,
        log_in(&system, &ann, "tablet").await,
    ];
    let of_bob = log_in(&system, &bob, "phone").await;
    let here = sessions.each_ref().map(|session| with(&system, session));
    let there = sessions.each_ref().map(|session| with(&beside, session));
    let path = "/v1/auth/sessions";

    let list = there[1].get(path).await.ok(200);
    assert_eq!(list.each("user_agent"), ["tablet", "laptop", "phone"]);
    let current: Vec<_> = list.items().iter().map(|item| item["current"] == true).collect();
    assert_eq!(current, [false, true, false]);
    assert!(list.items().iter().all(|item| item["address"] == "127.0.0.1"));

    // Another one's does not exist for others.
    let id = |session: &Value| format!("{path}/{}", session["session_id"].as_str().unwrap());
    let _ = here[0].delete(id(&of_bob)).await.refused(404, "session_not_found");
    let _ = here[0]
        .delete(format!("{path}/x"))
        .await
        .refused(404, "session_not_found");
    let _ = with(&system, &of_bob).get(path).await.ok(200);

    // From one session the other, at one gateway for the other.
    let _ = here[0].delete(id(&sessions[1])).await.ok(204);
    is_soon_over(&there[1], path).await;
    is_soon_over(&here[1], "/v1/products").await;
    let _ = here[0].delete(id(&sessions[1])).await.ok(204);
    assert_eq!(here[0].get(path).await.ok(200).each("user_agent"), ["tablet", "phone"]);

    // One's own.
    let _ = there[2].get(path).await.ok(200);
    let _ = here[2].post("/v1/auth/logout").await.ok(204);
    is_soon_over(&there[2], path).await;
    let _ = refresh(&system.anonymous(), &sessions[2]["refresh_token"])
        .await
        .refused(401, "session_ended");

    // All.
    let again = log_in(&beside, &ann, "watch").await;
    let _ = with(&beside, &again).get(path).await.ok(200);
    let _ = here[0].post("/v1/auth/logout-everywhere").await.ok(204);
    is_soon_over(&with(&beside, &again), path).await;
    is_soon_over(&there[0], path).await;
    let _ = with(&beside, &of_bob).get(path).await.ok(200);
    for (client, method) in [
        (system.anonymous(), "logout"),
        (system.anonymous(), "logout-everywhere"),
    ] {
        let _ = client
            .post(format!("/v1/auth/{method}"))
            .await
            .refused(401, "unauthenticated");
    }
    let _ = system.anonymous().get(path).await.refused(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_nobody_has_no_rights() {
    let system = System::start().await;
    let email = customer(&system, "ann").await;
    let session = log_in(&system, &email, "till/1").await;
    let other = log_in(&system, &customer(&system, "bob").await, "till/1").await;
    let genuine = Token::parse(session["access_token"].as_str().unwrap());
    assert_eq!(genuine.header["typ"], "at+jwt");
    let nobody = "usr_0198c0de-0000-7000-8000-0000000000ee";
    let changes: [&dyn Fn(&mut Token); 4] = [
        &|token| token.claims["sub"] = json!(nobody),
        &|token| token.claims["role"] = json!("admin"),
        &|token| token.claims["sid"] = json!("ses_0198c0de-0000-7000-8000-0000000000ee"),
        &|token| token.claims["sid"] = other["session_id"].clone(),
    ];
    for change in changes {
        let mut token = genuine.clone();
        change(&mut token);
        let signed = token.signed(&system.signing_key());
        for path in ["/v1/me", "/v1/products", "/v1/audit"] {
            let _ = system
                .anonymous()
                .with_token(signed.as_str())
                .get(path)
                .await
                .refused(401, "session_ended");
        }
    }
    let mut untyped = genuine.clone();
    untyped.header["typ"] = json!("JWT");
    let _ = system
        .anonymous()
        .with_token(untyped.signed(&system.signing_key()))
        .get("/v1/me")
        .await
        .refused(401, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_user_service_nobody_is_let_in_and_strangers_go_on() {
    let system = System::start().await;
    let beside = gateway_beside(&system).await;
    let session = log_in(&system, &customer(&system, "ann").await, "till/1").await;
    let ann = with(&beside, &session);
    let _ = ann.get("/v1/auth/sessions").await.ok(200);
    drop(system.shut_down().await);
    let refused = wait_until("the gateway to know nothing any more", PATIENCE, async || {
        Some(ann.get("/v1/orders").await).filter(|answer| answer["code"] == "unavailable")
    })
    .await;
    assert!(
        refused.status() == 503 && refused.header("retry-after").is_some(),
        "{refused:?}"
    );
}
