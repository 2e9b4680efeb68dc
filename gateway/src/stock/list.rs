//! `GET /v1/stock`

use axum::response::Response;
use proto::v1::{self, ProductStatus};
use serde::Serialize;

use super::StockView;
use crate::{
    call::{CALL, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    page::{List, Page},
    params::params,
    problem::Problem,
    products::view::{STATUSES, Status},
};

params! {
    /// Of which products, and in which order.
    pub(crate) struct StockFilters {
        /// The category or one below it.
        #[param(required = false, example = "kitchen")]
        category: String = |values| values.ruled("category", &values::CATEGORY).unwrap_or_default(),
        #[param(required = false)]
        sku: String = |values| values.identifier("sku").unwrap_or_default(),
        /// Of the product. Repeatable, or several with commas.
        #[param(required = false, value_type = Vec<Status>)]
        status: Vec<ProductStatus> = several_of(STATUSES),
        #[param(ignore)]
        available: Option<v1::AmountRange> = amount_range(),
        #[param(ignore)]
        reserved: Option<v1::AmountRange> = amount_range(),
        /// `sku`, `available`, `on_hand`, `reserved` or `updated_at`; a leading `-` reverses. `sku`, unless said otherwise.
        #[param(required = false)]
        sort: String = sort(&["sku", "available", "on_hand", "reserved", "updated_at"]),
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
    }
}

/// The stock of a product, in a list.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = StockItem)]
pub(crate) struct StockItemView {
    #[schema(example = "MUG-1")]
    sku: String,
    #[serde(flatten)]
    #[schema(inline)]
    stock: StockView,
}

impl From<v1::StockItem> for StockItemView {
    fn from(item: v1::StockItem) -> Self {
        Self {
            sku: item.sku,
            stock: StockView::new(item.product_id, item.level, item.updated_at_micros),
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::StockRead)
        .expands(super::EXPANSIONS)
        .handler(routes!(list_stock))
}

/// Lists the stock of all products
///
/// Of all that are not deleted, also of those that never had any. What runs low: `?max_available=5&sort=available`.
#[utoipa::path(get, path = "/v1/stock", tag = "stock",
    params(StockFilters,
        ("min_available" = Option<i64>, Query, description = "Units that can be ordered, included."),
        ("max_available" = Option<i64>, Query, description = "Units that can be ordered, included."),
        ("min_reserved" = Option<i64>, Query, description = "Units that orders hold, included."),
        ("max_reserved" = Option<i64>, Query, description = "Units that orders hold, included.")),
    responses((status = 200, description = "A page of stock", body = Page<StockItemView>)))]
pub(crate) async fn list_stock(
    List {
        filters,
        context: Freshly(context),
        pages,
    }: List<StockFilters>,
) -> Result<Response, Problem> {
    let request = v1::ListStockRequest {
        context: Some(context),
        page: Some(filters.page),
        category: filters.category,
        statuses: filters.status.into_iter().map(Into::into).collect(),
        sku: filters.sku,
        available: filters.available,
        reserved: filters.reserved,
        sort: filters.sort,
    };
    pages
        .answer(
            pages.app.stock_query().list_stock(timed(CALL, request)),
            StockItemView::from,
        )
        .await
}
