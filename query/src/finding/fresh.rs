//! Read your writes through an index: the read models first, then what they have marked for it.

use proto::v1::{Freshness, ReadContext};
use reads::Reads;
use tokio::time::{Duration, Instant, sleep_until};

use super::SearchEngine;
use crate::error::Error;

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Where a write can be seen.
pub(super) struct Seen {
    pub(super) freshness: Freshness,
    /// In the index too, and not in the rows alone.
    pub(super) in_index: bool,
}

impl Seen {
    fn in_index(freshness: Freshness) -> Self {
        Self {
            freshness,
            in_index: true,
        }
    }

    fn in_rows(freshness: Freshness) -> Self {
        Self {
            freshness,
            in_index: false,
        }
    }
}

/// Waits until `models` show the write that the request's token stands for, and the index what they show. Without a token there
/// is nothing to wait for. An index that takes nothing in at present is not waited for, and neither it nor one that is too late is
/// to be asked: the rows show the write.
pub(super) async fn fresh_in_index(
    reads: &Reads,
    context: Option<&ReadContext>,
    models: &[&str],
    search: &SearchEngine,
) -> Result<Seen, Error> {
    let Some(context) = context.filter(|context| !context.consistency_token.is_empty()) else {
        let freshness = reads.fresh(context, models).await?;
        return Ok(Seen::in_index(freshness));
    };
    let deadline = Instant::now() + reads.wait(context);
    let freshness = reads.fresh(Some(context), models).await?;
    if freshness.stale {
        return Ok(Seen::in_index(freshness));
    }
    // A sale marks nothing by itself: the indexes look through the sales now and then, and here.
    if models.contains(&"product_sales") {
        sqlx::query("SELECT follow_sales(0)").execute(reads.pool()).await?;
    }
    // The marks of the write are committed, so none of them is later than this.
    let (marks, settings): (i64, i64) =
        sqlx::query_as("SELECT (SELECT last_value FROM search_marks), coalesce(max(version), 0) FROM search_settings")
            .fetch_one(reads.pool())
            .await?;
    search.look(reads.pool()).await?;
    let mut pause = FIRST_PAUSE;
    loop {
        if !search.is_up() {
            return Ok(Seen::in_rows(freshness));
        }
        let (reached, out): (bool, bool) = sqlx::query_as(
            "SELECT i.settings_version >= $3
                        AND coalesce((SELECT since FROM search_dirty WHERE index_name = i.name ORDER BY since LIMIT 1) > $2, true),
                    i.outage IS NOT NULL
             FROM search_index i WHERE i.name = $1",
        )
        .bind(search.name())
        .bind(marks)
        .bind(settings)
        .fetch_optional(reads.pool())
        .await?
        .unwrap_or((false, true));
        if reached {
            return Ok(Seen::in_index(freshness));
        }
        // The engine may be back already, but has not been given what waits for it.
        if out {
            return Ok(Seen::in_rows(freshness));
        }
        let now = Instant::now();
        if now >= deadline {
            return Ok(if context.allow_stale {
                Seen::in_index(Freshness { stale: true })
            } else {
                Seen::in_rows(freshness)
            });
        }
        sleep_until(deadline.min(now + pause)).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}
