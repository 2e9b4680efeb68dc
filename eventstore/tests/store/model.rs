//! Random batches on a few streams end as if the commands had run one after another.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::{Negative, Tally, assert_dense, from_the_start, key, open, plan, read_on};
use eventstore::{Plan, Store, TransactError, Transaction};
use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sqlx::PgPool;
use tokio::runtime::Handle;

const STREAMS: usize = 4;

/// Adds to some streams, if none gets negative and the guarded ones sum up to something even.
#[derive(Clone, Debug)]
struct Command {
    writes: BTreeMap<usize, Write>,
    guards: Vec<usize>,
    key: Option<(u8, u8)>,
}

#[derive(Clone, Debug)]
struct Write {
    amount: i64,
    create: bool,
    expected: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Done {
        totals: Vec<i64>,
        versions: Vec<u64>,
        replayed: bool,
    },
    Rejected(i64),
    Mismatch(u64),
    KeyReused,
}

/// The oracle: plain sequential code.
#[derive(Default)]
struct Serial {
    streams: BTreeMap<String, (i64, u64)>,
    done: BTreeMap<String, (u8, Outcome)>,
}

impl Serial {
    fn run(&mut self, case: u64, command: &Command) -> Outcome {
        let name = command.key.map(|(name, _)| format!("{case}-{name}"));
        if let (Some(name), Some((_, hash))) = (&name, command.key)
            && let Some((stored_hash, outcome)) = self.done.get(name)
        {
            return if *stored_hash == hash {
                outcome.clone()
            } else {
                Outcome::KeyReused
            };
        }
        let outcome = self.decide(case, command);
        if let (Some(name), Some((_, hash)), Outcome::Done { totals, versions, .. }) = (name, command.key, &outcome) {
            let again = Outcome::Done {
                totals: totals.clone(),
                versions: versions.clone(),
                replayed: true,
            };
            self.done.insert(name, (hash, again));
        }
        outcome
    }

    fn decide(&mut self, case: u64, command: &Command) -> Outcome {
        let at = |stream: usize| self.streams.get(&id(case, stream)).copied().unwrap_or_default();
        for (stream, write) in &command.writes {
            let (_, version) = at(*stream);
            if write.expected.is_some_and(|expected| expected != version) {
                return Outcome::Mismatch(version);
            }
        }
        let guarded: i64 = command.guards.iter().map(|stream| at(*stream).0).sum();
        if guarded % 2 != 0 {
            return Outcome::Rejected(guarded);
        }
        let after: Vec<_> = command
            .writes
            .iter()
            .map(|(stream, write)| (*stream, at(*stream), write.amount))
            .collect();
        if let Some((_, (total, _), amount)) = after.iter().find(|(_, (total, _), amount)| total + amount < 0) {
            return Outcome::Rejected(total + amount);
        }
        let (mut totals, mut versions) = (Vec::new(), Vec::new());
        for (stream, (total, version), amount) in after {
            self.streams.insert(id(case, stream), (total + amount, version + 1));
            totals.push(total + amount);
            versions.push(version + 1);
        }
        Outcome::Done {
            totals,
            versions,
            replayed: false,
        }
    }
}

fn id(case: u64, stream: usize) -> String {
    format!("tly_{case}_{stream}")
}

fn planned(case: u64, command: &Command) -> Plan {
    let plan = command.writes.iter().fold(plan(), |plan, (stream, write)| {
        let id = id(case, *stream);
        let plan = if write.create {
            plan.create::<Tally>(id)
        } else {
            plan.write::<Tally>(id)
        };
        write.expected.into_iter().fold(plan, Plan::expect_version)
    });
    let plan = command
        .guards
        .iter()
        .fold(plan, |plan, stream| plan.guard::<Tally>(id(case, *stream)));
    command.key.into_iter().fold(plan, |plan, (name, hash)| {
        plan.idempotency(key(&format!("{case}-{name}"), hash))
    })
}

async fn run(store: &Store, case: u64, command: Command) -> Outcome {
    let plan = planned(case, &command);
    let decide = move |transaction: &mut Transaction<'_>| {
        let guarded: i64 = command
            .guards
            .iter()
            .map(|stream| transaction.state::<Tally>(&id(case, *stream)).total)
            .sum();
        if guarded % 2 != 0 {
            return Err(Negative(guarded));
        }
        let mut totals = Vec::new();
        for (stream, write) in &command.writes {
            let id = id(case, *stream);
            let tally = transaction.state::<Tally>(&id);
            let (total, events) = (tally.total + write.amount, tally.decide(write.amount)?);
            totals.push(total);
            transaction.append::<Tally>(&id, events);
        }
        Ok(totals)
    };
    match store.transact(plan, decide).await {
        Ok(committed) => Outcome::Done {
            totals: committed.value,
            versions: committed.versions.iter().map(|(_, version)| *version).collect(),
            replayed: committed.replayed,
        },
        Err(TransactError::Rejected(Negative(total))) => Outcome::Rejected(total),
        Err(TransactError::VersionMismatch { actual, .. }) => Outcome::Mismatch(actual),
        Err(TransactError::KeyReused) => Outcome::KeyReused,
        Err(other) => panic!("{other:?}"),
    }
}

fn commands() -> impl Strategy<Value = Command> {
    let write = (
        -3..6_i64,
        prop::bool::weighted(0.2),
        prop::option::weighted(0.2, 0..6_u64),
    )
        .prop_map(|(amount, create, expected)| Write {
            amount,
            create,
            expected,
        });
    let writes = prop::collection::btree_map(0..STREAMS, write, 0..3);
    let guards = prop::collection::btree_set(0..STREAMS, 0..2);
    (writes, guards, prop::option::weighted(0.4, (0..6_u8, 0..2_u8))).prop_map(|(writes, guards, key)| {
        let guards = guards
            .into_iter()
            .filter(|stream| !writes.contains_key(stream))
            .collect();
        Command { writes, guards, key }
    })
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn batches_equal_a_serial_run(pool: PgPool) {
    // Which of two stores, whose caches make each other stale, gets a batch.
    let stores = [open(&pool).await, open(&pool).await];
    let batches = prop::collection::vec((0..2_usize, prop::collection::vec(commands(), 1..12)), 1..6);
    let handle = Handle::current();
    let check = move || {
        let cases = AtomicU64::new(0);
        let mut runner = TestRunner::new(ProptestConfig {
            cases: 96,
            failure_persistence: None,
            ..Default::default()
        });
        runner.run(&batches, |batches| {
            let case = cases.fetch_add(1, Ordering::Relaxed);
            let mut serial = Serial::default();
            for (store, batch) in batches {
                let expected: Vec<Outcome> = batch.iter().map(|command| serial.run(case, command)).collect();
                let outcomes = handle.block_on(join_all(
                    batch.into_iter().map(|command| run(&stores[store], case, command)),
                ));
                prop_assert_eq!(outcomes, expected);
            }
            for (id, (total, version)) in serial.streams {
                let loaded = handle.block_on(stores[0].load::<Tally>(&id)).unwrap();
                prop_assert_eq!((loaded.aggregate.total, loaded.version), (total, version));
            }
            Ok(())
        })
    };
    tokio::task::spawn_blocking(check).await.unwrap().unwrap();
    let store = open(&pool).await;
    assert_dense(&read_on(&store.log(), &mut from_the_start(&store), 100).await);
}
