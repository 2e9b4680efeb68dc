//! A stock as the services answer it.

use domain::stock::Stock;
use proto::v1;
use serde::{Deserialize, Serialize};

/// The numbers of a stock at a version.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct StockLevel {
    on_hand: i64,
    reserved: i64,
    pub(crate) version: u64,
}

impl StockLevel {
    pub(crate) fn of(stock: &Stock, version: u64) -> Self {
        Self {
            on_hand: stock.on_hand(),
            reserved: stock.reserved(),
            version,
        }
    }

    pub(crate) fn message(self) -> v1::StockLevel {
        v1::StockLevel {
            on_hand: self.on_hand,
            reserved: self.reserved,
            available: self.on_hand - self.reserved,
            version: self.version,
        }
    }
}
