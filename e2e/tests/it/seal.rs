//! `/v1/audit/checkpoints`, `/v1/audit/consistency`, `/v1/audit/key` and the proofs of events

use std::collections::BTreeSet;

use e2e::{Client, System};
use seal::{Proven, PublicKey, SignedCheckpoint, SigningKey};
use serde_json::Value;

/// A system that seals every second.
async fn sealing() -> System {
    System::options().with("seal-every", "1").start().await
}

/// Waits until everything that has been written is sealed.
async fn sealed(admin: &Client) -> Value {
    e2e::wait_until("a checkpoint over everything", e2e::PATIENCE, || async {
        let seal = admin.get("/v1/audit/key").await.ok(200).json().clone();
        (seal["events"] == seal["sealed_events"]).then_some(seal)
    })
    .await
}

fn keys(seal: &Value) -> Vec<PublicKey> {
    let keys = seal["public_keys"].as_array().unwrap().iter();
    keys.map(|key| key.as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_proven_to_stand_in_the_log() {
    let system = sealing().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    let first = sealed(&admin).await;
    let order = system.customer("ann").await.order(&[(&mug.id, 2)]).await.ok(201);
    let stream = admin.get(format!("/v1/streams/order/{}", order.id())).await.ok(200);
    let event = stream.each("event_id")[0].to_owned();
    let path = format!("/v1/audit/events/{event}/proof");
    let seal = sealed(&admin).await;
    let keys = keys(&seal);
    assert_eq!(keys.len(), 1);

    let proof = admin.get(&path).await.ok(200);
    let Proven::Inclusion(proven) = Proven::check(proof.text(), &keys).unwrap() else {
        panic!("another kind of proof: {proof:?}")
    };
    assert_eq!(proven.event.event_id.to_string(), event);
    assert_eq!(proven.event.aggregate_id, order.id());
    let stored: String = sqlx::query_scalar("SELECT payload::text FROM events WHERE aggregate_id = $1")
        .bind(order.id())
        .fetch_one(&system.pool())
        .await
        .unwrap();
    assert_eq!(proven.event.payload, stored);
    let other = [SigningKey::from_seed([1; 32]).public()];
    assert!(Proven::check(proof.text(), &other).is_err());
    assert!(Proven::check(&proof.text().replace("OrderPlaced", "OrderPlacet"), &keys).is_err());

    // Under the checkpoint before it was placed it cannot be proven; from there to now nothing was changed.
    let before = first["newest_checkpoint"].as_u64().unwrap();
    let _ = admin
        .get(format!("{path}?checkpoint={before}"))
        .await
        .refused(409, "not_sealed_yet");
    let consistency = admin.get(format!("/v1/audit/consistency?from={before}")).await.ok(200);
    let Proven::Consistency(consistent) = Proven::check(consistency.text(), &keys).unwrap() else {
        panic!("another kind of proof: {consistency:?}")
    };
    let newest = admin.get("/v1/audit/checkpoints/latest").await.ok(200);
    assert_eq!(newest["note"], consistent.to.as_str());
    let note: SignedCheckpoint = consistent.to.parse().unwrap();
    assert!(note.signed_by(&keys).is_some());
    assert_eq!(newest["hash"], note.checkpoint.hash().to_string());
    assert_eq!(newest["events"], seal["events"]);
    assert_eq!(seal["log"], note.checkpoint.log.to_string());

    let listed = admin.get("/v1/audit/checkpoints?limit=200").await.ok(200);
    let numbers: Vec<u64> = listed
        .items()
        .iter()
        .map(|item| item["number"].as_u64().unwrap())
        .collect();
    assert!(
        numbers.iter().rev().copied().eq(1..=note.checkpoint.number),
        "{numbers:?}"
    );
    assert!(listed.items().iter().all(|item| item.get("note").is_none()));
    let pairs = listed.items().windows(2);
    assert!(pairs.clone().all(|pair| pair[0]["previous"] == pair[1]["hash"]) && pairs.len() > 0);
    let one = admin.get("/v1/audit/checkpoints?limit=1").await.ok(200);
    let next = one["next_cursor"].as_str().unwrap();
    let two = admin
        .get(format!("/v1/audit/checkpoints?limit=1&cursor={next}"))
        .await
        .ok(200);
    assert_eq!(two.items()[0], listed.items()[1]);
    let oldest_first = admin.get("/v1/audit/checkpoints?limit=200&sort=number").await.ok(200);
    assert!(oldest_first.items().iter().eq(listed.items().iter().rev()));
    // Each is found by the time at which it was made.
    for (index, one) in oldest_first.items().iter().enumerate() {
        let made_at = one["made_at"].as_str().unwrap();
        let path = "/v1/audit/checkpoints?limit=200&sort=number";
        let since = admin.get(format!("{path}&from={made_at}")).await.ok(200);
        assert_eq!(since.items(), &oldest_first.items()[index..], "{made_at}");
        let before = admin.get(format!("{path}&to={made_at}")).await.ok(200);
        assert_eq!(before.items(), &oldest_first.items()[..index], "{made_at}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_altered_event_cannot_be_proven() {
    let system = sealing().await;
    let admin = system.admin().await;
    let mug = admin.stocked("MUG-1", 1250, 10).await;
    sealed(&admin).await;
    let stream = admin.get(format!("/v1/streams/stock/{}", mug.id)).await.ok(200);
    let path = format!("/v1/audit/events/{}/proof", stream.each("event_id")[0]);
    let _ = admin.get(&path).await.ok(200);
    sqlx::query("UPDATE events SET payload = replace(payload::text, '10', '11')::json WHERE aggregate_id = $1 AND aggregate_type = 'stock'")
        .bind(&mug.id)
        .execute(&system.pool())
        .await
        .unwrap();
    let _ = admin.get(&path).await.refused(409, "seal_broken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_requests_are_refused() {
    let system = sealing().await;
    let (admin, ann) = (system.admin().await, system.customer("ann").await);
    sealed(&admin).await;
    for path in [
        "/v1/audit/key",
        "/v1/audit/checkpoints",
        "/v1/audit/checkpoints/latest",
        "/v1/audit/consistency?from=1",
        "/v1/audit/events/0198c0de-0000-7000-8000-000000000001/proof",
    ] {
        let _ = ann.get(path).await.refused(403, "forbidden");
        let _ = system.anonymous().get(path).await.refused(401, "unauthenticated");
    }
    for number in [
        "0",
        "-1",
        "x",
        "99999999999999999999999",
        "9223372036854775808",
        "99999",
        "%00",
        "1.5",
    ] {
        let path = format!("/v1/audit/checkpoints/{number}");
        let _ = admin.get(path).await.refused(404, "checkpoint_not_found");
    }
    for id in ["x", "0198c0de-0000-7000-8000-000000000001", "%00", "%FF"] {
        let path = format!("/v1/audit/events/{id}/proof");
        let _ = admin.get(path).await.refused(404, "event_not_found");
    }
    for (query, field, code) in [
        ("", "from", "required"),
        ("?from=x", "from", "invalid_type"),
        ("?from=0", "from", "out_of_range"),
        ("?from=-1", "from", "out_of_range"),
        ("?from=2&to=1", "to", "out_of_range"),
        ("?from=1&to=0", "to", "out_of_range"),
        ("?from=1&colour=red", "colour", "unknown_parameter"),
    ] {
        let path = format!("/v1/audit/consistency{query}");
        let _ = admin
            .get(path)
            .await
            .refused_for(400, "invalid_parameter", &[(field, code)]);
    }
    let _ = admin
        .get("/v1/audit/consistency?from=9223372036854775807")
        .await
        .refused(404, "checkpoint_not_found");
    let same = admin.get("/v1/audit/consistency?from=1&to=1").await.ok(200);
    let seal = admin.get("/v1/audit/key").await.ok(200);
    assert!(Proven::check(same.text(), &keys(seal.json())).is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_system_is_sealed_to_its_end_and_another_one_goes_on() {
    let system = System::options().with("seal-every", "3600").start().await;
    let admin = system.admin().await;
    let _ = admin.stocked("MUG-1", 1250, 10).await;
    let seal = admin.get("/v1/audit/key").await.ok(200);
    assert_eq!(seal["newest_checkpoint"], Value::Null);
    let path = "/v1/audit/checkpoints/latest";
    let _ = admin.get(path).await.refused(404, "checkpoint_not_found");
    let database = system.shut_down().await;

    let system = System::options().with("seal-every", "off").on(&database).start().await;
    let admin = system.anonymous().log_in("admin@shop.example", e2e::PASSWORD).await;
    let seal = admin.get("/v1/audit/key").await.ok(200);
    // All but the log-in just now.
    let events = seal["events"].as_u64().unwrap();
    assert_eq!(seal["sealed_events"], events - 1);
    assert_eq!(seal["newest_checkpoint"], 1);
    let lanes: BTreeSet<i32> = sqlx::query_scalar("SELECT DISTINCT lane FROM seal_tiles")
        .fetch_all(&system.pool())
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert!(lanes.len() > 1);
}
