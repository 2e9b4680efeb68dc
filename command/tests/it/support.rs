//! A shop to test in.

#![expect(
    clippy::unnecessary_wraps,
    reason = "a message within a message is an option in protobuf"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use command::{Command, Config};
use domain::{order::Order, product::Product, stock::Stock};
use eventstore::Store;
use proto::{
    failure::{Failure, FailureKind},
    transport::Transport,
    v1::{
        self, CommandContext, CreateProductRequest, OrderReply, PlaceOrderLine, PlaceOrderRequest, ReceiveStockRequest,
        order_command_client::OrderCommandClient, product_command_client::ProductCommandClient,
        stock_command_client::StockCommandClient, user_command_client::UserCommandClient,
    },
};
use sqlx::PgPool;
use tonic::{Response, Status};
use uuid::Uuid;

pub(crate) const ADMIN: &str = "usr_00000000-0000-7000-8000-00000000000a";
pub(crate) const CUSTOMER: &str = "usr_00000000-0000-7000-8000-00000000000c";
pub(crate) const TTL: Duration = Duration::from_mins(1);

/// Longest that a test waits for something to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A clock that stands until it is moved.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0
            .fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) store: Store,
    pub(crate) pool: PgPool,
    pub(crate) command: Command,
    pub(crate) clock: Clock,
    pub(crate) products: ProductCommandClient<Transport>,
    pub(crate) stock: StockCommandClient<Transport>,
    pub(crate) orders: OrderCommandClient<Transport>,
    pub(crate) users: UserCommandClient<Transport>,
}

/// Ids that count; those of different nodes never meet.
fn ids(node: u8) -> Arc<dyn Fn() -> Uuid + Send + Sync> {
    let next = AtomicU64::new(1);
    Arc::new(move || Uuid::from_u128((u128::from(node) << 48) | u128::from(next.fetch_add(1, Ordering::SeqCst))))
}

impl Shop {
    pub(crate) async fn open(pool: PgPool) -> Self {
        let start = DateTime::parse_from_rfc3339("2026-05-01T12:00:00Z").unwrap();
        Self::start(pool, Clock(Arc::new(AtomicI64::new(start.timestamp_millis()))), 1, None).await
    }

    /// One more process on the same database.
    pub(crate) async fn beside(&self, node: u8) -> Self {
        Self::start(self.pool.clone(), self.clock.clone(), node, None).await
    }

    /// One more process, whose orders call this stock service.
    pub(crate) async fn beside_with_stock(&self, node: u8, stock: Transport) -> Self {
        Self::start(self.pool.clone(), self.clock.clone(), node, Some(stock)).await
    }

    async fn start(pool: PgPool, clock: Clock, node: u8, stock: Option<Transport>) -> Self {
        // Short, for answers that never come.
        let patience = eventstore::Config {
            answer_timeout: Duration::from_secs(2),
            ..eventstore::Config::new(ids(node))
        };
        let store = Store::open(pool.clone(), patience).await.unwrap();
        let time = clock.clone();
        let config = Config {
            reservation_ttl: TTL,
            stock,
            ..Config::new(
                store.clone(),
                pool.clone(),
                Arc::new(move || time.now()),
                ids(node + 100),
            )
        };
        let command = config.build();
        Self {
            products: ProductCommandClient::new(Transport::in_process(command.product_server())),
            stock: StockCommandClient::new(Transport::in_process(command.stock_server())),
            orders: OrderCommandClient::new(Transport::in_process(command.order_server())),
            users: UserCommandClient::new(Transport::in_process(command.routes())),
            store,
            pool,
            command,
            clock,
        }
    }

    /// A product in GBP.
    pub(crate) async fn create(&self, sku: &str, price: i64) -> v1::Product {
        let created = self.products.clone().create_product(new_product(sku, price)).await;
        created.unwrap().into_inner().product.unwrap()
    }

    /// A product in GBP with units on the shelf.
    pub(crate) async fn stocked(&self, sku: &str, price: i64, units: i64) -> v1::Product {
        let product = self.create(sku, price).await;
        self.receive(&product.id, units).await;
        product
    }

    pub(crate) async fn receive(&self, product_id: &str, quantity: i64) {
        let request = ReceiveStockRequest {
            context: context(ADMIN),
            product_id: product_id.to_owned(),
            quantity,
            ..ReceiveStockRequest::default()
        };
        self.stock.clone().receive_stock(request).await.unwrap();
    }

    pub(crate) async fn place(&self, request: PlaceOrderRequest) -> Result<OrderReply, Failure> {
        answer(self.orders.clone().place_order(request).await)
    }

    pub(crate) async fn stock_of(&self, product_id: &str) -> Stock {
        self.store.load::<Stock>(product_id).await.unwrap().aggregate
    }

    pub(crate) async fn product(&self, id: &str) -> Product {
        self.store.load::<Product>(id).await.unwrap().aggregate
    }

    pub(crate) async fn order(&self, id: &str) -> Order {
        self.store.load::<Order>(id).await.unwrap().aggregate
    }

    /// How many events of a type there are.
    pub(crate) async fn count(&self, event_type: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM events WHERE event_type = $1")
            .bind(event_type)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}

/// These servers have no guard, so it does not matter who calls.
pub(crate) fn remote(address: &str) -> Transport {
    Transport::remote(address, proto::statement::Keys::insecure(Arc::new(|| 0)), None).unwrap()
}

pub(crate) fn context(actor: &str) -> Option<CommandContext> {
    Some(CommandContext {
        actor: actor.to_owned(),
        request_id: "req-1".to_owned(),
        ..CommandContext::default()
    })
}

pub(crate) fn keyed(actor: &str, key: &str, body: &str) -> Option<CommandContext> {
    Some(CommandContext {
        idempotency_key: key.to_owned(),
        request_hash: body.as_bytes().to_vec(),
        ..context(actor).unwrap()
    })
}

pub(crate) fn gbp(amount: i64) -> Option<v1::Money> {
    Some(v1::Money {
        amount,
        currency: "GBP".to_owned(),
    })
}

/// A whole new price.
pub(crate) fn priced(amount: i64) -> Option<v1::PricePatch> {
    Some(v1::PricePatch {
        amount: Some(amount),
        currency: Some("GBP".to_owned()),
    })
}

pub(crate) fn new_product(sku: &str, price: i64) -> CreateProductRequest {
    CreateProductRequest {
        context: context(ADMIN),
        sku: sku.to_owned(),
        name: format!("Product {sku}"),
        price: gbp(price),
        category: "kitchen/mugs".to_owned(),
        status: v1::ProductStatus::Active.into(),
        ..CreateProductRequest::default()
    }
}

pub(crate) fn order(lines: &[(&str, i64)]) -> PlaceOrderRequest {
    PlaceOrderRequest {
        context: context(CUSTOMER),
        customer_id: CUSTOMER.to_owned(),
        lines: lines
            .iter()
            .map(|(product_id, quantity)| PlaceOrderLine {
                product_id: (*product_id).to_owned(),
                quantity: *quantity,
            })
            .collect(),
        ..PlaceOrderRequest::default()
    }
}

pub(crate) fn answer<T>(result: Result<Response<T>, Status>) -> Result<T, Failure> {
    result
        .map(Response::into_inner)
        .map_err(|status| Failure::from(&status))
}

/// Asserts a refusal and hands it on.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Failure>, kind: FailureKind, code: &str) -> Failure {
    let failure = result.expect_err("a refusal");
    assert_eq!((failure.kind(), failure.code.as_str()), (kind, code), "{failure:?}");
    failure
}

/// The fields that a failure names, with their codes, sorted.
pub(crate) fn fields(failure: &Failure) -> Vec<(&str, &str)> {
    let mut fields: Vec<_> = failure
        .fields
        .iter()
        .map(|field| (field.field.as_str(), field.code.as_str()))
        .collect();
    fields.sort_unstable();
    fields
}

/// Waits until the condition holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never happened: {what}"));
}
