//! Where a read goes: to a replica that is near enough to the primary, else to the primary.

use proto::v1::{Freshness, ReadContext};
use sqlx::PgPool;

use crate::Reads;
use crate::error::Error;

impl Reads {
    /// Reads from what shows the write that the request's token stands for. A replica that does not, that fails, that is given up
    /// meanwhile, or on which there is no such row, is passed over for the primary.
    pub async fn read<T, R>(
        &self,
        context: Option<&ReadContext>,
        models: &[&str],
        read: impl Fn(PgPool) -> R,
    ) -> Result<(T, Freshness), Error>
    where
        R: Future<Output = Result<T, Error>>,
    {
        if let Some(replica) = self.replicas.pick() {
            let attempt = async {
                if self.shows(replica.pool(), context, models).await? {
                    read(replica.pool().clone()).await.map(Some)
                } else {
                    Ok(None)
                }
            };
            let outcome = tokio::select! {
                outcome = attempt => outcome,
                () = replica.given_up() => Ok(None),
            };
            match outcome {
                Ok(Some(value)) => {
                    replica.served();
                    return Ok((value, Freshness { stale: false }));
                }
                Err(error @ (Error::Invalid { .. } | Error::InvalidCursor(_) | Error::ReportTooLarge { .. })) => {
                    return Err(error);
                }
                Err(Error::BadRow { .. } | Error::Database(_)) => replica.failed(),
                // What is not there may have come since.
                Ok(None) | Err(_) => replica.passed_over(),
            }
        }
        let freshness = self.fresh(context, models).await?;
        Ok((read(self.pool().clone()).await?, freshness))
    }
}
