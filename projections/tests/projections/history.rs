//! The past: every prefix of random histories, folded by independent code; snapshots; moments.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use eventstore::Positions;
use projections::{At, History, HistoryError, Moment, Past, Place};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::fold::row_after;
use crate::shop::{Kind, Shop, append};
use crate::support::{Running, normal, open, open_store, quick, settle, views};

/// All events, stream by stream.
async fn streams(pool: &PgPool) -> BTreeMap<(String, String), Vec<Value>> {
    let events: Vec<Value> =
        sqlx::query_scalar("SELECT to_jsonb(e) FROM events e ORDER BY aggregate_type, aggregate_id, sequence")
            .fetch_all(pool)
            .await
            .unwrap();
    let mut streams: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for event in events {
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        let key = (text("aggregate_type"), text("aggregate_id"));
        streams.entry(key).or_default().push(event);
    }
    streams
}

fn moment(event: &Value, later: u64) -> Moment {
    Moment {
        lane: u32::try_from(event["lane"].as_u64().unwrap()).unwrap(),
        position: event["position"].as_u64().unwrap() + later,
        time: None,
    }
}

fn row(past: &Past) -> Option<Value> {
    match past {
        Past::Row(row) => Some(normal(serde_json::from_str(row).unwrap())),
        Past::Nothing | Past::NotYet => None,
    }
}

async fn every_prefix_is_the_fold_of_its_events(pool: PgPool, seed: u64) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    Shop::new(store.clone(), seed).trade(120).await;
    settle(&pool, &store).await;
    let history = History::new(pool.clone());
    let live = views(&pool).await;
    let mut compared = 0;
    for ((kind, id), events) in streams(&pool).await {
        let view = match kind.as_str() {
            "product" => "products",
            "order" => "orders",
            "user" => "users",
            "stock" => "stock",
            _ => continue,
        };
        let first = moment(&events[0], 0);
        let before = Moment {
            position: first.position - 1,
            ..first
        };
        let shown = row_after(&events).is_some();
        assert_eq!(history.row(&kind, &id, &before).await.unwrap(), Past::NotYet);
        for (index, event) in events.iter().enumerate() {
            let expected = row_after(&events[..=index]);
            let past = history.row(&kind, &id, &moment(event, 0)).await.unwrap();
            assert_eq!(row(&past), expected, "{kind} {id} at {index}");
            // Events of other streams come between this one and the next.
            let next = events
                .get(index + 1)
                .map_or(u64::MAX, |next| next["position"].as_u64().unwrap());
            if next > moment(event, 1).position {
                let past = history.row(&kind, &id, &moment(event, 1)).await.unwrap();
                assert_eq!(row(&past), expected, "{kind} {id} after {index}");
            }
            compared += 1;
        }
        let now = history
            .row(&kind, &id, &moment(events.last().unwrap(), 1_000))
            .await
            .unwrap();
        let present = live[view].get(&format!("\"{id}\"")).cloned();
        assert_eq!(row(&now), present, "{kind} {id} now");
        assert_eq!(present.is_some(), shown);
    }
    assert!(compared > 200, "{compared}");
    running.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_prefix_is_the_fold_of_its_events_1(pool: PgPool) {
    every_prefix_is_the_fold_of_its_events(pool, 11).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_prefix_is_the_fold_of_its_events_2(pool: PgPool) {
    every_prefix_is_the_fold_of_its_events(pool, 12).await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn changes_join_on_and_the_audit_finds_them_by_field(pool: PgPool) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    Shop::new(store.clone(), 22).trade(800).await;
    settle(&pool, &store).await;
    let history = History::new(pool.clone());
    let fields: Vec<(String, String, i64, Vec<String>)> =
        sqlx::query_as("SELECT aggregate_type, aggregate_id, sequence, fields FROM audit")
            .fetch_all(&pool)
            .await
            .unwrap();
    let fields: BTreeMap<_, BTreeSet<String>> = fields
        .into_iter()
        .map(|(kind, id, sequence, fields)| ((kind, id, sequence.unsigned_abs()), fields.into_iter().collect()))
        .collect();
    let streams = streams(&pool).await;
    // In one call and upside down: the order of asking does not matter.
    let places: Vec<Place> = streams
        .iter()
        .flat_map(|((kind, id), events)| {
            (1..=events.len() as u64).rev().map(|sequence| Place {
                aggregate_type: kind.clone(),
                aggregate_id: id.clone(),
                sequence,
            })
        })
        .collect();
    let told = history.changes(&places).await.unwrap();
    let told: BTreeMap<_, _> = places
        .into_iter()
        .zip(told)
        .map(|(place, changes)| ((place.aggregate_type, place.aggregate_id, place.sequence), changes))
        .collect();
    // Events that may leave things as they are.
    let idle = [
        "ProductPublished",
        "ProductArchived",
        "ProductRestored",
        "ProductUpdated",
        "ProductPriceChanged",
        "StockAdjusted",
        "StockSet",
        "OrderCredited",
        "SearchSettingsChanged",
    ];
    let mut exact = BTreeSet::new();
    for ((kind, id), events) in &streams {
        let mut state: BTreeMap<String, Value> = BTreeMap::new();
        if kind == "stock" {
            state.extend(["on_hand", "reserved", "available"].map(|name| (name.to_owned(), json!(0))));
        }
        if kind == "search_settings" {
            state.extend(["synonyms", "stop_words", "rules"].map(|name| (name.to_owned(), json!([]))));
        }
        for event in events {
            let key = (kind.clone(), id.clone(), event["sequence"].as_u64().unwrap());
            let mut names = BTreeSet::new();
            for change in &told[&key] {
                let known = state.get(&change.field).cloned().unwrap_or_default();
                assert_eq!(known, change.before, "{key:?} {}", change.field);
                assert_ne!(change.before, change.after);
                state.insert(change.field.clone(), change.after.clone());
                names.insert(change.field.clone());
                if change.field.starts_with("attributes.") {
                    names.insert("attributes".to_owned());
                }
            }
            let found = &fields[&key];
            assert!(found.is_superset(&names), "{key:?}: {found:?} and {names:?}");
            let event_type = event["event_type"].as_str().unwrap();
            if !idle.contains(&event_type) && event_type != "ProductDeleted" {
                assert_eq!(found, &names, "{key:?} {event_type}");
            }
            if *found == names {
                exact.insert(event_type.to_owned());
            }
        }
        if kind == "stock" {
            let row = row_after(events).unwrap();
            assert_eq!(
                (&row["on_hand"], &row["reserved"]),
                (&state["on_hand"], &state["reserved"])
            );
        }
    }
    for event_type in idle {
        assert!(exact.contains(event_type), "{event_type} never changed what it names");
    }
    running.stop().await;
}

const LONG: &str = "prod_00000000-0000-7000-8000-000000000001";
const LENGTH: i64 = 100_000;

/// A stock stream of a hundred thousand receipts of one unit, and every tenth event of the lane another stream's.
async fn long_stream(pool: &PgPool) -> Moment {
    let lane = i32::try_from(eventstore::lane_of(LONG, 64)).unwrap();
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, lane, position,
                             event_id, recorded_at, occurred_at, actor, correlation_id)
         SELECT 'stock', $1, n, 'StockReceived', '1.0', '{\"StockReceived\":{\"quantity\":1}}'::json, '{}'::json, $2, n + n / 10,
                gen_random_uuid(), '2026-01-01Z'::timestamptz + n * interval '1 second', '2026-01-01Z'::timestamptz, 'usr_1', gen_random_uuid()
         FROM generate_series(1, $3) n
         UNION ALL
         SELECT 'sku', 'sku_' || n, 1, 'SkuClaimed', '1.0', '{}'::json, '{}'::json, $2, n * 11 - 1,
                gen_random_uuid(), '2026-01-01Z'::timestamptz + n * interval '10 seconds', '2026-01-01Z'::timestamptz, 'usr_1', gen_random_uuid()
         FROM generate_series(1, $3 / 10) n",
    )
    .bind(LONG)
    .bind(lane)
    .bind(LENGTH)
    .execute(pool)
    .await
    .unwrap();
    sqlx::query(
        "UPDATE lanes SET head = (SELECT max(position) FROM events e WHERE e.lane = lanes.lane) WHERE lane = $1",
    )
    .bind(lane)
    .execute(pool)
    .await
    .unwrap();
    Moment {
        lane: lane.unsigned_abs(),
        position: 0,
        time: None,
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_long_stream_is_folded_once_and_then_only_from_the_nearest_snapshot(pool: PgPool) {
    let start = long_stream(&pool).await;
    let history = History::new(pool.clone());
    let at = |sequence: u64| Moment {
        position: sequence + sequence / 10,
        ..start
    };
    let on_hand = async |sequence: u64| {
        let before = history.events_folded();
        let past = history.row("stock", LONG, &at(sequence)).await.unwrap();
        let row = row(&past).unwrap();
        assert_eq!(row["version"], sequence, "the row of another moment");
        (row["on_hand"].as_u64().unwrap(), history.events_folded() - before)
    };
    assert_eq!(
        on_hand(90_000).await,
        (90_000, 90_000),
        "the first look folds everything"
    );
    for sequence in [1, 255, 256, 257, 4_711, 50_000, 89_999, 90_000] {
        let (units, folded) = on_hand(sequence).await;
        assert_eq!(units, sequence);
        assert!(folded < 256, "{folded} events for {sequence}");
    }
    assert_eq!(
        on_hand(100_000).await.1,
        100_000 - 90_000 / 256 * 256,
        "only what no snapshot covers yet"
    );
    assert!(on_hand(99_999).await.1 < 256);

    // What events changed, from both ends and the middle of the stream at once.
    let wanted = [1, 2, 300, 50_000, 50_001, 100_000];
    let places: Vec<Place> = wanted
        .iter()
        .map(|sequence| Place {
            aggregate_type: "stock".to_owned(),
            aggregate_id: LONG.to_owned(),
            sequence: *sequence,
        })
        .collect();
    let before = history.events_folded();
    let told = history.changes(&places).await.unwrap();
    assert!(history.events_folded() - before < 6 * 512);
    for (sequence, changes) in wanted.iter().zip(&told) {
        let after = |field: &str| {
            changes
                .iter()
                .find(|change| change.field == field)
                .map(|change| change.after.clone())
        };
        assert_eq!(after("on_hand"), Some(json!(sequence)));
    }
    assert_eq!(told[4][0].before, json!(50_000));

    // A snapshot of another log is not believed.
    let unlike = "UPDATE history_snapshots SET event_id = gen_random_uuid(), state = replace(state, '\"on_hand\":', '\"on_hand\":9')";
    sqlx::query(unlike).execute(&pool).await.unwrap();
    assert_eq!(on_hand(4_711).await, (4_711, 4_711));
    sqlx::query("UPDATE history_snapshots SET state = 'nonsense'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(on_hand(4_711).await, (4_711, 4_711));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn changes_of_a_long_stream_nobody_looked_at_leave_snapshots_behind(pool: PgPool) {
    long_stream(&pool).await;
    let history = History::new(pool.clone());
    let place = |sequence| Place {
        aggregate_type: "stock".to_owned(),
        aggregate_id: LONG.to_owned(),
        sequence,
    };
    let cost = async |sequence| {
        let before = history.events_folded();
        let told = history.changes(&[place(sequence)]).await.unwrap();
        assert_eq!(told[0][0].after, json!(sequence));
        history.events_folded() - before
    };
    assert!(cost(20_000).await >= 20_000);
    assert!(cost(19_990).await <= 512);
    assert!(cost(20_000).await <= 512);
    assert_eq!(
        history.changes(&[place(LENGTH.unsigned_abs() + 1)]).await.unwrap(),
        [vec![]],
        "no such event"
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn times_and_tokens_are_moments_of_a_lane(pool: PgPool) {
    let start = long_stream(&pool).await;
    let history = History::new(pool.clone());
    let time = |seconds: i64| "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::seconds(seconds);
    let at = async |at: At| history.moment(LONG, &at).await;
    for (seconds, position) in [
        (-5, 0),
        (0, 0),
        (1, 1),
        (2, 2),
        (9, 9),
        (10, 11),
        (11, 12),
        (50_000, 55_000),
        (100_000, 110_000),
    ] {
        let moment = at(At::Time(time(seconds))).await.unwrap();
        assert_eq!(
            (moment.lane, moment.position, moment.time),
            (start.lane, position, Some(time(seconds))),
            "{seconds}"
        );
    }
    let between = at(At::Time(time(7) + Duration::milliseconds(500))).await.unwrap();
    assert_eq!(between.position, 7);
    assert!(matches!(
        at(At::Time("2999-01-01T00:00:00Z".parse().unwrap())).await,
        Err(HistoryError::Future)
    ));

    let token = |pairs: &[(u32, u64)]| At::Positions(pairs.iter().copied().collect::<Positions>());
    let named = at(token(&[(start.lane, 12)])).await.unwrap();
    assert_eq!((named.position, named.time), (12, Some(time(11))));
    assert_eq!(at(token(&[(start.lane, 0)])).await.unwrap().position, 0);
    for beyond in [
        token(&[(start.lane, 110_001)]),
        token(&[(64, 0)]),
        token(&[(start.lane, 1), (9_999, 0)]),
        token(&[]),
    ] {
        assert!(
            matches!(at(beyond.clone()).await, Err(HistoryError::NoSuchPosition)),
            "{beyond:?}"
        );
    }

    // A lane that the token does not name is looked at as of the token's newest event.
    let elsewhere = eventstore::lane_of("elsewhere", 64);
    assert_ne!(elsewhere, start.lane);
    sqlx::query(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, lane, position,
                             event_id, recorded_at, occurred_at, actor, correlation_id)
         VALUES ('order', 'elsewhere', 1, 'OrderAbandoned', '1.0', '{\"OrderAbandoned\":{\"reason\":\"x\"}}', '{}', $1, 1,
                 gen_random_uuid(), $2, $2, 'usr_1', gen_random_uuid())",
    )
    .bind(i32::try_from(elsewhere).unwrap())
    .bind(time(12))
    .execute(&pool)
    .await
    .unwrap();
    sqlx::query("UPDATE lanes SET head = 1 WHERE lane = $1")
        .bind(i32::try_from(elsewhere).unwrap())
        .execute(&pool)
        .await
        .unwrap();
    let unnamed = at(token(&[(elsewhere, 1)])).await.unwrap();
    assert_eq!(
        (unnamed.lane, unnamed.position, unnamed.time),
        (start.lane, 13, Some(time(12)))
    );
    assert_eq!(
        at(token(&[(elsewhere, 0)])).await.unwrap().position,
        0,
        "nothing had happened yet"
    );
    // What never was an order is none at any time.
    let abandoned = Moment {
        lane: elsewhere,
        position: 1,
        time: None,
    };
    assert_eq!(
        history.row("order", "elsewhere", &abandoned).await.unwrap(),
        Past::Nothing
    );
    assert_eq!(
        history.row("order", "nowhere", &abandoned).await.unwrap(),
        Past::Nothing
    );
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn an_event_that_cannot_be_read_stops_the_past_where_it_stopped_the_read_model(pool: PgPool) {
    let store = open(&pool).await;
    let id = "prod_00000000-0000-7000-8000-000000000002";
    for quantity in [5, 6, 7] {
        let received = json!({"StockReceived": {"quantity": quantity}});
        append(&store, None, vec![(Kind::Stock, id.to_owned(), vec![received])]).await;
    }
    sqlx::query("UPDATE events SET payload = '{\"StockReceived\":{\"quantity\":\"six\"}}' WHERE aggregate_id = $1 AND sequence = 2")
        .bind(id)
        .execute(&pool)
        .await
        .unwrap();
    // Another process: this one still knows what it wrote.
    let store = open_store(&pool).await;
    let running = Running::start(&pool, &store, quick());
    settle(&pool, &store).await;
    let history = History::new(pool.clone());
    let events = streams(&pool)
        .await
        .remove(&("stock".to_owned(), id.to_owned()))
        .unwrap();
    let past = history.row("stock", id, &moment(&events[2], 0)).await.unwrap();
    let live = views(&pool).await["stock"][&format!("\"{id}\"")].clone();
    assert_eq!(row(&past), Some(live));
    let place = |sequence| Place {
        aggregate_type: "stock".to_owned(),
        aggregate_id: id.to_owned(),
        sequence,
    };
    let told = history.changes(&[place(1), place(2), place(3)]).await.unwrap();
    assert_eq!(told.iter().map(Vec::is_empty).collect::<Vec<_>>(), [false, true, true]);
    running.stop().await;
}
