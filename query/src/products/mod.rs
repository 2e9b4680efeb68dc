//! `ProductQuery`: the catalogue.

mod filter;
mod get;
mod get_many;
pub(crate) mod list;
mod row;

use proto::v1::product_query_server::{ProductQuery, ProductQueryServer};
use proto::v1::{
    GetProductReply, GetProductRequest, GetProductsReply, GetProductsRequest, ListProductsReply, ListProductsRequest,
};
use reads::Reads;
use tonic::{Request, Response, Status};

use crate::error::Error;

pub(crate) use filter::Filter;
pub(crate) use row::ProductRow;

/// The read models that a product is answered from.
const MODELS: &[&str] = &["products", "stock"];

/// The catalogue.
#[derive(Clone, Debug)]
pub struct ProductService(Reads);

impl ProductService {
    /// The server of `tillroll.v1.ProductQuery`.
    #[must_use]
    pub fn server(reads: Reads) -> ProductQueryServer<Self> {
        ProductQueryServer::new(Self(reads))
    }
}

#[tonic::async_trait]
impl ProductQuery for ProductService {
    async fn get_product(&self, request: Request<GetProductRequest>) -> Result<Response<GetProductReply>, Status> {
        Ok(Response::new(get::get(&self.0, request.into_inner()).await?))
    }

    async fn get_products(&self, request: Request<GetProductsRequest>) -> Result<Response<GetProductsReply>, Status> {
        Ok(Response::new(get_many::get_many(&self.0, request.into_inner()).await?))
    }

    async fn list_products(
        &self,
        request: Request<ListProductsRequest>,
    ) -> Result<Response<ListProductsReply>, Status> {
        Ok(Response::new(list::list(&self.0, request.into_inner()).await?))
    }
}

/// Whether everybody may see the product as it is now.
pub(crate) async fn is_visible(query: &Reads, id: &str) -> Result<bool, Error> {
    let visible = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM products WHERE id = $1 AND status = 'active' AND deleted_at IS NULL)",
    );
    Ok(visible.bind(id).fetch_one(query.pool()).await?)
}
