//! Who calls a service is proven: split roles over mutual TLS, and what is refused without.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use e2e::{Database, PASSWORD, System};
use proto::access::Role;
use proto::caller::{Caller, Part};
use proto::failure::{Failure, FailureKind};
use proto::statement::Keys;
use proto::transport::{Tls, Transport};
use proto::v1::stock_command_client::StockCommandClient;
use proto::v1::user_command_client::UserCommandClient;
use proto::v1::{CommandContext, CreateUserRequest, OrderStockRequest};
use tonic::transport::Endpoint;

/// Keys and certificates of an authority of its own.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Authority {
        let folder = tempfile::tempdir().unwrap();
        let made = app::certs::make(&folder.path().join("certs"), &[], (app::world::clock())());
        assert!(made.unwrap());
        Authority { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("certs").join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    fn options(&self, database: &Arc<Database>, role: &str, certificate: &str, key: &str) -> e2e::Options {
        let shown = |path: PathBuf| path.display().to_string();
        System::options()
            .on(database)
            .with("roles", role)
            .with("insecure-internal", "off")
            .with("tls-ca", shown(self.file("ca.pem")))
            .with("tls-cert", shown(self.file(&format!("{certificate}.pem"))))
            .with("tls-key", shown(self.file(&format!("{certificate}-key.pem"))))
            .with("internal-key-file", shown(self.file(key)))
    }

    fn keys(&self) -> Keys {
        let clock = Arc::new(|| (app::world::clock())().timestamp_micros());
        Keys::from_pem(&self.read("caller-key.pem"), clock).unwrap()
    }

    /// A channel of somebody with a certificate of this authority.
    fn calls(&self, url: &str, certificate: &str, keys: Keys, caller: Caller) -> Transport {
        let tls = Tls {
            certificate: self.read(&format!("{certificate}.pem")),
            key: self.read(&format!("{certificate}-key.pem")),
            authority: self.read("ca.pem"),
        };
        Transport::remote(url, keys, Some(&tls)).unwrap().by(caller)
    }
}

/// Certificates name hosts.
fn https(system: &System) -> String {
    system.grpc_url().replace("http://127.0.0.1", "https://localhost")
}

fn new_user(actor: &str, email: &str, role: Role) -> CreateUserRequest {
    CreateUserRequest {
        context: Some(CommandContext {
            actor: actor.to_owned(),
            ..CommandContext::default()
        }),
        email: email.to_owned(),
        name: "Eve".to_owned(),
        role: role.into(),
        password: PASSWORD.to_owned(),
    }
}

async fn create(transport: Transport, request: CreateUserRequest) -> Result<(), Failure> {
    let reply = UserCommandClient::new(transport).create_user(request).await;
    reply.map(drop).map_err(|status| Failure::from(&status))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn split_roles_trust_each_other_and_nobody_else() {
    let (authority, database) = (Authority::new(), Arc::new(Database::create().await));
    let role = |role: &str| authority.options(&database, role, role, "caller.pem");
    let (command, query) = (role("command").start().await, role("query").start().await);
    let _rest = System::options()
        .on(&database)
        .with("roles", "projector,worker")
        .with("grpc-addr", "off")
        .start()
        .await;
    let gateway = |key: &str| {
        authority
            .options(&database, "gateway", "gateway", key)
            .with("grpc-addr", "off")
            .with("command-url", https(&command))
            .with("query-url", https(&query))
    };
    let shop = gateway("caller-key.pem").start().await;

    let operator = || Caller::system(Part::Operator, "e2e");
    let url = https(&command);
    let by_operator = authority.calls(&url, "operator", authority.keys(), operator());
    create(by_operator, new_user("system:e2e", "admin@shop.example", Role::Admin))
        .await
        .unwrap();
    let admin = shop.anonymous().log_in("admin@shop.example", PASSWORD).await;
    let mug = admin.stocked("MUG-1", 1250, 3).await;
    let placed = admin.order(&[(&mug.id, 1)]).await.ok(201);
    let _ = admin
        .get(format!("/v1/orders/{}", placed.id()))
        .seeing(&placed)
        .await
        .ok(200);
    let ready = shop.anonymous().get("/readyz").await.ok(200);
    assert_eq!(ready["checks"]["command"], "ok", "{ready:?}");

    // A gateway is not a worker, whatever it says.
    let release = |transport: Transport| async {
        let request = OrderStockRequest {
            context: Some(CommandContext {
                actor: "system:worker".to_owned(),
                ..CommandContext::default()
            }),
            order_id: placed.id().to_owned(),
            ..OrderStockRequest::default()
        };
        let reply = StockCommandClient::new(transport).release_stock(request).await;
        reply.map(drop).map_err(|status| Failure::from(&status))
    };
    for (certificate, part, expected) in [
        ("gateway", Part::Gateway, "forbidden"),
        ("gateway", Part::Worker, "caller_unproven"),
        ("query", Part::Worker, "caller_unproven"),
    ] {
        let caller = Caller::system(part, "worker");
        let failure = release(authority.calls(&url, certificate, authority.keys(), caller)).await;
        assert_eq!(failure.unwrap_err().code, expected, "{certificate} as {part:?}");
    }
    // The key of somebody else, a certificate of somebody else, none at all, and no TLS.
    let stranger = Authority::new();
    let user = || new_user("system:e2e", "eve@shop.example", Role::Admin);
    let forged = authority.calls(&url, "operator", stranger.keys(), operator());
    assert_eq!(create(forged, user()).await.unwrap_err().code, "caller_unproven");
    let foreign = Tls {
        certificate: stranger.read("operator.pem"),
        key: stranger.read("operator-key.pem"),
        authority: authority.read("ca.pem"),
    };
    let foreign = Transport::remote(&url, authority.keys(), Some(&foreign)).unwrap();
    let plain = Transport::remote(&command.grpc_url(), authority.keys(), None).unwrap();
    for transport in [foreign, plain] {
        let failure = create(transport.by(operator()), user()).await.unwrap_err();
        // No service answers: the connection is refused, or breaks off.
        let refused = [FailureKind::Unavailable, FailureKind::Timeout].contains(&failure.kind());
        assert!(refused, "{failure:?}");
    }
    let users = sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'UserRegistered'");
    let users: i64 = users.fetch_one(&command.pool()).await.unwrap();
    assert_eq!(users, 1, "the administrator alone");

    // A gateway whose key nobody believes serves nothing, and blames no client for it.
    let key = stranger.file("caller-key.pem");
    let stray = gateway("caller-key.pem").with("internal-key-file", key.display().to_string());
    let stray = stray.start().await;
    let _ = stray.anonymous().get("/v1/products").await.refused(503, "unavailable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_makes_an_administrator_in_the_name_of_another() {
    let system = System::start().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    let events = async || {
        let count = sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = 'UserRegistered'");
        let count: i64 = count.fetch_one(&system.pool()).await.unwrap();
        count
    };
    let before = events().await;
    let request = || new_user(admin.user_id(), "eve@shop.example", Role::Admin);

    let nobody = Endpoint::from_shared(system.grpc_url()).unwrap().connect_lazy();
    let status = UserCommandClient::new(nobody).create_user(request()).await.unwrap_err();
    assert_eq!(Failure::from(&status).code, "caller_unproven");
    let person = |actor: &str, role| system.grpc_by(Caller::person(actor.into(), role, "".into()));
    for (transport, expected) in [
        (person("", Role::Unspecified), "unauthenticated"),
        (person(ann.user_id(), Role::Customer), "forbidden"),
        (person(ann.user_id(), Role::Admin), "actor_mismatch"),
        (system.grpc(), "actor_mismatch"),
    ] {
        assert_eq!(create(transport, request()).await.unwrap_err().code, expected);
    }
    assert_eq!(events().await, before, "nothing is written");
    create(person(admin.user_id(), Role::Admin), request()).await.unwrap();
    assert_eq!(events().await, before + 1);
}

#[test]
fn without_keys_and_certificates_split_roles_do_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = |extra: &[(&'static str, &Path)]| {
        let mut pairs = vec![
            ("data-dir", folder.path().display().to_string()),
            ("database-url", "postgres://nobody@localhost/none".to_owned()),
            ("roles", "command".to_owned()),
            ("grpc-addr", "127.0.0.1:0".to_owned()),
        ];
        pairs.extend(extra.iter().map(|(flag, path)| (*flag, path.display().to_string())));
        app::Config::from_pairs(pairs)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let refused = config(&[]).unwrap_err();
    assert!(refused.contains("tillroll certs dev"), "{refused}");
    let authority = Authority::new();
    let [key, ca, cert, tls_key] =
        ["caller.pem", "ca.pem", "command.pem", "command-key.pem"].map(|name| authority.file(name));
    let tls: [(&'static str, &Path); 3] = [("tls-ca", &ca), ("tls-cert", &cert), ("tls-key", &tls_key)];
    assert!(
        config(&tls)
            .unwrap_err()
            .contains("TILLROLL_INTERNAL_KEY_FILE is not set")
    );
    assert!(
        config(&[("internal-key-file", &key)])
            .unwrap_err()
            .contains("TILLROLL_TLS_CERT is not set")
    );
    assert_eq!(config(&[&tls[..], &[("internal-key-file", &*key)]].concat()), Ok(()));
}
