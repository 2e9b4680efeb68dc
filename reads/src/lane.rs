//! Which lane of the log holds an aggregate.

use crate::Reads;
use crate::error::Error;

impl Reads {
    /// The lane of an aggregate.
    pub async fn lane_of(&self, aggregate_id: &str) -> Result<i32, Error> {
        Ok(lane_of(aggregate_id, self.lanes().await?))
    }

    /// How many lanes the log has, numbered from 0. Asked for once: it never changes.
    pub async fn lanes(&self) -> Result<i64, Error> {
        let count = async || {
            let count = sqlx::query_scalar("SELECT count(*) FROM lanes");
            count.fetch_one(self.pool()).await
        };
        Ok(*self.lanes.get_or_try_init(count).await?)
    }
}

/// FNV-1a 64 of the id, modulo the number of lanes: the function that the log itself uses.
fn lane_of(aggregate_id: &str, lanes: i64) -> i32 {
    let hash = aggregate_id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let lanes = u64::try_from(lanes).unwrap_or_default().max(1);
    i32::try_from(hash % lanes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::lane_of;

    #[test]
    fn an_aggregate_is_looked_for_in_the_lane_that_the_log_puts_it_in() {
        for number in 0..1_000_u32 {
            let id = format!("prod_{number}");
            for lanes in [1, 7, 64] {
                let put = eventstore::lane_of(&id, lanes);
                assert_eq!(u32::try_from(lane_of(&id, lanes.into())), Ok(put), "{id}");
            }
        }
    }
}
