//! The signed checkpoints.

use proto::v1::{GetCheckpointRequest, ListCheckpointsReply, ListCheckpointsRequest, SealedCheckpoint};
use seal::SignedCheckpoint;
use sqlx::QueryBuilder;
use sqlx::postgres::PgRow;

use crate::Query;
use crate::cells::Cells;
use crate::error::Error;
use crate::list::{Column, Kind, List, Sort, Value};

static LIST: List<Row> = List {
    name: "checkpoints",
    sorts: &[Sort {
        name: "number",
        column: Column {
            sql: "c.number",
            kind: Kind::Integer,
            nullable: false,
            value: |row| Value::Integer(row.number),
        },
    }],
    default_sort: "-number",
    ties: &[],
};

/// A checkpoint as it is stored.
struct Row {
    number: i64,
    signed: SignedCheckpoint,
}

impl Row {
    fn read(row: &PgRow) -> Result<Self, Error> {
        let cells = Cells::new("seal_checkpoints", row, "number");
        let number = cells.get("number")?;
        Ok(Self {
            number,
            signed: parse(number, cells.get("note")?)?,
        })
    }
}

fn parse(number: i64, note: &str) -> Result<SignedCheckpoint, Error> {
    note.parse().map_err(|_| Error::BadRow {
        table: "seal_checkpoints",
        column: "note",
        row: number.to_string(),
        expected: "a signed checkpoint",
    })
}

fn message(signed: &SignedCheckpoint, note: String) -> SealedCheckpoint {
    let checkpoint = &signed.checkpoint;
    SealedCheckpoint {
        number: checkpoint.number,
        made_at_micros: checkpoint.time.timestamp_micros(),
        events: checkpoint.events(),
        hash: checkpoint.hash().to_string(),
        previous: checkpoint.previous.map(|hash| hash.to_string()).unwrap_or_default(),
        key_ids: signed.key_ids(),
        note,
    }
}

pub(super) async fn list(query: &Query, request: ListCheckpointsRequest) -> Result<ListCheckpointsReply, Error> {
    let page = LIST.page(request.page, "", &())?;
    let mut sql = QueryBuilder::new("SELECT c.number, c.note FROM seal_checkpoints c WHERE TRUE");
    page.push(&mut sql);
    let rows = sql.build().fetch_all(query.pool()).await?;
    let rows = rows.iter().map(Row::read).collect::<Result<_, _>>()?;
    let (checkpoints, page) = page.finish(rows, |row: Row| message(&row.signed, String::new()));
    Ok(ListCheckpointsReply {
        checkpoints,
        page: Some(page),
    })
}

pub(super) async fn get(query: &Query, request: GetCheckpointRequest) -> Result<SealedCheckpoint, Error> {
    let signed = find(query, request.number).await?;
    let note = signed.to_string();
    Ok(message(&signed, note))
}

/// The checkpoint of this number; 0: the newest.
pub(super) async fn find(query: &Query, number: u64) -> Result<SignedCheckpoint, Error> {
    let none = || Error::NotFound {
        what: "checkpoint",
        id: number.to_string(),
    };
    let wanted = i64::try_from(number).map_err(|_| none())?;
    let row: Option<(i64, String)> = sqlx::query_as(
        "SELECT number, note FROM seal_checkpoints WHERE $1 = 0 OR number = $1 ORDER BY number DESC LIMIT 1",
    )
    .bind(wanted)
    .fetch_optional(query.pool())
    .await?;
    let (number, text) = row.ok_or_else(none)?;
    parse(number, &text)
}
