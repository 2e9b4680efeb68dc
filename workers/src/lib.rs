//! What workers on one database share: leases, cursors, and transactions that survive being given up.
//!
//! The crate knows no domain and no log.

mod cursor;
mod lease;
mod transaction;

pub use cursor::{Cursors, from_columns, lane_column, position_column};
pub use lease::{FREE, HELD, Heartbeat, Lease, Leases, RENEW, TAKE, owner};
pub use transaction::begin;
