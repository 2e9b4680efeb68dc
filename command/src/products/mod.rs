//! The catalogue: one file per use case.

mod change;
mod change_price;
mod create;
mod import;
mod lifecycle;
mod refusal;
mod request;
mod update;
mod view;

use proto::v1::{
    ChangePriceRequest, CreateProductRequest, ImportProductsRequest, ImportReply, ProductReply, ProductRequest,
    UpdateProductRequest, product_command_server::ProductCommand,
};
use tonic::{Request, Response, Status};

use crate::{core::Core, serve::serve};

/// The gRPC service `ProductCommand`.
#[derive(Clone)]
pub(crate) struct Products {
    core: Core,
}

impl Products {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }
}

#[tonic::async_trait]
impl ProductCommand for Products {
    async fn create_product(&self, request: Request<CreateProductRequest>) -> Result<Response<ProductReply>, Status> {
        serve(
            "CreateProduct",
            create::create_product(&self.core, request.into_inner()),
        )
        .await
    }

    async fn update_product(&self, request: Request<UpdateProductRequest>) -> Result<Response<ProductReply>, Status> {
        serve(
            "UpdateProduct",
            update::update_product(&self.core, request.into_inner()),
        )
        .await
    }

    async fn change_price(&self, request: Request<ChangePriceRequest>) -> Result<Response<ProductReply>, Status> {
        serve(
            "ChangePrice",
            change_price::change_price(&self.core, request.into_inner()),
        )
        .await
    }

    async fn publish_product(&self, request: Request<ProductRequest>) -> Result<Response<ProductReply>, Status> {
        serve(
            "PublishProduct",
            lifecycle::publish_product(&self.core, request.into_inner()),
        )
        .await
    }

    async fn archive_product(&self, request: Request<ProductRequest>) -> Result<Response<ProductReply>, Status> {
        serve(
            "ArchiveProduct",
            lifecycle::archive_product(&self.core, request.into_inner()),
        )
        .await
    }

    async fn delete_product(&self, request: Request<ProductRequest>) -> Result<Response<ProductReply>, Status> {
        serve(
            "DeleteProduct",
            lifecycle::delete_product(&self.core, request.into_inner()),
        )
        .await
    }

    async fn restore_product(&self, request: Request<ProductRequest>) -> Result<Response<ProductReply>, Status> {
        serve(
            "RestoreProduct",
            lifecycle::restore_product(&self.core, request.into_inner()),
        )
        .await
    }

    async fn import_products(&self, request: Request<ImportProductsRequest>) -> Result<Response<ImportReply>, Status> {
        serve(
            "ImportProducts",
            import::import_products(&self.core, request.into_inner()),
        )
        .await
    }
}
