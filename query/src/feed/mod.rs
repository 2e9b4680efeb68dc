//! `ChangeFeed`: reports changes to caches, once the read models show them.
//!
//! The feed reads the primary: a replica shows changes later, and caches compare the positions of its answers.

mod poll;

use std::pin::Pin;

use proto::v1::change_feed_server::{ChangeFeed, ChangeFeedServer};
use proto::v1::{ChangeTopic, Changes, FollowRequest};
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::consistency::Token;
use crate::error::Error;
use poll::{Poll, Topic};

const PRODUCTS: Topic = Topic {
    models: &["products", "stock"],
    aggregate_types: &["product", "stock"],
};
const ORDERS: Topic = Topic {
    models: &["orders"],
    aggregate_types: &["order"],
};

/// What has changed.
#[derive(Clone, Debug)]
pub struct FeedService {
    pool: PgPool,
    stop: CancellationToken,
}

impl FeedService {
    /// The server of `tillroll.v1.ChangeFeed`. It reads from `pool`, two connections for each follower, which should be its own, so that it
    /// goes on however busy others are; and goes on until `stop`.
    #[must_use]
    pub fn server(pool: PgPool, stop: CancellationToken) -> ChangeFeedServer<Self> {
        ChangeFeedServer::new(Self { pool, stop })
    }
}

#[tonic::async_trait]
impl ChangeFeed for FeedService {
    type FollowStream = Pin<Box<dyn Stream<Item = Result<Changes, Status>> + Send>>;

    async fn follow(&self, request: Request<FollowRequest>) -> Result<Response<Self::FollowStream>, Status> {
        let request = request.into_inner();
        let topic = match request.topic() {
            ChangeTopic::Products => &PRODUCTS,
            ChangeTopic::Orders => &ORDERS,
            ChangeTopic::Unspecified => {
                return Err(Error::invalid("topic", "unknown", "must be products or orders").into());
            }
        };
        let after =
            match request.after.as_str() {
                "" => None,
                text => Some(Token::parse(text).ok_or_else(|| {
                    Error::invalid("after", "malformed", "must be the positions of an earlier message")
                })?),
            };
        let poll = Poll::new(self.pool.clone(), topic, after, (request.database, request.generation));
        // One message at a time: a slow follower receives more changes in each.
        let (sender, receiver) = mpsc::channel(1);
        let stop = self.stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = sender.closed() => {}
                () = poll.run(&sender) => {}
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}
