//! Times and positions as a place in the lane of a stream.

use chrono::{DateTime, Utc};
use eventstore::Positions;

use super::{At, History, HistoryError, Moment};
use crate::cursor::{lane_column, position_column};

impl History {
    /// Where `at` is in the lane of the stream with this id.
    pub async fn moment(&self, id: &str, at: &At) -> Result<Moment, HistoryError> {
        let lane = self.lane_of(id).await?;
        match at {
            At::Time(time) => match self.at_time(lane, *time).await? {
                (true, _) => Err(HistoryError::Future),
                (false, moment) => Ok(moment),
            },
            At::Positions(positions) => self.at_positions(lane, positions).await,
        }
    }

    /// The moment, and whether neither the clock nor the lane has come to it. While a clock that was ahead is behind the lane, the times that
    /// events are known by are no future.
    async fn at_time(&self, lane: u32, time: DateTime<Utc>) -> Result<(bool, Moment), HistoryError> {
        let (future, position): (bool, i64) = sqlx::query_as(
            "SELECT clock_timestamp() < $2 AND NOT EXISTS (
                 SELECT FROM lanes l JOIN events e ON e.lane = l.lane AND e.position = l.head
                 WHERE l.lane = $1 AND e.recorded_at >= $2), lane_position_at($1, $2)",
        )
        .bind(lane_column(lane))
        .bind(time)
        .fetch_one(&self.pool)
        .await?;
        let moment = Moment {
            lane,
            position: position.unsigned_abs(),
            time: Some(time),
        };
        Ok((future, moment))
    }

    async fn at_positions(&self, lane: u32, positions: &Positions) -> Result<Moment, HistoryError> {
        let (lanes, reached): (Vec<i32>, Vec<i64>) = positions
            .iter()
            .map(|(lane, position)| (lane_column(lane), position_column(position)))
            .unzip();
        let (known, newest): (i64, Option<DateTime<Utc>>) = sqlx::query_as(
            "SELECT count(*), max(e.recorded_at)
             FROM unnest($1::integer[], $2::bigint[]) AS asked (lane, position)
             JOIN lanes l ON l.lane = asked.lane AND l.head >= asked.position
             LEFT JOIN events e ON e.lane = asked.lane AND e.position = asked.position",
        )
        .bind(&lanes)
        .bind(&reached)
        .fetch_one(&self.pool)
        .await?;
        if usize::try_from(known) != Ok(positions.len()) || positions.is_empty() {
            return Err(HistoryError::NoSuchPosition);
        }
        match (positions.get(lane), newest) {
            (Some(position), _) => {
                let time = sqlx::query_scalar("SELECT recorded_at FROM events WHERE lane = $1 AND position = $2")
                    .bind(lane_column(lane))
                    .bind(position_column(position))
                    .fetch_optional(&self.pool)
                    .await?;
                Ok(Moment { lane, position, time })
            }
            (None, Some(newest)) => Ok(self.at_time(lane, newest).await?.1),
            (None, None) => Ok(Moment {
                lane,
                position: 0,
                time: None,
            }),
        }
    }
}
