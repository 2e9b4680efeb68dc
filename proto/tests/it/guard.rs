//! The guard in front of a service that lets everything pass.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;

use http::{Request, Response};
use http_body_util::Full;
use prost::Message;
use proto::access::{METHODS, Role};
use proto::caller::{Caller, Part};
use proto::failure::Failure;
use proto::guard::Guard;
use proto::statement::Keys;
use proto::v1::{AuthenticateRequest, CommandContext, CreateUserRequest, PlaceOrderLine, PlaceOrderRequest};
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tower::{Layer, ServiceExt};

const NOW: i64 = 1_800_000_000_000_000;
const SECOND: i64 = 1_000_000;
const ADMIN: &str = "usr_0198c0de-0000-7000-8000-00000000000a";
const CUSTOMER: &str = "usr_0198c0de-0000-7000-8000-00000000000c";
const CREATE_USER: &str = "/tillroll.v1.UserCommand/CreateUser";
const PLACE_ORDER: &str = "/tillroll.v1.OrderCommand/PlaceOrder";

fn keys(seed: u8, now: i64) -> Keys {
    Keys::from_seed(&[seed; 32], Arc::new(move || now))
}

fn person(actor: &str, role: Role) -> Caller {
    Caller::person(actor.into(), role, "req_1".into())
}

/// Those who may call something, by the letter that the file has for them.
fn callers() -> [(char, Caller); 5] {
    [
        ('v', person("", Role::Unspecified)),
        ('c', person(CUSTOMER, Role::Customer)),
        ('a', person(ADMIN, Role::Admin)),
        ('g', Caller::system(Part::Gateway, "gateway")),
        ('s', Caller::system(Part::Worker, "worker")),
    ]
}

fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], message].concat()
}

/// Sends a request through a guard; answers with the code of the refusal, or nothing.
async fn send(guard: &Guard, request: Request<Body>) -> String {
    let passes = tower::service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Body::empty())));
    let response = guard.layer(passes).oneshot(request).await.unwrap();
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() == Code::Unimplemented => "unimplemented".to_owned(),
        Some(status) => Failure::from(&status).code,
        None => String::new(),
    }
}

fn request(path: &str, message: &[u8]) -> Request<Body> {
    let body = Body::new(Full::new(frame(message).into()));
    Request::post(path).body(body).unwrap()
}

fn signed(mut request: Request<Body>, keys: &Keys, caller: &Caller, method: &str) -> Request<Body> {
    let mut metadata = MetadataMap::new();
    keys.sign(&mut metadata, caller, method);
    *request.headers_mut() = metadata.into_headers();
    request
}

fn within(mut request: Request<Body>, caller: &Caller) -> Request<Body> {
    request.extensions_mut().insert(caller.clone());
    request
}

#[tokio::test]
async fn the_matrix_of_methods_and_callers_is_the_reviewed_one() {
    let ours = keys(1, NOW);
    let guard = Guard::between(ours.clone(), false);
    let mut matrix = String::new();
    for method in METHODS {
        let mut granted = String::new();
        for (letter, caller) in callers() {
            let code = send(&guard, signed(request(method.path, b""), &ours, &caller, method.path)).await;
            let inside = send(&Guard::inside(), within(request(method.path, b""), &caller)).await;
            assert_eq!(code, inside, "{} for {letter}", method.path);
            let refusal = match letter {
                'v' if method.class != proto::access::CallClass::Internal => "unauthenticated",
                _ => "forbidden",
            };
            assert!(
                code.is_empty() || code == refusal,
                "{}: {code} for {letter}",
                method.path
            );
            granted.push(if code.is_empty() { letter } else { '-' });
        }
        writeln!(matrix, "{granted} {}", method.path.trim_start_matches("/tillroll.v1.")).unwrap();

        // Whatever they may do, nobody does it who does not prove who they are.
        let all = callers().into_iter().map(|(_, caller)| caller);
        for caller in all {
            let for_this = |keys: Keys| signed(request(method.path, b""), &keys, &caller, method.path);
            let elsewhere = if method.path == PLACE_ORDER {
                CREATE_USER
            } else {
                PLACE_ORDER
            };
            for (what, request) in [
                ("nothing", request(method.path, b"")),
                ("the caller of a process", within(request(method.path, b""), &caller)),
                ("another key", for_this(keys(2, NOW))),
                ("too old", for_this(keys(1, NOW - 91 * SECOND))),
                ("of the future", for_this(keys(1, NOW + 31 * SECOND))),
                (
                    "of another method",
                    signed(request(method.path, b""), &ours, &caller, elsewhere),
                ),
            ] {
                assert_eq!(
                    send(&guard, request).await,
                    "caller_unproven",
                    "{}: {what}",
                    method.path
                );
            }
        }
        assert_eq!(
            send(&Guard::inside(), request(method.path, b"")).await,
            "caller_unproven"
        );
    }
    let reviewed: Vec<_> = include_str!("methods.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let matrix: Vec<_> = matrix.lines().collect();
    assert_eq!(matrix, reviewed, "proto/tests/it/methods.txt says who may call what");
}

#[tokio::test]
async fn what_is_signed_cannot_be_changed() {
    let ours = keys(1, NOW);
    let guard = Guard::between(ours.clone(), false);
    let customer = person(CUSTOMER, Role::Customer);
    let honest = || signed(request(PLACE_ORDER, b""), &ours, &customer, PLACE_ORDER);
    assert_eq!(send(&guard, honest()).await, "");
    let name = "tillroll-caller-bin";
    let metadata = MetadataMap::from_headers(honest().headers().clone());
    let bytes = metadata.get_bin(name).unwrap().to_bytes().unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        let mut metadata = MetadataMap::new();
        metadata.insert_bin(name, tonic::metadata::BinaryMetadataValue::from_bytes(&changed));
        let mut request = honest();
        *request.headers_mut() = metadata.into_headers();
        assert_eq!(send(&guard, request).await, "caller_unproven", "byte {at}");
    }
}

#[tokio::test]
async fn nobody_acts_as_somebody_else() {
    let create = |actor: &str| {
        let context = CommandContext {
            actor: actor.to_owned(),
            ..CommandContext::default()
        };
        CreateUserRequest {
            context: Some(context),
            email: "eve@example.com".to_owned(),
            role: Role::Admin.into(),
            ..CreateUserRequest::default()
        }
        .encode_to_vec()
    };
    let other = person("usr_0198c0de-0000-7000-8000-00000000000b", Role::Admin);
    let (admin, system) = (person(ADMIN, Role::Admin), Caller::system(Part::Operator, "cli"));
    let twice = [create(other.actor()), create(ADMIN)].concat();
    for (caller, message, expected) in [
        (&admin, create(ADMIN), ""),
        // The service itself says that somebody is to be named.
        (&admin, create(""), ""),
        (&other, create(ADMIN), "actor_mismatch"),
        (&admin, create("system:cli"), "actor_mismatch"),
        (&system, create(ADMIN), "actor_mismatch"),
        (&system, create("system:import"), ""),
        // The later one holds when a field comes twice.
        (&admin, twice.clone(), ""),
        (&other, twice, "actor_mismatch"),
        (&admin, b"\x0a\xff".to_vec(), "invalid"),
    ] {
        let code = send(&Guard::inside(), within(request(CREATE_USER, &message), caller)).await;
        assert_eq!(code, expected, "{caller:?} {message:?}");
    }
    // A frame that the service would read otherwise.
    let message = create(ADMIN);
    let mut compressed = frame(&message);
    compressed[0] = 1;
    for body in [
        compressed,
        [frame(&message), frame(&message)].concat(),
        frame(&message)[..9].to_vec(),
        Vec::new(),
    ] {
        let request = Request::post(CREATE_USER)
            .body(Body::new(Full::new(body.into())))
            .unwrap();
        assert_eq!(send(&Guard::inside(), within(request, &admin)).await, "invalid");
    }
}

#[tokio::test]
async fn logging_in_names_nobody() {
    let message = AuthenticateRequest {
        email: "ann@example.com".to_owned(),
        ..AuthenticateRequest::default()
    };
    let path = "/tillroll.v1.UserCommand/Authenticate";
    let visitor = person("", Role::Unspecified);
    let code = send(
        &Guard::inside(),
        within(request(path, &message.encode_to_vec()), &visitor),
    )
    .await;
    assert_eq!(code, "");
}

#[tokio::test]
async fn the_message_arrives_as_it_was_sent() {
    let message = PlaceOrderRequest {
        context: Some(CommandContext {
            actor: CUSTOMER.to_owned(),
            ..CommandContext::default()
        }),
        lines: vec![PlaceOrderLine::default(); 3],
        ..PlaceOrderRequest::default()
    };
    let sent = message.encode_to_vec();
    let echo =
        tower::service_fn(async |request: Request<Body>| Ok::<_, Infallible>(Response::new(request.into_body())));
    let customer = person(CUSTOMER, Role::Customer);
    let request = within(request(PLACE_ORDER, &sent), &customer);
    let response = Guard::inside().layer(echo).oneshot(request).await.unwrap();
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
    assert_eq!(body.to_bytes(), frame(&sent));
}

#[tokio::test]
async fn health_and_reflection_are_open_and_nothing_else_is() {
    let guard = Guard::between(keys(1, NOW), true);
    for (path, expected) in [
        ("/grpc.health.v1.Health/Check", ""),
        ("/grpc.health.v1.Health/Watch", ""),
        ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", ""),
        ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", ""),
        ("/grpc.health.v2.Health/Check", "unimplemented"),
        ("/tillroll.v1.UserCommand/Nothing", "unimplemented"),
        ("/", "unimplemented"),
    ] {
        assert_eq!(send(&guard, request(path, b"")).await, expected, "{path}");
    }
    // Where certificates are asked for, a statement without one is not enough.
    let admin = person(ADMIN, Role::Admin);
    let request = signed(request(CREATE_USER, b""), &keys(1, NOW), &admin, CREATE_USER);
    assert_eq!(send(&guard, request).await, "caller_unproven");
}

#[test]
fn keys_are_read_from_pem() {
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n-----END PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=\n-----END PUBLIC KEY-----\n";
    let read = |text: &str| Keys::from_pem(text, Arc::new(|| NOW));
    let believes = |keys: &Keys, seed: u8| {
        let mut metadata = MetadataMap::new();
        self::keys(seed, NOW).sign(&mut metadata, &person(ADMIN, Role::Admin), CREATE_USER);
        keys.verify(&metadata, CREATE_USER).is_ok()
    };
    let both = read(&format!("# keys\n{private}{public}")).unwrap();
    assert!(both.can_sign() && believes(&both, 1));
    let public = read(public).unwrap();
    assert!(!public.can_sign() && believes(&public, 1) && !believes(&public, 2));
    for wrong in ["", "nonsense", &private[..60], &private.replace("MC4C", "MC5C")] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
