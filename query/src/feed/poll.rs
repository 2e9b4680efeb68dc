//! One follower's walk along the cursors of a topic's read models.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use proto::v1::{ChangedKey, Changes};
use sqlx::PgPool;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep};
use tonic::Status;

use crate::consistency::Token;
use crate::database;
use crate::error::Error;

/// Pause between two looks while there is news.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
/// Pause once there has been none for a while.
const LONGEST_PAUSE: Duration = Duration::from_millis(40);
/// A message is sent this often at least.
const SIGN_OF_LIFE: Duration = Duration::from_millis(400);
/// More events than this are not sent one by one: the follower begins again.
const MOST_EVENTS: i64 = 20_000;

/// Whether anything has moved: one row for the commonest look, which finds nothing.
const SUM: &str = "\
SELECT coalesce(sum(p.version), 0)::bigint, coalesce(sum(c.position), 0)::bigint
FROM projections p JOIN projection_cursor c ON c.name = p.name AND c.version = p.version
WHERE p.state = 'active' AND p.name = ANY($1)";

/// How far all read models of the topic have come, in each lane. The generation is the same in every row.
const POSITIONS: &str = "\
SELECT c.lane, min(c.position), sum(p.version)::bigint
FROM projections p JOIN projection_cursor c ON c.name = p.name AND c.version = p.version
WHERE p.state = 'active' AND p.name = ANY($1)
GROUP BY c.lane HAVING count(*) = cardinality($1)";

const CHANGED: &str = "\
SELECT e.aggregate_id, e.lane, max(e.position)
FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS passed (lane, after, upto)
JOIN events e ON e.lane = passed.lane AND e.position > passed.after AND e.position <= passed.upto
WHERE e.aggregate_type = ANY($4)
GROUP BY e.aggregate_id, e.lane";

/// What a feed tells of.
pub(super) struct Topic {
    /// The read models that answers come from.
    pub(super) models: &'static [&'static str],
    /// Whose events change them.
    pub(super) aggregate_types: &'static [&'static str],
}

type Positions = BTreeMap<i32, i64>;

pub(super) struct Poll {
    pool: PgPool,
    topic: &'static Topic,
    /// `None` until it was asked for.
    database: Option<String>,
    /// Where the follower is; `None`: nowhere.
    last_sent: Option<LastSent>,
}

struct LastSent {
    database: String,
    generation: i64,
    positions: Positions,
}

impl Poll {
    pub(super) fn new(pool: PgPool, topic: &'static Topic, after: Option<Token>, place: (String, u64)) -> Self {
        let (database, generation) = place;
        let last_sent = after.map(|token| LastSent {
            database,
            generation: i64::try_from(generation).unwrap_or(i64::MAX),
            positions: token.pairs().collect(),
        });
        Self {
            pool,
            topic,
            database: None,
            last_sent,
        }
    }

    /// Tells until the follower is gone. A failure ends the feed: the follower comes back and says where it was.
    pub(super) async fn run(mut self, sender: &Sender<Result<Changes, Status>>) {
        let mut seen = None;
        let mut pause = SHORTEST_PAUSE;
        let mut told_at: Option<Instant> = None;
        loop {
            let step = async {
                let sum = self.sum().await?;
                if seen == Some(sum) && told_at.is_some_and(|at| at.elapsed() < SIGN_OF_LIFE) {
                    return Ok(None);
                }
                let moved = seen.replace(sum) != Some(sum);
                self.changes().await.map(|changes| Some((moved, changes)))
            };
            let message: Result<_, Error> = step.await;
            match message {
                Ok(None) => pause = LONGEST_PAUSE.min(pause * 2),
                Ok(Some((moved, changes))) => {
                    if sender.send(Ok(changes)).await.is_err() {
                        return;
                    }
                    told_at = Some(Instant::now());
                    if moved {
                        pause = SHORTEST_PAUSE;
                    }
                }
                Err(error) => {
                    // The follower may be gone; nothing has to be reported.
                    let _ = sender.send(Err(error.into())).await;
                    return;
                }
            }
            sleep(pause).await;
        }
    }

    async fn sum(&self) -> Result<(i64, i64), Error> {
        Ok(sqlx::query_as(SUM)
            .bind(self.topic.models)
            .fetch_one(&self.pool)
            .await?)
    }

    async fn changes(&mut self) -> Result<Changes, Error> {
        let database = match &self.database {
            Some(name) => name.clone(),
            None => self.database.insert(database::name_of_state(&self.pool).await?).clone(),
        };
        let rows: Vec<(i32, i64, i64)> = sqlx::query_as(POSITIONS)
            .bind(self.topic.models)
            .fetch_all(&self.pool)
            .await?;
        let generation = rows.first().map_or(0, |row| row.2);
        let positions: Positions = rows.into_iter().map(|(lane, position, _)| (lane, position)).collect();
        let keys = match &self.last_sent {
            Some(last_sent) if last_sent.generation == generation && last_sent.database == database => {
                self.changed(&last_sent.positions, &positions).await?
            }
            _ => None,
        };
        let changes = Changes {
            restart: keys.is_none(),
            generation: u64::try_from(generation).unwrap_or_default(),
            positions: text(&positions),
            keys: keys.unwrap_or_default(),
            database: database.clone(),
        };
        self.last_sent = Some(LastSent {
            database,
            generation,
            positions,
        });
        Ok(changes)
    }

    /// What changed between two places; `None` when that cannot be told.
    async fn changed(&self, after: &Positions, upto: &Positions) -> Result<Option<Vec<ChangedKey>>, Error> {
        let before = |lane: &i32| after.get(lane).copied().unwrap_or_default();
        let went_back = after
            .iter()
            .any(|(lane, position)| upto.get(lane).copied().unwrap_or_default() < *position);
        let moved: Vec<_> = upto
            .iter()
            .filter(|(lane, position)| **position > before(lane))
            .collect();
        let events: i64 = moved.iter().map(|(lane, position)| **position - before(lane)).sum();
        if went_back || events > MOST_EVENTS {
            return Ok(None);
        }
        if moved.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let rows: Vec<(String, i32, i64)> = sqlx::query_as(CHANGED)
            .bind(moved.iter().map(|(lane, _)| **lane).collect::<Vec<_>>())
            .bind(moved.iter().map(|(lane, _)| before(lane)).collect::<Vec<_>>())
            .bind(moved.iter().map(|(_, position)| **position).collect::<Vec<_>>())
            .bind(self.topic.aggregate_types)
            .fetch_all(&self.pool)
            .await?;
        let keys: HashMap<_, _> = rows
            .into_iter()
            .map(|(id, lane, position)| (id, (lane, position)))
            .collect();
        let keys = keys.into_iter().map(|(id, (lane, position))| ChangedKey {
            id,
            lane: u32::try_from(lane).unwrap_or_default(),
            position: u64::try_from(position).unwrap_or_default(),
        });
        Ok(Some(keys.collect()))
    }
}

/// In the form of a consistency token.
fn text(positions: &Positions) -> String {
    let parts = positions.iter().filter(|(_, position)| **position > 0);
    parts
        .map(|(lane, position)| format!("{lane}.{position}"))
        .collect::<Vec<_>>()
        .join("-")
}
