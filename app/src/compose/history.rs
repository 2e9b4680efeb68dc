//! The past of the read models, handed to the read services: they may not fold events, and the projections may not know the services.

use std::sync::Arc;

use eventstore::Positions;
use projections::History;
use query::{At, Change, HistoryError, Moment, Past, Place};
use sqlx::PgPool;

/// The projections' history, as the read services want it.
#[derive(Debug)]
struct Bridge(History);

/// Looks back over `pool`: the database that is written to, since a copy of it may lag behind a position.
#[must_use]
pub fn history(pool: PgPool) -> Arc<dyn query::History> {
    Arc::new(Bridge(History::new(pool)))
}

#[tonic::async_trait]
impl query::History for Bridge {
    async fn moment(&self, id: &str, at: &At) -> Result<Moment, HistoryError> {
        let at = match at {
            At::Time(time) => projections::At::Time(*time),
            At::Positions(positions) => projections::At::Positions(positions.iter().copied().collect::<Positions>()),
        };
        let projections::Moment { lane, position, time } = self.0.moment(id, &at).await.map_err(failed)?;
        Ok(Moment { lane, position, time })
    }

    async fn row(&self, aggregate_type: &str, id: &str, moment: &Moment) -> Result<Past, HistoryError> {
        let Moment { lane, position, time } = *moment;
        let moment = projections::Moment { lane, position, time };
        Ok(match self.0.row(aggregate_type, id, &moment).await.map_err(failed)? {
            projections::Past::Nothing => Past::Nothing,
            projections::Past::NotYet => Past::NotYet,
            projections::Past::Row(row) => Past::Row(row),
        })
    }

    fn events(&self) -> Vec<(&'static str, Vec<&'static str>)> {
        let known = domain::REGISTRY.iter();
        known
            .map(|entry| {
                (
                    entry.aggregate_type,
                    entry.events.iter().map(|event| event.name).collect(),
                )
            })
            .collect()
    }

    async fn changes(&self, events: &[Place]) -> Result<Vec<Vec<Change>>, HistoryError> {
        let places: Vec<projections::Place> = events
            .iter()
            .map(|place| projections::Place {
                aggregate_type: place.aggregate_type.clone(),
                aggregate_id: place.aggregate_id.clone(),
                sequence: place.sequence,
            })
            .collect();
        let told = self.0.changes(&places).await.map_err(failed)?;
        let change = |change: projections::Change| Change {
            field: change.field,
            before: change.before.to_string(),
            after: change.after.to_string(),
        };
        Ok(told
            .into_iter()
            .map(|changes| changes.into_iter().map(change).collect())
            .collect())
    }
}

fn failed(error: projections::HistoryError) -> HistoryError {
    match error {
        projections::HistoryError::Future => HistoryError::Future,
        projections::HistoryError::NoSuchPosition => HistoryError::NoSuchPosition,
        projections::HistoryError::Database(error) => HistoryError::Database(error),
    }
}
