//! A store that the version before wrote, under today's program.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::user::{Opener, User, UserEvent};
use domain::{REGISTRY, Visitor, visit};
use eventstore::sealing::{SealConfig, Sealer, VerifyOptions, verify};
use eventstore::{Positions, Recorded, Registered, Store, StreamReader, export_stream};
use futures::future::BoxFuture;
use projections::{At, History, Options, Past, Place, rebuild};
use seal::SigningKey;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::samples::{Sample, insert, sample};
use crate::shop::{Kind, append};
use crate::support::{Running, assert_same, open, quick, settle, views};

const ADA: &str = "usr_01939b7e-5c1a-7f00-8000-0000000000c1";
const BOB: &str = "usr_01939b7e-5c1a-7f00-8000-0000000000c2";

/// Streams in the order of their events, in which every event type occurs as its first version was stored.
const STREAMS: &[(&str, &str, &[&str])] = &[
    (
        "product",
        "prod_01939b7e-5c1a-7f00-8000-0000000000a1",
        &[
            "ProductCreated.v1",
            "ProductUpdated.v1",
            "ProductPriceChanged.v1",
            "ProductPublished.v1",
            "ProductArchived.v1",
            "ProductDeleted.v1",
            "ProductRestored.v1",
        ],
    ),
    (
        "stock",
        "prod_01939b7e-5c1a-7f00-8000-0000000000a1",
        &[
            "StockReceived.v1",
            "StockAdjusted.v1",
            "StockReserved.v1",
            "StockReleased.v1",
            "StockReserved.v1",
            "StockCommitted.v1",
            "StockSet.v1",
        ],
    ),
    (
        "order",
        "ord_01939b7e-5c1a-7f00-8000-0000000000b1",
        &["OrderPlaced.v1", "OrderCancelled.v1"],
    ),
    (
        "order",
        "ord_7d0f4d26-26f8-5c0b-9a3e-0000000000b2",
        &["OrderImported.v1", "OrderCredited.v1"],
    ),
    (
        "order",
        "ord_01939b7e-5c1a-7f00-8000-0000000000b3",
        &["OrderAbandoned.v1"],
    ),
    ("process", "reservations", &["EffectRetried.v1", "EffectDropped.v1"]),
    (
        "credit",
        "crd_7d0f4d26-26f8-5c0b-9a3e-0000000000d1",
        &["CreditIssued.v1"],
    ),
    ("sku", "MUG-1", &["SkuClaimed.v1", "SkuReleased.v1"]),
    ("user", ADA, &["UserRegistered.v1"]),
    (
        "user",
        BOB,
        &[
            "UserRegistered.customer.v1",
            "UserRoleChanged.v1",
            "UserDisabled.v1",
            "UserEnabled.v1",
            "PasswordChanged.v1",
        ],
    ),
    (
        "session",
        "ses_01939b7e-5c1a-7f00-8000-0000000000e1",
        &["SessionOpened.v1", "RefreshTokenReused.v1", "SessionEnded.v1"],
    ),
    ("email", "ada@example.com", &["EmailClaimed.v1", "EmailReleased.v1"]),
    ("login", "logins_2026-01-01", &["LoggedIn.v1", "LogInFailed.v1"]),
    (
        "projection",
        "projection_orders",
        &["ParkedEventsRetried.v1", "ParkedEventSkipped.v1"],
    ),
    (
        "search_settings",
        "search_settings",
        &[
            "SearchSettingsChanged.v1",
            "SearchRuleCreated.v1",
            "SearchRuleDeleted.v1",
        ],
    ),
];

async fn written_before(pool: &PgPool) {
    let mut written = BTreeSet::new();
    for (aggregate_type, id, names) in STREAMS {
        for name in *names {
            let mut event = sample(aggregate_type, name);
            if *aggregate_type == "user" {
                event.json = event.json.replace(ADA, id);
            }
            insert(pool, id, &event).await;
            written.insert(event.event_type);
        }
    }
    let changed = REGISTRY
        .iter()
        .flat_map(|entry| entry.events)
        .filter(|event| event.version > 1);
    for event in changed {
        assert!(written.contains(event.name), "{} has an older version", event.name);
    }
}

async fn log(store: &Store) -> Vec<Recorded> {
    let start = Positions::start(0..store.lane_count());
    store.log().read(&start, 1_000).await.unwrap()
}

/// What is stored, by every road that leads to a state: the writer's load, and the replay of the exported stream.
struct BothWays<'a> {
    pool: &'a PgPool,
    store: &'a Store,
    id: &'a str,
}

impl<'a> Visitor for BothWays<'a> {
    type Output = BoxFuture<'a, (Value, u64, String)>;

    fn visit<A: Registered + Serialize>(self) -> Self::Output {
        let Self { pool, store, id } = self;
        Box::pin(async move {
            let loaded = store.load::<A>(id).await.unwrap();
            let mut file = Vec::new();
            export_stream(pool, A::TYPE, id, &mut file).await.unwrap();
            let replayed = StreamReader::open(file.as_slice()).unwrap().replay::<A>(|_, _| ());
            let replayed = replayed.unwrap();
            let state = serde_json::to_value(&loaded.aggregate).unwrap();
            assert_eq!(
                serde_json::to_value(&replayed.aggregate).unwrap(),
                state,
                "{}/{id}",
                A::TYPE
            );
            assert_eq!(replayed.version, loaded.version);
            (state, loaded.version, String::from_utf8(file).unwrap())
        })
    }
}

async fn sealed(pool: &PgPool) -> u64 {
    let began: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let key = SigningKey::from_seed([7; 32]);
    let config = SealConfig::new(key, Arc::new(move || began), Uuid::from_u128(1));
    let (events, _) = Sealer::new(pool.clone(), config).seal_all().await.unwrap();
    events
}

async fn intact(pool: &PgPool) -> u64 {
    let options = VerifyOptions {
        keys: vec![SigningKey::from_seed([7; 32]).public()],
        workers: 1,
        ..VerifyOptions::default()
    };
    let report = verify(pool, &options, |_, _| ()).await.unwrap();
    assert!(report.intact, "{:?}", report.findings);
    report.sealed
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_store_of_the_version_before_is_read_folded_rebuilt_exported_replayed_and_verified(pool: PgPool) {
    let store = open(&pool).await;
    written_before(&pool).await;
    // Sealed by the version before: what is hashed is what is stored.
    let before = sealed(&pool).await;

    // Read: events of older versions come in today's shape, and lie in the log as they were.
    let events = log(&store).await;
    assert_eq!(u64::try_from(events.len()).unwrap(), before);
    assert!(events.iter().all(|event| &*event.event_version == "1.0"));
    let registered = |id: &str| {
        let event = events.iter().find(|event| &*event.aggregate_id == id).unwrap();
        assert!(!event.payload.contains("opened_by"), "{}", event.payload);
        let UserEvent::UserRegistered(account) = event.decode().unwrap() else {
            panic!("{event:?}")
        };
        account
    };
    assert_eq!(registered(ADA).opened_by, Opener::Staff);
    assert_eq!(registered(BOB).name.as_str(), "Bob");

    // Folded, and replayed from what is exported.
    for (aggregate_type, id, names) in STREAMS {
        let (pool, store) = (&pool, &store);
        let (_, version, file) = visit(aggregate_type, BothWays { pool, store, id }).unwrap().await;
        assert_eq!(version, names.len() as u64);
        assert!(
            !file.contains("opened_by"),
            "what is exported is what is stored: {file}"
        );
    }
    let ada = store.load::<User>(ADA).await.unwrap().aggregate;
    assert_eq!(ada.account(), Some(&registered(ADA)));

    // The read models, live and rebuilt; nothing is parked.
    let running = Running::start(&pool, &store, quick());
    settle(&pool, &store).await;
    let live = views(&pool).await;
    let users: Vec<(String, String, String)> = sqlx::query_as("SELECT id, email, role FROM users ORDER BY id")
        .fetch_all(&pool)
        .await
        .unwrap();
    let user = |id: &str, email: &str, role: &str| (id.to_owned(), email.to_owned(), role.to_owned());
    assert_eq!(
        users,
        [
            user(ADA, "ada@example.com", "admin"),
            user(BOB, "bob@example.com", "admin")
        ]
    );
    assert_eq!(live["audit"].len(), events.len());
    for projection in projections::all() {
        let rebuilt = rebuild(&pool, &store.log(), projection.name(), Options::default(), |_| {})
            .await
            .unwrap();
        assert!(rebuilt.verified && rebuilt.parked == 0, "{}", projection.name());
    }
    assert_same(&views(&pool).await, &live);

    // The past.
    let history = History::new(pool.clone());
    let now = At::Positions(store.log().heads().await.unwrap());
    let moment = history.moment(ADA, &now).await.unwrap();
    let Past::Row(row) = history.row("user", ADA, &moment).await.unwrap() else {
        panic!("there is no such user");
    };
    let row: Value = serde_json::from_str(&row).unwrap();
    assert_eq!((&row["email"], &row["version"]), (&json!("ada@example.com"), &json!(1)));
    let place = |aggregate_type: &str, aggregate_id: &str| Place {
        aggregate_type: aggregate_type.to_owned(),
        aggregate_id: aggregate_id.to_owned(),
        sequence: 1,
    };
    let changed = history
        .changes(&[
            place("user", ADA),
            place("order", "ord_01939b7e-5c1a-7f00-8000-0000000000b3"),
        ])
        .await
        .unwrap();
    let fields = changed
        .iter()
        .map(|changes| changes.iter().map(|change| &*change.field));
    let fields: Vec<Vec<&str>> = fields.map(Iterator::collect).collect();
    assert_eq!(fields, [vec!["email", "name", "role"], vec!["status", "cancel_reason"]]);

    // What is written now is of today's version, and everything is as it was sealed.
    let new = sample("user", "UserRegistered.customer.v2");
    let eve = "usr_01939b7e-5c1a-7f00-8000-0000000000c3";
    let event: Value = serde_json::from_str(&new.json.replace(ADA, eve)).unwrap();
    append(&store, None, vec![(Kind::User, eve.to_owned(), vec![event])]).await;
    settle(&pool, &store).await;
    let newest = log(&store).await.into_iter().find(|event| &*event.aggregate_id == eve);
    assert_eq!(
        newest.map(|event| event.event_version.to_string()).as_deref(),
        Some("2.0")
    );
    assert_eq!(sealed(&pool).await, 1);
    assert_eq!(intact(&pool).await, before + 1);
    running.stop().await;
}

/// Two versions of the program run side by side: the older one meets what it cannot know.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_event_of_a_version_to_come_is_parked_and_not_guessed(pool: PgPool) {
    let store = open(&pool).await;
    let newer = Sample {
        version: "3.0".to_owned(),
        ..sample("user", "UserRegistered.v2")
    };
    insert(&pool, ADA, &newer).await;
    let running = Running::start(&pool, &store, quick());
    settle(&pool, &store).await;
    let parked: Vec<(String, String)> = sqlx::query_as("SELECT name, error FROM projection_dead_letter ORDER BY name")
        .fetch_all(&pool)
        .await
        .unwrap();
    let names: Vec<&str> = parked.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["audit", "users"]);
    let told = "version 3.0 of UserRegistered is not known: the newest known one is 2.0";
    assert!(parked.iter().all(|(_, error)| error.ends_with(told)), "{parked:?}");
    assert!(
        store.load::<User>(ADA).await.is_err(),
        "nobody decides on what he cannot read"
    );

    // Once the newer one runs everywhere, a retry brings it in: here it turns out to be a version that is known.
    sqlx::query("UPDATE events SET event_version = '2.0'")
        .execute(&pool)
        .await
        .unwrap();
    for name in names {
        let id = projections::ParkedId {
            projection: name.to_owned(),
            lane: store.lane_of(ADA),
            position: 1,
        };
        let retried = projections::retry(&pool, &store.log(), &id).await.unwrap();
        assert_eq!((retried.applied, retried.left), (1, 0), "{name}");
    }
    let shown = views(&pool).await;
    assert_eq!((shown["audit"].len(), shown["users"].len()), (1, 1));
    running.stop().await;
}
