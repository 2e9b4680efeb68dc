//! Rows on their way to PostgreSQL as array parameters of one statement.

use chrono::{DateTime, Utc};
use rows::{Row, Sink, Table, Type};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres};

/// Rows as one array per column.
pub(crate) struct Arrays {
    columns: Vec<Array>,
    next: usize,
}

enum Array {
    Text(Vec<Option<String>>),
    BigInt(Vec<Option<i64>>),
    Time(Vec<Option<DateTime<Utc>>>),
}

impl Arrays {
    pub(crate) fn new(table: &Table) -> Self {
        let array = |ty| match ty {
            Type::BigInt => Array::BigInt(Vec::new()),
            Type::Time => Array::Time(Vec::new()),
            _ => Array::Text(Vec::new()),
        };
        Self {
            columns: table.columns.iter().map(|column| array(column.ty)).collect(),
            next: 0,
        }
    }

    pub(crate) fn push<R: Row>(&mut self, row: &R) {
        self.next = 0;
        row.write(self);
    }

    /// Runs a statement that takes the columns as `$1`, `$2`, ...
    pub(crate) async fn execute(self, statement: &str, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.bound(statement).execute(connection).await?;
        Ok(())
    }

    /// The same for a statement that returns rows.
    pub(crate) async fn fetch(self, statement: &str, connection: &mut PgConnection) -> Result<Vec<PgRow>, sqlx::Error> {
        self.bound(statement).fetch_all(connection).await
    }

    fn bound(self, statement: &str) -> Query<'_, Postgres, PgArguments> {
        let mut query = sqlx::query(statement);
        for array in self.columns {
            query = match array {
                Array::Text(values) => query.bind(values),
                Array::BigInt(values) => query.bind(values),
                Array::Time(values) => query.bind(values),
            };
        }
        query
    }

    fn column(&mut self) -> Option<&mut Array> {
        let column = self.columns.get_mut(self.next);
        self.next += 1;
        column
    }
}

impl Sink for Arrays {
    fn text(&mut self, value: Option<&str>) {
        if let Some(Array::Text(values)) = self.column() {
            values.push(value.map(ToOwned::to_owned));
        }
    }

    // Keys have no commas, and an array of arrays would lose its rows in unnest.
    fn texts(&mut self, values: Option<&[String]>) {
        self.text(values.map(|values| values.join(",")).as_deref());
    }

    fn bigint(&mut self, value: Option<i64>) {
        if let Some(Array::BigInt(values)) = self.column() {
            values.push(value);
        }
    }

    fn time(&mut self, value: Option<DateTime<Utc>>) {
        if let Some(Array::Time(values)) = self.column() {
            values.push(value);
        }
    }

    fn json(&mut self, value: Option<&str>) {
        self.text(value);
    }
}
