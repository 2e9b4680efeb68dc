//! What operators do about poison.

use eventstore::Store;
use projections::{
    At, Error, Filter, History, Options, ParkedEvent, ParkedId, ParkedKey, ParkedOrder, ParkedState, Past, Place, Skip,
    Start, parked, rebuild, retry, skip,
};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::fold::expected;
use crate::poison::{garble, left_out, order, placed};
use crate::shop::{Kind, Shop, append};
use crate::support::{Running, assert_same, open, quick, settle, until, views};

const BY: Skip<'_> = Skip {
    actor: "usr_operator",
    reason: "nothing was sold",
};

/// Makes the first event of the order one that can be read, by hand. Whoever has it in memory still has it as it was.
async fn mend(pool: &PgPool, order: &str) {
    sqlx::query("UPDATE events SET payload = $2 WHERE aggregate_id = $1 AND sequence = 1")
        .bind(order)
        .bind(placed(order, "mended"))
        .execute(pool)
        .await
        .unwrap();
}

fn credited() -> Value {
    json!({"OrderCredited": {"credit_id": "crd_00000000-0000-0000-0000-000000000001", "amount": 1, "units": 1}})
}

async fn all(pool: &PgPool, filter: Filter) -> Vec<ParkedEvent> {
    parked(pool, &filter, ParkedOrder::default(), &Start::First, 1_000)
        .await
        .unwrap()
}

async fn of_stream(pool: &PgPool, projection: &str, stream: &str) -> Vec<ParkedEvent> {
    let filter = Filter {
        projection: Some(projection.to_owned()),
        aggregate_id: Some(stream.to_owned()),
        ..Filter::default()
    };
    all(pool, filter).await
}

/// Credits of the order that the read model shows; `None`: it does not show the order.
async fn shown(pool: &PgPool, order: &str) -> Option<i64> {
    sqlx::query_scalar("SELECT credited FROM orders WHERE id = $1")
        .bind(order)
        .fetch_optional(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_retry_after_the_fix_applies_everything_once_and_in_order(pool: PgPool) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    garble(&store, &order(1), json!({"OrderPlaced": {"oops": 1}})).await;
    // More than one transaction of a retry takes.
    for _ in 0..250 {
        garble(&store, &order(1), credited()).await;
    }
    settle(&pool, &store).await;
    let waiting = of_stream(&pool, "orders", &order(1)).await;
    assert_eq!(waiting.len(), 251);
    assert_eq!((waiting[0].state, waiting[0].attempts), (ParkedState::Failed, 1));
    assert!(waiting[0].error.is_some());
    assert!(
        waiting[1..]
            .iter()
            .all(|event| event.state == ParkedState::Waiting && event.attempts == 0)
    );
    assert!(waiting.is_sorted_by_key(|event| event.sequence));

    // As long as nothing is mended, it is in vain, and noted.
    let last = &waiting[250].id;
    let in_vain = retry(&pool, &store.log(), last).await.unwrap();
    assert_eq!((in_vain.applied, in_vain.left), (0, 251));
    assert_eq!(in_vain.error, waiting[0].error);
    assert_eq!(of_stream(&pool, "orders", &order(1)).await[0].attempts, 2);
    assert_eq!(shown(&pool, &order(1)).await, None);

    // Two operators and more events come in between.
    mend(&pool, &order(1)).await;
    let logs = [store.log(), store.log()];
    let writing = async {
        for _ in 0..20 {
            garble(&store, &order(1), credited()).await;
        }
    };
    let (first, second, ()) = tokio::join!(
        retry(&pool, &logs[0], &waiting[0].id),
        retry(&pool, &logs[1], last),
        writing
    );
    let applied = first.unwrap().applied + second.unwrap().applied;
    assert!((251..=271).contains(&applied), "{applied}");
    settle(&pool, &store).await;
    assert_eq!(of_stream(&pool, "orders", &order(1)).await, []);
    assert_eq!(shown(&pool, &order(1)).await, Some(270), "each counts once");

    // Once more: nothing is left to do, and that is no error.
    let again = retry(&pool, &store.log(), last).await.unwrap();
    assert_eq!((again.applied, again.left, again.error), (0, 0, None));
    garble(&store, &order(1), credited()).await;
    settle(&pool, &store).await;
    assert_eq!(shown(&pool, &order(1)).await, Some(271), "the stream is live again");
    running.stop().await;
}

async fn past(pool: &PgPool, store: &Store, aggregate_type: &str, id: &str) -> Value {
    let history = History::new(pool.clone());
    let now = At::Positions(store.log().heads().await.unwrap());
    let moment = history.moment(id, &now).await.unwrap();
    match history.row(aggregate_type, id, &moment).await.unwrap() {
        Past::Row(row) => serde_json::from_str(&row).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// It folds, and PostgreSQL refuses what comes out: the past stops there like the read model.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn the_past_stops_at_what_only_postgresql_refuses(pool: PgPool) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    append(
        &store,
        None,
        vec![(Kind::Order, order(1), vec![placed(&order(1), "fine")])],
    )
    .await;
    garble(&store, &order(1), placed(&order(1), "no\u{0}text")).await;
    garble(&store, &order(1), credited()).await;
    settle(&pool, &store).await;
    assert_eq!(of_stream(&pool, "orders", &order(1)).await.len(), 2);
    let past = past(&pool, &store, "order", &order(1)).await;
    assert_eq!((&past["credited"], &past["version"]), (&json!(0), &json!(1)));
    running.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_skipped_event_stays_out_and_the_rest_goes_on(pool: PgPool) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    let place = |nth| vec![(Kind::Order, order(nth), vec![placed(&order(nth), "fine")])];
    append(&store, None, place(1)).await;
    append(&store, None, place(2)).await;
    garble(&store, &order(1), json!({"OrderCredited": "nonsense"})).await;
    garble(&store, &order(1), credited()).await;
    settle(&pool, &store).await;
    let [bad, waits]: [ParkedEvent; 2] = of_stream(&pool, "orders", &order(1)).await.try_into().unwrap();
    assert_eq!(shown(&pool, &order(1)).await, Some(0));

    let log = store.log();
    let refused = skip(&pool, &log, &waits.id, BY).await.unwrap_err();
    assert!(matches!(refused, Error::Waits { .. }), "{refused}");
    let skipped = skip(&pool, &log, &bad.id, BY).await.unwrap();
    assert_eq!((skipped.rest.applied, skipped.rest.left), (1, 0));
    assert_eq!(Some(&skipped.error), bad.error.as_ref());
    assert!(!skipped.error.contains("nonsense"), "{}", skipped.error);
    assert_eq!(shown(&pool, &order(1)).await, Some(1));
    // The past is what the read model shows, too.
    let past = past(&pool, &store, "order", &order(1)).await;
    assert_eq!((&past["credited"], &past["version"]), (&json!(1), &json!(3)));
    let place = |sequence| Place {
        aggregate_type: "order".to_owned(),
        aggregate_id: order(1),
        sequence,
    };
    let history = History::new(pool.clone());
    let changed = history.changes(&[place(2), place(3)]).await.unwrap();
    let fields = changed
        .iter()
        .map(|changes| changes.iter().map(|change| change.field.as_str()).collect::<Vec<_>>());
    assert!(fields.eq([vec![], vec!["credited"]]), "{changed:?}");
    let listed = of_stream(&pool, "orders", &order(1)).await;
    let by = listed[0].skipped.as_ref().unwrap();
    assert_eq!((listed.len(), listed[0].state), (1, ParkedState::Skipped));
    assert_eq!((by.actor.as_str(), by.reason.as_str()), (BY.actor, BY.reason));

    // Somebody else's skip of it changes nothing, not even the reason.
    let other = Skip {
        actor: "usr_other",
        reason: "another",
    };
    let again = skip(&pool, &log, &bad.id, other).await.unwrap();
    assert_eq!(
        (again.actor.as_str(), again.at, again.rest.applied),
        (BY.actor, skipped.at, 0)
    );
    assert_eq!(of_stream(&pool, "orders", &order(1)).await, listed);

    // Other read models have parkings of their own.
    let sales = of_stream(&pool, "sales", &order(1)).await;
    assert_eq!(sales[0].state, ParkedState::Failed);
    let status = projections::status(&pool).await.unwrap();
    let orders = status.iter().find(|status| status.name == "orders").unwrap();
    assert_eq!((orders.parked, orders.skipped, orders.needs_rebuild), (0, 1, false));

    // A rebuild leaves it out too, and equals what served.
    let rebuilt = rebuild(&pool, &log, "orders", Options::default(), |_| {})
        .await
        .unwrap();
    assert_eq!((rebuilt.verified, rebuilt.parked), (true, 0));
    assert_eq!(shown(&pool, &order(1)).await, Some(1));
    append(&store, None, vec![(Kind::Order, order(1), vec![credited()])]).await;
    settle(&pool, &store).await;
    assert_eq!(shown(&pool, &order(1)).await, Some(2));
    running.stop().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_not_parked_cannot_be_settled(pool: PgPool) {
    let store = open(&pool).await;
    let running = Running::start(&pool, &store, quick());
    append(
        &store,
        None,
        vec![(Kind::Order, order(1), vec![placed(&order(1), "fine")])],
    )
    .await;
    settle(&pool, &store).await;
    let lane = store.lane_of(&order(1));
    let id = |projection: &str, position| ParkedId {
        projection: projection.to_owned(),
        lane,
        position,
    };
    let log = store.log();
    for wrong in [id("orders", 7), id("orders", 0)] {
        let refused = retry(&pool, &log, &wrong).await.unwrap_err();
        assert!(matches!(refused, Error::NotParked { .. }), "{refused}");
        let refused = skip(&pool, &log, &wrong, BY).await.unwrap_err();
        assert!(matches!(refused, Error::NotParked { .. }), "{refused}");
    }
    let refused = retry(&pool, &log, &id("nonsense", 1)).await.unwrap_err();
    assert!(matches!(refused, Error::Unknown { .. }), "{refused}");
    // What the read model shows cannot be taken out of it.
    let refused = skip(&pool, &log, &id("orders", 1), BY).await.unwrap_err();
    assert!(matches!(refused, Error::NotParked { .. }), "{refused}");
    assert_eq!(retry(&pool, &log, &id("orders", 1)).await.unwrap().applied, 0);
    running.stop().await;
}

/// Poison in many streams, under load, with two projectors and operators at work all the time: in the end nothing is parked, and the
/// read models are the fold of the events.
#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn operators_and_projectors_do_not_get_in_each_others_way(pool: PgPool) {
    let store = open(&pool).await;
    let runners = [
        Running::start(&pool, &store, quick()),
        Running::start(&pool, &store, quick()),
    ];
    let mut shop = Shop::new(store.clone(), 11);
    let poison = async {
        for nth in 100..130 {
            // Decodes, but the database refuses it, until the name is another one.
            append(
                &store,
                None,
                vec![(Kind::Order, order(nth), vec![placed(&order(nth), "no\0text")])],
            )
            .await;
            append(&store, None, vec![(Kind::Order, order(nth), vec![credited()])]).await;
        }
    };
    tokio::join!(shop.trade(100), poison);
    settle(&pool, &store).await;
    assert_eq!(left_out(&pool, "orders").await.len(), 60);
    sqlx::query("UPDATE events SET payload = replace(payload::text, 'no\\u0000text', 'some text')::json")
        .execute(&pool)
        .await
        .unwrap();
    let failed = || Filter {
        state: Some(ParkedState::Failed),
        ..Filter::default()
    };
    // Operators come over connections of their own.
    let desk = sqlx::postgres::PgPoolOptions::new()
        .max_connections(3)
        .connect_with((*pool.connect_options()).clone())
        .await
        .unwrap();
    let store = crate::support::open_store(&desk).await;
    let operators = async || {
        let log = store.log();
        until("nothing is parked", async || {
            let events = all(&desk, failed()).await;
            for event in &events {
                retry(&desk, &log, &event.id).await.unwrap();
            }
            events.is_empty()
        })
        .await;
    };
    let mut other = Shop::new(store.clone(), 12);
    tokio::join!(operators(), operators(), other.trade(100));
    settle(&pool, &store).await;
    assert_eq!(all(&pool, Filter::default()).await, []);
    let mut expected = expected(&pool).await;
    // It tells of the events as they were before somebody altered them.
    expected.remove("audit");
    assert_same(&views(&pool).await, &expected);
    for runner in runners {
        runner.stop().await;
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn pages_go_both_ways(pool: PgPool) {
    let store = open(&pool).await;
    for nth in 1..8 {
        garble(&store, &order(nth), json!({"OrderPlaced": {"oops": 1}})).await;
    }
    let running = Running::start(&pool, &store, quick());
    settle(&pool, &store).await;
    let everything = all(&pool, Filter::default()).await;
    assert_eq!(everything.len(), 21, "orders, sales and what each product sold");
    let id = |event: &ParkedEvent| event.id.clone();
    let time = |event: &ParkedEvent| (event.parked_at, event.id.clone());
    for key in [ParkedKey::Id, ParkedKey::ParkedAt] {
        for descending in [false, true] {
            let order = ParkedOrder { key, descending };
            let mut everything = everything.clone();
            match key {
                ParkedKey::Id => everything.sort_by_key(id),
                ParkedKey::ParkedAt => everything.sort_by_key(time),
            }
            if descending {
                everything.reverse();
            }
            let page = async |start: Start| parked(&pool, &Filter::default(), order, &start, 5).await.unwrap();
            let first = page(Start::First).await;
            assert_eq!(first, everything[..5], "{order:?}");
            let second = page(Start::After((&first[4]).into())).await;
            assert_eq!(second, everything[5..10]);
            assert_eq!(page(Start::Before((&second[0]).into())).await, first);
            assert_eq!(page(Start::After((&second[4]).into())).await, everything[10..15]);
            assert_eq!(page(Start::After((&everything[19]).into())).await, everything[20..]);
        }
    }
    running.stop().await;
}
