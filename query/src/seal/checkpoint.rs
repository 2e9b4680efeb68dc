//! The signed checkpoints.

use chrono::{DateTime, Utc};
use proto::v1::{GetCheckpointRequest, ListCheckpointsReply, ListCheckpointsRequest, SealedCheckpoint};
use reads::Reads;
use seal::SignedCheckpoint;
use sqlx::QueryBuilder;
use sqlx::postgres::PgRow;

use crate::cells::Cells;
use crate::error::Error;
use crate::list::{Column, Kind, List, Sort, Value};
use crate::ranges::Times;

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

pub(super) async fn list(query: &Reads, request: ListCheckpointsRequest) -> Result<ListCheckpointsReply, Error> {
    let made = Times::new(request.made)?;
    let page = LIST.page(request.page, &request.sort, &made)?;
    let mut sql = QueryBuilder::new("SELECT c.number, c.note FROM seal_checkpoints c WHERE TRUE");
    if let Some(from) = made.from {
        sql.push(" AND c.number >= ").push_bind(first_since(query, from).await?);
    }
    if let Some(to) = made.to {
        sql.push(" AND c.number < ").push_bind(first_since(query, to).await?);
    }
    page.push(&mut sql);
    let rows = sql.build().fetch_all(query.pool()).await?;
    let rows = rows.iter().map(Row::read).collect::<Result<_, _>>()?;
    let (checkpoints, page) = page.finish(rows, |row: Row| message(&row.signed, String::new()));
    Ok(ListCheckpointsReply {
        checkpoints,
        page: Some(page),
    })
}

/// The number of the first checkpoint that was made at a time or after it; one that there is not yet, if none was. Checkpoints follow
/// each other in time as in number, so a few looks find it.
async fn first_since(query: &Reads, time: DateTime<Utc>) -> Result<i64, Error> {
    let newest: Option<i64> = sqlx::query_scalar("SELECT max(number) FROM seal_checkpoints")
        .fetch_one(query.pool())
        .await?;
    let (mut low, mut high) = (1, newest.unwrap_or_default() + 1);
    while low < high {
        let middle = low.midpoint(high);
        let row = sqlx::query("SELECT number, note FROM seal_checkpoints WHERE number >= $1 ORDER BY number LIMIT 1")
            .bind(middle)
            .fetch_one(query.pool())
            .await?;
        let Row { number, signed } = Row::read(&row)?;
        if signed.checkpoint.time < time {
            low = number + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

pub(super) async fn get(query: &Reads, request: GetCheckpointRequest) -> Result<SealedCheckpoint, Error> {
    let signed = find(query, request.number).await?;
    let note = signed.to_string();
    Ok(message(&signed, note))
}

/// The checkpoint of this number; 0: the newest.
pub(super) async fn find(query: &Reads, number: u64) -> Result<SignedCheckpoint, Error> {
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
