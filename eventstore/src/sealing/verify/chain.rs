//! The checkpoints: signatures, the chain, and what they say of each lane.

use std::collections::BTreeMap;

use seal::{Checkpoint, Hash, PublicKey, SignedCheckpoint};
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::VerifyOptions;
use super::finding::{Finding, Kind};
use crate::Error;
use crate::sealing::{checkpoints, tiles};

const PAGE: i64 = 256;
/// Pages whose signatures are being checked.
const AHEAD: usize = 8;

/// What a checkpoint says of a lane: the tree of its first `size` events has this root.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) checkpoint: u64,
    /// It comes from outside of the database.
    pub(super) exported: bool,
}

/// All checkpoints, checked against each other.
#[derive(Default)]
pub(super) struct Chain {
    /// What the lanes are to be compared with, by ascending size.
    pub(super) marks: BTreeMap<u32, Vec<Mark>>,
    /// Where verification begins, when not at the beginning.
    pub(super) start: Option<Checkpoint>,
    /// The newest one of the database.
    pub(super) newest: Option<Checkpoint>,
    pub(super) count: u64,
    /// Something was sealed once: there are keys or trees, which come with the first checkpoint.
    pub(super) began: bool,
    pub(super) findings: Vec<Finding>,
    /// The keys are the database's own.
    pub(super) keys_of_database: bool,
    pub(super) keys: Vec<PublicKey>,
    /// What lanes the stored trees have, and how many leaves.
    pub(super) leaves: BTreeMap<u32, u64>,
}

impl Chain {
    pub(super) async fn read(pool: &PgPool, options: &VerifyOptions) -> Result<Self, Error> {
        let mut connection = pool.acquire().await?;
        let mut chain = Self {
            keys: options.keys.clone(),
            ..Self::default()
        };
        if chain.keys.is_empty() {
            chain.keys = checkpoints::keys(&mut connection).await?;
            chain.keys_of_database = true;
        }
        let log: Option<Uuid> = sqlx::query_scalar("SELECT id FROM seal_log")
            .fetch_optional(&mut *connection)
            .await?;
        let newest = chain.edge(&mut connection).await?;
        chain.began = !chain.leaves.is_empty() || !checkpoints::keys(&mut connection).await?.is_empty();
        chain.stored(&mut connection, options, newest, log).await?;
        chain.exported(&mut connection, options, newest, log).await?;
        for marks in chain.marks.values_mut() {
            marks.sort_by_key(|mark| (mark.size, !mark.exported));
        }
        Ok(chain)
    }

    /// The newest checkpoint's number, and how long the stored trees are in the same moment.
    async fn edge(&mut self, connection: &mut PgConnection) -> Result<i64, Error> {
        let mut tx = connection.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            .execute(&mut *tx)
            .await?;
        let newest = checkpoints::newest(&mut tx).await?.map_or(0, |(number, _)| number);
        self.leaves = tiles::leaves(&mut tx).await?;
        tx.rollback().await?;
        Ok(newest)
    }

    async fn stored(
        &mut self,
        connection: &mut PgConnection,
        options: &VerifyOptions,
        newest: i64,
        log: Option<Uuid>,
    ) -> Result<(), Error> {
        let start = options.from_checkpoint.map(u64::cast_signed);
        let mut signatures = JoinSet::new();
        let mut unsigned = Vec::new();
        let mut after = start.map_or(0, |start| start - 1);
        let mut previous: Option<Checkpoint> = None;
        let mut expected = after + 1;
        loop {
            let page = checkpoints::page(connection, after, PAGE).await?;
            let page: Vec<_> = page.into_iter().filter(|(number, _)| *number <= newest).collect();
            let Some((last, _)) = page.last() else { break };
            after = *last;
            let mut signed = Vec::with_capacity(page.len());
            for (number, note) in page {
                self.count += 1;
                if number != expected {
                    self.missing(expected, number - 1);
                    previous = None;
                }
                expected = number + 1;
                match note.parse::<SignedCheckpoint>() {
                    Ok(note) => {
                        self.follow(number, &note.checkpoint, previous.as_ref(), log);
                        self.mark(&note.checkpoint, previous.as_ref(), false);
                        if start == Some(number) {
                            self.start = Some(note.checkpoint.clone());
                        }
                        previous = Some(note.checkpoint.clone());
                        signed.push(note);
                    }
                    Err(error) => {
                        self.findings.push(Finding::checkpoint(
                            Kind::Checkpoint,
                            number.cast_unsigned(),
                            error.to_string(),
                        ));
                        previous = None;
                    }
                }
            }
            // Reading must not run away from checking.
            while signatures.len() >= AHEAD
                && let Some(checked) = signatures.join_next().await
            {
                unsigned.extend(checked.map_err(|error| Error::Damaged(error.to_string()))?);
            }
            let keys = self.keys.clone();
            signatures.spawn_blocking(move || -> Vec<u64> {
                let unsigned = signed.iter().filter(|note| note.signed_by(&keys).is_none());
                unsigned.map(|note| note.checkpoint.number).collect()
            });
        }
        self.newest = previous;
        while let Some(result) = signatures.join_next().await {
            unsigned.extend(result.map_err(|error| Error::Damaged(error.to_string()))?);
        }
        unsigned.sort_unstable();
        self.unsigned(&unsigned);
        if let Some(start) = start
            && self.start.is_none()
        {
            let message = "verification was to begin here, and it is not there or cannot be read";
            self.findings
                .push(Finding::checkpoint(Kind::Checkpoint, start.cast_unsigned(), message));
        }
        Ok(())
    }

    fn missing(&mut self, first: i64, last: i64) {
        let message = if first == last {
            "is missing".to_owned()
        } else {
            format!("and those up to {last} are missing")
        };
        self.findings
            .push(Finding::checkpoint(Kind::Checkpoint, first.cast_unsigned(), message));
    }

    /// One finding for a run of checkpoints, of which there may be thousands.
    fn unsigned(&mut self, numbers: &[u64]) {
        for run in numbers.chunk_by(|one, next| one + 1 == *next) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            let which = if first == last {
                String::new()
            } else {
                format!(" (likewise up to {last})")
            };
            let message = format!("is not signed by a trusted key{which}");
            self.findings
                .push(Finding::checkpoint(Kind::Signature, *first, message));
        }
    }

    /// Whether a checkpoint follows from the one before.
    fn follow(&mut self, number: i64, checkpoint: &Checkpoint, previous: Option<&Checkpoint>, log: Option<Uuid>) {
        let mut wrong = |message: String| {
            self.findings
                .push(Finding::checkpoint(Kind::Checkpoint, number.cast_unsigned(), message));
        };
        if checkpoint.number.cast_signed() != number {
            wrong(format!("stands under this number and is number {}", checkpoint.number));
        }
        if log != Some(checkpoint.log) {
            wrong(format!("is of the log {}, not of this one", checkpoint.log));
        }
        let Some(previous) = previous else { return };
        if checkpoint.previous != Some(previous.hash()) {
            wrong("does not follow the one before: it names another hash".to_owned());
        }
        if let Some(head) = previous
            .lanes
            .iter()
            .find(|head| checkpoint.size(head.lane) < head.size)
        {
            let size = checkpoint.size(head.lane);
            wrong(format!(
                "has {size} events in lane {}, and the one before had {}",
                head.lane, head.size
            ));
        }
    }

    /// Notes what it says of the lanes that have changed since `previous`.
    fn mark(&mut self, checkpoint: &Checkpoint, previous: Option<&Checkpoint>, exported: bool) {
        for head in &checkpoint.lanes {
            if previous.and_then(|previous| previous.lane(head.lane)) != Some(head) {
                self.marks.entry(head.lane).or_default().push(Mark {
                    size: head.size,
                    root: head.root,
                    checkpoint: checkpoint.number,
                    exported,
                });
            }
        }
    }

    /// The checkpoints that an auditor kept, and the one that the sealer remembers, must be those of the database.
    async fn exported(
        &mut self,
        connection: &mut PgConnection,
        options: &VerifyOptions,
        newest: i64,
        log: Option<Uuid>,
    ) -> Result<(), Error> {
        let mut before: Option<&Checkpoint> = None;
        for signed in &options.exported {
            if signed.signed_by(&self.keys).is_none() {
                // Neither a proof against the database nor one for it.
                let message = "(of the file) is not signed by a trusted key";
                self.findings
                    .push(Finding::checkpoint(Kind::Signature, signed.checkpoint.number, message));
            } else if self
                .kept(connection, &signed.checkpoint, "of the file", newest, log)
                .await?
            {
                self.mark(&signed.checkpoint, before, true);
                before = Some(&signed.checkpoint);
            }
        }
        if let Some(remembered) = options.remembered.as_ref().map(|signed| &signed.checkpoint)
            && self
                .kept(connection, remembered, "remembered by the sealer", newest, log)
                .await?
        {
            self.mark(remembered, None, true);
        }
        Ok(())
    }

    /// Whether a checkpoint from outside of the database is of this log; what is wrong with it there is noted.
    async fn kept(
        &mut self,
        connection: &mut PgConnection,
        checkpoint: &Checkpoint,
        whence: &str,
        newest: i64,
        log: Option<Uuid>,
    ) -> Result<bool, Error> {
        let number = checkpoint.number;
        if log != Some(checkpoint.log) {
            let message = format!("({whence}) is of another log than the database");
            self.findings
                .push(Finding::checkpoint(Kind::Checkpoint, number, message));
            return Ok(false);
        }
        let stored = checkpoints::find(connection, number).await?;
        let stored = stored.map(|note| note.parse::<SignedCheckpoint>().ok().map(|signed| signed.checkpoint));
        let wrong = match stored {
            Some(Some(stored)) if stored == *checkpoint => return Ok(true),
            Some(_) => "is another one in the database: history was written anew",
            None if number.cast_signed() > newest => {
                "is newer than all of the database: it was set back to an older state, or its newest checkpoints were removed"
            }
            None => "is missing in the database",
        };
        let message = format!("({whence}) {wrong}");
        self.findings
            .push(Finding::checkpoint(Kind::Checkpoint, number, message));
        Ok(true)
    }
}
