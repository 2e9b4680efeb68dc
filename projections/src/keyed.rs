//! Read models with one row per stream: the row is the fold of the stream.

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;
use std::sync::Arc;

use eventstore::{Event, Recorded};
use futures::future::BoxFuture;
use rows::{ReadRow, Table};
use sqlx::{PgConnection, Row as _};

use crate::arrays::Arrays;
use crate::copy::CopyBuffer;
use crate::projection::{ApplyError, BulkFold, Projection};

/// A row that is the fold of the stream whose id is its key, the first column. The table has a column `version`: that of the stream.
pub(crate) trait Keyed: ReadRow {
    /// [`Projection::code_version`].
    const CODE_VERSION: i32;
    /// The aggregate type of the streams.
    const AGGREGATE_TYPE: &'static str;

    /// The events of the stream.
    type Event: Event;

    /// The row after an event; `None`: there is no row (yet).
    fn evolve(row: Option<Self>, event: Self::Event, recorded: &Recorded) -> Option<Self>;

    /// The stream's version that the row shows.
    fn version(&self) -> u64;

    /// [`Projection::apply`], for rows that more depends on than readers.
    fn apply<'a>(
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(apply::<Self>(version, batch, connection))
    }
}

/// The projection of such rows, called like their view.
pub(crate) struct KeyedProjection<K>(PhantomData<fn() -> K>);

impl<K> KeyedProjection<K> {
    pub(crate) const NEW: Self = Self(PhantomData);
}

impl<K: Keyed> Projection for KeyedProjection<K> {
    fn name(&self) -> &'static str {
        K::TABLE.view
    }

    fn code_version(&self) -> i32 {
        K::CODE_VERSION
    }

    fn tables(&self) -> &'static [Table] {
        std::slice::from_ref(K::TABLE)
    }

    fn aggregate_types(&self) -> &'static [&'static str] {
        &[K::AGGREGATE_TYPE]
    }

    fn apply<'a>(
        &'a self,
        version: i32,
        batch: &'a [&'a Recorded],
        connection: &'a mut PgConnection,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        K::apply(version, batch, connection)
    }

    fn bulk(&self, version: i32) -> Box<dyn BulkFold> {
        Box::new(KeyedBulk::<K>::new(version))
    }
}

/// Folds a batch: loads the rows that exist, folds, writes all of them with one statement.
pub(crate) async fn apply<K: Keyed>(
    version: i32,
    batch: &[&Recorded],
    connection: &mut PgConnection,
) -> Result<(), ApplyError> {
    apply_and_report(version, batch, |_: Option<&K>| (), connection)
        .await
        .map(drop)
}

/// The same; returns the keys of the rows of which `face` is another one afterwards.
pub(crate) async fn apply_and_report<K: Keyed, F: PartialEq>(
    version: i32,
    batch: &[&Recorded],
    watched: impl Fn(Option<&K>) -> F,
    connection: &mut PgConnection,
) -> Result<Vec<String>, ApplyError> {
    let mut rows = load::<K>(version, batch, connection).await?;
    let mut before_batch: HashMap<&str, F> = HashMap::new();
    for recorded in batch {
        let before = rows.remove(&recorded.aggregate_id);
        before_batch
            .entry(&recorded.aggregate_id)
            .or_insert_with(|| watched(before.as_ref()));
        let seen = before.as_ref().is_some_and(|row| row.version() >= recorded.sequence);
        let after = if seen { before } else { evolve(before, recorded)? };
        if let Some(row) = after {
            rows.insert(Arc::clone(&recorded.aggregate_id), row);
        }
    }
    let mut rows: Vec<(Arc<str>, K)> = rows.into_iter().collect();
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    // In the order of the keys: neighbours in the index are written together, and lock order is the same everywhere.
    rows.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
    let mut arrays = Arrays::new(K::TABLE);
    for (_, row) in &rows {
        arrays.push(row);
    }
    arrays.execute(&K::TABLE.upsert(version), connection).await?;
    let changed = rows.iter().filter(|(key, row)| {
        before_batch
            .get(&**key)
            .is_some_and(|before| *before != watched(Some(row)))
    });
    Ok(changed.map(|(key, _)| key.to_string()).collect())
}

/// The rows of the streams that did not begin in this batch.
async fn load<K: Keyed>(
    version: i32,
    batch: &[&Recorded],
    connection: &mut PgConnection,
) -> Result<HashMap<Arc<str>, K>, sqlx::Error> {
    let mut keys: Vec<&str> = Vec::new();
    let mut seen_streams = HashSet::with_capacity(batch.len());
    for recorded in batch {
        if seen_streams.insert(&*recorded.aggregate_id) && recorded.sequence > 1 {
            keys.push(&recorded.aggregate_id);
        }
    }
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    keys.sort_unstable();
    let rows = sqlx::query(&K::TABLE.select(version))
        .bind(keys)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let key: &str = row.try_get(0)?;
            Ok((Arc::from(key), K::whole(row)?))
        })
        .collect()
}

fn evolve<K: Keyed>(row: Option<K>, recorded: &Recorded) -> Result<Option<K>, ApplyError> {
    let event = recorded.decode().map_err(|error| ApplyError::event(recorded, &error))?;
    Ok(K::evolve(row, event, recorded))
}

/// Folds stream after stream into rows for `COPY`.
struct KeyedBulk<K> {
    version: i32,
    stream: Option<Arc<str>>,
    row: Option<K>,
    buffer: CopyBuffer,
}

impl<K: Keyed> KeyedBulk<K> {
    fn new(version: i32) -> Self {
        Self {
            version,
            stream: None,
            row: None,
            buffer: CopyBuffer::default(),
        }
    }

    fn finish(&mut self) {
        if let Some(row) = self.row.take() {
            self.buffer.push(&row);
        }
    }
}

impl<K: Keyed> BulkFold for KeyedBulk<K> {
    fn push(&mut self, recorded: &Recorded) -> Result<(), ApplyError> {
        if self.stream.as_deref() != Some(&*recorded.aggregate_id) {
            self.finish();
            self.stream = Some(Arc::clone(&recorded.aggregate_id));
        }
        self.row = evolve(self.row.take(), recorded)?;
        Ok(())
    }

    fn pending(&self) -> usize {
        self.buffer.len()
    }

    fn flush<'a>(&'a mut self, last: bool, connection: &'a mut PgConnection) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            if last {
                self.finish();
                self.stream = None;
            }
            self.buffer.flush(K::TABLE, self.version, connection).await
        })
    }
}
