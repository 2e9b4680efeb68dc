//! `GET /v1/orders`

use axum::{extract::State, response::Response};
use http::Uri;
use proto::v1::{self, OrderStatus};

use super::view::{EXPANSIONS, OrderView, STATUSES, Status};
use crate::{
    auth::Caller,
    call::{CALL, ask, timed},
    consistency::Freshly,
    edge::Edge,
    endpoint::{Described, Endpoint, Permission, routes},
    id::{PRODUCT, USER},
    page::Page,
    params::{Params, ReadParams, Values},
    problem::Problem,
};

/// Which orders, and in which order.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderFilters {
    /// Repeatable, or several with commas.
    #[param(required = false, value_type = Vec<Status>)]
    status: Vec<OrderStatus>,
    /// Id of a customer; customers see only their own orders.
    customer: Option<String>,
    /// Id of a product in one of the lines.
    product: Option<String>,
    #[param(ignore)]
    placed: Option<v1::TimeRange>,
    #[param(ignore)]
    total: Option<v1::AmountRange>,
    /// Only orders in this currency. Required with `min_total` and `max_total`.
    #[param(example = "GBP")]
    currency: Option<String>,
    /// `placed_at`, `total` or `number`; a leading `-` reverses. `-placed_at`, unless said otherwise. `total` is by
    /// currency, in each by amount.
    #[param(required = false)]
    sort: String,
    #[param(ignore)]
    page: v1::PageRequest,
}

impl ReadParams for OrderFilters {
    fn read(values: &mut Values) -> Self {
        let total = values.amount_range("min_total", "max_total");
        let currency = values.currency("currency");
        if total.is_some() && currency.is_none() {
            values.wrong(
                "currency",
                "required",
                "a range of totals needs the currency that it is in",
            );
        }
        Self {
            status: values.several_of("status", STATUSES),
            customer: values.id("customer", USER),
            product: values.id("product", PRODUCT),
            placed: values.time_range(),
            total,
            currency,
            sort: values.sort(&["placed_at", "total", "number"]),
            page: values.page(),
        }
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
    State(edge): State<Edge>,
    uri: Uri,
    Caller(caller): Caller,
    Params(filters): Params<OrderFilters>,
    Freshly(context): Freshly,
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
    let reply = ask(CALL, edge.order_query().list_orders(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let items = reply.orders.into_iter().map(OrderView::from).collect();
    Ok(Page::new(items, reply.page).reply(&edge, &uri, reply.freshness))
}
