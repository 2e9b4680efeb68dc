//! Commands that change only the status of a product: publishing, archiving, deleting, restoring.

use domain::product::ProductCommand;
use proto::{
    failure::Failure,
    v1::{ProductReply, ProductRequest},
};

use super::change::Change;
use crate::{context::Context, core::Core};

pub(super) async fn publish_product(core: &Core, request: ProductRequest) -> Result<ProductReply, Failure> {
    run(core, "publish_product", request, ProductCommand::Publish).await
}

pub(super) async fn archive_product(core: &Core, request: ProductRequest) -> Result<ProductReply, Failure> {
    run(core, "archive_product", request, ProductCommand::Archive).await
}

/// Releases its SKU in the same commit.
pub(super) async fn delete_product(core: &Core, request: ProductRequest) -> Result<ProductReply, Failure> {
    run(core, "delete_product", request, ProductCommand::Delete).await
}

/// Claims its SKU again in the same commit.
pub(super) async fn restore_product(core: &Core, request: ProductRequest) -> Result<ProductReply, Failure> {
    run(core, "restore_product", request, ProductCommand::Restore).await
}

async fn run(
    core: &Core,
    name: &'static str,
    request: ProductRequest,
    command: ProductCommand,
) -> Result<ProductReply, Failure> {
    let (context, id) = Context::accept(core, name, request.context, |fields| {
        fields.check("id", request.id.parse())
    })?;
    let moves_claim = matches!(command, ProductCommand::Delete | ProductCommand::Restore);
    let change = Change::new(id, request.expected_version, vec![command]);
    if moves_claim {
        change.run_with_own_sku(core, &context).await
    } else {
        change.run(core, &context).await
    }
}
