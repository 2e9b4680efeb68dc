//! `?as_of=`: single things as they stood.
//!
//! The answer has the shape of the live one. It comes from the events and not from a read model, so nothing of it is kept and nothing is
//! waited for but the visibility of the thing.

use http::{HeaderName, HeaderValue, StatusCode};
use proto::{
    failure::Failure,
    v1::{AsOf, Moment, as_of::Point},
};
use serde::Serialize;

use crate::{
    params::{Values, params},
    problem::Problem,
    reply::Reply,
    times,
};

/// Where in the log the answer ends: `lane.position`.
const POSITION: HeaderName = HeaderName::from_static("as-of-position");
/// The time that it stands for.
const TIME: HeaderName = HeaderName::from_static("as-of-time");

params! {
    /// The moment to look at.
    pub(crate) struct AsOfParam {
        /// Answer with the state at this moment: an RFC 3339 time (or a date: its first moment in UTC), compared with when events were
        /// recorded; or a position, `lane.position` as events have it, or a `Consistency-Token`.
        #[param(rename = "as_of", value_type = Option<String>, example = "2026-01-31T12:00:00Z")]
        pub(crate) as_of: Option<AsOf> = |values| values.as_of(),
    }
}

impl Values {
    /// The moment to look at, if one is named.
    pub(crate) fn as_of(&mut self) -> Option<AsOf> {
        if !self.has("as_of") {
            return None;
        }
        let mistakes = self.mistakes();
        let point = self.text("as_of").as_deref().and_then(point);
        if point.is_none() && self.mistakes() == mistakes {
            // An empty one too: who wants the past must not get the present for it.
            self.wrong(
                "as_of",
                "invalid_format",
                "an RFC 3339 time, a position (lane.position) or a consistency token is expected",
            );
        }
        point.map(|point| AsOf { point: Some(point) })
    }
}

/// The refusal of a read of the past: `missing` is the code when there never was such a thing, which differs from "not yet".
pub(crate) fn refused(failure: Failure, missing: &'static str) -> Problem {
    let early = failure.code == "not_created_yet";
    let problem = Problem::of_read(failure);
    if early { problem } else { problem.missing(missing) }
}

/// An answer that says which moment it is of.
pub(crate) fn reply(moment: Option<Moment>, view: &impl Serialize) -> Reply {
    let moment = moment.unwrap_or_default();
    let reply = Reply::json(StatusCode::OK, view);
    let reply = match HeaderValue::try_from(moment.position) {
        Ok(position) => reply.header(POSITION, position),
        Err(_) => reply,
    };
    match moment
        .time_micros
        .map(|micros| HeaderValue::try_from(times::rfc3339(micros)))
    {
        Some(Ok(time)) => reply.header(TIME, time),
        _ => reply,
    }
}

fn point(text: &str) -> Option<Point> {
    let position = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-')) && text.contains('.');
    if position {
        return Some(Point::Positions(text.to_owned()));
    }
    times::parse(text).map(Point::TimeMicros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_positions_are_told_apart() {
        assert_eq!(point("1970-01-01T00:00:01Z"), Some(Point::TimeMicros(1_000_000)));
        assert_eq!(point("1970-01-02"), Some(Point::TimeMicros(86_400_000_000)));
        for position in ["17.345", "3.88-17.345", "0.0"] {
            assert_eq!(point(position), Some(Point::Positions(position.to_owned())));
        }
        for wrong in ["", "yesterday", "12", "17", "1.x", "2026-13-01", "-", "now"] {
            assert_eq!(point(wrong), None, "{wrong}");
        }
    }
}
