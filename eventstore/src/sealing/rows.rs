//! Events as PostgreSQL stores them, read in bulk: COPY in its binary format, parsed in place.

use futures::TryStreamExt as _;
use seal::Event;
use sqlx::PgConnection;
use uuid::Uuid;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
const COLUMNS: i16 = 15;
/// The payload of a row that has NULL where the log allows none. PostgreSQL stores it nowhere, so no such row hashes to what was sealed.
pub(crate) const INCOMPLETE: &str = "\0";

/// Events are read along their index, whatever the planner thinks of a table that it has not looked at yet: for the rest of the
/// transaction, or else of the connection.
pub(crate) async fn force_index_scans(connection: &mut PgConnection, local: bool) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SELECT set_config(name, 'off', $1) FROM unnest('{enable_seqscan,enable_bitmapscan,enable_sort,jit}'::text[]) AS name",
    )
    .bind(local)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Hands `each` the events of a lane after `after` up to `last`, in order, until it says `false`.
pub(crate) async fn each_event(
    connection: &mut PgConnection,
    lane: i32,
    (after, last): (i64, i64),
    mut each: impl FnMut(&Event<'_>) -> bool,
) -> Result<(), sqlx::Error> {
    let condition = format!("lane = {lane} AND position > {after} AND position <= {last} ORDER BY position");
    each_event_where(connection, &condition, &mut each).await
}

/// Hands `each` the events for which `condition` holds, until it says `false`. The condition is part of the statement's text.
pub(crate) async fn each_event_where(
    connection: &mut PgConnection,
    condition: &str,
    mut each: impl FnMut(&Event<'_>) -> bool,
) -> Result<(), sqlx::Error> {
    let statement = format!(
        "COPY (SELECT lane, position, aggregate_type, aggregate_id, sequence, event_id, event_type, event_version, payload, metadata,
         actor, correlation_id, causation_id, recorded_at, occurred_at FROM events WHERE {condition}) TO STDOUT (FORMAT BINARY)"
    );
    let mut chunks = connection.copy_out_raw(&statement).await?;
    let mut parser = Parser::default();
    let mut wanted = true;
    // Read to its end even when no more is wanted: the connection is used again.
    while let Some(chunk) = chunks.try_next().await? {
        if wanted {
            wanted = parser.feed(&chunk, &mut each)?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Parser {
    begun: bool,
    /// The beginning of a row whose end has not come yet.
    rest: Vec<u8>,
}

impl Parser {
    fn feed(&mut self, chunk: &[u8], each: &mut impl FnMut(&Event<'_>) -> bool) -> Result<bool, sqlx::Error> {
        if self.rest.is_empty() {
            let (used, wanted) = self.rows(chunk, each)?;
            self.rest.extend_from_slice(chunk.get(used..).unwrap_or_default());
            return Ok(wanted);
        }
        let mut rest = std::mem::take(&mut self.rest);
        rest.extend_from_slice(chunk);
        let (used, wanted) = self.rows(&rest, each)?;
        rest.drain(..used);
        self.rest = rest;
        Ok(wanted)
    }

    /// Handles the whole rows in `bytes`; how many bytes they took.
    fn rows(&mut self, bytes: &[u8], each: &mut impl FnMut(&Event<'_>) -> bool) -> Result<(usize, bool), sqlx::Error> {
        let mut cursor = Cursor { bytes, at: 0 };
        if !self.begun {
            if bytes.len() < SIGNATURE.len() + 8 {
                return Ok((0, true));
            }
            if cursor.take(SIGNATURE.len()) != Some(SIGNATURE) || cursor.take(8) != Some(&[0; 8]) {
                return Err(unexpected("a header"));
            }
            self.begun = true;
        }
        loop {
            let used = cursor.at;
            match cursor.i16() {
                None => return Ok((used, true)),
                Some(-1) => return Ok((bytes.len(), true)),
                Some(COLUMNS) => {}
                Some(_) => return Err(unexpected("a row")),
            }
            let Some(fields) = cursor.fields() else {
                return Ok((used, true));
            };
            let event = event(&fields).ok_or_else(|| unexpected("an event"))?;
            if !each(&event) {
                return Ok((cursor.at, false));
            }
        }
    }
}

type Fields<'a> = [Option<&'a [u8]>; COLUMNS as usize];

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn i16(&mut self) -> Option<i16> {
        self.take(2)?.try_into().map(i16::from_be_bytes).ok()
    }

    /// The fields of a row; `None` when its end has not come yet.
    fn fields(&mut self) -> Option<Fields<'a>> {
        let mut fields = [None; COLUMNS as usize];
        for field in &mut fields {
            let length = self.take(4)?.try_into().map(i32::from_be_bytes).ok()?;
            if let Ok(length) = usize::try_from(length) {
                *field = Some(self.take(length)?);
            }
        }
        Some(fields)
    }
}

fn event<'a>(fields: &Fields<'a>) -> Option<Event<'a>> {
    let [
        lane,
        position,
        kind,
        id,
        sequence,
        event_id,
        event_type,
        version,
        payload,
        metadata,
        actor,
        correlation,
        causation,
        recorded,
        occurred,
    ] = *fields;
    let mut complete = true;
    let mut given = |field: Option<&'a [u8]>, instead: &'static [u8]| {
        complete &= field.is_some();
        field.unwrap_or(instead)
    };
    let i64 = |field: &[u8]| field.try_into().map(i64::from_be_bytes).ok();
    let text = |field: &'a [u8]| std::str::from_utf8(field).ok();
    let uuid = |field: &[u8]| Uuid::from_slice(field).ok();
    let event = Event {
        lane: lane?.try_into().map(i32::from_be_bytes).ok()?,
        position: i64(position?)?,
        aggregate_type: text(given(kind, b""))?,
        aggregate_id: text(given(id, b""))?,
        sequence: i64(given(sequence, &[0; 8]))?,
        event_id: uuid(given(event_id, &[0; 16]))?,
        event_type: text(given(event_type, b""))?,
        event_version: text(given(version, b""))?,
        payload: text(given(payload, b""))?,
        metadata: text(given(metadata, b""))?,
        actor: text(given(actor, b""))?,
        correlation_id: uuid(given(correlation, &[0; 16]))?,
        causation_id: match causation {
            None => None,
            Some(id) => Some(uuid(id)?),
        },
        recorded_at: i64(given(recorded, &[0; 8]))?,
        occurred_at: i64(given(occurred, &[0; 8]))?,
    };
    Some(Event {
        payload: if complete { event.payload } else { INCOMPLETE },
        ..event
    })
}

fn unexpected(what: &str) -> sqlx::Error {
    sqlx::Error::Protocol(format!("COPY gave something else than {what}"))
}
