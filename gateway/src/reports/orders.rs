//! `GET /v1/reports/sales/orders`

use axum::{extract::State, response::Response};
use http::{HeaderMap, HeaderValue, Uri, header::VARY};
use proto::v1::{self, PageRequest, ReadContext, SalesGroup, SalesOrder, export_request};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    file::attachment,
    format::{FORMATS, Form, preferred},
    params::{GROUPS, MEASURES, Which, category_level},
};
use crate::{
    app_state::AppState,
    call::{REPORT_CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    money::Money,
    page::Page,
    params::{Params, ReadParams, Values},
    problem::Problem,
    times::rfc3339,
};

const MEASURE_NAMES: [(&str, usize); MEASURES.len()] = {
    let mut names = [("", 0); MEASURES.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = (MEASURES[index], index);
        index += 1;
    }
    names
};

/// Which orders and credits.
pub(crate) struct SalesOrdersParams {
    which: Which,
    measure: String,
    group_by: SalesGroup,
    category_level: i32,
    except: Vec<String>,
    sort: String,
    page: PageRequest,
    format: Option<Form>,
    shop: String,
}

impl ReadParams for SalesOrdersParams {
    fn read(values: &mut Values) -> Self {
        let measure = values.one_of("measure", &MEASURE_NAMES);
        Self {
            which: Which::read(values),
            measure: measure
                .and_then(|index| MEASURES.get(index))
                .copied()
                .unwrap_or_default()
                .to_owned(),
            group_by: values.one_of("group_by", GROUPS).unwrap_or(SalesGroup::None),
            category_level: category_level(values),
            except: values.keys("except"),
            sort: values.sort("sort", &["at"]),
            page: values.page(),
            format: values.one_of("format", FORMATS),
            shop: values::prose(&values.text("shop").unwrap_or_default()).into_owned(),
        }
    }
}

impl SalesOrdersParams {
    /// What the service is asked.
    pub(crate) fn request(&self, context: Option<ReadContext>) -> v1::SalesOrdersRequest {
        v1::SalesOrdersRequest {
            context,
            page: Some(self.page.clone()),
            from: self.which.from.clone(),
            to: self.which.to.clone(),
            time_zone: self.which.tz.clone(),
            filter: Some(self.which.filter.clone()),
            currency: self.which.currency.clone(),
            credits_by: self.which.credits_by.into(),
            measure: self.measure.clone(),
            group_by: self.group_by.into(),
            category_level: self.category_level,
            except: self.except.clone(),
            sort: self.sort.clone(),
        }
    }

    /// What stands in the title of a file.
    pub(crate) fn shop(&self) -> &str {
        &self.shop
    }
}

/// What an order, its cancellation or a credit adds to a number of the report.
#[derive(Serialize, ToSchema)]
pub(crate) struct SalesOrderView {
    /// `order`, `cancellation` or `credit`.
    kind: String,
    /// The order that was placed or undone; null: not known.
    #[schema(required)]
    order_id: Option<String>,
    /// What people call the order: its number, or its id at the source that it was imported from.
    #[schema(required)]
    order_number: Option<String>,
    /// The credit; null for the order itself.
    #[schema(required)]
    credit_id: Option<String>,
    happened_at: String,
    /// When the order was placed, as far as it is known.
    ordered_at: String,
    /// Null: nobody known.
    #[schema(required)]
    customer: Option<String>,
    /// What people call the customer.
    #[schema(required)]
    customer_label: Option<String>,
    /// `new`, `returning` or `guest`.
    customer_type: String,
    #[schema(required)]
    country: Option<String>,
    currency: String,
    orders: i64,
    units: i64,
    gross: Money,
    discounts: Money,
    credits: Money,
    credited_units: i64,
    net_units: i64,
    net: Money,
    tax: Money,
    total: Money,
    links: SalesOrderLinks,
}

/// Where it came from.
#[derive(Serialize, ToSchema)]
pub(crate) struct SalesOrderLinks {
    /// The order; null: not known.
    #[schema(required)]
    order: Option<String>,
    /// The events that made it.
    #[schema(required)]
    events: Option<String>,
}

impl SalesOrderView {
    fn new(order: SalesOrder, base: &str) -> Self {
        let non_empty = |text: String| (!text.is_empty()).then_some(text);
        let money = |amount| Money::new(amount, &order.currency);
        let net = order
            .gross
            .saturating_sub(order.discounts)
            .saturating_sub(order.credits);
        let stream = match (order.credit_id.as_str(), order.order_id.as_str()) {
            ("", "") => None,
            ("", id) => Some(format!("{base}/v1/streams/order/{id}")),
            (id, _) => Some(format!("{base}/v1/streams/credit/{id}")),
        };
        Self {
            gross: money(order.gross),
            discounts: money(order.discounts),
            credits: money(order.credits),
            net: money(net),
            tax: money(order.tax),
            total: money(net.saturating_add(order.tax)),
            links: SalesOrderLinks {
                order: non_empty(order.order_id.clone()).map(|id| format!("{base}/v1/orders/{id}")),
                events: stream,
            },
            kind: order.kind,
            order_id: non_empty(order.order_id),
            order_number: non_empty(order.order_number),
            credit_id: non_empty(order.credit_id),
            happened_at: rfc3339(order.happened_at_micros),
            ordered_at: rfc3339(order.ordered_at_micros),
            customer: non_empty(order.customer),
            customer_label: non_empty(order.customer_label),
            customer_type: order.customer_type,
            country: non_empty(order.country),
            orders: order.orders,
            units: order.units,
            credited_units: order.credited_units,
            net_units: order.units.saturating_sub(order.credited_units),
            currency: order.currency,
        }
    }
}

pub(crate) fn endpoint() -> Described {
    Endpoint::list(Permission::ReportsRead)
        .report()
        .long()
        .refuses(&["report_too_large"])
        .handler(routes!(list_sales_orders))
}

/// Lists the orders behind a number
///
/// The orders, cancellations and credits that add up to a figure of the sales report, each with what it adds. The `links.orders` of
/// every figure lead here. As a page of JSON, or all of them as a file.
#[utoipa::path(get, path = "/v1/reports/sales/orders", tag = "reports",
    params(
        ("from" = String, Query, format = Date, description = "First date, in the time zone.", example = "2011-01-01"),
        ("to" = String, Query, format = Date, description = "Date after the last one, in the time zone.", example = "2012-01-01"),
        ("tz" = Option<String>, Query, description = "IANA name of the time zone whose days are meant. `UTC`, unless said otherwise.", example = "Europe/London"),
        ("product" = Option<String>, Query, description = "Only what this product adds: its id, or another key of the report."),
        ("category" = Option<String>, Query, description = "Only what this category and those below it add; empty: the uncategorised."),
        ("direct" = Option<bool>, Query, description = "`true`: of `category` itself, without those below it."),
        ("country" = Option<String>, Query, description = "Only this country; empty: where it is not known."),
        ("customer" = Option<String>, Query, description = "Only this customer; empty: nobody known."),
        ("customer_type" = Option<String>, Query, description = "`new`, `returning` or `guest`."),
        ("discount_code" = Option<String>, Query, description = "Only what this code took something off; empty: what none did.", example = "SUMMER10"),
        ("discount_campaign" = Option<String>, Query, description = "Only what this campaign took something off; empty: what none did."),
        ("discount_kind" = Option<String>, Query, description = "Only what such a discount took something off: `line`, `order`, `loyalty` or `coupon`; empty: what none did."),
        ("currency" = Option<String>, Query, description = "Only this currency.", example = "GBP"),
        ("credits_by" = Option<String>, Query, description = "As in the report: `happened` or `order_date`."),
        ("measure" = Option<String>, Query, description = "Only what adds something to this measure.", example = "net"),
        ("group_by" = Option<String>, Query, description = "What the keys in `except` are of."),
        ("category_level" = Option<String>, Query, description = "As in the report, with `group_by=category`."),
        ("except" = Option<Vec<String>>, Query, description = "All groups but this one; empty: but what has none. Repeatable. For the row of all others."),
        ("sort" = Option<String>, Query, description = "`at` or `-at`. `at`, unless said otherwise."),
        ("format" = Option<String>, Query, description = "`json`, `csv`, `xlsx`, `pdf` or `jsonl`; otherwise `Accept` decides. A file has all of them: CSV and JSON Lines any number, XLSX up to 1048000, PDF up to 20000 (`report_too_large`)."),
        ("shop" = Option<String>, Query, description = "Name of the shop, for the title of a file.")),
    responses((status = 200, description = "A page of them, or a file",
        content((Page<SalesOrderView> = "application/json"), (String = "text/csv"), (String = "application/jsonl"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "application/pdf")))))]
pub(crate) async fn list_sales_orders(
    State(app): State<AppState>,
    uri: Uri,
    Params(params): Params<SalesOrdersParams>,
    Freshly(context): Freshly,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let request = params.request(Some(context));
    let mut response = match params.format.unwrap_or_else(|| preferred(&headers)) {
        Form::Json => {
            let reply = ask(
                REPORT_CALL,
                app.report_query().sales_orders(timed(REPORT_CALL, request)),
            )
            .await
            .map_err(Problem::of_read)?;
            let items: Vec<_> = reply
                .orders
                .into_iter()
                .map(|order| SalesOrderView::new(order, &app.base))
                .collect();
            Page::new(items, reply.page).reply(&app, &uri, reply.freshness)
        }
        Form::File(format) => {
            let export = v1::ExportRequest {
                report: Some(export_request::Report::Orders(request)),
                format: v1::ExportFormat::from(format).into(),
                shop: params.shop,
            };
            let chunks = ask(REPORT_CALL, app.report_query().export(timed(REPORT_CALL, export)))
                .await
                .map_err(Problem::of_read)?;
            attachment(chunks, None).await?
        }
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}
