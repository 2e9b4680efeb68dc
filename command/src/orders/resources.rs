//! What the use cases of orders work with.

use proto::transport::Transport;

use super::{catalogue::Catalogue, customers::Customers, flight::Flights, number::Numbers, stock::StockService};
use crate::core::Core;

pub(super) struct Resources {
    pub(super) core: Core,
    pub(super) stock: StockService,
    pub(super) numbers: Numbers,
    pub(super) flights: Flights,
    pub(super) catalogue: Catalogue,
    pub(super) customers: Customers,
}

impl Resources {
    pub(super) fn new(core: Core, stock: Transport) -> Self {
        Self {
            stock: StockService::new(stock),
            numbers: Numbers::new(core.pool.clone()),
            core,
            flights: Flights::default(),
            catalogue: Catalogue::default(),
            customers: Customers::default(),
        }
    }
}
