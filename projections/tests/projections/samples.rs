//! The golden samples of the domain as events in the table.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::PgPool;

/// A golden sample.
pub(crate) struct Sample {
    pub(crate) aggregate_type: &'static str,
    pub(crate) name: String,
    pub(crate) event_type: String,
    /// As it is stored, like `1.0`.
    pub(crate) version: String,
    pub(crate) json: String,
}

fn folder(aggregate_type: &str) -> PathBuf {
    let domain = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src");
    domain.join(aggregate_type).join("golden")
}

/// The sample that the file `<name>.json` holds.
pub(crate) fn sample(aggregate_type: &'static str, name: &str) -> Sample {
    let (what, version) = name.rsplit_once(".v").unwrap();
    Sample {
        aggregate_type,
        name: name.to_owned(),
        event_type: what.split('.').next().unwrap().to_owned(),
        version: format!("{version}.0"),
        json: fs::read_to_string(folder(aggregate_type).join(format!("{name}.json"))).unwrap(),
    }
}

/// All samples of all versions.
pub(crate) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    for entry in domain::REGISTRY {
        for file in fs::read_dir(folder(entry.aggregate_type)).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let name = file.strip_suffix(".json").unwrap();
            if !name.ends_with(".expected") {
                samples.push(sample(entry.aggregate_type, name));
            }
        }
    }
    samples
}

/// Appends an event to the stream `id`, past the store: exactly what the sample says, by whatever version of the program.
pub(crate) async fn insert(pool: &PgPool, id: &str, sample: &Sample) {
    sqlx::query(
        "WITH moved AS (UPDATE lanes SET head = head + 1 WHERE lane = $3 RETURNING lane, head)
         INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, lane, position,
                             event_id, recorded_at, occurred_at, actor, correlation_id)
         SELECT $1, $2, 1 + (SELECT count(*) FROM events WHERE aggregate_type = $1 AND aggregate_id = $2), $4, $5, $6::json,
                '{\"request_id\":\"before\"}'::json, lane, head, gen_random_uuid(), '2026-01-01Z'::timestamptz,
                '2026-01-01Z'::timestamptz, 'usr_before', gen_random_uuid()
         FROM moved",
    )
    .bind(sample.aggregate_type)
    .bind(id)
    .bind(eventstore::lane_of(id, 64).cast_signed())
    .bind(&sample.event_type)
    .bind(&sample.version)
    .bind(&sample.json)
    .execute(pool)
    .await
    .unwrap();
}
