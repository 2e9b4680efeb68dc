use std::sync::Arc;
use std::time::Duration;

use domain::stock::{Stock, StockEvent};
use domain::{Quantity, Reason};
use eventstore::{Config, Metadata, Plan, Store};
use uuid::Uuid;

use super::*;
use crate::catalog;
use crate::keyed::KeyedProjection;
use crate::lease::{self, Terms};
use crate::stock::StockRow;

const ID: &str = "prod_00000000-0000-0000-0000-000000000001";

/// A store with five deliveries of ten, and the lanes leased.
async fn five_deliveries(pool: &PgPool) -> (Held, Vec<Recorded>) {
    catalog::install(pool).await.unwrap();
    let store = Store::open(pool.clone(), Config::new(Arc::new(|| Uuid::from_u128(1))))
        .await
        .unwrap();
    let metadata = Metadata {
        actor: "test".to_owned(),
        correlation_id: Uuid::nil(),
        causation_id: None,
        request_id: String::new(),
    };
    let received = StockEvent::StockReceived {
        quantity: Quantity::new(10).unwrap(),
        reason: Some(Reason::new("delivery").unwrap()),
    };
    let appended = store.transact(Plan::new(metadata).write::<Stock>(ID), move |tx| {
        tx.append::<Stock>(ID, vec![received.clone(); 5]);
        Ok::<_, ()>(())
    });
    appended.await.unwrap();
    let held = take(pool, Uuid::from_u128(2)).await;
    let start = Positions::start([store.lane_of(ID)]);
    (held, store.log().read(&start, 10).await.unwrap())
}

async fn take(pool: &PgPool, owner: Uuid) -> Held {
    lease::heartbeat(pool, owner, Duration::from_mins(1)).await.unwrap();
    lease::evict_others(pool, owner).await.unwrap();
    let terms = Terms {
        name: "stock",
        code_version: 1,
        owner,
        ttl: Duration::from_mins(1),
    };
    lease::renew(pool, terms, 0.0).await.unwrap()
}

async fn on_hand(pool: &PgPool) -> (i64, i64) {
    sqlx::query_as("SELECT on_hand, version FROM stock")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_comes_twice_is_applied_once(pool: PgPool) {
    let (held, events) = five_deliveries(&pool).await;
    assert_eq!((held.leases.len(), held.lanes(), events.len()), (8, 64, 5));
    let target = Target {
        pool: &pool,
        projection: &KeyedProjection::<StockRow>::NEW,
        held: &held,
    };
    target.apply(&events[..3]).await.unwrap();
    assert_eq!(on_hand(&pool).await, (30, 3));
    for again in [&events[..2], &events[1..4], &events[..], &events[..]] {
        target.apply(again).await.unwrap();
    }
    assert_eq!(on_hand(&pool).await, (50, 5));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn gaps_and_lost_leases_are_refused(pool: PgPool) {
    let (held, events) = five_deliveries(&pool).await;
    let target = Target {
        pool: &pool,
        projection: &KeyedProjection::<StockRow>::NEW,
        held: &held,
    };
    assert!(matches!(target.apply(&events[1..]).await, Err(BatchError::LeaseLost)));
    target.apply(&events[..1]).await.unwrap();
    let thief = take(&pool, Uuid::from_u128(3)).await;
    assert!(matches!(target.apply(&events).await, Err(BatchError::LeaseLost)));
    assert_eq!(on_hand(&pool).await, (10, 1));
    Target { held: &thief, ..target }.apply(&events).await.unwrap();
    // Back with the same name, but the old fencing number.
    let returned = take(&pool, held.owner).await;
    assert_eq!(returned.leases[0].fence, held.leases[0].fence + 2);
    assert!(matches!(target.apply(&events).await, Err(BatchError::LeaseLost)));
    assert_eq!(on_hand(&pool).await, (50, 5));
}
