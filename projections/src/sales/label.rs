use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::product::ProductEvent;
use eventstore::Recorded;
use rows::{Row as _, row};
use sqlx::PgConnection;

use crate::arrays::Arrays;
use crate::cursor::position_column;
use crate::sales::Dimension;

row! {
    /// What people call a key.
    ///
    /// That of a product follows the product's own stream: the highest version holds. That of any other key is what the earliest order or
    /// credit called it; of two at the same time, the smaller text. So it does not matter in which order lanes are read.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[expect(clippy::struct_field_names, reason = "columns have the names that reports know")]
    pub(crate) struct Label {
        pub(crate) dimension: Dimension,
        pub(crate) key: String,
        pub(crate) label: String,
        pub(crate) name: String,
        /// Of the product's stream; 0 for other keys.
        pub(crate) version: i64 as internal,
        pub(crate) as_of: DateTime<Utc> as internal,
    }
    table "sales_label", key "dimension, key", fill 90;
}

impl Label {
    /// Whether this label takes the other's place.
    fn beats(&self, other: &Self) -> bool {
        if self.version != other.version {
            return self.version > other.version;
        }
        (self.as_of, &self.label, &self.name) < (other.as_of, &other.label, &other.name)
    }
}

/// A change to the label of a product that has one.
#[derive(Clone, Debug)]
pub(crate) struct Relabel {
    pub(crate) label: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) version: i64,
    pub(crate) as_of: DateTime<Utc>,
}

/// The labels that a batch brings.
#[derive(Default)]
pub(crate) struct Labels {
    whole: HashMap<(Dimension, String), Label>,
    products: HashMap<String, Relabel>,
}

impl Labels {
    /// A label that stands for itself.
    pub(crate) fn offer(&mut self, label: Label) {
        let key = (label.dimension, label.key.clone());
        match self.whole.get_mut(&key) {
            Some(present) if label.beats(present) => *present = label,
            Some(_) => {}
            None => {
                self.whole.insert(key, label);
            }
        }
    }

    /// A product got another SKU or name, later than anything that was offered of it.
    pub(crate) fn relabel(&mut self, product_id: &str, change: Relabel) {
        if let Some(present) = self.whole.get_mut(&(Dimension::Product, product_id.to_owned())) {
            present.label = change.label.unwrap_or_else(|| present.label.clone());
            present.name = change.name.unwrap_or_else(|| present.name.clone());
            present.version = change.version;
            present.as_of = change.as_of;
            return;
        }
        match self.products.get_mut(product_id) {
            Some(present) => {
                present.label = change.label.or(present.label.take());
                present.name = change.name.or(present.name.take());
                present.version = change.version;
                present.as_of = change.as_of;
            }
            None => {
                self.products.insert(product_id.to_owned(), change);
            }
        }
    }

    pub(crate) fn take_whole(&mut self) -> impl Iterator<Item = Label> {
        std::mem::take(&mut self.whole).into_values()
    }
}

/// Takes what an event says about the label of a product.
pub(crate) fn of_product(event: ProductEvent, recorded: &Recorded, labels: &mut Labels) {
    let version = position_column(recorded.sequence);
    let as_of = recorded.occurred_at;
    match event {
        ProductEvent::ProductCreated(created) => labels.offer(Label {
            dimension: Dimension::Product,
            key: recorded.aggregate_id.to_string(),
            label: created.sku.as_str().to_owned(),
            name: created.name.as_str().to_owned(),
            version,
            as_of,
        }),
        ProductEvent::ProductUpdated(updated) if updated.sku.is_some() || updated.name.is_some() => {
            let label = updated.sku.map(|sku| sku.as_str().to_owned());
            let name = updated.name.map(|name| name.as_str().to_owned());
            labels.relabel(
                &recorded.aggregate_id,
                Relabel {
                    label,
                    name,
                    version,
                    as_of,
                },
            );
        }
        _ => {}
    }
}

/// Writes the labels that beat the stored ones.
pub(crate) async fn store(version: i32, labels: Labels, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let table = Label::TABLE.name(version);
    if !labels.whole.is_empty() {
        let mut whole: Vec<Label> = labels.whole.into_values().collect();
        whole.sort_unstable_by(|left, right| (left.dimension, &left.key).cmp(&(right.dimension, &right.key)));
        let mut arrays = Arrays::new(Label::TABLE);
        for label in &whole {
            arrays.push(label);
        }
        // Nearly all of them are known: leaving those out first is cheaper than a conflict, which locks the row.
        let statement = format!(
            "{} WHERE NOT EXISTS (
                 SELECT FROM {table} known WHERE known.dimension = u.dimension AND known.key = u.key
                 AND (-known.version, known.as_of, known.label, known.name) <= (-u.version, u.as_of, u.label, u.name) OFFSET 0)
             ON CONFLICT (dimension, key) DO UPDATE SET
                 label = excluded.label, name = excluded.name, version = excluded.version, as_of = excluded.as_of
             WHERE (-excluded.version, excluded.as_of, excluded.label, excluded.name)
                 < (-t.version, t.as_of, t.label, t.name)",
            Label::TABLE.insert(version)
        );
        arrays.execute(&statement, connection).await?;
    }
    if !labels.products.is_empty() {
        let mut changes: Vec<_> = labels.products.into_iter().collect();
        changes.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        sqlx::query(&format!(
            "UPDATE {table} t
             SET label = coalesce(u.label, t.label), name = coalesce(u.name, t.name), version = u.version, as_of = u.as_of
             FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[])
                 AS u (key, label, name, version, as_of)
             CROSS JOIN LATERAL (
                 SELECT ctid FROM {table} WHERE dimension = 'product' AND key BETWEEN u.key AND u.key AND version < u.version
                 ORDER BY key FOR UPDATE) k
             WHERE t.ctid = k.ctid"
        ))
        .bind(changes.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.label.as_deref()).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.name.as_deref()).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.version).collect::<Vec<_>>())
        .bind(changes.iter().map(|(_, change)| change.as_of).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Settles which of the labels holds that a bulk load left once per flush.
pub(crate) fn seal(version: i32) -> Vec<String> {
    let table = Label::TABLE.name(version);
    let columns = Label::TABLE.column_list();
    vec![
        format!("ALTER TABLE {table} RENAME TO {table}_parts"),
        Label::TABLE.create(version),
        format!(
            "INSERT INTO {table} ({columns})
             SELECT DISTINCT ON (dimension, key) {columns} FROM {table}_parts
             ORDER BY dimension, key, version DESC, as_of, label, name"
        ),
        format!("DROP TABLE {table}_parts"),
    ]
}
