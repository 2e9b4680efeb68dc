//! Log-ins on record, in the audit log and in ours.
//!
//! Who gets in is recorded with the session that they get. Attempts that fail are counted and recorded beside the answers, so that neither
//! their number nor the database makes any of them faster or slower; and a stranger who sends many makes the record grow no faster than
//! [`PAUSE`] allows.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{
    UserId,
    login::{FailedLogIns, LoginCommand, Logins as Day},
};
use proto::failure::Failure;
use sha2::{Digest, Sha256};

use crate::{context::Context, core::Core};

/// Who is told to have recorded what strangers did.
pub(super) const ACTOR: &str = "system:login";
/// Between two records of failed attempts: at most 28,800 a day, whatever is sent.
const PAUSE: Duration = Duration::from_secs(3);
/// Accounts and addresses that are told apart between two records; the attempts for others are counted together.
const MAX_TOLD: usize = 20;

/// What an attempt was for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Account {
    Known(UserId),
    /// The keyed hash of the address that was given.
    Unknown(String),
    /// Any, when there are too many.
    Others,
}

/// Attempts of one kind, and where the first of them came from.
struct Tally<C> {
    attempts: u64,
    context: C,
}

struct Failed<C> {
    tallies: HashMap<Account, Tally<C>>,
    /// A task is recording them.
    recording: bool,
}

impl<C> Default for Failed<C> {
    fn default() -> Self {
        Self {
            tallies: HashMap::new(),
            recording: false,
        }
    }
}

impl<C> Failed<C> {
    fn count(&mut self, account: Account, context: C) {
        let is_told = self.tallies.len() < MAX_TOLD || self.tallies.contains_key(&account);
        let tally = self.tallies.entry(if is_told { account } else { Account::Others });
        tally.or_insert(Tally { attempts: 0, context }).attempts += 1;
    }
}

/// Puts log-ins on record. Cheap to clone.
#[derive(Clone)]
pub(super) struct Logins {
    core: Core,
    /// Of this process alone: nobody can find out addresses from their hashes later on.
    key: [u8; 32],
    failed: Arc<Mutex<Failed<Context>>>,
}

impl Logins {
    pub(super) fn new(core: Core) -> Self {
        let mut key = Sha256::new();
        key.update((core.ids)().as_bytes());
        key.update((core.ids)().as_bytes());
        Self {
            core,
            key: key.finalize().into(),
            failed: Arc::default(),
        }
    }

    /// What stands for an address that belongs to nobody. It may be a password that was typed in the wrong place.
    pub(super) fn hash(&self, email: &str) -> String {
        let digest = Sha256::new().chain_update(self.key).chain_update(email).finalize();
        digest
            .iter()
            .take(16)
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// Counts an attempt that failed, and sees to it that it is recorded.
    pub(super) fn failed(&self, context: Context, account: Account) {
        let request_id = &context.metadata.request_id;
        match &account {
            Account::Known(user_id) => tracing::warn!(%user_id, request_id, "a log-in failed"),
            Account::Unknown(email_hash) => tracing::warn!(email_hash, request_id, "a log-in failed: no such account"),
            Account::Others => {}
        }
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.count(account, context);
        if !std::mem::replace(&mut failed.recording, true) {
            let logins = self.clone();
            tokio::spawn(async move { logins.keep_recording().await });
        }
    }

    /// Records what was counted until there is nothing left.
    async fn keep_recording(&self) {
        loop {
            let events = self.flush().await;
            tokio::time::sleep(PAUSE.saturating_mul(events)).await;
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            if failed.tallies.is_empty() {
                failed.recording = false;
                return;
            }
        }
    }

    /// Records what was counted so far; tells in how many events.
    pub(super) async fn flush(&self) -> u32 {
        let tallies = {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut failed.tallies)
        };
        let mut events = 0;
        for (account, Tally { attempts, context }) in tallies {
            let (user_id, email_hash) = match account {
                Account::Known(user_id) => (Some(user_id), None),
                Account::Unknown(hash) => (None, Some(hash)),
                Account::Others => (None, None),
            };
            let failures = FailedLogIns {
                user_id,
                email_hash,
                attempts,
            };
            if let Err(failure) = self.record(&context, failures).await {
                tracing::warn!(
                    attempts,
                    code = failure.code,
                    "log-ins that failed are missing from the audit log"
                );
            }
            events += 1;
        }
        events
    }

    async fn record(&self, context: &Context, failures: FailedLogIns) -> Result<(), Failure> {
        let command = LoginCommand::RecordFailures(failures);
        let stream = Day::stream_id(context.now.date_naive());
        let plan = context.plan().write::<Day>(stream.as_str());
        let recorded = self.core.commit(plan, move |transaction| {
            let Ok(events) = transaction.state::<Day>(&stream).decide(&command);
            transaction.append::<Day>(&stream, events);
            Ok::<_, Failure>(())
        });
        recorded.await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_accounts_are_told_apart_and_every_attempt_is_counted() {
        let mut failed = Failed::default();
        for attempt in 0..100 {
            failed.count(Account::Unknown(attempt.to_string()), ());
            failed.count(Account::Unknown("0".to_owned()), ());
        }
        assert_eq!(failed.tallies.len(), MAX_TOLD + 1);
        assert_eq!(failed.tallies[&Account::Unknown("0".to_owned())].attempts, 101);
        assert_eq!(failed.tallies[&Account::Others].attempts, 80);
        let all: u64 = failed.tallies.values().map(|tally| tally.attempts).sum();
        assert_eq!(all, 200);
    }
}
