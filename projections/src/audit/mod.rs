//! Audit: one row per event, for finding who did what and when. What exactly is in the event itself, joined by lane and position.

mod fields;

use eventstore::Recorded;
use futures::future::BoxFuture;
use rows::{Column, Index, Table, Type};
use sqlx::PgConnection;

use crate::cursor::{lane_column, position_column};
use crate::projection::{ApplyError, BulkFold, Projection};

use fields::SEPARATOR;

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

    /// The events are in the database already: only their fields go over the wire.
    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let mut rows = Rows::new(version);
            for event in batch {
                rows.push(event)?;
            }
            Ok(rows.flush(true, connection).await?)
        })
    }

    fn bulk(&self, version: i32) -> Box<dyn BulkFold> {
        Box::new(Rows::new(version))
    }
}

/// Rows to insert, live or in a rebuild: where the events are, and the fields that they changed.
struct Rows {
    version: i32,
    lanes: Vec<i32>,
    positions: Vec<i64>,
    fields: Vec<String>,
    bytes: usize,
}

impl Rows {
    fn new(version: i32) -> Self {
        Self {
            version,
            lanes: Vec::new(),
            positions: Vec::new(),
            fields: Vec::new(),
            bytes: 0,
        }
    }

    /// The values of the other columns are taken from the event in the table.
    fn statement(&self) -> String {
        let value = |column: &Column| match column.name {
            "request_id" => "coalesce(event.metadata ->> 'request_id', '')".to_owned(),
            "fields" => format!("string_to_array(told.fields, '{SEPARATOR}')"),
            name => format!("event.{name}"),
        };
        format!(
            "INSERT INTO {} ({}) SELECT {}
             FROM unnest($1::integer[], $2::bigint[], $3::text[]) AS told (in_lane, at_position, fields)
             CROSS JOIN LATERAL (
                 SELECT * FROM events e WHERE e.lane = told.in_lane AND e.position = told.at_position LIMIT 1) AS event
             ON CONFLICT DO NOTHING",
            TABLE.name(self.version),
            TABLE.column_list(),
            TABLE.columns.iter().map(value).collect::<Vec<_>>().join(", ")
        )
    }
}

impl BulkFold for Rows {
    fn push(&mut self, event: &Recorded) -> Result<(), ApplyError> {
        let fields = fields::fields(event)?;
        self.lanes.push(lane_column(event.lane));
        self.positions.push(position_column(event.position));
        self.bytes += size_of::<(i32, i64)>() + fields.len();
        self.fields.push(fields);
        Ok(())
    }

    fn pending(&self) -> usize {
        self.bytes
    }

    fn flush<'a>(&'a mut self, _: bool, connection: &'a mut PgConnection) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            if self.lanes.is_empty() {
                return Ok(());
            }
            self.bytes = 0;
            sqlx::query(&self.statement())
                .bind(std::mem::take(&mut self.lanes))
                .bind(std::mem::take(&mut self.positions))
                .bind(std::mem::take(&mut self.fields))
                .execute(connection)
                .await
                .map(drop)
        })
    }
}
