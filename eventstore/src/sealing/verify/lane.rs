//! One lane on its way through verification: chunk by chunk, in order.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use seal::{Checkpoint, Event, Frontier, Hash, TILE_WIDTH, TileId, Tiles};
use sqlx::PgConnection;

use super::chain::{Chain, Mark};
use super::finding::{Finding, Kind};
use crate::Error;
use crate::sealing::{rows, tiles};
use crate::stream::lane_of;

/// Events read by one statement. The lanes advance together, so that what lies together in the table is read together.
const CHUNK: u64 = 16 * TILE_WIDTH;

/// Where a lane stops being what was sealed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Break {
    /// Nothing stands at `expected`; the next event at `found`, if there is one.
    Gap { expected: u64, found: Option<i64> },
    /// The events up to the mark have another root.
    Mark(Mark),
    /// The stored hashes do not lead to the root that verification was to go on from.
    Edge(Mark),
}

/// How far a lane is verified.
pub(super) struct Lane {
    pub(super) number: u32,
    /// The last position that must be there.
    pub(super) end: u64,
    /// Events covered by the database's newest checkpoint.
    sealed: u64,
    /// Where verification began.
    start: u64,
    tree: Frontier,
    /// The roots of full tiles, by level from 1, in order.
    pub(super) upper: Vec<Vec<Hash>>,
    pub(super) marks: Vec<Mark>,
    next_mark: usize,
    /// The size of the last mark that held.
    pub(super) good: u64,
    pub(super) broken: Option<Break>,
    /// The first position whose stored hash is another one than the event's.
    pub(super) differs: Option<u64>,
    /// The first event that contradicts the rules of the log.
    pub(super) structure: Option<Finding>,
    streams: HashMap<u64, i64>,
    hasher: RandomState,
    lanes: u32,
    buffer: Vec<u8>,
}

impl Lane {
    /// A lane with `head` events, to be verified from the chain's start.
    pub(super) async fn new(
        connection: &mut PgConnection,
        (lane, head, lanes): (u32, u64, u32),
        chain: &Chain,
        hasher: RandomState,
    ) -> Result<Self, Error> {
        let size = |checkpoint: &Option<Checkpoint>| checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size(lane));
        let start = size(&chain.start);
        let mut marks = chain.marks.get(&lane).cloned().unwrap_or_default();
        marks.retain(|mark| mark.size >= start.max(1));
        let mut this = Self {
            number: lane,
            end: marks.last().map_or(head, |mark| mark.size.max(head)),
            sealed: size(&chain.newest),
            start,
            tree: Frontier::new(),
            upper: Vec::new(),
            marks,
            next_mark: 0,
            good: start,
            broken: None,
            differs: None,
            structure: None,
            streams: HashMap::new(),
            hasher,
            lanes,
            buffer: Vec::new(),
        };
        if start > 0 {
            this.resume(connection).await?;
        }
        Ok(this)
    }

    /// Begins at the signed root of the checkpoint that verification is to go on from.
    async fn resume(&mut self, connection: &mut PgConnection) -> Result<(), Error> {
        let wanted = [(self.number, seal::edge_tiles(self.start))].into();
        let loaded = tiles::load(connection, &wanted)
            .await?
            .remove(&self.number)
            .unwrap_or_default();
        self.tree = loaded.frontier(self.start).unwrap_or_default();
        let own = self.marks.iter().find(|mark| !mark.exported && mark.size == self.start);
        match own {
            Some(mark) if mark.root != self.tree.root() => self.broken = Some(Break::Edge(*mark)),
            _ => self.check_marks(),
        }
        Ok(())
    }

    pub(super) fn done(&self) -> bool {
        self.broken.is_some() || self.tree.size() >= self.end
    }

    /// The share of the lane that is verified.
    #[expect(clippy::cast_precision_loss, reason = "only compared")]
    pub(super) fn share(&self) -> f64 {
        self.tree.size() as f64 / self.end.max(1) as f64
    }

    /// How many of its events are to be read.
    pub(super) fn events(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    pub(super) fn reached(&self) -> u64 {
        self.tree.size()
    }

    /// Reads and checks the next chunk.
    pub(super) async fn advance(&mut self, connection: &mut PgConnection) -> Result<(), Error> {
        let from = self.tree.size();
        let to = ((from / CHUNK + 1) * CHUNK).min(self.end);
        let run = (from / TILE_WIDTH, to.div_ceil(TILE_WIDTH));
        let stored = if from < self.sealed {
            tiles::load_run(&mut *connection, self.number, 0, run).await?
        } else {
            Tiles::new()
        };
        let range = (from.cast_signed(), to.cast_signed());
        let lane = self.number.cast_signed();
        rows::each_event(connection, lane, range, |event| self.check(event, &stored)).await?;
        if self.broken.is_none() && self.tree.size() < to {
            self.broken = Some(Break::Gap {
                expected: self.tree.size() + 1,
                found: None,
            });
        }
        Ok(())
    }

    fn check(&mut self, event: &Event<'_>, stored: &Tiles) -> bool {
        let expected = self.tree.size() + 1;
        if event.position != expected.cast_signed() {
            self.broken = Some(Break::Gap {
                expected,
                found: Some(event.position),
            });
            return false;
        }
        let leaf = event.leaf(&mut self.buffer);
        if expected <= self.sealed && self.differs.is_none() && stored.leaf(expected - 1) != Some(leaf) {
            self.differs = Some(expected);
        }
        let upper = &mut self.upper;
        self.tree.push_and_tell(leaf, |level, hash| {
            if level > 0 && level % 8 == 0 {
                let level = (level / 8 - 1) as usize;
                if upper.len() <= level {
                    upper.push(Vec::new());
                }
                if let Some(upper) = upper.get_mut(level) {
                    upper.push(hash);
                }
            }
        });
        self.check_marks();
        if self.structure.is_none() {
            self.structure = self.check_structure(event);
        }
        self.broken.is_none()
    }

    fn check_marks(&mut self) {
        while let Some(mark) = self.marks.get(self.next_mark)
            && mark.size <= self.tree.size()
        {
            if mark.size != self.tree.size() || mark.root != self.tree.root() {
                self.broken = Some(Break::Mark(*mark));
                return;
            }
            self.good = mark.size;
            self.next_mark += 1;
        }
    }

    fn check_structure(&mut self, event: &Event<'_>) -> Option<Finding> {
        if event.payload == rows::INCOMPLETE {
            return Some(Finding::event(Kind::Structure, event, "one of its columns is NULL"));
        }
        let home = lane_of(event.aggregate_id, self.lanes);
        if home != self.number {
            let message = format!("its stream belongs in lane {home}");
            return Some(Finding::event(Kind::Structure, event, message));
        }
        let stream = self.hasher.hash_one((event.aggregate_type, event.aggregate_id));
        let last = self.streams.insert(stream, event.sequence);
        // A stream may have begun before the start.
        let dense = last.map_or(self.start > 0 || event.sequence == 1, |last| event.sequence == last + 1);
        (!dense).then(|| {
            let message = format!(
                "its stream goes on from sequence {} to {}",
                last.unwrap_or_default(),
                event.sequence
            );
            Finding::event(Kind::Structure, event, message)
        })
    }

    /// Once all events have been read and are what was sealed: whether the stored hashes are, too.
    pub(super) async fn check_tiles(
        &self,
        connection: &mut PgConnection,
        leaves: u64,
    ) -> Result<Option<Finding>, Error> {
        let wrong = |range, message: &str| Ok(Some(Finding::at(Kind::Tiles, self.number, range, message)));
        if let Some(position) = self.differs {
            return wrong(
                (position, position),
                "the stored hash is wrong, the event is what was sealed; `tillroll audit rebuild-tiles` mends it",
            );
        }
        for (level, hashes) in (1_u8..).zip(&self.upper) {
            let first = self.start >> (8 * u32::from(level));
            let end = self.sealed >> (8 * u32::from(level));
            let stored = tiles::load_run(
                &mut *connection,
                self.number,
                level,
                (first / TILE_WIDTH, end / TILE_WIDTH + 1),
            )
            .await?;
            for (index, hash) in (first..end).zip(hashes) {
                let id = TileId {
                    level,
                    index: index / TILE_WIDTH,
                };
                let place = usize::try_from(index % TILE_WIDTH).unwrap_or_default();
                if stored.get(id).and_then(|tile| tile.get(place)) != Some(hash) {
                    let width = TILE_WIDTH.pow(u32::from(level));
                    let range = (index * width + 1, (index + 1) * width);
                    return wrong(
                        range,
                        "a stored inner hash is wrong, the events are what was sealed; `tillroll audit rebuild-tiles` mends it",
                    );
                }
            }
        }
        if leaves > self.sealed {
            return wrong(
                (self.sealed + 1, leaves),
                "events were hashed for a checkpoint that is not there: the newest checkpoints have been removed",
            );
        }
        Ok(None)
    }
}
