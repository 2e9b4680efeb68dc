//! The answers that gateways share, in Redis.
//!
//! Every key begins with the name of the database that the answer was read from, since other installations may use the same Redis, and
//! with an epoch, a random name that Redis holds too. After any failure, a gateway starts a new epoch before it uses Redis again. News
//! that were lost with the connection, or with a Redis that was restored from an old snapshot, then concern only entries that nobody
//! reads any more. A connection is never repaired silently. A gateway that joins an epoch later trusts only entries from the
//! log position at which it joined, because it reported earlier changes to the epoch before.
//!
//! An entry has the position at which it was read. The news of a change replaces an older entry by its position alone, for as long as a
//! read can take, so that a late read cannot write the old entry again.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use metrics::{Counter, Gauge, counter, gauge};
use redis::{Client, RedisResult, Script, aio::MultiplexedConnection};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{cached::CachedAnswer, positions::Positions};
use crate::sources::IdsFn;

/// Redis answers within this time or is not used.
const ANSWERS_WITHIN: Duration = Duration::from_millis(250);
const CONNECTS_WITHIN: Duration = Duration::from_secs(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Entries are dropped after this time, in milliseconds, whether anything has changed or not.
const KEPT_FOR: u64 = 10 * 60 * 1000;
/// The position of a change is kept for this time, in milliseconds: longer than any read takes.
const CHANGE_KEPT_FOR: u64 = 60 * 1000;

/// Puts an entry unless there is a newer one: `epoch key, entry key; epoch, position, value, milliseconds`.
const PUT: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local there = redis.call('HGET', KEYS[2], 'p')
if there and tonumber(there) > tonumber(ARGV[2]) then return 1 end
redis.call('HSET', KEYS[2], 'p', ARGV[2], 'v', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1";

/// Drops entries that are older than a change, and answers with the present epoch; if that is another one, nothing was done:
/// `epoch key, entry keys; epoch, milliseconds, positions`.
const INVALIDATE: &str = r"
local epoch = redis.call('GET', KEYS[1])
if epoch ~= ARGV[1] then return epoch end
for i = 2, #KEYS do
    local there = redis.call('HGET', KEYS[i], 'p')
    if not there or tonumber(there) < tonumber(ARGV[i + 1]) then
        redis.call('DEL', KEYS[i])
        redis.call('HSET', KEYS[i], 'p', ARGV[i + 1])
        redis.call('PEXPIRE', KEYS[i], ARGV[2])
    end
end
return epoch";

/// Keys of one call at most.
const MOST_KEYS: usize = 500;

/// Redis cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[error("the Redis URL cannot be used: {0}")]
pub struct RedisError(String);

/// What the gateways share of one cache; a cheap clone.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    name: &'static str,
    client: Client,
    ids: IdsFn,
    /// `None` until the feed has named it.
    database: watch::Sender<Option<Arc<str>>>,
    put: Script,
    invalidate: Script,
    link: RwLock<Option<Link>>,
    /// How far the feed had come last: from where on entries of a new epoch are trusted.
    passed: RwLock<Arc<Positions>>,
    broken: Notify,
    serial: AtomicU64,
    up: Gauge,
    failures: Counter,
}

/// A connection in good order.
#[derive(Clone)]
struct Link {
    connection: MultiplexedConnection,
    database: Arc<str>,
    epoch: Arc<str>,
    /// Entries that were read before are not trusted.
    from: Arc<Positions>,
    serial: u64,
}

impl Shared {
    pub(crate) fn new(name: &'static str, url: &str, ids: IdsFn) -> Result<Self, RedisError> {
        // The message of the driver names what is wrong and not the URL, which has a password.
        let client = Client::open(url).map_err(|error| RedisError(error.to_string()))?;
        let up = gauge!("tillroll_redis_up", "cache" => name);
        up.set(0);
        Ok(Self(Arc::new(Inner {
            name,
            client,
            ids,
            database: watch::Sender::default(),
            put: Script::new(PUT),
            invalidate: Script::new(INVALIDATE),
            link: RwLock::default(),
            passed: RwLock::default(),
            broken: Notify::new(),
            serial: AtomicU64::new(0),
            up,
            failures: counter!("tillroll_redis_failures_total", "cache" => name),
        })))
    }

    /// Names the database that everything is read from. Redis is not used before.
    pub(crate) fn read_from(&self, database: &str) {
        let is_new = self.0.database.send_if_modified(|present| {
            let is_new = present.as_deref() != Some(database);
            if is_new {
                *present = Some(database.into());
            }
            is_new
        });
        if let (true, Some(link)) = (is_new, self.link()) {
            self.broke(&link, "the database is another one");
        }
    }

    /// An entry, if there is one that can be trusted. `passed`: how far the feed has come.
    pub(crate) async fn get(&self, id: &str, passed: &Arc<Positions>) -> Option<CachedAnswer> {
        let link = self.link()?;
        let (epoch_key, key) = (self.epoch_key(&link.database), self.key(&link, id));
        let mut connection = link.connection.clone();
        let ask = async {
            let mut pipe = redis::pipe();
            pipe.cmd("GET").arg(epoch_key).cmd("HGET").arg(key).arg("v");
            pipe.query_async::<(Option<String>, Option<Vec<u8>>)>(&mut connection)
                .await
        };
        let (epoch, value) = self.answer(&link, ask).await?;
        if epoch.as_deref() != Some(&*link.epoch) {
            self.enter(&link, epoch, Arc::clone(passed));
            return None;
        }
        let cached = CachedAnswer::decode(&Bytes::from(value?))?;
        (cached.read_at.position >= link.from.get(cached.read_at.lane)).then_some(cached)
    }

    /// Offers an entry.
    pub(crate) async fn put(&self, id: &str, cached: &CachedAnswer) {
        let Some(link) = self.link() else { return };
        let mut call = self.0.put.key(self.epoch_key(&link.database));
        call.key(self.key(&link, id))
            .arg(&*link.epoch)
            .arg(cached.read_at.position)
            .arg(&*cached.encode())
            .arg(KEPT_FOR);
        let mut connection = link.connection.clone();
        // Whether it is in the epoch makes no difference: the next reader enters another one.
        let _: Option<u8> = self.answer(&link, call.invoke_async(&mut connection)).await;
    }

    /// Drops what is older than these changes. When it returns, entries that are older are not found any more. `passed`: how far the
    /// feed has come with them.
    pub(crate) async fn invalidate(&self, keys: &[(String, u64)], passed: Option<&Positions>) {
        if let Some(passed) = passed {
            self.note(passed);
        }
        for keys in keys.chunks(MOST_KEYS) {
            if !self.drop_keys(keys).await {
                return;
            }
        }
    }

    /// False: Redis is not used any more.
    async fn drop_keys(&self, keys: &[(String, u64)]) -> bool {
        /// Epochs begin when gateways start and after failures; more in a row than this are none of those.
        const MOST_EPOCHS: usize = 5;
        for _ in 0..MOST_EPOCHS {
            let Some(link) = self.link() else { return false };
            let mut call = self.0.invalidate.key(self.epoch_key(&link.database));
            call.arg(&*link.epoch).arg(CHANGE_KEPT_FOR);
            for (id, position) in keys {
                call.key(self.key(&link, id)).arg(*position);
            }
            let mut connection = link.connection.clone();
            let epoch: Option<Option<String>> = self.answer(&link, call.invoke_async(&mut connection)).await;
            match epoch {
                None => return false,
                Some(Some(epoch)) if *epoch == *link.epoch => return true,
                // What was noted before includes these changes: in the new epoch nothing older is trusted.
                Some(epoch) => self.enter(&link, epoch, self.passed()),
            }
        }
        if let Some(link) = self.link() {
            self.broke(&link, "its epochs do not last");
        }
        false
    }

    /// Drops everything.
    pub(crate) async fn flush(&self, passed: &Positions) {
        self.note(passed);
        let Some(link) = self.link() else { return };
        let epoch: Arc<str> = (self.0.ids)().to_string().into();
        let mut connection = link.connection.clone();
        let set = redis::cmd("SET")
            .arg(self.epoch_key(&link.database))
            .arg(&*epoch)
            .to_owned();
        if self
            .answer::<()>(&link, set.query_async(&mut connection))
            .await
            .is_some()
        {
            let mut present = self.0.link.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(present) = present.as_mut().filter(|present| present.serial == link.serial) {
                present.epoch = epoch;
                present.from = self.passed();
            }
        }
    }

    /// Connects, and again after every failure, until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut pause = SHORTEST_PAUSE;
        let mut warned = false;
        let mut database = self.0.database.subscribe();
        loop {
            let connect = async {
                match database.wait_for(Option::is_some).await.as_deref() {
                    Ok(Some(database)) => Ok(Arc::clone(database)),
                    _ => Err("nobody says which database it is for".to_owned()),
                }
            };
            let connected = tokio::select! {
                () = stop.cancelled() => return,
                database = connect => match database {
                    Ok(database) => self.connect(database).await,
                    Err(reason) => Err(reason),
                },
            };
            match connected {
                Ok(()) => {
                    tracing::info!(cache = self.0.name, "Redis is used");
                    (pause, warned) = (SHORTEST_PAUSE, false);
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = self.0.broken.notified() => {}
                    }
                }
                Err(reason) => {
                    if !warned {
                        warned = true;
                        tracing::warn!(
                            cache = self.0.name,
                            reason,
                            "Redis does not answer; tried again until it does"
                        );
                    }
                    self.0.failures.increment(1);
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    async fn connect(&self, database: Arc<str>) -> Result<(), String> {
        let connect = async {
            let mut connection = self.0.client.get_multiplexed_async_connection().await?;
            let epoch: Arc<str> = (self.0.ids)().to_string().into();
            let _: () = redis::cmd("SET")
                .arg(self.epoch_key(&database))
                .arg(&*epoch)
                .query_async(&mut connection)
                .await?;
            RedisResult::Ok((connection, epoch))
        };
        let (connection, epoch) = match timeout(CONNECTS_WITHIN, connect).await {
            Ok(Ok(connected)) => connected,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err("it took too long".to_owned()),
        };
        let link = Link {
            connection,
            database,
            epoch,
            from: self.passed(),
            serial: self.0.serial.fetch_add(1, Ordering::Relaxed),
        };
        *self.0.link.write().unwrap_or_else(PoisonError::into_inner) = Some(link);
        self.0.up.set(1);
        Ok(())
    }

    /// Comes into another gateway's epoch, or begins one where Redis has forgotten it.
    fn enter(&self, link: &Link, epoch: Option<String>, passed: Arc<Positions>) {
        let Some(epoch) = epoch else {
            return self.broke(link, "it has forgotten the epoch");
        };
        let mut present = self.0.link.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(present) = present.as_mut()
            && present.serial == link.serial
            && present.epoch == link.epoch
        {
            present.epoch = epoch.into();
            let followed = self.passed();
            // Both only grow; the one that was seen by the read may be the older one.
            present.from = if followed.reached(&passed) { followed } else { passed };
        }
    }

    async fn answer<T>(&self, link: &Link, ask: impl Future<Output = RedisResult<T>>) -> Option<T> {
        match timeout(ANSWERS_WITHIN, ask).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => self.broke(link, &error.to_string()),
            Err(_) => self.broke(link, "it took too long"),
        }
        None
    }

    /// Does without Redis until there is a new connection and a new epoch.
    fn broke(&self, link: &Link, reason: &str) {
        let mut present = self.0.link.write().unwrap_or_else(PoisonError::into_inner);
        if present.as_ref().is_some_and(|present| present.serial == link.serial) {
            *present = None;
            self.0.up.set(0);
            self.0.failures.increment(1);
            self.0.broken.notify_one();
            tracing::warn!(cache = self.0.name, reason, "Redis is not used for the time being");
        }
    }

    fn link(&self) -> Option<Link> {
        self.0.link.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn passed(&self) -> Arc<Positions> {
        Arc::clone(&self.0.passed.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, passed: &Positions) {
        *self.0.passed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(passed.clone());
    }

    // The braces keep all keys of a cache in one slot of a cluster.

    fn epoch_key(&self, database: &str) -> String {
        format!("{{tillroll:{}:{database}}}:epoch", self.0.name)
    }

    fn key(&self, link: &Link, id: &str) -> String {
        format!("{{tillroll:{}:{}}}:{}:{id}", self.0.name, link.database, link.epoch)
    }
}
