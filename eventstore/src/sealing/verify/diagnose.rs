//! Naming the first event that is not what was sealed, and what was done to it.

use seal::{Event, Frontier, Hash, TILE_WIDTH, TileId};
use sqlx::PgConnection;

use super::chain::Mark;
use super::finding::{Finding, Kind};
use super::lane::{Break, Lane};
use crate::Error;
use crate::sealing::{rows, tiles};

/// Events that stand where none may: their lanes and positions.
pub(super) type Misplaced = [(i32, i64)];

/// Says what is wrong with a lane that is broken.
pub(super) async fn diagnose(
    connection: &mut PgConnection,
    lane: &Lane,
    broken: Break,
    misplaced: &Misplaced,
) -> Result<Finding, Error> {
    let found = match broken {
        Break::Gap {
            expected,
            found: Some(taken),
        } if taken < expected.cast_signed() => doubled(connection, lane, taken).await?,
        Break::Gap { expected, found } => {
            let last = found.map_or(lane.end, |found| {
                u64::try_from(found).unwrap_or(expected).saturating_sub(1)
            });
            let mark = lane.marks.iter().find(|mark| mark.size >= expected);
            match (mark, authentic(connection, lane.number, mark).await?) {
                (Some(mark), Some(leaves)) => {
                    // Something before the gap may have been changed, too.
                    match lane.differs.filter(|differs| *differs < expected) {
                        Some(position) => named(connection, lane, position, &leaves, misplaced, *mark).await?,
                        None => gone(connection, lane, (expected, last), &leaves, misplaced, *mark).await?,
                    }
                }
                (Some(mark), None) => Finding {
                    checkpoint: Some(mark.checkpoint),
                    ..Finding::at(
                        Kind::Removed,
                        lane.number,
                        (expected, last),
                        removed(expected, last, found.is_none()),
                    )
                },
                (None, _) => {
                    let message = format!(
                        "{}; not sealed yet, but no position is ever left out",
                        removed(expected, last, found.is_none())
                    );
                    Finding::at(Kind::Removed, lane.number, (expected, last), message)
                }
            }
        }
        Break::Edge(mark) => {
            let message = "the stored hashes do not lead to the signed root, so there is nothing to go on from: verify from the beginning";
            let at = (mark.size, mark.size);
            Finding {
                checkpoint: Some(mark.checkpoint),
                ..Finding::at(Kind::Tiles, lane.number, at, message)
            }
        }
        Break::Mark(mark) => match (authentic(connection, lane.number, Some(&mark)).await?, lane.differs) {
            (Some(leaves), Some(position)) if position <= mark.size => {
                named(connection, lane, position, &leaves, misplaced, mark).await?
            }
            _ => range(connection, lane, mark).await?,
        },
    };
    let same = lane
        .structure
        .as_ref()
        .filter(|structure| structure.position == found.position);
    Ok(match same {
        Some(structure) => Finding {
            message: format!("{}; {}", found.message, structure.message),
            ..found
        },
        None => found,
    })
}

/// Which of the events that share a position does not belong there. Of true copies it cannot be told, and does not matter.
async fn doubled(connection: &mut PgConnection, lane: &Lane, position: i64) -> Result<Finding, Error> {
    let mark = lane.marks.iter().find(|mark| mark.size.cast_signed() >= position);
    let leaves = authentic(connection, lane.number, mark).await?.unwrap_or_default();
    let sealed = sealed_at(&leaves, position.unsigned_abs());
    let mut finding: Option<Finding> = None;
    let mut buffer = Vec::new();
    let here = (position - 1, position);
    rows::each_event(connection, lane.number.cast_signed(), here, |event| {
        if finding.is_none() || Some(&event.leaf(&mut buffer)) != sealed {
            finding = Some(Finding::event(
                Kind::Inserted,
                event,
                "several events stand at this position",
            ));
        }
        true
    })
    .await?;
    let at = (position.unsigned_abs(), position.unsigned_abs());
    let gone = || Finding::at(Kind::Inserted, lane.number, at, "several events stood at this position");
    Ok(Finding {
        checkpoint: mark.map(|mark| mark.checkpoint),
        ..finding.unwrap_or_else(gone)
    })
}

fn removed(first: u64, last: u64, to_the_end: bool) -> String {
    let end = if to_the_end { ", the end of the lane," } else { "" };
    if first == last {
        format!("the event{end} is gone")
    } else {
        format!("these {} events{end} are gone", last - first + 1)
    }
}

/// The hashes of the lane's events as they were sealed: the stored ones, when they lead to the signed root.
async fn authentic(connection: &mut PgConnection, lane: u32, mark: Option<&Mark>) -> Result<Option<Vec<Hash>>, Error> {
    let Some(mark) = mark else { return Ok(None) };
    let stored = tiles::load_run(connection, lane, 0, (0, mark.size.div_ceil(TILE_WIDTH))).await?;
    let leaves: Option<Vec<Hash>> = (0..mark.size).map(|index| stored.leaf(index)).collect();
    Ok(leaves.filter(|leaves| leaves.iter().copied().collect::<Frontier>().root() == mark.root))
}

fn sealed_at(leaves: &[Hash], position: u64) -> Option<&Hash> {
    leaves.get(usize::try_from(position).ok()?.checked_sub(1)?)
}

/// What happened to the event that was sealed at `first` and does not stand there any more.
async fn gone(
    connection: &mut PgConnection,
    lane: &Lane,
    (first, last): (u64, u64),
    leaves: &[Hash],
    misplaced: &Misplaced,
    mark: Mark,
) -> Result<Finding, Error> {
    let checkpoint = Some(mark.checkpoint);
    let misplaced_event = misplaced_event(connection, lane.number, first, leaves, misplaced).await?;
    let finding = misplaced_event.unwrap_or_else(|| {
        let to_the_end = last >= lane.end;
        Finding::at(
            Kind::Removed,
            lane.number,
            (first, last),
            removed(first, last, to_the_end),
        )
    });
    Ok(Finding { checkpoint, ..finding })
}

/// The event that was sealed at `position`, when it stands where none may.
async fn misplaced_event(
    connection: &mut PgConnection,
    lane: u32,
    position: u64,
    leaves: &[Hash],
    misplaced: &Misplaced,
) -> Result<Option<Finding>, Error> {
    let Some(sealed) = sealed_at(leaves, position) else {
        return Ok(None);
    };
    let mut found = None;
    for (in_lane, at) in misplaced {
        let condition = format!("lane = {in_lane} AND position = {at}");
        let mut buffer = Vec::new();
        rows::each_event_where(connection, &condition, |event| {
            let home = Event {
                lane: lane.cast_signed(),
                position: position.cast_signed(),
                ..*event
            };
            if home.leaf(&mut buffer) == *sealed {
                let message = format!("it was sealed here and stands at lane {in_lane} position {at} now");
                let moved = Finding::event(Kind::Reordered, &home, message);
                found = Some(moved);
            }
            true
        })
        .await?;
    }
    Ok(found)
}

/// What happened at `position`, where an event stands that was not sealed there.
async fn named(
    connection: &mut PgConnection,
    lane: &Lane,
    position: u64,
    leaves: &[Hash],
    misplaced: &Misplaced,
    mark: Mark,
) -> Result<Finding, Error> {
    let checkpoint = Some(mark.checkpoint);
    let mut finding = None;
    let mut buffer = Vec::new();
    let here = (position.cast_signed() - 1, position.cast_signed());
    rows::each_event(connection, lane.number.cast_signed(), here, |event| {
        let _ = event.leaf(&mut buffer);
        finding = Some(Finding::event(Kind::Altered, event, "it is not what was sealed"));
        true
    })
    .await?;
    let Some(finding) = finding else {
        return gone(connection, lane, (position, position), leaves, misplaced, mark).await;
    };
    // Where was the event sealed that stands here, and where does the event stand that was sealed here?
    let was = sealed_position(&mut buffer, position, leaves);
    let is = current_position(connection, lane, position, leaves).await?;
    let mut displaced = None;
    let (kind, message) = match (was, is) {
        (Some(was), Some(is)) if was == is => (
            Kind::Reordered,
            format!("it was sealed at position {was}, and the two have changed places"),
        ),
        (Some(was), Some(is)) => (
            Kind::Reordered,
            format!("it was sealed at position {was}, and what was sealed here stands at {is}"),
        ),
        (Some(was), None) if was > position => {
            let finding = Finding {
                checkpoint,
                last_position: (was - 1 > position).then_some((was - 1).cast_signed()),
                ..finding
            };
            let gone = removed(position, was - 1, false);
            let message =
                format!("{gone}, and later ones moved up: the event that stands here was sealed at position {was}");
            return Ok(Finding {
                kind: Kind::Removed,
                message,
                ..finding
            });
        }
        (Some(was), None) => (Kind::Inserted, format!("it is a copy of the event at position {was}")),
        (None, Some(is)) => (
            Kind::Inserted,
            format!("it was never sealed; what was sealed here stands at position {is} now"),
        ),
        (None, None) => match misplaced_event(connection, lane.number, position, leaves, misplaced).await? {
            Some(misplaced_event) => {
                displaced = misplaced_event.event_id;
                let message = format!(
                    "it was never sealed here; event {} was, and stands elsewhere now",
                    misplaced_event.event_id.unwrap_or_default()
                );
                (Kind::Inserted, message)
            }
            None => (finding.kind, finding.message.clone()),
        },
    };
    Ok(Finding {
        kind,
        checkpoint,
        message,
        displaced,
        ..finding
    })
}

/// The position at which the event in `buffer` was sealed.
fn sealed_position(buffer: &mut [u8], position: u64, leaves: &[Hash]) -> Option<u64> {
    let later = (position + 1)..=(leaves.len() as u64);
    let earlier = (1..position).rev();
    later
        .chain(earlier)
        .find(|other| sealed_at(leaves, *other) == Some(&Event::leaf_at(buffer, other.cast_signed())))
}

/// The position at which the event stands that was sealed at `position`.
async fn current_position(
    connection: &mut PgConnection,
    lane: &Lane,
    position: u64,
    leaves: &[Hash],
) -> Result<Option<u64>, Error> {
    let Some(sealed) = sealed_at(leaves, position) else {
        return Ok(None);
    };
    let mut found = None;
    let mut buffer = Vec::new();
    rows::each_event(
        connection,
        lane.number.cast_signed(),
        (position.cast_signed(), i64::MAX),
        |event| {
            let _ = event.leaf(&mut buffer);
            if Event::leaf_at(&mut buffer, position.cast_signed()) == *sealed {
                found = u64::try_from(event.position).ok();
            }
            found.is_none()
        },
    )
    .await?;
    Ok(found)
}

/// The smallest range that can be told when the stored hashes have been altered, too.
async fn range(connection: &mut PgConnection, lane: &Lane, mark: Mark) -> Result<Finding, Error> {
    // A checkpoint from outside may contradict the very one that verification went on from.
    let first = if lane.good < mark.size { lane.good + 1 } else { 1 };
    let mut range = (first, mark.size);
    if let Some(block) = first_block(connection, lane, mark).await? {
        range = (
            range.0.max(block * TILE_WIDTH + 1),
            range.1.min((block + 1) * TILE_WIDTH),
        );
    }
    let which = if mark.exported {
        "the checkpoint that was kept"
    } else {
        "the checkpoint"
    };
    let message = format!(
        "the events are not those of {which}, and the stored hashes have been altered, too: which event it is cannot be told"
    );
    Ok(Finding {
        checkpoint: Some(mark.checkpoint),
        ..Finding::at(Kind::Range, lane.number, range, message)
    })
}

/// The first tile that is not what was sealed, when the roots of the tiles are stored as they were sealed.
async fn first_block(connection: &mut PgConnection, lane: &Lane, mark: Mark) -> Result<Option<u64>, Error> {
    let full = mark.size / TILE_WIDTH;
    let stored = tiles::load_run(&mut *connection, lane.number, 1, (0, full.div_ceil(TILE_WIDTH))).await?;
    let edge = tiles::load_run(&mut *connection, lane.number, 0, (full, full + 1)).await?;
    let id = |index| TileId { level: 1, index };
    let stored_root = |block: u64| {
        let place = usize::try_from(block % TILE_WIDTH).unwrap_or_default();
        stored
            .get(id(block / TILE_WIDTH))
            .and_then(|tile| tile.get(place))
            .copied()
    };
    let roots: Option<Vec<Hash>> = (0..full).map(stored_root).collect();
    let tail: Option<Vec<Hash>> = (full * TILE_WIDTH..mark.size).map(|index| edge.leaf(index)).collect();
    let (Some(roots), Some(tail)) = (roots, tail) else {
        return Ok(None);
    };
    // The tree over the tiles' roots, with the leaves that follow as one more subtree on the right.
    let upper: Frontier = roots.iter().copied().collect();
    let whole = match (roots.is_empty(), tail.is_empty()) {
        (true, _) => return Ok(None),
        (false, true) => upper.root(),
        (false, false) => upper.root_with(tail.into_iter().collect::<Frontier>().root()),
    };
    if whole != mark.root {
        return Ok(None);
    }
    let computed = lane.upper.first().map(Vec::as_slice).unwrap_or_default();
    let differs = roots.iter().zip(computed).position(|(sealed, now)| sealed != now);
    // All full tiles are right: it is in what follows them.
    Ok(Some(differs.map_or(full, |block| block as u64)))
}
