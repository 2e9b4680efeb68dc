//! Audit: one row per event, for finding who did what and when. What exactly is in the event itself, joined by lane and position.

mod fields;

use eventstore::Recorded;
use futures::future::BoxFuture;
use rows::{Column, Index, Table, Type};
use sqlx::PgConnection;

use crate::cursor::{lane_column, position_column};
use crate::projection::{ApplyError, Bulk, Projection};

/// The projection `audit`.
pub(crate) struct Audit;

const TABLE: Table = Table {
    view: "audit",
    columns: &[
        Column::new("lane", Type::Int),
        Column::new("position", Type::BigInt),
        Column::new("event_id", Type::Uuid),
        Column::new("aggregate_type", Type::Key),
        Column::new("aggregate_id", Type::Key),
        Column::new("sequence", Type::BigInt),
        Column::new("event_type", Type::Key),
        Column::new("actor", Type::Key),
        Column::new("correlation_id", Type::Uuid),
        Column::new("request_id", Type::Key),
        Column::new("recorded_at", Type::Time),
        Column::new("occurred_at", Type::Time),
        Column::new("fields", Type::Keys),
    ],
    // The time line itself identifies an event, so that one index does for both.
    key: "recorded_at, lane, position",
    indexes: &[
        Index {
            suffix: "actor",
            definition: "(actor, recorded_at)",
        },
        Index {
            suffix: "type",
            definition: "(event_type, recorded_at)",
        },
        Index {
            suffix: "aggregate",
            definition: "(aggregate_id, recorded_at)",
        },
        // Stock and orders are met on any short walk along the timeline, and theirs are the events that come by the thousand.
        Index {
            suffix: "aggregate_type",
            definition: "(aggregate_type, recorded_at) WHERE aggregate_type NOT IN ('stock', 'order')",
        },
        Index {
            suffix: "occurred",
            definition: "(occurred_at, lane, position)",
        },
        Index {
            suffix: "correlation",
            definition: "(correlation_id, recorded_at, lane, position)",
        },
        Index {
            suffix: "request",
            definition: "(request_id) WHERE request_id <> ''",
        },
        Index {
            suffix: "event",
            definition: "(event_id)",
        },
        Index {
            suffix: "fields",
            definition: "USING gin (fields)",
        },
    ],
    fillfactor: 100,
};

impl Projection for Audit {
    fn name(&self) -> &'static str {
        "audit"
    }

    fn code_version(&self) -> i32 {
        2
    }

    fn tables(&self) -> &'static [Table] {
        &[TABLE]
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[]
    }

    /// The events are in the database already: only what is to be copied goes over the wire.
    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let runs = runs(batch);
            let columns = TABLE.column_list();
            let statement = format!(
                "INSERT INTO {} ({columns})
                 SELECT {}
                 FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS run (in_lane, first, count)
                 CROSS JOIN LATERAL (
                     SELECT * FROM events e WHERE e.lane = run.in_lane AND e.position >= run.first
                     ORDER BY e.position LIMIT run.count) AS event
                 ON CONFLICT DO NOTHING",
                TABLE.name(version),
                values("event")
            );
            sqlx::query(&statement)
                .bind(runs.iter().map(|run| run.lane).collect::<Vec<_>>())
                .bind(runs.iter().map(|run| run.first).collect::<Vec<_>>())
                .bind(runs.iter().map(|run| run.count).collect::<Vec<_>>())
                .execute(connection)
                .await?;
            Ok(())
        })
    }

    fn bulk(&self, version: i32) -> Bulk {
        Bulk::Statement(format!(
            "INSERT INTO {} ({})
             SELECT {}
             FROM unnest($1::integer[], $2::bigint[]) AS bound (lane, position)
             JOIN events e ON e.lane = bound.lane AND e.position <= bound.position
             WHERE NOT EXISTS (SELECT FROM projection_skip s
                               WHERE s.name = 'audit' AND s.lane = e.lane AND s.position = e.position)",
            TABLE.name(version),
            TABLE.column_list(),
            values("e"),
        ))
    }
}

/// The values of the columns, from the event in `alias`: the same live and rebuilt.
fn values(alias: &str) -> String {
    let value = |column: &Column| match column.name {
        "request_id" => format!("coalesce({alias}.metadata ->> 'request_id', '')"),
        "fields" => fields::expression(alias),
        name => format!("{alias}.{name}"),
    };
    TABLE.columns.iter().map(value).collect::<Vec<_>>().join(", ")
}

/// Events of one lane without a gap between them.
struct Run {
    lane: i32,
    first: i64,
    count: i64,
}

fn runs(batch: &[&Recorded]) -> Vec<Run> {
    let mut events: Vec<_> = batch
        .iter()
        .map(|event| (lane_column(event.lane), position_column(event.position)))
        .collect();
    events.sort_unstable();
    let mut runs: Vec<Run> = Vec::new();
    for (lane, position) in events {
        match runs.last_mut() {
            Some(run) if run.lane == lane && run.first + run.count == position => run.count += 1,
            _ => runs.push(Run {
                lane,
                first: position,
                count: 1,
            }),
        }
    }
    runs
}
