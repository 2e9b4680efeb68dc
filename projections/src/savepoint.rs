//! Applying events within a transaction that is not to be lost: those that cannot be applied are set aside under savepoints.

use eventstore::Recorded;
use sqlx::PgConnection;

use crate::batch::{self, BatchError, report};
use crate::dead_letter;
use crate::lease::Locked;
use crate::projection::Projection;

/// Applies the events in their order. One that cannot be applied is parked with its stream.
pub(crate) async fn apply(
    projection: &dyn Projection,
    version: i32,
    events: &[&Recorded],
    connection: &mut PgConnection,
) -> Result<(), sqlx::Error> {
    let locked = Locked {
        positions: eventstore::Positions::new(),
        parked: true,
    };
    let mut parts: Vec<(&[&Recorded], Option<String>)> = vec![(events, None)];
    while let Some((part, verdict)) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        sqlx::query("SAVEPOINT part").execute(&mut *connection).await?;
        let applied = match &verdict {
            Some(reason) => {
                dead_letter::park(projection.name(), version, part, Some(reason), connection).await?;
                report(projection.name(), part, reason);
                Ok(())
            }
            None => batch::fold(projection, version, part, &locked, connection).await,
        };
        match applied.map_err(BatchError::from) {
            Ok(()) => {
                sqlx::query("RELEASE SAVEPOINT part").execute(&mut *connection).await?;
            }
            Err(BatchError::Poison { culprit, reason }) => {
                sqlx::query("ROLLBACK TO SAVEPOINT part")
                    .execute(&mut *connection)
                    .await?;
                let place = |event: &&Recorded| (event.lane, event.position);
                let culprit = culprit.and_then(|culprit| part.iter().position(|event| place(event) == culprit));
                parts.extend(batch::split(part, culprit, reason));
            }
            Err(BatchError::Failed(error)) => return Err(error),
            Err(BatchError::LeaseLost) => {}
        }
    }
    Ok(())
}
