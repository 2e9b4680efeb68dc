//! Each role in a system of its own, over real ports, on one database.

use std::sync::Arc;
use std::time::Duration;

use e2e::{Database, PATIENCE, System, wait_until};
use proto::failure::{Failure, FailureKind};
use proto::v1::order_command_client::OrderCommandClient;
use proto::v1::product_query_client::ProductQueryClient;
use proto::v1::{CommandContext, ListProductsRequest, PlaceOrderLine, PlaceOrderRequest};
use serde_json::json;
use tonic::{Code, Request};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

struct Parts {
    command: System,
    query: System,
    _projector: System,
    _worker: System,
    gateway: System,
}

impl Parts {
    async fn start() -> Parts {
        let database = Arc::new(Database::create().await);
        let role = |role: &str| System::options().on(&database).with("roles", role);
        let command = role("command").start().await;
        let query = role("query").start().await;
        let projector = role("projector").with("grpc-addr", "off").start().await;
        let worker = role("worker")
            .with("grpc-addr", "off")
            .with("command-url", command.grpc_url())
            .start()
            .await;
        let gateway = role("gateway")
            .with("grpc-addr", "off")
            .with("command-url", command.grpc_url())
            .with("query-url", query.grpc_url());
        let gateway = gateway.start().await;
        Parts {
            command,
            query,
            _projector: projector,
            _worker: worker,
            gateway,
        }
    }

    /// Users are made where the commands are, and log in at the gateway.
    async fn log_in(&self, name: &str, role: proto::v1::Role) -> e2e::Client {
        let email = format!("{name}@shop.example");
        self.command.create_user(&email, role, e2e::PASSWORD).await.unwrap();
        self.gateway.anonymous().log_in(&email, e2e::PASSWORD).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_shop_from_five_processes() {
    let parts = Parts::start().await;
    let admin = parts.log_in("admin", proto::v1::Role::Admin).await;
    let ann = parts.log_in("ann", proto::v1::Role::Customer).await;
    let ready = parts.gateway.anonymous().get("/readyz").await.ok(200);
    assert_eq!(ready["status"], "ready");
    let mug = admin.stocked("MUG-1", 1250, 3).await;
    let placed = ann.order(&[(&mug.id, 2)]).key("k").await.ok(201);
    let again = ann.order(&[(&mug.id, 2)]).key("k").await.ok(201);
    assert_eq!(
        (again.json(), again.header("idempotent-replayed")),
        (placed.json(), Some("true"))
    );
    let read = ann
        .get(format!("/v1/orders/{}", placed.id()))
        .seeing(&placed)
        .await
        .ok(200);
    assert_eq!(read.json(), placed.json());
    let refused = ann.order(&[(&mug.id, 2)]).await.refused(409, "insufficient_stock");
    assert_eq!(
        refused["lines"],
        json!([{"product_id": mug.id, "sku": "MUG-1", "requested": 2, "available": 1}]),
        "facts survive the wire"
    );
    let _ = admin
        .patch(format!("/v1/products/{}", mug.id))
        .json(json!({"name": "x"}))
        .if_match(9)
        .await
        .refused(412, "version_mismatch");
    let day = parts.gateway.clock().now().date_naive();
    let report = format!("/v1/reports/sales?from={day}&to={}", day + chrono::Days::new(2));
    let report = admin.get(report).seeing(&placed).await.ok(200);
    assert_eq!(report["totals"][0]["gross"]["amount"], 2500);
    let cancelled = ann.cancel(placed.id()).await.ok(200);
    let stock = ann
        .get(format!("/v1/products/{}/stock", mug.id))
        .seeing(&cancelled)
        .await
        .ok(200);
    assert_eq!(stock["available"], 3);
    let events = admin.get(format!("/v1/streams/stock/{}", mug.id)).await.ok(200);
    assert_eq!(
        events.each("event_type"),
        ["StockReceived", "StockReserved", "StockReleased"]
    );

    // Without the part that decides, the rest goes on.
    drop(parts.command.shut_down().await);
    let refused = ann.order(&[(&mug.id, 1)]).await;
    assert_eq!(refused.status(), 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some());
    let _ = ann.get(format!("/v1/products/{}", mug.id)).await.ok(200);
    let health = parts.gateway.anonymous().get("/healthz").await.ok(200);
    assert_eq!(health["status"], "ok", "the gateway itself lives");
    let not_ready = parts.gateway.anonymous().get("/readyz").await.refused(503, "not_ready");
    assert_eq!(not_ready["not_ready"][0]["part"], "command", "{not_ready:?}");
    drop(parts.query.shut_down().await);
    let refused = ann.get(format!("/v1/products/{}", mug.id)).await;
    assert_eq!(refused.status(), 503, "{refused:?}");
}

async fn health(system: &System, service: &str) -> Result<ServingStatus, Code> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = HealthClient::new(system.grpc()).check(request).await;
    answer
        .map(|answer| HealthCheckResponse::status(answer.get_ref()))
        .map_err(|status| status.code())
}

async fn services(system: &System) -> Vec<String> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(system.grpc())
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) = answers.message().await.unwrap().unwrap().message_response
    else {
        panic!("no list of services")
    };
    list.service.into_iter().map(|service| service.name).collect()
}

/// The same as tools see it that know the version before.
async fn services_for_older_tools(system: &System) -> Vec<String> {
    use tonic_reflection::pb::v1alpha::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(system.grpc())
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) = answers.message().await.unwrap().unwrap().message_response
    else {
        panic!("no list of services")
    };
    list.service.into_iter().map(|service| service.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tools_find_their_way() {
    let parts = Parts::start().await;
    for (system, service) in [
        (&parts.command, "tillroll.v1.OrderCommand"),
        (&parts.query, "tillroll.v1.OrderQuery"),
    ] {
        for name in ["", service] {
            wait_until("the service says that it serves", PATIENCE, async || {
                (health(system, name).await == Ok(ServingStatus::Serving)).then_some(())
            })
            .await;
        }
        assert_eq!(health(system, "tillroll.v1.Nothing").await, Err(Code::NotFound));
        let listed = services(system).await;
        assert!(
            listed.iter().any(|name| name == service) && listed.iter().any(|name| name == "grpc.health.v1.Health"),
            "{listed:?}"
        );
        let older = services_for_older_tools(system).await;
        assert!(older.iter().any(|name| name == service), "{older:?}");
    }
    assert_eq!(
        health(&parts.command, "tillroll.v1.OrderQuery").await,
        Err(Code::NotFound),
        "queries are elsewhere"
    );
}

fn order(customer_id: &str, product_id: &str, quantity: i64) -> PlaceOrderRequest {
    PlaceOrderRequest {
        context: Some(CommandContext {
            actor: "system:e2e".to_owned(),
            ..CommandContext::default()
        }),
        customer_id: customer_id.to_owned(),
        lines: vec![PlaceOrderLine {
            product_id: product_id.to_owned(),
            quantity,
        }],
        ..PlaceOrderRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_and_deadlines_over_grpc() {
    let system = System::start().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 3).await;
    let mut orders = OrderCommandClient::new(system.grpc());

    let status = orders
        .place_order(order(admin.user_id(), &mug.id, 4))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    let failure = Failure::from(&status);
    assert_eq!(
        (failure.code.as_str(), failure.kind()),
        ("insufficient_stock", FailureKind::Conflict)
    );
    let facts: serde_json::Value = serde_json::from_str(&failure.data).unwrap();
    assert_eq!(
        (&facts["lines"][0]["requested"], &facts["lines"][0]["available"]),
        (&json!(4), &json!(3))
    );
    assert_eq!(failure.fields[0].field, "lines[0].quantity");

    let status = orders
        .place_order(order(admin.user_id(), "nonsense", 0))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let fields: Vec<String> = Failure::from(&status)
        .fields
        .into_iter()
        .map(|field| field.field)
        .collect();
    assert_eq!(
        fields,
        ["lines[0].product_id", "lines[0].quantity"],
        "every wrong field is told"
    );
    let nameless = PlaceOrderRequest {
        context: None,
        ..order(admin.user_id(), &mug.id, 1)
    };
    let failure = Failure::from(&orders.place_order(nameless).await.unwrap_err());
    assert_eq!(failure.fields[0].field, "context.actor");

    let mut late = Request::new(order(admin.user_id(), &mug.id, 1));
    late.set_timeout(Duration::from_nanos(1));
    let status = orders.place_order(late).await.unwrap_err();
    assert!(
        [Code::DeadlineExceeded, Code::Cancelled].contains(&status.code()),
        "{status:?}"
    );
    assert_eq!(Failure::from(&status).kind(), FailureKind::Timeout);
    let placed = orders.place_order(order(admin.user_id(), &mug.id, 3)).await;
    // Whatever became of the late one, what it did not order is there.
    if placed.is_err() {
        orders.place_order(order(admin.user_id(), &mug.id, 2)).await.unwrap();
    }
    let status = ProductQueryClient::new(system.grpc())
        .list_products(ListProductsRequest {
            sort: "colour".to_owned(),
            ..ListProductsRequest::default()
        })
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), Failure::from(&status).fields[0].field.clone()),
        (Code::InvalidArgument, "sort".to_owned())
    );
}
