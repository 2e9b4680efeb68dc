//! The binary format of `COPY`: no escaping here, no number parsing there.

use chrono::{DateTime, Utc};
use rows::{Row, Sink, Table};
use sqlx::PgConnection;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
const NULL: [u8; 4] = (-1_i32).to_be_bytes();
/// Microseconds from the Unix epoch to that of PostgreSQL.
const EPOCH: i64 = 946_684_800_000_000;
const TEXT_OID: u32 = 25;

/// Rows of one table, encoded.
#[derive(Default)]
pub(crate) struct CopyBuffer {
    bytes: Vec<u8>,
}

impl CopyBuffer {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn push<R: Row>(&mut self, row: &R) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(SIGNATURE);
        }
        let fields = i16::try_from(R::TABLE.columns.len()).unwrap_or(i16::MAX);
        self.bytes.extend_from_slice(&fields.to_be_bytes());
        row.write(self);
    }

    /// Copies what was pushed into a version of the table, and is empty again.
    pub(crate) async fn flush(
        &mut self,
        table: &Table,
        version: i32,
        connection: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        self.bytes.extend_from_slice(&TRAILER);
        let statement = format!(
            "COPY {} ({}) FROM STDIN (FORMAT binary)",
            table.name(version),
            table.column_list()
        );
        let mut copy = connection.copy_in_raw(&statement).await?;
        copy.send(self.bytes.as_slice()).await?;
        copy.finish().await?;
        self.bytes.clear();
        Ok(())
    }

    fn length(&mut self, length: usize) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
    }

    fn null(&mut self) {
        self.bytes.extend_from_slice(&NULL);
    }

    fn field(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }
}

impl Sink for CopyBuffer {
    fn text(&mut self, value: Option<&str>) {
        match value {
            Some(text) => self.field(text.as_bytes()),
            None => self.null(),
        }
    }

    fn texts(&mut self, values: Option<&[String]>) {
        let Some(values) = values else { return self.null() };
        let dimensions = u32::from(!values.is_empty());
        let start = self.bytes.len();
        self.length(0);
        for number in [dimensions, 0, TEXT_OID] {
            self.bytes.extend_from_slice(&number.to_be_bytes());
        }
        if dimensions == 1 {
            self.length(values.len());
            self.bytes.extend_from_slice(&1_u32.to_be_bytes());
            for value in values {
                self.field(value.as_bytes());
            }
        }
        let length = u32::try_from(self.bytes.len() - start - 4).unwrap_or(u32::MAX);
        self.bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    fn bigint(&mut self, value: Option<i64>) {
        match value {
            Some(number) => self.field(&number.to_be_bytes()),
            None => self.null(),
        }
    }

    fn time(&mut self, value: Option<DateTime<Utc>>) {
        self.bigint(value.map(|time| time.timestamp_micros() - EPOCH));
    }

    fn json(&mut self, value: Option<&str>) {
        const VERSION: u8 = 1;
        let Some(value) = value else { return self.null() };
        self.length(value.len() + 1);
        self.bytes.push(VERSION);
        self.bytes.extend_from_slice(value.as_bytes());
    }
}
