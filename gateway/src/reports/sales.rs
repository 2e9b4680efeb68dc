//! `GET /v1/reports/sales`

use axum::{extract::State, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header::VARY};
use proto::v1::{self, ReadContext, SalesCompare, SalesGroup, SalesInterval, SalesReply, SalesRow, export_request};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    figures::SalesFigures,
    file::attachment,
    format::{FORMATS, Form, preferred},
    links::Rows,
    params::{CREDITS_BY, GROUPS, MEASURES, Which, category_level, name_of},
};
use crate::{
    app_state::AppState,
    call::{REPORT_CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    params::{Params, ReadParams, Values},
    problem::Problem,
    reply::Reply,
};

const INTERVALS: &[(&str, SalesInterval)] = &[
    ("day", SalesInterval::Day),
    ("week", SalesInterval::Week),
    ("month", SalesInterval::Month),
    ("quarter", SalesInterval::Quarter),
    ("year", SalesInterval::Year),
    ("none", SalesInterval::None),
];
const COMPARE: &[(&str, SalesCompare)] = &[
    ("none", SalesCompare::None),
    ("previous_period", SalesCompare::PreviousPeriod),
    ("previous_year", SalesCompare::PreviousYear),
];
/// Most groups that can be ranked.
const MAX_TOP: u32 = 100;

/// Which sales, and how they are summed up.
pub(crate) struct SalesParams {
    which: Which,
    interval: SalesInterval,
    group_by: SalesGroup,
    category_level: i32,
    compare: SalesCompare,
    top: u32,
    sort: String,
    fill: Option<bool>,
    format: Option<Form>,
    shop: String,
}

impl ReadParams for SalesParams {
    fn read(values: &mut Values) -> Self {
        let others = ["average_order_value", "label"];
        let sorts: Vec<&str> = MEASURES.iter().copied().chain(others).collect();
        Self {
            which: Which::read(values),
            interval: values.one_of("interval", INTERVALS).unwrap_or(SalesInterval::Day),
            group_by: values.one_of("group_by", GROUPS).unwrap_or(SalesGroup::None),
            category_level: category_level(values),
            compare: values.one_of("compare", COMPARE).unwrap_or_default(),
            top: values.number("top", 1..=MAX_TOP).unwrap_or_default(),
            sort: values.sort("sort", &sorts),
            fill: values.boolean("fill"),
            format: values.one_of("format", FORMATS),
            shop: values::prose(&values.text("shop").unwrap_or_default()).into_owned(),
        }
    }
}

impl SalesParams {
    /// What the service is asked.
    pub(crate) fn request(&self, context: Option<ReadContext>) -> v1::SalesRequest {
        v1::SalesRequest {
            context,
            interval: self.interval.into(),
            from: self.which.from.clone(),
            to: self.which.to.clone(),
            time_zone: self.which.tz.clone(),
            group_by: self.group_by.into(),
            currency: self.which.currency.clone(),
            filter: Some(self.which.filter.clone()),
            category_level: self.category_level,
            credits_by: self.which.credits_by.into(),
            compare: self.compare.into(),
            top: self.top,
            sort: self.sort.clone(),
            fill: self.fill,
        }
    }

    /// What stands in the title of a file.
    pub(crate) fn shop(&self) -> &str {
        &self.shop
    }
}

/// What was sold. Amounts of different currencies are never added up.
#[derive(Serialize, ToSchema)]
pub(crate) struct SalesReport {
    /// `day`, `week`, `month`, `quarter`, `year` or `none`.
    interval: &'static str,
    from: String,
    to: String,
    /// IANA name of the time zone whose days are meant.
    #[schema(example = "Europe/London")]
    time_zone: String,
    /// `none`, `product`, `category`, `country`, `customer`, `currency`, `customer_type`, `discount_code`, `discount_campaign` or
    /// `discount_kind`.
    group_by: &'static str,
    /// `happened` or `order_date`.
    credits_by: &'static str,
    /// What it is compared with; null: nothing.
    #[schema(required)]
    compared_with: Option<ComparedWith>,
    rows: Vec<SalesFigures>,
    /// One for each currency, over the whole period.
    totals: Vec<SalesFigures>,
}

/// The period that figures are compared with.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComparedWith {
    /// First date.
    from: String,
    /// Date after the last one.
    to: String,
}

pub(crate) fn endpoint() -> Described {
    Endpoint::read(Permission::ReportsRead)
        .report()
        .long()
        .refuses(&["report_too_large"])
        .handler(routes!(report_sales))
}

/// Reports sales
///
/// Sums by the intervals of a time zone, and by product, category, country, customer, currency, type of customer or discount. As JSON,
/// or as a file: CSV, XLSX, PDF or JSON Lines. What the measures mean is in `docs/reports.md`.
#[utoipa::path(get, path = "/v1/reports/sales", tag = "reports",
    params(
        ("interval" = Option<String>, Query, description = "`day`, `week` (ISO 8601, from Monday), `month`, `quarter`, `year` or `none`. `day`, unless said otherwise."),
        ("from" = String, Query, format = Date, description = "First date, in the time zone.", example = "2011-01-01"),
        ("to" = String, Query, format = Date, description = "Date after the last one, in the time zone.", example = "2012-01-01"),
        ("tz" = Option<String>, Query, description = "IANA name of the time zone whose days are meant. `UTC`, unless said otherwise.", example = "Europe/London"),
        ("group_by" = Option<String>, Query, description = "`none`, `product`, `category`, `country`, `customer`, `currency`, `customer_type`, `discount_code`, `discount_campaign` or `discount_kind`. Currencies always have rows of their own."),
        ("category_level" = Option<String>, Query, description = "With `group_by=category`: a level from 1 to 8, `own` (each category without those below it) or `tree` (each with those below it, so that rows contain each other). The level below `category`, unless said otherwise."),
        ("product" = Option<String>, Query, description = "Only this product: its id, or another key of the report."),
        ("category" = Option<String>, Query, description = "Only this category and those below it; empty: the uncategorised.", example = "kitchen"),
        ("direct" = Option<bool>, Query, description = "`true`: of `category` itself, without those below it."),
        ("country" = Option<String>, Query, description = "Only this country; empty: where it is not known."),
        ("customer" = Option<String>, Query, description = "Only this customer; empty: nobody known."),
        ("customer_type" = Option<String>, Query, description = "Only orders that are their customer's first (`new`), later ones (`returning`) or of nobody known (`guest`)."),
        ("discount_code" = Option<String>, Query, description = "Only what this code took something off; empty: what none did.", example = "SUMMER10"),
        ("discount_campaign" = Option<String>, Query, description = "Only what this campaign took something off; empty: what none did."),
        ("discount_kind" = Option<String>, Query, description = "Only what such a discount took something off: `line`, `order`, `loyalty` or `coupon`; empty: what none did."),
        ("currency" = Option<String>, Query, description = "Only this currency.", example = "GBP"),
        ("credits_by" = Option<String>, Query, description = "Cancelled and refunded amounts count on the day that they `happened`, or on the day of the order that they undo (`order_date`). `happened`, unless said otherwise."),
        ("compare" = Option<String>, Query, description = "`previous_period` or `previous_year`."),
        ("top" = Option<i64>, Query, description = "So many groups, 1 to 100, ranked by `sort` over the whole period; one more row has all others."),
        ("sort" = Option<String>, Query, description = "A measure or `label`; a leading `-` reverses. What has no average order value comes last either way. `-net`, unless said otherwise."),
        ("fill" = Option<bool>, Query, description = "Rows of zeros for intervals without sales. `true` without grouping, otherwise `false`, unless said otherwise."),
        ("format" = Option<String>, Query, description = "`json`, `csv`, `xlsx`, `pdf` or `jsonl`; otherwise `Accept` decides."),
        ("shop" = Option<String>, Query, description = "Name of the shop, for the title of a file.")),
    responses((status = 200, description = "The report",
        content((SalesReport = "application/json"), (String = "text/csv"), (String = "application/jsonl"),
            (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "application/pdf")))))]
pub(crate) async fn report_sales(
    State(app): State<AppState>,
    Params(params): Params<SalesParams>,
    Freshly(context): Freshly,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let request = params.request(Some(context));
    let mut response = match params.format.unwrap_or_else(|| preferred(&headers)) {
        Form::Json => {
            let reply = ask(REPORT_CALL, app.report_query().sales(timed(REPORT_CALL, request)))
                .await
                .map_err(Problem::of_read)?;
            let freshness = reply.freshness;
            let report = report(&app.base, &params, reply);
            Reply::json(StatusCode::OK, &report).freshness(freshness).into()
        }
        Form::File(format) => {
            let export = v1::ExportRequest {
                report: Some(export_request::Report::Sales(request)),
                format: v1::ExportFormat::from(format).into(),
                shop: params.shop.clone(),
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

fn report(base: &str, params: &SalesParams, reply: SalesReply) -> SalesReport {
    let grouped = params.group_by != SalesGroup::None;
    let links = Rows {
        base,
        which: &params.which,
        group: params.group_by,
        level: match params.category_level {
            0 => String::new(),
            -1 => "own".to_owned(),
            -2 => "tree".to_owned(),
            level => level.to_string(),
        },
    };
    let figures = |row: SalesRow, total: bool, others: &[&str]| {
        SalesFigures::new(row, grouped && !total, total, |of| links.orders(of, total, others))
    };
    // The keys that the row of all others is not about.
    let ranked: Vec<(String, String)> = if params.top > 0 {
        let mut keys: Vec<_> = reply
            .rows
            .iter()
            .filter(|row| !row.other)
            .map(|row| (row.currency.clone(), row.key.clone()))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    } else {
        Vec::new()
    };
    let rows = reply.rows.into_iter().map(|row| {
        let others: Vec<&str> = if row.other {
            let own = ranked.iter().filter(|(currency, _)| *currency == row.currency);
            own.map(|(_, key)| key.as_str()).collect()
        } else {
            Vec::new()
        };
        figures(row, false, &others)
    });
    let rows = rows.collect();
    let totals = reply.totals.into_iter().map(|row| figures(row, true, &[])).collect();
    SalesReport {
        interval: name_of(INTERVALS, params.interval),
        group_by: name_of(GROUPS, params.group_by),
        credits_by: name_of(CREDITS_BY, params.which.credits_by),
        compared_with: (!reply.previous_from.is_empty()).then_some(ComparedWith {
            from: reply.previous_from,
            to: reply.previous_to,
        }),
        rows,
        totals,
        from: params.which.from.clone(),
        to: params.which.to.clone(),
        time_zone: params.which.tz.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_its_time_zone_and_leads_to_its_orders() {
        let uri =
            "/x?interval=month&from=2011-01-01&to=2012-01-01&tz=Europe/London&group_by=product&compare=previous_year";
        let params = crate::params::read(&uri.parse().unwrap()).unwrap();
        let before = SalesRow {
            currency: "GBP".to_owned(),
            orders: 2,
            gross: 1500,
            net: 1500,
            from: "2010-01-01".to_owned(),
            to: "2010-02-01".to_owned(),
            ..SalesRow::default()
        };
        let row = SalesRow {
            period: "2011-01-01".to_owned(),
            key: "prod_1".to_owned(),
            label: "MUG-1".to_owned(),
            name: "Mug".to_owned(),
            currency: "GBP".to_owned(),
            orders: 1,
            units: 2,
            gross: 2500,
            credits: 500,
            credited_units: 1,
            net: 2000,
            tax: 400,
            new_orders: 1,
            new_net: 2000,
            from: "2011-01-01".to_owned(),
            to: "2011-02-01".to_owned(),
            previous: Some(Box::new(before)),
            ..SalesRow::default()
        };
        let reply = SalesReply {
            rows: vec![row],
            previous_from: "2010-01-01".to_owned(),
            previous_to: "2011-01-01".to_owned(),
            ..SalesReply::default()
        };
        insta::assert_json_snapshot!(report("", &params, reply));
    }

    #[test]
    fn parameters_that_cannot_be_right_are_refused() {
        let period = "from=2011-01-01&to=2012-01-01";
        for query in [
            String::new(),
            "from=2011-01-01".to_owned(),
            "from=2011-01-01&to=2011-01-01".to_owned(),
            "from=2011-01-02&to=2011-01-01".to_owned(),
            "from=2011-01-01T00:00:00Z&to=2011-02-01".to_owned(),
            format!("{period}&top=0"),
            format!("{period}&top=101"),
            format!("{period}&interval=hour"),
            format!("{period}&group_by=colour"),
            format!("{period}&category_level=0"),
            format!("{period}&category_level=9"),
            format!("{period}&sort=colour"),
            format!("{period}&compare=last_year"),
            format!("{period}&credits_by=guess"),
            format!("{period}&customer_type=old"),
            format!("{period}&fill=perhaps"),
            format!("{period}&format=doc"),
        ] {
            let read = crate::params::read::<SalesParams>(&format!("/x?{query}").parse().unwrap());
            assert_eq!(read.err().unwrap().status(), 400, "{query}");
        }
    }
}
