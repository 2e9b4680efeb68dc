//! `GET /v1/reports/sales`

use axum::{extract::State, response::Response};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, VARY},
};
use proto::v1::{self, SalesGroup, SalesInterval, SalesRow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::Admin,
    call::{REPORT_CALL, ask, timed},
    consistency::Freshly,
    edge::Edge,
    money::Money,
    params::{Params, ReadParams, Values},
    problem::Problem,
    reply::Reply,
    times,
};

const INTERVALS: &[(&str, SalesInterval)] = &[
    ("day", SalesInterval::Day),
    ("week", SalesInterval::Week),
    ("month", SalesInterval::Month),
];
/// Currencies never share a row, so that grouping by them is not grouping at all.
const GROUPS: &[(&str, SalesGroup)] = &[
    ("none", SalesGroup::None),
    ("currency", SalesGroup::None),
    ("product", SalesGroup::Product),
    ("category", SalesGroup::Category),
    ("country", SalesGroup::Country),
    ("customer", SalesGroup::Customer),
];
const FORMATS: &[(&str, Format)] = &[("json", Format::Json), ("csv", Format::Csv)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

/// Which sales, and how they are summed up.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SalesParams {
    /// `day`, `week` (ISO 8601, from Monday) or `month`. `day`, unless said otherwise.
    #[param(required = false, value_type = String)]
    interval: SalesInterval,
    /// First date, in the time zone.
    #[param(example = "2011-01-01", format = Date)]
    from: String,
    /// Date after the last one, in the time zone.
    #[param(example = "2012-01-01", format = Date)]
    to: String,
    /// IANA name of the time zone whose days are meant. `UTC`, unless said otherwise.
    #[param(required = false, example = "Europe/London")]
    tz: String,
    /// `none`, `product`, `category`, `currency`, `country` or `customer`. Currencies always have rows of their own.
    #[param(required = false, value_type = String)]
    group_by: SalesGroup,
    #[param(example = "GBP")]
    currency: Option<String>,
    /// `json` or `csv`; otherwise `Accept` decides.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
}

impl ReadParams for SalesParams {
    fn read(values: &mut Values) -> Self {
        let (from, to) = (values.required_date("from"), values.required_date("to"));
        if let (Some(from), Some(to)) = (times::date(&from), times::date(&to))
            && from >= to
        {
            values.wrong("to", "out_of_range", "to lies not after from");
        }
        Self {
            interval: values.one_of("interval", INTERVALS).unwrap_or(SalesInterval::Day),
            from,
            to,
            tz: values.text("tz").unwrap_or_else(|| "UTC".to_owned()),
            group_by: values.one_of("group_by", GROUPS).unwrap_or(SalesGroup::None),
            currency: values.currency("currency"),
            format: values.one_of("format", FORMATS),
        }
    }
}

/// What was sold. Amounts of different currencies are never added up.
#[derive(Serialize, ToSchema)]
pub(crate) struct SalesReport {
    /// `day`, `week` or `month`.
    interval: &'static str,
    from: String,
    to: String,
    /// IANA name of the time zone whose days are meant.
    #[schema(example = "Europe/London")]
    time_zone: String,
    /// `none`, `product`, `category`, `country` or `customer`.
    group_by: &'static str,
    rows: Vec<SalesFigures>,
    /// One for each currency, over the whole period.
    totals: Vec<SalesFigures>,
}

/// The sales of one period, group and currency.
#[derive(Serialize, ToSchema)]
pub(crate) struct SalesFigures {
    /// First date of the period; null in a total.
    #[schema(required, example = "2011-01-01")]
    period: Option<String>,
    /// Id of the group's member; null without grouping.
    #[schema(required)]
    key: Option<String>,
    /// What people call it: SKU, category, country, customer.
    #[schema(required)]
    label: Option<String>,
    /// The product's name.
    #[schema(required)]
    name: Option<String>,
    currency: String,
    /// Orders placed.
    orders: i64,
    /// Goods sold, fees not counted.
    units: i64,
    /// What was ordered.
    gross: Money,
    /// What was taken back in the period: cancellations and credits.
    credits: Money,
    /// Goods taken back.
    credited_units: i64,
    /// Gross - credits.
    net: Money,
}

impl SalesFigures {
    fn new(row: SalesRow, grouped: bool) -> Self {
        let currency = row.currency;
        Self {
            period: (!row.period.is_empty()).then_some(row.period),
            key: grouped.then_some(row.key),
            label: grouped.then_some(row.label),
            name: (!row.name.is_empty()).then_some(row.name),
            orders: row.orders,
            units: row.units,
            gross: Money::new(row.gross, &currency),
            credits: Money::new(row.credits, &currency),
            credited_units: row.credited_units,
            net: Money::new(row.net, &currency),
            currency,
        }
    }
}

/// Reports sales
///
/// Sums by day, week or month of a time zone, and by product, category, country or customer. As JSON, or as CSV with
/// `Accept: text/csv` or `format=csv`.
#[utoipa::path(get, path = "/v1/reports/sales", tag = "reports", security(("bearer" = [])), params(SalesParams),
    responses((status = 200, description = "The report",
        content((SalesReport = "application/json"), (String = "text/csv")))))]
pub(crate) async fn report_sales(
    State(edge): State<Edge>,
    _: Admin,
    Params(params): Params<SalesParams>,
    Freshly(context): Freshly,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = params.format.unwrap_or_else(|| preferred(&headers));
    let request = v1::SalesRequest {
        context: Some(context),
        interval: params.interval.into(),
        from: params.from.clone(),
        to: params.to.clone(),
        time_zone: params.tz.clone(),
        group_by: params.group_by.into(),
        currency: params.currency.clone().unwrap_or_default(),
    };
    let reply = ask(REPORT_CALL, edge.report_query().sales(timed(REPORT_CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let answer = match format {
        Format::Json => Reply::json(StatusCode::OK, &report(params, reply.rows, reply.totals)),
        Format::Csv => {
            let text = csv_of(&reply.rows, &params.tz)?;
            let name = format!("attachment; filename=\"sales-{}-{}.csv\"", params.from, params.to);
            let name = HeaderValue::try_from(name).map_err(|_| Problem::internal())?;
            Reply::body(text)
                .header(
                    CONTENT_TYPE,
                    HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
                )
                .header(CONTENT_DISPOSITION, name)
        }
    };
    Ok(answer
        .header(VARY, HeaderValue::from_static("accept"))
        .freshness(reply.freshness)
        .into())
}

fn csv_of(rows: &[SalesRow], time_zone: &str) -> Result<Vec<u8>, Problem> {
    super::csv::write(rows, time_zone).map_err(|error| {
        tracing::error!(%error, "a report could not be written as CSV");
        Problem::internal()
    })
}

fn report(params: SalesParams, rows: Vec<SalesRow>, totals: Vec<SalesRow>) -> SalesReport {
    let grouped = params.group_by != SalesGroup::None;
    let figures = |rows: Vec<SalesRow>, grouped| rows.into_iter().map(|row| SalesFigures::new(row, grouped)).collect();
    SalesReport {
        interval: name_of(INTERVALS, params.interval),
        from: params.from,
        to: params.to,
        time_zone: params.tz,
        group_by: name_of(GROUPS, params.group_by),
        rows: figures(rows, grouped),
        totals: figures(totals, false),
    }
}

fn name_of<T: Copy + PartialEq>(table: &[(&'static str, T)], value: T) -> &'static str {
    table
        .iter()
        .find(|(_, entry)| *entry == value)
        .map_or("", |(name, _)| name)
}

/// What `Accept` prefers; JSON unless CSV is asked for at least as strongly.
fn preferred(headers: &HeaderMap) -> Format {
    let (mut csv, mut json) = (0.0_f32, 0.0_f32);
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts
            .find_map(|part| part.strip_prefix("q=")?.parse().ok())
            .unwrap_or(1.0);
        match kind.as_str() {
            "text/csv" => csv = quality,
            "application/json" | "application/*" => json = json.max(quality),
            _ => (),
        }
    }
    if csv > 0.0 && csv >= json {
        Format::Csv
    } else {
        Format::Json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_decides_between_json_and_csv() {
        for (accept, expected) in [
            ("", Format::Json),
            ("*/*", Format::Json),
            ("application/json", Format::Json),
            ("text/csv", Format::Csv),
            ("text/csv, */*;q=0.1", Format::Csv),
            ("TEXT/CSV; header=present", Format::Csv),
            ("text/csv;q=0.5, application/json", Format::Json),
            ("text/csv;q=0", Format::Json),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(preferred(&headers), expected, "{accept}");
        }
    }

    #[test]
    fn a_report_says_its_time_zone() {
        let uri = "/x?interval=month&from=2011-01-01&to=2012-01-01&tz=Europe/London&group_by=product";
        let params = crate::params::read(&uri.parse().unwrap()).unwrap();
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
        };
        let total = SalesRow {
            period: String::new(),
            key: String::new(),
            label: String::new(),
            name: String::new(),
            ..row.clone()
        };
        insta::assert_json_snapshot!(report(params, vec![row], vec![total]), @r#"
        {
          "interval": "month",
          "from": "2011-01-01",
          "to": "2012-01-01",
          "time_zone": "Europe/London",
          "group_by": "product",
          "rows": [
            {
              "period": "2011-01-01",
              "key": "prod_1",
              "label": "MUG-1",
              "name": "Mug",
              "currency": "GBP",
              "orders": 1,
              "units": 2,
              "gross": {
                "amount": 2500,
                "currency": "GBP"
              },
              "credits": {
                "amount": 500,
                "currency": "GBP"
              },
              "credited_units": 1,
              "net": {
                "amount": 2000,
                "currency": "GBP"
              }
            }
          ],
          "totals": [
            {
              "period": null,
              "key": null,
              "label": null,
              "name": null,
              "currency": "GBP",
              "orders": 1,
              "units": 2,
              "gross": {
                "amount": 2500,
                "currency": "GBP"
              },
              "credits": {
                "amount": 500,
                "currency": "GBP"
              },
              "credited_units": 1,
              "net": {
                "amount": 2000,
                "currency": "GBP"
              }
            }
          ]
        }
        "#);
    }

    #[test]
    fn the_period_must_be_two_dates_in_order() {
        for query in [
            "",
            "from=2011-01-01",
            "from=2011-01-01&to=2011-01-01",
            "from=2011-01-02&to=2011-01-01",
            "from=2011-01-01T00:00:00Z&to=2011-02-01",
        ] {
            let read = crate::params::read::<SalesParams>(&format!("/x?{query}").parse().unwrap());
            assert_eq!(read.err().unwrap().status(), 400, "{query}");
        }
    }
}
