//! Command services that keep their rows in memory and can be made to fail, which the real ones cannot be
//! on demand. The real ones are imported into by the end-to-end tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use proto::failure::{Failure, FailureKind};
use proto::transport::Transport;
use proto::v1::import_outcome::Kind;
use proto::v1::order_command_server::{OrderCommand, OrderCommandServer};
use proto::v1::product_command_server::{ProductCommand, ProductCommandServer};
use proto::v1::*;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

/// A shop in memory.
#[derive(Clone, Default)]
pub(crate) struct Shop(Arc<Mutex<Books>>);

/// What the shop has and how it behaves.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) products: BTreeMap<String, ImportProductRow>,
    pub(crate) orders: BTreeMap<String, ImportOrderRow>,
    /// Rows of all requests, those that failed included.
    pub(crate) rows: usize,
    /// Requests that will succeed before the service breaks.
    pub(crate) breaks_after: Option<usize>,
    /// Requests that fail before the service works.
    pub(crate) busy: usize,
    /// Requests that are done and of which the answer is lost.
    pub(crate) loses: usize,
    /// A request with this key in it is refused as a whole.
    pub(crate) poison: Option<String>,
}

impl Shop {
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    pub(crate) fn transport(&self) -> Transport {
        let routes =
            Routes::new(ProductCommandServer::new(self.clone())).add_service(OrderCommandServer::new(self.clone()));
        Transport::in_process(routes)
    }
}

impl Books {
    fn admit<'a>(&mut self, keys: impl Iterator<Item = &'a str>) -> Result<(), Status> {
        let keys: Vec<_> = keys.collect();
        self.rows += keys.len();
        if self.busy > 0 {
            self.busy -= 1;
            return Err(Failure::new(FailureKind::Overloaded, "overloaded", "busy").into());
        }
        if let Some(left) = &mut self.breaks_after {
            if *left == 0 {
                return Err(Failure::new(FailureKind::Internal, "internal", "broken").into());
            }
            *left -= 1;
        }
        if let Some(poison) = &self.poison
            && keys.contains(&poison.as_str())
        {
            let index = keys.iter().position(|key| key == poison).unwrap();
            return Err(Failure::invalid(format!("rows[{index}].name"), "cursed", "no").into());
        }
        Ok(())
    }

    fn product(&mut self, row: &ImportProductRow) -> ImportOutcome {
        let kind = match self.products.insert(row.sku.clone(), row.clone()) {
            None => Kind::Created,
            Some(before) if before == *row => Kind::Unchanged,
            Some(_) => Kind::Updated,
        };
        outcome(kind)
    }

    fn order(&mut self, row: ImportOrderRow) -> ImportOutcome {
        for (index, line) in row.lines.iter().enumerate() {
            let undone = &line.credits_external_id;
            let field = format!("lines[{index}].");
            if !undone.is_empty() && !self.orders.contains_key(undone) {
                return rejected(field + "credits_external_id", "not_found");
            }
            if line.kind() != LineKind::Fee && !self.products.contains_key(&line.sku) {
                return rejected(field + "sku", "not_found");
            }
        }
        match self.orders.get(&row.external_id) {
            Some(before) if *before == row => outcome(Kind::Unchanged),
            Some(_) => rejected("external_id".to_owned(), "imported_differently"),
            None => {
                self.orders.insert(row.external_id.clone(), row);
                outcome(Kind::Created)
            }
        }
    }
}

fn outcome(kind: Kind) -> ImportOutcome {
    ImportOutcome {
        kind: kind.into(),
        ..ImportOutcome::default()
    }
}

fn rejected(field: String, code: &str) -> ImportOutcome {
    ImportOutcome {
        kind: Kind::Rejected.into(),
        field,
        code: code.to_owned(),
        message: format!("rejected: {code}"),
        ..ImportOutcome::default()
    }
}

fn reply(outcomes: Vec<ImportOutcome>) -> Response<ImportReply> {
    Response::new(ImportReply {
        outcomes,
        consistency_token: String::new(),
    })
}

#[tonic::async_trait]
impl ProductCommand for Shop {
    async fn import_products(&self, request: Request<ImportProductsRequest>) -> Result<Response<ImportReply>, Status> {
        let rows = request.into_inner().rows;
        let mut books = self.books();
        books.admit(rows.iter().map(|row| row.sku.as_str()))?;
        let outcomes = rows.iter().map(|row| books.product(row)).collect();
        if books.loses > 0 {
            books.loses -= 1;
            return Err(Failure::new(FailureKind::Unavailable, "unavailable", "gone").into());
        }
        Ok(reply(outcomes))
    }

    async fn create_product(&self, _: Request<CreateProductRequest>) -> Result<Response<ProductReply>, Status> {
        Err(Status::unimplemented("create"))
    }

    async fn update_product(&self, _: Request<UpdateProductRequest>) -> Result<Response<ProductReply>, Status> {
        Err(Status::unimplemented("update"))
    }

    async fn change_price(&self, _: Request<ChangePriceRequest>) -> Result<Response<ProductReply>, Status> {
        Err(Status::unimplemented("price"))
    }

    async fn publish_product(&self, _: Request<ProductRequest>) -> Result<Response<ProductReply>, Status> {
        Err(Status::unimplemented("publish"))
    }

    async fn archive_product(&self, _: Request<ProductRequest>) -> Result<Response<ProductReply>, Status> {
        Err(Status::unimplemented("archive"))
    }

    async fn delete_product(&self, _: Request<ProductRequest>) -> Result<Response<ProductReply>, Status> {
        Err(Status::unimplemented("delete"))
    }

    async fn restore_product(&self, _: Request<ProductRequest>) -> Result<Response<ProductReply>, Status> {
        Err(Status::unimplemented("restore"))
    }
}

#[tonic::async_trait]
impl OrderCommand for Shop {
    async fn import_orders(&self, request: Request<ImportOrdersRequest>) -> Result<Response<ImportReply>, Status> {
        // Requests on their way at once may overtake each other.
        tokio::task::yield_now().await;
        let rows = request.into_inner().rows;
        let mut books = self.books();
        books.admit(rows.iter().map(|row| row.external_id.as_str()))?;
        Ok(reply(rows.into_iter().map(|row| books.order(row)).collect()))
    }

    async fn place_order(&self, _: Request<PlaceOrderRequest>) -> Result<Response<OrderReply>, Status> {
        Err(Status::unimplemented("place"))
    }

    async fn cancel_order(&self, _: Request<CancelOrderRequest>) -> Result<Response<OrderReply>, Status> {
        Err(Status::unimplemented("cancel"))
    }
}
