//! `/v1/audit/requests/{id}`: what caused what.

use e2e::{Answer, Client, PATIENCE, System, wait_until};
use proto::access::Role;
use proto::caller::{Caller, Part};
use proto::v1::stock_command_client::StockCommandClient;
use proto::v1::{CommandContext, ReserveStockRequest, StockLine};
use serde_json::{Value, json};

use super::blamed;

/// `command(event event<reaction> | called)`, in short.
fn outline(commands: &Value) -> String {
    let list = |value: &Value| value.as_array().unwrap().clone();
    let one = |command: &Value| {
        let events: Vec<String> = list(&command["events"])
            .iter()
            .map(|event| {
                let name = event["event"]["event_type"].as_str().unwrap();
                if list(&event["reactions"]).is_empty() {
                    name.to_owned()
                } else {
                    format!("{name}<{}>", outline(&event["reactions"]))
                }
            })
            .collect();
        let called = if list(&command["commands"]).is_empty() {
            String::new()
        } else {
            format!(" | {}", outline(&command["commands"]))
        };
        format!(
            "{}({}{called})",
            command["command"].as_str().unwrap_or("?"),
            events.join(" ")
        )
    };
    list(commands).iter().map(one).collect::<Vec<_>>().join(" ")
}

fn only(trace: &Answer) -> &Value {
    match trace["requests"].as_array().unwrap().as_slice() {
        [only] => only,
        _ => panic!("one request is expected: {trace:?}"),
    }
}

/// Fails unless the request made one command with these events, in either order: which lane comes first depends on the ids.
fn either(request: &Value, command: &str, [one, other]: [&str; 2]) {
    let outline = outline(&request["commands"]);
    let expected = [format!("{command}({one} {other})"), format!("{command}({other} {one})")];
    assert!(expected.contains(&outline), "{outline}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_leads_to_its_commands_and_these_to_their_events() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let placed = ann
        .order(&[(&mug.id, 2)])
        .header("x-request-id", "a/b c?".replace(' ', "-"))
        .header("audit-reason", "a present")
        .await
        .ok(201);
    let trace = async |id: &str, after: &Answer| {
        admin
            .get(format!("/v1/audit/requests/{id}"))
            .seeing(after)
            .await
            .ok(200)
    };
    let by_correlation = trace(placed.header("x-correlation-id").unwrap(), &placed).await;
    let by_request = trace("a%2Fb-c%3F", &placed).await;
    assert_eq!(by_correlation["requests"], by_request["requests"]);
    let request = only(&by_request);
    either(request, "place_order", ["OrderPlaced", "StockReserved"]);
    assert_eq!(
        (
            &request["request_id"],
            &request["channel"],
            &request["reason"],
            &request["actor"]["email"]
        ),
        (
            &json!("a/b-c?"),
            &json!("rest"),
            &json!("a present"),
            &json!("ann@customers.example")
        )
    );
    let events = request["commands"][0]["events"].as_array().unwrap();
    let of_order = |event: &&Value| event["event"]["aggregate_id"] == placed.id();
    let event = &events.iter().find(of_order).unwrap()["event"];
    assert!(!event["changes"].as_array().unwrap().is_empty());
    assert_eq!(by_request["truncated"], false);

    let cancelled = admin.cancel(placed.id()).await.ok(200);
    let request = trace(cancelled.header("x-correlation-id").unwrap(), &cancelled).await;
    either(only(&request), "cancel_order", ["OrderCancelled", "StockReleased"]);
}

/// A part of the system that works for somebody.
fn other_part(client: &Client) -> Caller {
    Caller::person(client.user_id().into(), Role::Admin, "".into()).through(Part::Worker)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_recorded_nothing_stands_unnamed_above_what_it_called() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let correlation = "0198c0de-0000-7000-8000-0000000000cc";
    let reserve = ReserveStockRequest {
        context: Some(CommandContext {
            actor: admin.user_id().to_owned(),
            request_id: "caller".to_owned(),
            correlation_id: correlation.to_owned(),
            causation_id: "0198c0de-0000-7000-8000-0000000000dd".to_owned(),
            ..CommandContext::default()
        }),
        order_id: "ord_0198c0de-0000-7000-8000-00000000000a".to_owned(),
        lines: vec![StockLine {
            product_id: mug.id.clone(),
            quantity: 1,
        }],
    };
    let _ = StockCommandClient::new(system.grpc_by(other_part(&admin)))
        .reserve_stock(reserve)
        .await
        .unwrap();
    let everything = system.everything().await;
    let trace = admin
        .get(format!("/v1/audit/requests/{correlation}"))
        .after(&everything)
        .await
        .ok(200);
    assert_eq!(outline(&only(&trace)["commands"]), "?( | reserve_stock(StockReserved))");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_system_does_later_hangs_under_the_event_that_it_reacts_to() {
    let system = System::options().with("reservation-ttl", "60").start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let correlation = "0198c0de-0000-7000-8000-0000000000bb";
    // Somebody reserves stock and dies before placing the order.
    let request = ReserveStockRequest {
        context: Some(CommandContext {
            actor: admin.user_id().to_owned(),
            request_id: "died".to_owned(),
            correlation_id: correlation.to_owned(),
            ..CommandContext::default()
        }),
        order_id: "ord_0198c0de-0000-7000-8000-000000000009".to_owned(),
        lines: vec![StockLine {
            product_id: mug.id.clone(),
            quantity: 4,
        }],
    };
    let _ = StockCommandClient::new(system.grpc_by(other_part(&admin)))
        .reserve_stock(request)
        .await
        .unwrap();
    system.clock().advance(chrono::TimeDelta::seconds(120));
    let path = format!("/v1/streams/stock/{}", mug.id);
    wait_until("the stock to be free again", PATIENCE, async || {
        let events = admin.get(&path).await.ok(200);
        events.each("event_type").contains(&"StockReleased").then_some(())
    })
    .await;
    let everything = system.everything().await;
    let trace = admin
        .get(format!("/v1/audit/requests/{correlation}"))
        .after(&everything)
        .await
        .ok(200);
    let request = only(&trace);
    let outline = outline(&request["commands"]);
    // One transaction wrote both, and which lane comes first depends on the product's id.
    assert!(
        [
            "reserve_stock(StockReserved<settle_reservation(OrderAbandoned StockReleased)>)",
            "reserve_stock(StockReserved<settle_reservation(StockReleased OrderAbandoned)>)"
        ]
        .contains(&&*outline),
        "{outline}"
    );
    let reaction = &request["commands"][0]["events"][0]["reactions"][0];
    assert_eq!(
        (&reaction["actor"]["id"], &reaction["caused_by"]),
        (
            &json!("system:reservations"),
            &request["commands"][0]["events"][0]["event"]["event_id"]
        )
    );
    let by_request = admin.get("/v1/audit/requests/died").await.ok(200);
    assert_eq!(
        by_request["requests"], trace["requests"],
        "reactions belong to it, though they know no request"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_are_for_administrators_and_unknown_ones_are_not_found() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let _ = ann.get("/v1/audit/requests/x").await.refused(403, "forbidden");
    let _ = system
        .anonymous()
        .get("/v1/audit/requests/x")
        .await
        .refused(401, "unauthenticated");
    for id in [
        "x",
        "0198c0de-0000-7000-8000-0000000000aa",
        "%00",
        "%FF",
        "%C3%BC",
        "a%20b",
        &"x".repeat(129),
    ] {
        let _ = admin
            .get(format!("/v1/audit/requests/{id}"))
            .await
            .refused(404, "request_not_found");
    }
    blamed(
        admin.get("/v1/audit/requests/x?limit=1").await,
        "invalid_parameter",
        "limit",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_ids_do_not_lead_into_their_trace() {
    let system = System::start().await;
    let (admin, ann, eve) = (
        system.admin().await,
        system.customer("ann").await,
        system.customer("eve").await,
    );
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let placed = ann.order(&[(&mug.id, 2)]).header("x-request-id", "ann-1").await.ok(201);
    let correlation = placed.header("x-correlation-id").unwrap().to_owned();
    for _ in 0..2 {
        let _ = eve
            .order(&[(&mug.id, 1)])
            .header("x-request-id", "ann-1")
            .header("x-correlation-id", correlation.as_str())
            .await
            .ok(201);
    }
    let everything = system.everything().await;
    let read = async |path: String| {
        admin
            .get(format!("/v1/audit/requests/{path}"))
            .after(&everything)
            .await
            .ok(200)
    };
    for id in ["ann-1", correlation.as_str()] {
        let trace = read(id.to_owned()).await;
        let request = only(&trace);
        either(request, "place_order", ["OrderPlaced", "StockReserved"]);
        assert_eq!(request["actor"]["email"], "ann@customers.example");
        assert_eq!(trace["others"], json!([eve.user_id()]), "{id}");
        let hers = read(format!("{id}?actor={}", eve.user_id())).await;
        assert_eq!(only(&hers)["actor"]["email"], "eve@customers.example");
        assert_eq!(only(&hers)["commands"].as_array().unwrap().len(), 2);
        assert_eq!(hers["others"], json!([ann.user_id()]));
    }
}
