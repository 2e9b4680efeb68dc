//! `GET /v1/orders`

use axum::response::Response;
use proto::v1::{self, OrderStatus};

use super::view::{EXPANSIONS, OrderView, STATUSES, Status};
use crate::{
    auth::Caller,
    call::{CALL, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    id::{PRODUCT, USER},
    page::{List, Page},
    params::params,
    problem::Problem,
};

params! {
    /// Which orders, and in which order.
    pub(crate) struct OrderFilters {
        /// Repeatable, or several with commas.
        #[param(required = false, value_type = Vec<Status>)]
        status: Vec<OrderStatus> = several_of(STATUSES),
        /// Id of a customer; customers see only their own orders.
        customer: Option<String> = id(USER),
        /// Id of a product in one of the lines.
        product: Option<String> = id(PRODUCT),
        #[param(ignore)]
        placed: Option<v1::TimeRange> = |values| values.time_range(),
        #[param(ignore)]
        total: Option<v1::AmountRange> = amount_range(),
        /// Only orders in this currency. Required with `min_total` and `max_total`.
        #[param(example = "GBP")]
        currency: Option<String> = currency_of(total.is_some(), "a range of totals needs the currency that it is in"),
        /// `placed_at`, `total` or `number`; a leading `-` reverses. `-placed_at`, unless said otherwise. `total` is by
        /// currency, in each by amount.
        #[param(required = false)]
        sort: String = sort(&["placed_at", "total", "number"]),
        #[param(ignore)]
        page: v1::PageRequest = |values| values.page(),
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::OrdersRead)
        .expands(EXPANSIONS)
        .handler(routes!(list_orders))
}

/// Lists orders
#[utoipa::path(get, path = "/v1/orders", tag = "orders",
    params(OrderFilters,
        ("from" = Option<String>, Query, description = "Placed at or after this RFC 3339 time, or the start of this date in UTC."),
        ("to" = Option<String>, Query, description = "Placed before this RFC 3339 time, or the start of this date in UTC."),
        ("min_total" = Option<i64>, Query, description = "Minor units of `currency`, included."),
        ("max_total" = Option<i64>, Query, description = "Minor units of `currency`, included.")),
    responses((status = 200, description = "A page of orders", body = Page<OrderView>)))]
pub(crate) async fn list_orders(
    Caller(caller): Caller,
    List {
        filters,
        context: Freshly(context),
        pages,
    }: List<OrderFilters>,
) -> Result<Response, Problem> {
    let only = super::only_customer(&caller);
    let customer_id = match filters.customer {
        Some(customer) if !only.is_empty() && customer != only => {
            return Err(Problem::forbidden("only administrators see others' orders"));
        }
        Some(customer) => customer,
        None => only,
    };
    let request = v1::ListOrdersRequest {
        context: Some(context),
        page: Some(filters.page),
        statuses: filters.status.into_iter().map(Into::into).collect(),
        customer_id,
        product_id: filters.product.unwrap_or_default(),
        placed: filters.placed,
        total: filters.total,
        currency: filters.currency.unwrap_or_default(),
        sort: filters.sort,
    };
    pages
        .answer(
            pages.app.order_query().list_orders(timed(CALL, request)),
            OrderView::from,
        )
        .await
}
