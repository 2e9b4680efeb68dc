//! What the tables of a version look like, and the statements that make them.

use crate::cell::Cell;
use crate::column_type::Type;

/// A column of a read model's table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Whether the view shows it.
    pub served: bool,
    /// Whether readers find rows by it and leave it at that.
    pub sought: bool,
}

impl Column {
    /// A column that is served and never NULL.
    #[must_use]
    pub const fn new(name: &'static str, ty: Type) -> Self {
        Self {
            name,
            ty,
            nullable: false,
            served: true,
            sought: false,
        }
    }

    /// The column of a field of this type.
    #[must_use]
    pub const fn of<C: Cell>(name: &'static str) -> Self {
        Self {
            nullable: C::NULLABLE,
            ..Self::new(name, C::TYPE)
        }
    }

    /// The same, but text for people.
    #[must_use]
    pub const fn text(self) -> Self {
        Self { ty: Type::Text, ..self }
    }

    /// The same, but only the fold sees it.
    #[must_use]
    pub const fn internal(self) -> Self {
        Self { served: false, ..self }
    }

    /// The same, but readers only find rows by it.
    #[must_use]
    pub const fn sought(self) -> Self {
        Self { sought: true, ..self }
    }

    /// The expression that makes the column of a row `u` of array parameters.
    fn parameter_value(&self) -> String {
        match self.ty {
            Type::Json => format!("u.{}::jsonb", self.name),
            Type::Keys => format!("string_to_array(u.{}, ',')", self.name),
            _ => format!("u.{}", self.name),
        }
    }
}

/// An index beside that of the key.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    /// The last part of its name.
    pub suffix: &'static str,
    /// What follows `ON <table>`.
    pub definition: &'static str,
}

/// A table of a read model. Its physical name is `<view>_v<version>`; readers know only the view.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The name of the view that serves it.
    pub view: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// The columns that identify a row, with commas.
    pub key: &'static str,
    /// Further indexes.
    pub indexes: &'static [Index],
    /// Percent of a page that inserts fill; the rest is for heap-only updates.
    pub fillfactor: u8,
}

impl Table {
    /// The physical name of a version.
    #[must_use]
    pub fn name(&self, version: i32) -> String {
        format!("{}_v{version}", self.view)
    }

    /// Makes the bare table.
    #[must_use]
    pub fn create(&self, version: i32) -> String {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|column| {
                let null = if column.nullable { "" } else { " NOT NULL" };
                format!("{} {}{null}", column.name, column.ty.sql())
            })
            .collect();
        format!(
            "CREATE TABLE {} ({}) WITH (fillfactor = {})",
            self.name(version),
            columns.join(", "),
            self.fillfactor
        )
    }

    /// Makes the indexes, one statement each, that of the key first.
    #[must_use]
    pub fn create_indexes(&self, version: i32) -> Vec<String> {
        let table = self.name(version);
        let key = format!(
            "CREATE UNIQUE INDEX IF NOT EXISTS {table}_key ON {table} ({})",
            self.key
        );
        let others = self.indexes.iter().map(|index| {
            format!(
                "CREATE INDEX IF NOT EXISTS {table}_{} ON {table} {}",
                index.suffix, index.definition
            )
        });
        std::iter::once(key).chain(others).collect()
    }

    /// Points the view at a version. A plain selection, so that the planner sees the table itself.
    #[must_use]
    pub fn create_view(&self, version: i32) -> String {
        let served: Vec<_> = self
            .columns
            .iter()
            .filter(|column| column.served)
            .map(|column| column.name)
            .collect();
        format!(
            "CREATE OR REPLACE VIEW {} AS SELECT {} FROM {}",
            self.view,
            served.join(", "),
            self.name(version)
        )
    }

    /// All columns, with commas.
    #[must_use]
    pub fn column_list(&self) -> String {
        self.columns
            .iter()
            .map(|column| column.name)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The columns that `ReadRow::shown` reads, with commas, each after `prefix`: `p.` when the table is joined as `p`.
    #[must_use]
    pub fn shown(&self, prefix: &str) -> String {
        let columns = self.columns.iter().filter(|column| column.served && !column.sought);
        let columns: Vec<_> = columns.map(|column| format!("{prefix}{}", column.name)).collect();
        columns.join(", ")
    }

    /// `INSERT` of rows that come as one array parameter per column, in the order of the columns.
    #[must_use]
    pub fn insert(&self, version: i32) -> String {
        let values: Vec<_> = self.columns.iter().map(Column::parameter_value).collect();
        let parameters: Vec<_> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| format!("${}::{}[]", index + 1, column.ty.parameter()))
            .collect();
        format!(
            "INSERT INTO {} AS t ({columns}) SELECT {} FROM unnest({}) AS u ({columns})",
            self.name(version),
            values.join(", "),
            parameters.join(", "),
            columns = self.column_list(),
        )
    }

    /// [`Table::insert`], replacing rows of an older stream version (column `version`).
    #[must_use]
    pub fn upsert(&self, version: i32) -> String {
        let key: Vec<_> = self.key.split(", ").collect();
        let assignments: Vec<_> = self
            .columns
            .iter()
            .filter(|column| !key.contains(&column.name))
            .map(|column| format!("{0} = excluded.{0}", column.name))
            .collect();
        format!(
            "{} ON CONFLICT ({}) DO UPDATE SET {} WHERE t.version < excluded.version",
            self.insert(version),
            self.key,
            assignments.join(", ")
        )
    }

    /// The rows with these values of the first column, which is the key, in their order and as `ReadRow::whole` wants them.
    #[must_use]
    pub fn select(&self, version: i32) -> String {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|column| match column.ty {
                Type::Json => format!("{0}::text AS {0}", column.name),
                _ => column.name.to_owned(),
            })
            .collect();
        format!(
            "SELECT t.* FROM unnest($1::text[]) AS u (wanted)
             CROSS JOIN LATERAL (
                 SELECT {} FROM {} WHERE {key} BETWEEN u.wanted AND u.wanted ORDER BY {key}) t",
            columns.join(", "),
            self.name(version),
            key = self.columns[0].name
        )
    }
}
