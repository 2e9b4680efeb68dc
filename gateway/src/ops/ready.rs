//! `GET /readyz`

use std::{collections::BTreeMap, time::Duration};

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::{
    failure::{Failure, FailureKind},
    health::Words,
    transport::Transport,
    v1::{self, order_command_server, order_query_server},
};
use serde::Serialize;
use serde_json::json;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use uuid::Uuid;

use crate::{
    app_state::AppState,
    call::{ask, timed},
    endpoint::{Described, Endpoint, routes},
    id::USER,
    problem::Problem,
    reply::Reply,
};

/// How long a part may take to say that it is ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// The services whose health stands for those that write and those that read.
const ORDER_COMMAND: &str = order_command_server::SERVICE_NAME;
const ORDER_QUERY: &str = order_query_server::SERVICE_NAME;

/// A read model that is further behind does not move, or not fast enough.
const LONG_BEHIND: Duration = Duration::from_secs(30);

/// Why nothing is sealed.
const STOPPED: &str = "nothing is sealed: the database contradicts what was sealed, as after an older backup was restored, or the sealer \
                       cannot work; `tillroll doctor` says which, and what to do";

/// Books that were last checked longer ago are not checked all the time.
const LONG_UNCHECKED: Duration = Duration::from_mins(2);

/// What is ready.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Readiness {
    #[schema(value_type = String, example = "ready")]
    status: &'static str,
    /// By part of the system.
    #[schema(value_type = BTreeMap<String, String>)]
    checks: BTreeMap<&'static str, String>,
    /// Parts that are away without keeping requests from being served, and what that means.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    degraded: Vec<Degraded>,
}

/// A part that is away.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Degraded {
    #[schema(value_type = String, example = "search")]
    part: &'static str,
    reason: String,
}

pub(crate) fn endpoint() -> Described {
    Endpoint::page()
        .refuses(&["not_ready"])
        .handler(routes!(check_readiness))
}

/// Says whether requests can be served
///
/// Asks the command and the query services, and the read models through them. While the database takes no writes, as when its disk is full,
/// `command` fails and says why; it is tried again until it does. A search engine that is away and a read model that is more
/// than half a minute behind degrade the system, which goes on serving requests: `degraded` says so. So do an embedded PostgreSQL whose
/// programs were replaced while it runs, and books that are not right: orders that do not hold their stock, stock that is held for no order,
/// rows of read models that are not what their events say. `seal` says whether events wait for a checkpoint; that none is made any more
/// degrades the system too, and makes nothing unready.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses((status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not ready; `not_ready` lists the parts")))]
pub(crate) async fn check_readiness(State(app): State<AppState>) -> Result<Response, Problem> {
    let (command, query, read, search, models, books, seal) = tokio::join!(
        serving(app.command.clone(), ORDER_COMMAND),
        serving(app.query.clone(), ORDER_QUERY),
        reads(&app),
        searches(&app),
        models(&app),
        books(&app),
        seal(&app)
    );
    let notices = [&command, &query]
        .into_iter()
        .filter_map(|answer| answer.as_ref().ok()?.as_deref());
    let database = notices.max().map_or(Ok(()), |notice| Err(notice.to_owned()));
    let parts = [("command", command.map(drop)), ("query", query.and(read))];
    let waiting = seal.as_ref().map_or("degraded", |seal| seal).to_owned();
    let away = [
        ("search", search),
        ("read_models", models),
        ("database", database),
        ("seal", seal.map(drop)),
        ("books", books),
    ];
    let mut checks: BTreeMap<_, _> = parts
        .iter()
        .map(|(part, answer)| (*part, described("failing", answer)))
        .collect();
    checks.extend(away.iter().map(|(part, answer)| (*part, described("degraded", answer))));
    checks.insert("seal", waiting);
    let missing: Vec<_> = parts
        .iter()
        .filter_map(|(part, answer)| Some(json!({"part": part, "reason": answer.as_ref().err()?})))
        .collect();
    if missing.is_empty() {
        let degraded = away.into_iter().filter_map(|(part, answer)| {
            Some(Degraded {
                part,
                reason: answer.err()?,
            })
        });
        return Ok(Reply::json(
            StatusCode::OK,
            &Readiness {
                status: "ready",
                checks,
                degraded: degraded.collect(),
            },
        )
        .into());
    }
    let detail = "a part of the system is not ready; `not_ready` lists what";
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail)
        .with_data("not_ready", missing)
        .with_data("checks", json!(checks))
        .with_retry_after(Duration::from_secs(1)))
}

/// A check in a word, with the reason for which requests fail. What is only degraded has its reason in the list of those.
fn described(otherwise: &str, answer: &Result<(), String>) -> String {
    match answer {
        Ok(()) => "ok".to_owned(),
        Err(reason) if otherwise == "failing" => format!("failing: {reason}"),
        Err(_) => otherwise.to_owned(),
    }
}

/// Asks whether the search engine answers listings.
async fn searches(app: &AppState) -> Result<(), String> {
    let request = v1::GetSearchStatusRequest {};
    match ask(PATIENCE, app.search_query().get_search_status(timed(PATIENCE, request))).await {
        Ok(status) if status.up => Ok(()),
        Ok(status) => Err(status.reason),
        Err(_) => Err("it is not known whether the search engine answers".to_owned()),
    }
}

/// Asks whether the read models follow the events.
async fn models(app: &AppState) -> Result<(), String> {
    let request = v1::ListProjectionsRequest {};
    let reply = ask(
        PATIENCE,
        app.projection_operations().list_projections(timed(PATIENCE, request)),
    )
    .await
    .map_err(|_| "it is not known how far the read models are".to_owned())?;
    let behind: Vec<_> = reply
        .projections
        .iter()
        .filter(|model| model.active && model.lag_seconds > LONG_BEHIND.as_secs_f64())
        .map(|model| format!("{} is {:.0} s behind", model.name, model.lag_seconds))
        .collect();
    if behind.is_empty() {
        Ok(())
    } else {
        Err(behind.join(", "))
    }
}

/// Asks what the check of the books found.
async fn books(app: &AppState) -> Result<(), String> {
    let request = v1::GetBooksRequest {};
    let books = ask(
        PATIENCE,
        app.projection_operations().get_books(timed(PATIENCE, request)),
    )
    .await
    .map_err(|_| "it is not known whether the books are right".to_owned())?;
    let wrong = [
        (
            books.orders_without_stock,
            "orders do not hold the stock that they should",
        ),
        (books.stock_without_order, "orders hold stock that they should not"),
        (
            books.read_model_differs,
            "rows of read models are not what their events say",
        ),
    ];
    let wrong = wrong.into_iter().filter(|(count, _)| *count > 0);
    let mut reasons: Vec<_> = wrong.map(|(count, what)| format!("{count} {what}")).collect();
    if books.lag_seconds > LONG_UNCHECKED.as_secs_f64() {
        reasons.push(format!("the last {:.0} s have not been checked", books.lag_seconds));
    }
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(reasons.join(", "))
    }
}

/// Asks a server's own health service about one of its services; answers with what somebody should look at. A server that has no health
/// service, but answers, is serving.
async fn serving(transport: Transport, service: &str) -> Result<Option<String>, String> {
    let mut client = HealthClient::new(transport);
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    match tokio::time::timeout(PATIENCE, client.check(timed(PATIENCE, request))).await {
        Ok(Ok(response)) => {
            let words = Words::read(response.metadata());
            match response.into_inner().status() {
                ServingStatus::Serving => Ok(words.notice),
                _ => Err(words.reason.unwrap_or_else(|| "says that it is not serving".to_owned())),
            }
        }
        Ok(Err(status)) => answers(&status).map(|()| None).map_err(str::to_owned),
        Err(_) => Err("does not answer in time".to_owned()),
    }
}

fn answers(status: &Status) -> Result<(), &'static str> {
    match status.code() {
        Code::Unimplemented | Code::NotFound => Ok(()),
        Code::DeadlineExceeded | Code::Cancelled => Err("does not answer in time"),
        _ => Err("does not answer"),
    }
}

/// Asks for a user that does not exist: the cheapest question that reaches the read models.
async fn reads(app: &AppState) -> Result<(), String> {
    let request = v1::GetUserRequest {
        context: None,
        id: format!("{USER}_{}", Uuid::nil()),
    };
    match ask(PATIENCE, app.user_query().get_user(timed(PATIENCE, request))).await {
        Ok(_) => Ok(()),
        Err(failure) => reachable(&failure).map_err(str::to_owned),
    }
}

/// How the seal over the log stands. Requests are served whatever it says: an unsealed event is no worse for its customer.
async fn seal(app: &AppState) -> Result<&'static str, String> {
    let mut query = app.seal_query();
    let request = timed(PATIENCE, v1::GetSealRequest {});
    match ask(PATIENCE, query.get_seal(request)).await {
        // What exactly is for the operator: the log and `tillroll doctor` say it.
        Ok(seal) if !seal.complaint.is_empty() => Err(STOPPED.to_owned()),
        Ok(seal) if seal.events <= seal.sealed_events => Ok("ok"),
        Ok(_) => Ok("events wait for a checkpoint"),
        Err(_) => Ok("unknown"),
    }
}

fn reachable(failure: &Failure) -> Result<(), &'static str> {
    match failure.kind() {
        FailureKind::NotFound | FailureKind::Invalid => Ok(()),
        FailureKind::Timeout => Err("does not answer in time"),
        _ => Err("cannot read"),
    }
}
