//! `POST /v1/exports`

use axum::{extract::State, response::Response};
use http::{HeaderName, HeaderValue, StatusCode};
use proto::v1::{self, export_request};
use serde_json::{Map, Value, json};

use super::view::ExportView;
use crate::{
    app_state::AppState,
    body::Command,
    call::{CALL, ask, timed},
    endpoint::{Described, Endpoint, Permission, routes},
    json::{Fields, Json, ReadBody},
    params::read_pairs,
    problem::Problem,
    reply::Reply,
    reports::{FILE_FORMATS, FileFormat, SalesOrdersParams, SalesParams},
};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Report {
    Sales,
    SalesOrders,
}

const REPORTS: &[(&str, Report)] = &[("sales", Report::Sales), ("sales_orders", Report::SalesOrders)];

/// A file to make.
#[derive(utoipa::ToSchema)]
pub(crate) struct NewExport {
    /// `sales` or `sales_orders`.
    #[schema(value_type = String, example = "sales_orders")]
    report: Option<Report>,
    /// The parameters that the report takes in its address: `GET /v1/reports/sales` or `GET /v1/reports/sales/orders`.
    #[schema(value_type = Value, example = json!({"from": "2011-01-01", "to": "2012-01-01", "tz": "Europe/London"}))]
    params: Vec<(String, String)>,
    /// `csv`, `xlsx`, `pdf` or `jsonl`.
    #[schema(value_type = String, example = "csv")]
    format: Option<FileFormat>,
    #[schema(ignore)]
    given: Value,
}

impl ReadBody for NewExport {
    fn read(fields: &mut Fields<'_>) -> Self {
        let report = fields.one_of("report", REPORTS);
        let format = fields.one_of("format", FILE_FORMATS);
        let (params, given) = fields.optional_object("params", read_params).unwrap_or_default();
        let name = |table: &[(&'static str, Report)]| {
            table
                .iter()
                .find(|(_, entry)| Some(*entry) == report)
                .map(|(name, _)| *name)
        };
        let format_name = FILE_FORMATS
            .iter()
            .find(|(_, entry)| Some(*entry) == format)
            .map(|(name, _)| *name);
        Self {
            given: json!({"report": name(REPORTS), "params": given, "format": format_name}),
            report,
            params,
            format,
        }
    }
}

/// The members of an object as parameters of an address: an array is a parameter that comes again.
fn read_params(fields: &mut Fields<'_>) -> (Vec<(String, String)>, Value) {
    let mut pairs = Vec::new();
    let mut given = Map::new();
    for (name, value) in fields.all() {
        let values = match value {
            Json::Array(values) => values,
            one => vec![one],
        };
        let mut texts = Vec::new();
        for value in values {
            match value {
                Json::Text(text) => texts.push(text.into_owned()),
                Json::Integer(number) => texts.push(number.to_string()),
                Json::Boolean(flag) => texts.push(flag.to_string()),
                Json::Null => {}
                Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                    fields.wrong(
                        &name,
                        "invalid_type",
                        "a text, a whole number, true or false is expected",
                    );
                }
            }
        }
        let shown = match texts.as_slice() {
            [one] => Value::from(one.as_str()),
            many => Value::from(many),
        };
        given.insert(name.clone(), shown);
        pairs.extend(texts.into_iter().map(|text| (name.clone(), text)));
    }
    (pairs, Value::Object(given))
}

pub(crate) fn endpoint() -> Described {
    Endpoint::write(Permission::ExportsWrite)
        .report()
        .handler(routes!(start_export))
}

/// Starts an export
///
/// Makes the file of a report in the background. Answers at once with the job; `GET /v1/exports/{id}` shows its progress.
#[utoipa::path(post, path = "/v1/exports", tag = "reports", request_body = NewExport,
    responses((status = 202, description = "It will be made", body = ExportView,
        headers(("Location" = String, description = "Address of the job."),
            ("Idempotent-Replayed" = String, description = "`true`: the job of an earlier request with the same key.")))))]
pub(crate) async fn start_export(
    State(app): State<AppState>,
    command: Command<NewExport>,
) -> Result<Response, Problem> {
    let Command { body, context, .. } = command;
    let in_params = |problem: Problem| problem.in_member("params");
    let (report, shop) = match body.report.unwrap_or(Report::Sales) {
        Report::SalesOrders => {
            let params: SalesOrdersParams = read_pairs(body.params).map_err(in_params)?;
            let shop = params.shop().to_owned();
            (export_request::Report::Orders(params.request(None)), shop)
        }
        Report::Sales => {
            let params: SalesParams = read_pairs(body.params).map_err(in_params)?;
            let shop = params.shop().to_owned();
            (export_request::Report::Sales(params.request(None)), shop)
        }
    };
    let format = body.format.unwrap_or(FileFormat::Csv);
    let request = v1::StartExportRequest {
        context: Some(context),
        export: Some(v1::ExportRequest {
            report: Some(report),
            format: v1::ExportFormat::from(format).into(),
            shop,
        }),
        parameters: body.given.to_string(),
    };
    let reply = ask(CALL, app.export_jobs().start_export(timed(CALL, request)))
        .await
        .map_err(|failure| Problem::from(failure).rename_fields(|field| Some(format!("params.{field}"))))?;
    let export = reply.export.ok_or_else(Problem::internal)?;
    let path = format!("/v1/exports/{}", export.id);
    let mut answer = Reply::json(StatusCode::ACCEPTED, &ExportView::new(export, &app.base)).location(&app.base, &path);
    if reply.replayed {
        answer = answer.header(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(answer.into())
}
