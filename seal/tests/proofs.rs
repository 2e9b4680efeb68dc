//! Proof files: made, checked, and forged in every way.
#![expect(clippy::unwrap_used, reason = "tests")]

use chrono::{DateTime, Utc};
use seal::{
    Checkpoint, ConsistencyProof, Event, Hash, InclusionProof, LaneHead, LaneProof, ProofError, Proven, PublicKey,
    SealedEvent, SignedCheckpoint, SigningKey, TileWriter, Tiles, consistency_path, micros_of,
};
use serde_json::{Value, json};
use uuid::Uuid;

fn key() -> SigningKey {
    SigningKey::from_seed([3; 32])
}

fn keys() -> Vec<PublicKey> {
    vec![key().public()]
}

fn time() -> DateTime<Utc> {
    "2026-01-02T03:04:05.000006Z".parse().unwrap()
}

fn with_event<T>(position: i64, make: impl FnOnce(&Event<'_>) -> T) -> T {
    make(&Event {
        lane: 5,
        position,
        aggregate_type: "order",
        aggregate_id: "ord_1",
        sequence: position,
        event_id: Uuid::from_u128(u128::from(position.unsigned_abs())),
        event_type: "OrderPlaced",
        event_version: "1.0",
        payload: "{ \"OrderPlaced\" : {\"note\":\"\\u0000 €\"}}",
        metadata: "{\"request_id\":\"r\"}",
        actor: "usr_1",
        correlation_id: Uuid::from_u128(7),
        causation_id: (position % 2 == 0).then(Uuid::nil),
        recorded_at: micros_of(time()),
        occurred_at: -62_135_596_800_000_000,
    })
}

/// The tiles of the lane with so many events, and its signed checkpoint.
fn log(number: u64, previous: Option<&Checkpoint>, size: i64) -> (Tiles, SignedCheckpoint) {
    let mut tree = TileWriter::default();
    let mut buffer = Vec::new();
    for position in 1..=size {
        tree.push(with_event(position, |event| event.leaf(&mut buffer)));
    }
    let head = LaneHead {
        lane: 5,
        size: size.cast_unsigned(),
        root: tree.frontier().root(),
    };
    let checkpoint = Checkpoint {
        log: Uuid::from_u128(9),
        number,
        time: time(),
        previous: previous.map(Checkpoint::hash),
        lanes: vec![head],
    };
    let mut tiles = Tiles::new();
    for (id, bytes) in tree.into_tiles() {
        tiles.insert(id, &bytes).unwrap();
    }
    (tiles, SignedCheckpoint::sign(checkpoint, &key()))
}

fn sealed(position: i64) -> SealedEvent {
    with_event(position, |event| SealedEvent::new(event).unwrap())
}

fn inclusion() -> Value {
    let (tiles, signed) = log(1, None, 300);
    serde_json::to_value(InclusionProof::new(sealed(40), &tiles, &signed).unwrap()).unwrap()
}

fn consistency() -> Value {
    let (_, old) = log(1, None, 100);
    let (tiles, new) = log(2, Some(&old.checkpoint), 300);
    let lanes = vec![LaneProof {
        lane: 5,
        path: consistency_path(&tiles, 100, 300).unwrap(),
    }];
    serde_json::to_value(ConsistencyProof::new(&old, &new, lanes).unwrap()).unwrap()
}

fn check(proof: &Value) -> Result<Proven, ProofError> {
    Proven::check(&proof.to_string(), &keys())
}

#[test]
fn what_is_there_is_proven_and_nothing_else() {
    let (tiles, signed) = log(1, None, 300);
    for position in [1, 2, 255, 256, 257, 299, 300] {
        let proof = InclusionProof::new(sealed(position), &tiles, &signed).unwrap();
        let text = serde_json::to_string_pretty(&proof).unwrap();
        assert_eq!(Proven::check(&text, &keys()), Ok(Proven::Inclusion(Box::new(proof))));
    }
    for position in [0, -1, 301, i64::MAX, i64::MIN] {
        assert!(
            InclusionProof::new(sealed(position), &tiles, &signed).is_err(),
            "{position}"
        );
    }
    let mut altered = sealed(40);
    altered.payload.push(' ');
    assert_eq!(InclusionProof::new(altered, &tiles, &signed), Err(ProofError::Root));
    assert!(InclusionProof::new(sealed(40), &Tiles::new(), &signed).is_err());
    let timeless = with_event(1, |event| {
        SealedEvent::new(&Event {
            recorded_at: i64::MAX,
            ..*event
        })
    });
    assert_eq!(timeless, None);
}

/// Every value in the file, changed.
#[test]
fn no_part_of_an_inclusion_proof_can_be_changed() {
    let proof = inclusion();
    assert!(check(&proof).is_ok());
    let mut changed = Vec::new();
    for (member, value) in proof["event"].as_object().unwrap() {
        let mut other = proof.clone();
        other["event"][member] = match value {
            Value::Number(number) => json!(number.as_i64().unwrap() + 1),
            Value::String(text) if Uuid::try_parse(text).is_ok() => json!(Uuid::from_u128(99)),
            Value::String(text) => json!(format!("{text} ")),
            Value::Null => json!(Uuid::nil()),
            _ => panic!("{member}: {value}"),
        };
        changed.push(other);
    }
    for (part, value) in [
        ("leaf", json!(Hash::empty())),
        ("path", json!([])),
        ("path", json!([Hash::empty()])),
        ("type", json!("tillroll-inclusion-proof/2")),
        ("type", json!(ConsistencyProof::TYPE)),
        (
            "checkpoint",
            json!(
                proof["checkpoint"]
                    .as_str()
                    .unwrap()
                    .replace("lane 5 300", "lane 5 301")
            ),
        ),
        ("checkpoint", json!("x")),
        ("checkpoint", Value::Null),
    ] {
        let mut other = proof.clone();
        other[part] = value;
        changed.push(other);
    }
    // The same moment, spelled in another way.
    let mut spelled = proof.clone();
    spelled["event"]["recorded_at"] = json!("2026-01-02T03:04:05.000006+00:00");
    changed.push(spelled);
    for other in changed {
        assert!(check(&other).is_err(), "{other:#}");
    }
    // Event and hash changed together, and sealed by somebody else.
    let stranger = [SigningKey::from_seed([4; 32]).public()];
    assert_eq!(
        Proven::check(&proof.to_string(), &stranger),
        Err(ProofError::Signature(1))
    );
    assert_eq!(Proven::check(&proof.to_string(), &[]), Err(ProofError::Signature(1)));
    for nonsense in [
        "",
        "x",
        "{}",
        "[]",
        "null",
        "{\"type\":1}",
        "{\"type\":\"tillroll-inclusion-proof/1\"}",
    ] {
        assert!(
            matches!(Proven::check(nonsense, &keys()), Err(ProofError::Unreadable(_))),
            "{nonsense}"
        );
    }
}

#[test]
fn no_part_of_a_consistency_proof_can_be_changed() {
    let proof = consistency();
    assert!(check(&proof).is_ok());
    let (from, to) = (proof["from"].clone(), proof["to"].clone());
    let mut changed = Vec::new();
    let mut with = |part: &str, value: Value| {
        let mut other = proof.clone();
        other[part] = value;
        changed.push(other);
    };
    with("from", to.clone());
    with("to", from.clone());
    with("lanes", json!([]));
    with("lanes", json!([{"lane": 5, "path": []}]));
    with("lanes", json!([{"lane": 6, "path": proof["lanes"][0]["path"]}]));
    with("lanes", json!([proof["lanes"][0], proof["lanes"][0]]));
    let note = |text: &Value, from: &str, to: &str| json!(text.as_str().unwrap().replace(from, to));
    with("to", note(&to, "checkpoint 2", "checkpoint 3"));
    // Properly signed, but another history.
    let (_, other) = log(1, None, 101);
    with("from", json!(other.to_string()));
    let (_, first) = log(1, None, 100);
    let (_, unchained) = log(2, Some(&other.checkpoint), 300);
    with("to", json!(unchained.to_string()));
    let elsewhere = Checkpoint {
        log: Uuid::from_u128(10),
        ..first.checkpoint
    };
    with("from", json!(SignedCheckpoint::sign(elsewhere, &key()).to_string()));
    for other in changed {
        assert!(check(&other).is_err(), "{other:#}");
    }
    let mut swapped = proof.clone();
    swapped["from"] = to;
    swapped["to"] = from;
    assert!(check(&swapped).is_err());
}
