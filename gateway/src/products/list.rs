//! `GET /v1/products`

use axum::{extract::State, response::Response};
use http::Uri;
use proto::v1::{self, ProductStatus};

use super::view::{ProductView, STATUSES, Status};
use crate::{
    auth::{Visitor, caller::admins_only},
    call::{CALL, ask, timed},
    consistency::Freshly,
    edge::Edge,
    page::Page,
    params::{Params, ReadParams, Values},
    problem::Problem,
};

/// Which products, and in which order.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProductFilters {
    /// Words of the name, the SKU or the description.
    #[param(required = false)]
    q: String,
    /// The category or one below it.
    #[param(required = false, example = "kitchen")]
    category: String,
    #[param(required = false)]
    sku: String,
    /// Administrators only, but for `active`. Repeatable, or several with commas.
    #[param(required = false, value_type = Vec<Status>)]
    status: Vec<ProductStatus>,
    /// Administrators only: only deleted products.
    #[param(required = false)]
    deleted: bool,
    /// Minor units, included.
    #[param(required = false, rename = "min_price", value_type = i64)]
    price: Option<v1::AmountRange>,
    #[param(required = false, example = "GBP")]
    currency: String,
    /// Only products that can, or cannot, be ordered now.
    in_stock: Option<bool>,
    #[param(ignore)]
    attributes: Vec<(String, String)>,
    /// `name`, `price`, `created_at`, `updated_at` or `sku`; a leading `-` reverses. `-created_at`, unless said otherwise.
    #[param(required = false)]
    sort: String,
    #[param(ignore)]
    page: v1::PageRequest,
}

impl ReadParams for ProductFilters {
    fn read(values: &mut Values) -> Self {
        Self {
            q: values.text("q").unwrap_or_default(),
            category: values.text("category").unwrap_or_default(),
            sku: values.text("sku").unwrap_or_default(),
            status: values.several_of("status", STATUSES),
            deleted: values.boolean("deleted").unwrap_or_default(),
            price: values.amount_range("min_price", "max_price"),
            currency: values.currency("currency").unwrap_or_default(),
            in_stock: values.boolean("in_stock"),
            attributes: values.prefixed("attr."),
            sort: values.sort(&["name", "price", "created_at", "updated_at", "sku"]),
            page: values.page(),
        }
    }
}

/// Lists products
///
/// Visitors and customers see active products. Administrators see all that are not deleted, unless they ask for a status
/// or for the deleted ones. Besides the named parameters, `attr.<key>=<value>` filters by an attribute; several must all match.
#[utoipa::path(get, path = "/v1/products", tag = "products", security((), ("bearer" = [])),
    params(ProductFilters,
        ("max_price" = Option<i64>, Query, description = "Minor units, included."),
        ("attr.<key>" = Option<String>, Query, description = "Value of the attribute `<key>`.")),
    responses((status = 200, description = "A page of products", body = Page<ProductView>)))]
pub(crate) async fn list_products(
    State(edge): State<Edge>,
    uri: Uri,
    Visitor(visitor): Visitor,
    Params(filters): Params<ProductFilters>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    let is_admin = visitor.as_ref().is_some_and(|visitor| visitor.is_admin());
    let hidden = filters.deleted || filters.status.iter().any(|status| *status != ProductStatus::Active);
    if hidden && !is_admin {
        return Err(if visitor.is_some() {
            admins_only()
        } else {
            Problem::unauthenticated()
        });
    }
    let request = v1::ListProductsRequest {
        context: Some(context),
        page: Some(filters.page),
        search: filters.q,
        category: filters.category,
        statuses: filters.status.into_iter().map(Into::into).collect(),
        sku: filters.sku,
        price: filters.price,
        currency: filters.currency,
        in_stock: filters.in_stock,
        attributes: filters.attributes.into_iter().collect(),
        sort: filters.sort,
        include_hidden: is_admin,
        deleted: filters.deleted,
    };
    let reply = ask(CALL, edge.product_query().list_products(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let items = reply.products.into_iter().map(ProductView::from).collect();
    Ok(Page::new(items, reply.page).reply(&edge, &uri, reply.freshness))
}
