//! The composition: one process for everything, and a process for each role.

use app::{Config, System};
use proto::v1;
use proto::v1::user_command_client::UserCommandClient;
use sqlx::{ConnectOptions as _, PgPool};
use tonic::transport::Endpoint;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

const PASSWORD: &str = "correct horse battery";

async fn start(pool: &PgPool, folder: &tempfile::TempDir, pairs: &[(&'static str, String)]) -> System {
    // No test speaks TLS, but the HTTP client is built for it as soon as something in the program wants that.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut all = vec![
        ("database-url", pool.connect_options().to_url_lossy().to_string()),
        ("data-dir", folder.path().join("data").display().to_string()),
        ("http-addr", "127.0.0.1:0".to_owned()),
    ];
    all.extend_from_slice(pairs);
    System::start(&Config::from_pairs(all).unwrap()).await.unwrap()
}

/// Services that other processes reach.
fn grpc() -> [(&'static str, String); 2] {
    [
        ("grpc-addr", "127.0.0.1:0".to_owned()),
        ("insecure-internal", "on".to_owned()),
    ]
}

fn url(system: &System, path: &str) -> String {
    format!("http://{}{path}", system.http_addr().unwrap())
}

async fn create_admin(grpc: &str) {
    let request = v1::CreateUserRequest {
        context: Some(v1::CommandContext {
            actor: "system:test".into(),
            ..v1::CommandContext::default()
        }),
        email: "ada@example.com".into(),
        name: "Ada".into(),
        role: v1::Role::Admin.into(),
        password: PASSWORD.into(),
    };
    UserCommandClient::new(crate::by_operator(grpc))
        .create_user(request)
        .await
        .unwrap();
}

/// Logs in, writes a product and reads it back in the listing.
async fn trade(gateway: &System) {
    let client = reqwest::Client::new();
    let body = format!(r#"{{"email": "ada@example.com", "password": "{PASSWORD}"}}"#);
    let login = client
        .post(url(gateway, "/v1/auth/login"))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    let login: serde_json::Value = login.json().await.unwrap();
    let token = login["access_token"].as_str().unwrap();
    let product = r#"{"sku": "MUG-1", "name": "Mug", "description": "", "price": {"amount": 1250, "currency": "GBP"}, "category": "kitchen", "status": "active"}"#;
    let made = client
        .post(url(gateway, "/v1/products"))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(product)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let consistency = made.headers()["consistency-token"].clone();
    let listed = client
        .get(url(gateway, "/v1/products"))
        .header("consistency-token", consistency)
        .send()
        .await
        .unwrap();
    let listed: serde_json::Value = listed.json().await.unwrap();
    assert_eq!(listed["items"][0]["sku"], "MUG-1", "{listed}");
}

async fn health(grpc: &str) -> HealthCheckResponse {
    let channel = Endpoint::from_shared(grpc.to_owned()).unwrap().connect_lazy();
    HealthClient::new(channel)
        .check(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner()
}

async fn services(grpc: &str) -> Vec<String> {
    let channel = Endpoint::from_shared(grpc.to_owned()).unwrap().connect_lazy();
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(channel)
        .server_reflection_info(futures::stream::iter([request]))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        return Vec::new();
    };
    list.service.into_iter().map(|service| service.name).collect()
}

#[sqlx::test(migrations = false)]
async fn one_process_does_it_all(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let system = start(&pool, &folder, &grpc()).await;
    let client = reqwest::Client::new();
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs/"] {
        assert_eq!(
            client.get(url(&system, path)).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }
    let grpc = format!("http://{}", system.grpc_addr().unwrap());
    create_admin(&grpc).await;
    trade(&system).await;
    let address = system.http_addr().unwrap();
    system.shutdown().await.unwrap();
    assert!(
        tokio::net::TcpStream::connect(address).await.is_err(),
        "nothing listens after the end"
    );

    // What was written is there for the next one.
    let system = start(&pool, &folder, &[]).await;
    let listed = client
        .get(url(&system, "/v1/products"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(listed.contains("MUG-1"), "{listed}");
    system.shutdown().await.unwrap();
}

/// A database that takes no writes, for whatever reason, makes the process unready, and ready again when it does.
#[sqlx::test(migrations = false)]
async fn readiness_knows_from_writes_whether_there_can_be_any(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let system = start(&pool, &folder, &grpc()).await;
    let grpc = format!("http://{}", system.grpc_addr().unwrap());
    let ready = async || {
        let answer = reqwest::get(url(&system, "/readyz")).await.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<serde_json::Value>().await.unwrap(),
        )
    };
    let until = async |status: u16| {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
        loop {
            let (seen, body) = ready().await;
            if seen == status {
                return body;
            }
            assert!(tokio::time::Instant::now() < deadline, "{seen}: {body}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    until(200).await;
    let database: String = sqlx::query_scalar("SELECT current_database()")
        .fetch_one(&pool)
        .await
        .unwrap();
    // Takes effect for connections that are made from now on.
    let allow = async |writes: &str| {
        sqlx::raw_sql(&format!(
            "BEGIN READ WRITE; ALTER DATABASE \"{database}\" SET default_transaction_read_only = {writes}; COMMIT;
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND application_name LIKE 'tillroll%'"
        ))
        .execute(&pool)
        .await
        .unwrap();
    };
    allow("on").await;
    let request = || v1::CreateUserRequest {
        context: Some(v1::CommandContext {
            actor: "system:test".into(),
            ..v1::CommandContext::default()
        }),
        email: "ada@example.com".into(),
        name: "Ada".into(),
        role: v1::Role::Customer.into(),
        // Without a password it is an event alone.
        password: String::new(),
    };
    let mut users = UserCommandClient::new(crate::by_operator(&grpc));
    let refused = users.create_user(request()).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused:?}");
    let body = until(503).await;
    let told = body["checks"]["command"].as_str().unwrap();
    assert!(told.starts_with("failing: the database is read-only"), "{body}");
    assert_eq!(body["checks"]["query"], "ok", "{body}");
    assert_eq!(health(&grpc).await.status(), ServingStatus::NotServing);

    allow("off").await;
    let body = until(200).await;
    assert_eq!(body["checks"]["command"], "ok", "{body}");
    users.create_user(request()).await.unwrap();
    system.shutdown().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_process_for_each_role_is_the_same_system(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let role = |name: &str| ("roles", name.to_owned());
    let [port, insecure] = grpc();
    let command = start(&pool, &folder, &[role("command"), port.clone(), insecure.clone()]).await;
    let query = start(&pool, &folder, &[role("query"), port, insecure.clone()]).await;
    let rest = start(&pool, &folder, &[role("projector,worker")]).await;
    let command_url = format!("http://{}", command.grpc_addr().unwrap());
    let query_url = format!("http://{}", query.grpc_addr().unwrap());
    let gateway = start(
        &pool,
        &folder,
        &[
            role("gateway"),
            insecure,
            ("command-url", command_url.clone()),
            ("query-url", query_url.clone()),
        ],
    )
    .await;
    assert_eq!(gateway.database_url(), None, "a gateway needs no database");

    create_admin(&command_url).await;
    trade(&gateway).await;
    assert_eq!(health(&command_url).await.status(), ServingStatus::Serving);
    assert_eq!(health(&query_url).await.status(), ServingStatus::Serving);
    assert!(
        services(&command_url)
            .await
            .iter()
            .any(|name| name == "tillroll.v1.OrderCommand")
    );
    for system in [&gateway, &command, &query, &rest] {
        for path in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(reqwest::get(url(system, path)).await.unwrap().status(), 200, "{path}");
        }
    }

    command.shutdown().await.unwrap();
    assert_eq!(reqwest::get(url(&gateway, "/readyz")).await.unwrap().status(), 503);
    assert_eq!(
        reqwest::get(url(&gateway, "/v1/products")).await.unwrap().status(),
        200,
        "reads go on without the write side"
    );
    for system in [gateway, query, rest] {
        system.shutdown().await.unwrap();
    }
}
