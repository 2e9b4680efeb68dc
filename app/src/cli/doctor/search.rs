//! The search engine, and the indexes in it.

use std::time::Duration;

use projections::IndexStatus;
use sqlx::PgPool;
use tokio::time::timeout;

use super::{Report, chain};
use crate::compose::Search;
use crate::config::Config;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the Meilisearch server answers, and takes the key.
pub(super) async fn engine(config: &Config, report: &mut Report) {
    let subject = "search engine";
    let advice = "searches are answered from the database meanwhile; see MEILI_URL and MEILI_KEY";
    match Search::meilisearch(config) {
        Ok(None) => report.fine(subject, "inside the process"),
        Ok(Some(engine)) => match timeout(PATIENCE, engine.health()).await {
            Ok(Ok(())) => report.fine(subject, "Meilisearch answers, and takes the key"),
            Ok(Err(error)) => report.fail(subject, format!("{}: {advice}", chain(error))),
            Err(_) => report.fail(subject, format!("Meilisearch does not answer: {advice}")),
        },
        Err(error) => report.fail(subject, chain(error)),
    }
}

/// How the indexes follow the read models.
pub(super) async fn indexes(pool: &PgPool, report: &mut Report) {
    let all = match projections::index_status(pool).await {
        Ok(all) => all,
        Err(error) => return report.fail("search index", chain(error)),
    };
    for index in &all {
        let subject = format!("search {}", index.name);
        match index {
            IndexStatus { kept: false, .. } => report.fine(&subject, "no process uses it at present"),
            IndexStatus {
                outage: Some(reason), ..
            } => report.warn(
                &subject,
                format!("takes nothing in, {} products wait: {reason}", index.dirty),
            ),
            IndexStatus { ready: false, .. } => report.warn(
                &subject,
                "is being filled; searches are answered from the database meanwhile",
            ),
            IndexStatus { rejected: 1.., .. } => report.warn(
                &subject,
                format!(
                    "{} products are refused by the engine: see the table search_rejected",
                    index.rejected
                ),
            ),
            _ => report.fine(
                &subject,
                format!("build {}, {} products wait", index.build, index.dirty),
            ),
        }
    }
}
