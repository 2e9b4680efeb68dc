//! The part of a query that finds a page.

use sqlx::{Postgres, QueryBuilder};

use super::{Direction, Page, Start, Value};

impl<R> Page<R> {
    /// Ends a query, from the conditions on: begins with ` AND`, so a condition must stand before.
    pub fn push(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        self.push_condition(sql);
        self.push_order(sql);
        self.push_limit(sql);
    }

    /// The rows on the page's side of its cursor.
    pub fn push_condition(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        if let Some(start) = &self.start {
            sql.push(" AND (");
            self.push_beside(sql, start);
            sql.push(")");
        }
    }

    /// The order in which the rows are wanted.
    pub fn push_order(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        sql.push(" ORDER BY ");
        let way = if self.scans_down() { "DESC" } else { "ASC" };
        for (index, column) in self.columns.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let nulls = match (column.nullable, self.backward()) {
                (false, _) => "",
                (true, false) => " NULLS LAST",
                (true, true) => " NULLS FIRST",
            };
            sql.push(format_args!("{comma}{} {way}{nulls}", column.sql));
        }
    }

    /// As many rows as the page needs.
    pub fn push_limit(&self, sql: &mut QueryBuilder<'_, Postgres>) {
        // One more than asked for tells whether there is another page.
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1);
        sql.push(" LIMIT ").push_bind(limit);
    }

    fn scans_down(&self) -> bool {
        self.descending != self.backward()
    }

    /// The rows on the cursor's side of its row. Comparing whole rows lets the planner use one index range.
    fn push_beside(&self, sql: &mut QueryBuilder<'_, Postgres>, start: &Start) {
        let Some(sorted) = self.columns.first() else {
            return;
        };
        let forward = start.direction == Direction::Next;
        if start.values.first() == Some(&Value::Null) {
            // From among the nulls, which come last.
            sql.push(format_args!("{} IS NULL AND ", sorted.sql));
            self.push_comparison(sql, start, 1);
            if !forward {
                sql.push(format_args!(" OR {} IS NOT NULL", sorted.sql));
            }
        } else {
            self.push_comparison(sql, start, 0);
            if sorted.nullable && forward {
                sql.push(format_args!(" OR {} IS NULL", sorted.sql));
            }
        }
    }

    /// Compares the columns from the one at `from` on.
    fn push_comparison(&self, sql: &mut QueryBuilder<'_, Postgres>, start: &Start, from: usize) {
        let names: Vec<_> = self.columns.iter().skip(from).map(|column| column.sql).collect();
        let than = if self.scans_down() { "<" } else { ">" };
        let or_equal = if start.inclusive { "=" } else { "" };
        sql.push(format_args!("({}) {than}{or_equal} (", names.join(", ")));
        let mut values = sql.separated(", ");
        for value in start.values.iter().skip(from) {
            match value {
                Value::Null => values.push("NULL"),
                Value::Integer(number) => values.push_bind(*number),
                Value::Text(text) => values.push_bind(text.clone()),
                Value::Time(time) => values.push_bind(*time),
            };
        }
        sql.push(")");
    }
}
