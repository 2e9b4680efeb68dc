//! `HistoryQuery`: single things as of a moment, read from the events.
//!
//! The past comes as rows in JSON, which PostgreSQL turns into rows of the views again: from there on it is read by the very code that
//! reads the present, so that both have one shape.

mod order;
mod port;
mod product;
mod search_settings;
mod stock;
mod user;

use std::sync::Arc;

use proto::v1::as_of::Point;
use proto::v1::history_query_server::{HistoryQuery, HistoryQueryServer};
use proto::v1::{
    self, AsOf, OrderAsOfReply, OrderAsOfRequest, ProductAsOfReply, ProductAsOfRequest, SearchSettingsAsOfReply,
    SearchSettingsAsOfRequest, StockAsOfReply, StockAsOfRequest, UserAsOfReply, UserAsOfRequest,
};
use reads::Reads;
use tonic::{Request, Response, Status};

use crate::consistency::Token;
use crate::error::Error;
use crate::ranges::instant;

pub use port::{At, Change, History, HistoryError, Moment, Past, Place};

/// Single things as they stood.
#[derive(Clone, Debug)]
pub struct HistoryService {
    reads: Reads,
    history: Arc<dyn History>,
}

impl HistoryService {
    /// The server of `tillroll.v1.HistoryQuery`, looking back with `history`.
    #[must_use]
    pub fn server(reads: Reads, history: Arc<dyn History>) -> HistoryQueryServer<Self> {
        HistoryQueryServer::new(Self { reads, history })
    }
}

#[tonic::async_trait]
impl HistoryQuery for HistoryService {
    async fn product_as_of(&self, request: Request<ProductAsOfRequest>) -> Result<Response<ProductAsOfReply>, Status> {
        Ok(Response::new(product::as_of(self, request.into_inner()).await?))
    }

    async fn stock_as_of(&self, request: Request<StockAsOfRequest>) -> Result<Response<StockAsOfReply>, Status> {
        Ok(Response::new(stock::as_of(self, request.into_inner()).await?))
    }

    async fn order_as_of(&self, request: Request<OrderAsOfRequest>) -> Result<Response<OrderAsOfReply>, Status> {
        Ok(Response::new(order::as_of(self, request.into_inner()).await?))
    }

    async fn user_as_of(&self, request: Request<UserAsOfRequest>) -> Result<Response<UserAsOfReply>, Status> {
        Ok(Response::new(user::as_of(self, request.into_inner()).await?))
    }

    async fn search_settings_as_of(
        &self,
        request: Request<SearchSettingsAsOfRequest>,
    ) -> Result<Response<SearchSettingsAsOfReply>, Status> {
        Ok(Response::new(search_settings::as_of(self, request.into_inner()).await?))
    }
}

/// A thing at a moment: who asks names it, and it must have a stream.
struct Look<'q> {
    history: &'q dyn History,
    what: &'static str,
    id: &'q str,
    moment: Moment,
}

impl<'q> Look<'q> {
    async fn at(
        service: &'q HistoryService,
        what: &'static str,
        id: &'q str,
        as_of: Option<AsOf>,
    ) -> Result<Self, Error> {
        let history = &*service.history;
        let moment = history.moment(id, &at(as_of)?).await?;
        Ok(Self {
            history,
            what,
            id,
            moment,
        })
    }

    /// The row of the thing, which must have been there.
    async fn row(&self, aggregate_type: &str) -> Result<String, Error> {
        let (what, id) = (self.what, self.id.to_owned());
        match self.history.row(aggregate_type, self.id, &self.moment).await? {
            Past::Row(row) => Ok(row),
            Past::NotYet => Err(Error::NotYet { what, id }),
            Past::Nothing => Err(Error::NotFound { what, id }),
        }
    }

    /// The row of something that belongs to the thing, if it had any.
    async fn part(&self, aggregate_type: &str) -> Result<Option<String>, Error> {
        match self.history.row(aggregate_type, self.id, &self.moment).await? {
            Past::Row(row) => Ok(Some(row)),
            Past::NotYet | Past::Nothing => Ok(None),
        }
    }

    fn not_found(&self) -> Error {
        Error::NotFound {
            what: self.what,
            id: self.id.to_owned(),
        }
    }

    fn moment(&self) -> v1::Moment {
        v1::Moment {
            position: format!("{}.{}", self.moment.lane, self.moment.position),
            time_micros: self.moment.time.map(|time| time.timestamp_micros()),
        }
    }
}

fn at(as_of: Option<AsOf>) -> Result<At, Error> {
    let malformed = |message| Error::invalid("as_of", "malformed", message);
    match as_of.and_then(|as_of| as_of.point) {
        Some(Point::TimeMicros(micros)) => {
            let years = || Error::invalid("as_of", "out_of_range", "must lie in the years 1 to 9999");
            Ok(At::Time(instant(micros).ok_or_else(years)?))
        }
        Some(Point::Positions(text)) => {
            let token = Token::parse(&text).ok_or_else(|| malformed("must be a token that a write answered with"))?;
            let lanes = token.lanes.into_iter().map(i32::unsigned_abs);
            let positions = token.positions.into_iter().map(i64::unsigned_abs);
            Ok(At::Positions(lanes.zip(positions).collect()))
        }
        None => Err(malformed("a time or a position is required")),
    }
}
