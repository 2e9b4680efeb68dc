//! Clients that are slow, silent or do not read: whatever they do, the others are served.

use std::time::Duration;

use e2e::{Options, PASSWORD, PATIENCE, System, wait_until};
use proto::v1::Role;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::wire::{Http2, ask, connect, ended, gateway, hear};

const IN_FLIGHT: &str = r#"http_admission_in_flight{class="body"}"#;
const WRITE_PLACES: &str = r#"http_admission_limit{class="write"}"#;

fn guarded() -> Options {
    System::options().with("load-shedding", "on")
}

/// A head of a request with a body that it says the length of.
fn head(method: &str, path: &str, token: &str, length: usize) -> String {
    let authorization = if token.is_empty() {
        String::new()
    } else {
        format!("authorization: Bearer {token}\r\n")
    };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\n{authorization}content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

async fn reached(system: &System, metric: &str, least: f64) {
    let what = format!("{metric} to be {least}");
    wait_until(&what, PATIENCE, async || {
        (system.metric(metric).await >= least).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_do_not_come_keep_nobody_from_ordering() {
    let system = guarded()
        .with("max-writes", "64")
        .with("target-latency", "30000")
        .with("max-bodies", "128")
        .with("body-timeout", "3")
        .start()
        .await;
    let (admin, mallory, ann) = (
        system.admin().await,
        system.customer("mallory").await,
        system.customer("ann").await,
    );
    let mug = admin.stocked("MUG-1", 1250, 1000).await;
    let places = system.metric(WRITE_PLACES).await;

    // More than there are places for writes, over both protocols.
    let mut requests = Http2::over(gateway(&system, 2).await, 65_535).await;
    for _ in 0..45 {
        requests.request("POST", "/v1/orders", mallory.token(), Some("{")).await;
    }
    let mut connections = Vec::new();
    for _ in 0..45 {
        let mut stream = gateway(&system, 3).await;
        let head = head("POST", "/v1/orders", mallory.token(), 1000);
        stream.write_all(format!("{head}{{").as_bytes()).await.unwrap();
        connections.push(stream);
    }
    // Half of what can be received at once is one caller's at most.
    reached(&system, IN_FLIGHT, 64.0).await;
    for _ in 0..5 {
        let _ = ann.order(&[(&mug.id, 1)]).await.ok(201);
    }
    let mut late = 0;
    for stream in &mut connections {
        let answer = hear(stream).await.expect("an answer");
        assert!(matches!(answer.status, 408 | 503), "{answer:?}");
        if answer.status == 408 {
            assert!(
                answer.is_last() && answer.body.contains("request_timeout"),
                "{answer:?}"
            );
            late += 1;
        }
    }
    assert!(late > 0);
    assert!(
        (system.metric(WRITE_PLACES).await - places).abs() < f64::EPSILON,
        "the time that a body takes says nothing of the system"
    );
    let _ = ann.order(&[(&mug.id, 1)]).await.ok(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_log_ins_do_not_keep_others_out() {
    let system = guarded().start().await;
    let _ = system.customer("ann").await;
    let mut slow = Vec::new();
    for host in 2..6 {
        for _ in 0..20 {
            let mut stream = gateway(&system, host).await;
            let head = head("POST", "/v1/auth/login", "", 60);
            stream.write_all(format!("{head}{{").as_bytes()).await.unwrap();
            slow.push(stream);
        }
    }
    reached(&system, IN_FLIGHT, 80.0).await;
    for _ in 0..5 {
        let _ = system.anonymous().log_in("ann@customers.example", PASSWORD).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_answer_leaves_the_connection_usable_or_says_that_it_does_not() {
    let system = guarded().with("rate-limit", "on").start().await;
    let ann = system.customer("ann").await;
    let order = json!({"lines": []}).to_string();
    let long = "x".repeat(1 << 20) + "x";
    let plain = |token| head("POST", "/v1/orders", token, order.len()).replace("application/json", "text/plain");
    let log_in = |_| head("POST", "/v1/auth/login", "", 2);
    let mut cases = vec![
        (401, head("POST", "/v1/orders", "", order.len()), order.as_str()),
        (
            403,
            head("POST", "/v1/products", ann.token(), order.len()),
            order.as_str(),
        ),
        (
            404,
            head("POST", "/v1/nowhere", ann.token(), order.len()),
            order.as_str(),
        ),
        (405, head("PUT", "/v1/orders", ann.token(), order.len()), order.as_str()),
        (413, head("POST", "/v1/orders", ann.token(), long.len()), long.as_str()),
        (415, plain(ann.token()), order.as_str()),
        (
            422,
            head("POST", "/v1/orders", ann.token(), order.len()),
            order.as_str(),
        ),
    ];
    // The last of these have no attempts left.
    cases.extend((0..25).map(|number| (429, log_in(number), "{}")));
    let mut refused = 0;
    let mut stream = gateway(&system, 2).await;
    for (status, head, body) in cases {
        stream.write_all(head.as_bytes()).await.unwrap();
        // As clients do that send the body in a packet of its own.
        tokio::time::sleep(Duration::from_millis(5)).await;
        stream.write_all(body.as_bytes()).await.unwrap();
        let answer = hear(&mut stream).await.expect("an answer");
        if status == 429 {
            refused += u32::from(answer.status == 429);
        } else {
            assert_eq!(answer.status, status, "{answer:?}");
        }
        if answer.is_last() {
            stream = gateway(&system, 2).await;
            continue;
        }
        let next = ask(&mut stream, "GET /v1/products HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert_eq!(next.map(|answer| answer.status), Some(200), "after {status}");
    }
    assert!(refused > 0, "nobody was refused by the rate limit");

    // A body that never comes is not waited for for ever, and the client is told that the connection ends.
    let mut stream = gateway(&system, 2).await;
    let answer = ask(&mut stream, &log_in(0)).await.expect("an answer");
    assert_eq!((answer.status, answer.is_last()), (429, true), "{answer:?}");
    ended(&mut stream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_does_not_take_all_connections() {
    let system = guarded()
        .with("max-connections", "64")
        .with("max-connections-per-address", "16")
        .with("head-timeout", "2")
        .start()
        .await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(gateway(&system, 2).await);
    }
    let products = "GET /v1/products HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut other = gateway(&system, 3).await;
    let answer = ask(&mut other, products).await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    let health = ask(&mut other, "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(health.status, 200);
    assert!(system.metric("http_connections").await <= 30.0);
    // Who says nothing has to go, and half a head is nothing.
    let _ = silent[0].write_all(b"GET /v1/pro").await;
    for stream in &mut silent {
        ended(stream).await;
    }
    let answer = ask(&mut gateway(&system, 2).await, products).await.expect("an answer");
    assert_eq!(answer.status, 200, "the address has connections again: {answer:?}");
    let again = ask(&mut other, products)
        .await
        .expect("an idle connection has more time");
    assert_eq!(again.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_have_a_port_of_their_own_if_that_is_wanted() {
    let system = guarded()
        .with("max-connections", "1")
        .with("operations-addr", "127.0.0.1:0")
        .start()
        .await;
    let operations = system.operations_url();
    let mut silent = Vec::new();
    for _ in 0..80 {
        silent.push(gateway(&system, 2).await);
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        let answer = ask(&mut connect(&operations, 2).await, &request)
            .await
            .expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
    let request = "GET /v1/products HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = ask(&mut connect(&operations, 2).await, request)
        .await
        .expect("an answer");
    assert_eq!(answer.status, 404, "the API is not there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_proxy_its_clients_are_counted_and_not_its_connections() {
    let system = guarded()
        .with("trusted-proxies", "1")
        .with("max-connections-per-address", "2")
        .with("body-timeout", "20")
        .start()
        .await;
    let from = |client: &str| {
        head("POST", "/v1/auth/login", "", 60).replace("host: x", &format!("host: x\r\nx-forwarded-for: {client}"))
    };
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = gateway(&system, 2).await;
        stream.write_all(from("203.0.113.7").as_bytes()).await.unwrap();
        slow.push(stream);
    }
    reached(&system, IN_FLIGHT, 2.0).await;
    let read = |client: &str| format!("GET /v1/products HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {client}\r\n\r\n");
    let mut proxy = gateway(&system, 2).await;
    let refused = ask(&mut proxy, &read("203.0.113.7")).await.expect("an answer");
    assert_eq!((refused.status, refused.is_last()), (503, false), "{refused:?}");
    let answer = ask(&mut proxy, &read("203.0.113.8")).await.expect("an answer");
    assert_eq!(answer.status, 200, "another client of the same proxy: {answer:?}");
    drop(slow);
    wait_until("the client's requests to be over", PATIENCE, async || {
        let answer = ask(&mut gateway(&system, 2).await, &read("203.0.113.7")).await?;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_not_read_are_bounded_in_memory() {
    let system = guarded().with("unread-mb", "1").with("send-timeout", "2").start().await;
    let admin = system.admin().await;
    let price = json!({"amount": 1250, "currency": "GBP"});
    let mug = json!({"sku": "MUG-1", "name": "Mug", "price": price, "description": "a mug ".repeat(3_000)});
    let mug = admin.post("/v1/products").json(mug).await.ok(201);
    let path = format!("/v1/products/{}", mug.id());
    let _ = admin.get(&path).seeing(&mug).await.ok(200);

    let mut unread = Http2::over(gateway(&system, 2).await, 0).await;
    for _ in 0..100 {
        unread.request("GET", &path, admin.token(), None).await;
    }
    wait_until("the client's share to be taken", PATIENCE, async || {
        (admin.get(&path).await.status() == 503).then_some(())
    })
    .await;
    let _ = system.anonymous().get("/healthz").await.ok(200);
    wait_until("the unread answers to be given up", PATIENCE, async || {
        (admin.get(&path).await.status() == 200).then_some(())
    })
    .await;
    assert!(unread.is_open().await, "only the answers were given up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_is_not_read_does_not_keep_its_place() {
    let system = guarded()
        .with("max-reports", "2")
        .with("send-timeout", "2")
        .with("queue-wait", "1")
        .start()
        .await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 1000).await;
    let order = ann.order(&[(&mug.id, 1)]).await.ok(201);
    let today = system.clock().now().date_naive();
    let report = format!(
        "/v1/reports/sales/orders?from={today}&to={}&format=jsonl",
        today + chrono::Days::new(2)
    );
    let _ = admin.get(&report).seeing(&order).await.ok(200);

    // Over HTTP/2 a client may be there and ready for nothing.
    let mut unread = Http2::over(gateway(&system, 2).await, 0).await;
    unread.request("GET", &report, admin.token(), None).await;
    reached(&system, r#"http_admission_in_flight{class="report"}"#, 1.0).await;
    let refused = admin.get(&report).await;
    assert_eq!(refused.status(), 503, "one caller has half of the places: {refused:?}");
    let boss = system.create_user("boss@shop.example", Role::Admin, PASSWORD).await;
    assert!(boss.is_ok());
    let boss = system.anonymous().log_in("boss@shop.example", PASSWORD).await;
    let _ = boss.get(&report).await.ok(200);
    wait_until("the place to be free", PATIENCE, async || {
        (admin.get(&report).await.status() == 200).then_some(())
    })
    .await;
    assert!(unread.is_open().await, "only the one answer was given up");
}
