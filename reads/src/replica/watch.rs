//! Looking after the replicas.

use std::collections::VecDeque;
use std::time::Duration;

use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::{Replica, Replicas};
use crate::database;

/// How often the primary and the replicas are looked at.
const EVERY: Duration = Duration::from_millis(250);
/// A server that takes longer to say how far it has come is not in good order.
const ANSWERS_WITHIN: Duration = Duration::from_millis(750);
/// Looks at the primary that are remembered: a replica that is further behind is behind by this much at least.
const REMEMBERED: usize = 240;

/// How far the read models of a database have come. Both grow and never shrink, the second within the first, so that places are ordered.
const PLACE: &str = "\
SELECT coalesce(sum(p.version), 0)::bigint, coalesce(sum(c.position), 0)::bigint, pg_is_in_recovery()
FROM projections p JOIN projection_cursor c ON c.name = p.name AND c.version = p.version
WHERE p.state = 'active'";

/// Builds of the read models, and the sum of their cursors.
type Place = (i64, i64);

/// What a server says of itself.
struct Look {
    place: Place,
    /// See [`database`].
    database: String,
    is_replica: bool,
}

/// Where the primary was, and when.
#[derive(Default)]
struct History(VecDeque<(Instant, Place)>);

impl History {
    fn note(&mut self, at: Instant, place: Place) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((at, place));
    }

    /// How long before the last look at the primary it was where the replica is now; `None` for one that is ahead, which no replica
    /// can be.
    fn lag(&self, place: Place) -> Option<Duration> {
        let Some((last, newest)) = self.0.back() else {
            return Some(Duration::MAX);
        };
        if place > *newest {
            return None;
        }
        let reached = self.0.iter().rev().find(|(_, passed)| place >= *passed);
        let since = reached.or(self.0.front()).map_or(*last, |(at, _)| *at);
        Some(match reached {
            Some(_) => last.duration_since(since),
            // Further back than can be said.
            None => Duration::MAX,
        })
    }
}

/// Keeps finding out which replicas may answer, until `stop`.
pub(crate) async fn watch(primary: PgPool, replicas: Replicas, max_lag: Duration, stop: CancellationToken) {
    let mut history = History::default();
    let mut name = String::new();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        // The replicas first: one that is in good order cannot be ahead of what the primary says afterwards.
        let mut looks = JoinSet::new();
        for replica in replicas.all.iter().cloned() {
            looks.spawn(async move {
                let look = look(&replica.probe).await;
                (replica, look)
            });
        }
        let mut seen = Vec::new();
        while let Some(look) = looks.join_next().await {
            seen.extend(look);
        }
        // A primary that is gone does not take its replicas with it.
        if let Ok(look) = look(&primary).await {
            history.note(Instant::now(), look.place);
            name = look.database;
        }
        for (replica, look) in seen {
            judge(&replica, look, &name, &history, max_lag);
        }
    }
}

fn judge(replica: &Replica, look: Result<Look, String>, name: &str, history: &History, max_lag: Duration) {
    let look = match look {
        Ok(look) => look,
        Err(reason) => return replica.leave_out(&reason),
    };
    if look.database != name {
        return replica.leave_out("it is not a copy of this database");
    }
    if !look.is_replica {
        return replica.leave_out("it follows no primary");
    }
    let Some(lag) = history.lag(look.place) else {
        return replica.leave_out("it is ahead of the primary, so it is not its replica");
    };
    replica.metrics.lag.set(lag.min(EVERY * 240).as_secs_f64());
    replica.set_used(lag <= max_lag, "it has fallen behind");
}

async fn look(pool: &PgPool) -> Result<Look, String> {
    let statement = format!("SELECT place.*, {} FROM ({PLACE}) AS place", database::NAME);
    match timeout(ANSWERS_WITHIN, sqlx::query_as(&statement).fetch_one(pool)).await {
        Ok(Ok((builds, cursors, is_replica, database))) => Ok(Look {
            place: (builds, cursors),
            database,
            is_replica,
        }),
        Ok(Err(error)) => Err(format!("it does not say how far it has come: {error}")),
        Err(_) => Err("it does not answer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_the_age_of_the_place_that_the_replica_has_reached() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut history = History::default();
        assert_eq!(history.lag((1, 0)), Some(Duration::MAX), "nothing is known yet");
        for (after, place) in [(0, (6, 10)), (1, (6, 10)), (2, (6, 20)), (3, (7, 5))] {
            history.note(start + second * after, place);
        }
        assert_eq!(history.lag((7, 5)), Some(Duration::ZERO));
        assert_eq!(history.lag((6, 25)), Some(second), "it was there between two looks");
        assert_eq!(history.lag((6, 20)), Some(second));
        assert_eq!(
            history.lag((6, 15)),
            Some(second * 2),
            "as old as the last place that was passed"
        );
        assert_eq!(history.lag((6, 9)), Some(Duration::MAX));
        assert_eq!(history.lag((7, 6)), None, "ahead of the primary");
    }
}
