//! `tillroll projections parked`.

use chrono::{DateTime, SecondsFormat};
use clap::{Subcommand, ValueEnum};
use proto::failure::Failure;
use proto::v1;
use proto::v1::projection_operations_client::ProjectionOperationsClient;
use serde_json::json;

use super::super::services::Services;
use super::super::session::with_database;
use super::super::{End, print};
use crate::config::Config;
use crate::world::World;

/// Who the events say has done it.
const ACTOR: &str = "system:cli";
/// Events asked for at once.
const PAGE: u32 = 200;

type Client = ProjectionOperationsClient<proto::transport::Transport>;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    list: List,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the events (the default)
    List(List),
    /// Apply the parked events of a stream again, in order, after the cause was fixed
    Retry(Retry),
    /// Take one event out of its read model for good, and continue with those behind it
    Skip(Skip),
}

#[derive(Clone, Debug, clap::Args)]
struct List {
    /// Only events of this read model
    #[arg(long, value_name = "NAME")]
    projection: Option<String>,
    /// Only events in this state
    #[arg(long, value_enum)]
    state: Option<State>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    /// Cannot be applied
    Failed,
    /// Waits behind a failed event of its stream
    Waiting,
    /// Was skipped
    Skipped,
}

#[derive(Debug, clap::Args)]
struct Retry {
    /// A parked event of the stream, by its id in the list
    #[arg(required_unless_present = "all")]
    id: Option<String>,
    /// Retry every stream that has a failed event
    #[arg(long, conflicts_with = "id")]
    all: bool,
}

#[derive(Debug, clap::Args)]
struct Skip {
    /// The event, by its id in the list
    id: String,
    /// The reason, kept with the event and in the audit
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(config: &Config, arguments: &Arguments, json: bool) -> anyhow::Result<End> {
    let world = World::default();
    with_database(config, async |work| {
        let services = Services::open(config, &world, &work).await?;
        let mut client = ProjectionOperationsClient::new(services.operations());
        let result = match &arguments.command {
            None => list(&mut client, &arguments.list, json).await,
            Some(Command::List(filter)) => list(&mut client, filter, json).await,
            Some(Command::Retry(asked)) => retry(&mut client, asked, json).await,
            Some(Command::Skip(asked)) => skip(&mut client, asked, json).await,
        };
        services.close().await;
        result
    })
    .await
}

async fn list(client: &mut Client, filter: &List, json: bool) -> anyhow::Result<End> {
    let events = all(client, filter).await?;
    if json {
        for event in &events {
            print::line(as_json(event));
        }
    } else if events.is_empty() {
        print::line("nothing is parked or skipped");
    } else {
        print::line(format_args!(
            "{:<20} {:<8} {:<46} {:>8} {:<20} {:>5} {:<27} WHY",
            "ID", "STATE", "STREAM", "SEQUENCE", "EVENT", "TRIES", "SINCE"
        ));
        for event in &events {
            print::line(row(event));
        }
    }
    Ok(End::Success)
}

async fn all(client: &mut Client, filter: &List) -> anyhow::Result<Vec<v1::ParkedEvent>> {
    let state = match filter.state {
        None => v1::ParkedState::Unspecified,
        Some(State::Failed) => v1::ParkedState::Failed,
        Some(State::Waiting) => v1::ParkedState::Waiting,
        Some(State::Skipped) => v1::ParkedState::Skipped,
    };
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let request = v1::ListParkedRequest {
            page: Some(v1::PageRequest { limit: PAGE, cursor }),
            projection: filter.projection.clone().unwrap_or_default(),
            state: state.into(),
            ..v1::ListParkedRequest::default()
        };
        let reply = client
            .list_parked(request)
            .await
            .map_err(|status| refusal(&status))?
            .into_inner();
        events.extend(reply.events);
        cursor = reply.page.unwrap_or_default().next_cursor;
        if cursor.is_empty() {
            return Ok(events);
        }
    }
}

async fn retry(client: &mut Client, asked: &Retry, json: bool) -> anyhow::Result<End> {
    let ids = if let Some(id) = &asked.id {
        vec![id.clone()]
    } else {
        let failed = List {
            projection: None,
            state: Some(State::Failed),
        };
        all(client, &failed).await?.into_iter().map(|event| event.id).collect()
    };
    let mut end = End::Success;
    for id in ids {
        let request = v1::RetryParkedRequest {
            context: Some(context()),
            id: id.clone(),
        };
        let reply = client
            .retry_parked(request)
            .await
            .map_err(|status| refusal(&status))?
            .into_inner();
        let result = reply.result.unwrap_or_default();
        if result.left > 0 {
            end = End::Failure;
        }
        print_retried(&id, &result, json);
    }
    Ok(end)
}

async fn skip(client: &mut Client, asked: &Skip, json: bool) -> anyhow::Result<End> {
    let request = v1::SkipParkedRequest {
        context: Some(context()),
        id: asked.id.clone(),
        reason: asked.reason.clone(),
    };
    let reply = client
        .skip_parked(request)
        .await
        .map_err(|status| refusal(&status))?
        .into_inner();
    if !json {
        print::line(format_args!("{} is skipped", asked.id));
    }
    print_retried(&asked.id, &reply.rest.unwrap_or_default(), json);
    Ok(End::Success)
}

fn print_retried(id: &str, result: &v1::Retried, json: bool) {
    if json {
        print::line(json!({
            "id": id, "aggregate_type": result.aggregate_type, "aggregate_id": result.aggregate_id,
            "applied": result.applied, "left": result.left,
            "error": (!result.error.is_empty()).then_some(&result.error),
        }));
        return;
    }
    let why = if result.error.is_empty() {
        String::new()
    } else {
        format!(": {}", result.error)
    };
    print::line(format_args!(
        "{} {}: {} events applied, {} still parked{why}",
        result.aggregate_type, result.aggregate_id, result.applied, result.left
    ));
}

fn context() -> v1::CommandContext {
    v1::CommandContext {
        actor: ACTOR.to_owned(),
        channel: "cli".to_owned(),
        ..v1::CommandContext::default()
    }
}

fn refusal(status: &tonic::Status) -> anyhow::Error {
    let failure = Failure::from(status);
    anyhow::anyhow!("{} ({})", failure.message, failure.code)
}

fn state(event: &v1::ParkedEvent) -> &'static str {
    match event.state() {
        v1::ParkedState::Waiting => "waiting",
        v1::ParkedState::Skipped => "skipped",
        v1::ParkedState::Failed | v1::ParkedState::Unspecified => "failed",
    }
}

fn time(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn row(event: &v1::ParkedEvent) -> String {
    let why = match &event.skip {
        Some(skip) => format!("{} by {} at {}", skip.reason, skip.actor, time(skip.at_micros)),
        None => event.error.clone(),
    };
    let stream = format!("{} {}", event.aggregate_type, event.aggregate_id);
    format!(
        "{:<20} {:<8} {stream:<46} {:>8} {:<20} {:>5} {:<27} {why}",
        event.id,
        state(event),
        event.sequence,
        event.event_type,
        event.attempts,
        time(event.parked_at_micros),
    )
}

fn as_json(event: &v1::ParkedEvent) -> serde_json::Value {
    json!({
        "id": event.id, "projection": event.projection, "state": state(event),
        "aggregate_type": event.aggregate_type, "aggregate_id": event.aggregate_id, "sequence": event.sequence,
        "event_id": event.event_id, "event_type": event.event_type, "lane": event.lane, "position": event.position,
        "error": (!event.error.is_empty()).then_some(&event.error), "attempts": event.attempts,
        "parked_at": time(event.parked_at_micros), "tried_at": time(event.tried_at_micros),
        "skip": event.skip.as_ref().map(|skip| json!({
            "actor": skip.actor, "reason": skip.reason, "at": time(skip.at_micros)})),
    })
}
