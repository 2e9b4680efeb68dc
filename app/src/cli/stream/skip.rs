//! `tillroll stream skip`.

use anyhow::Context as _;
use domain::projection::{ReadModel, ReadModelCommand, ReadModelError, SkippedEvent};
use domain::{Reason, Visitor, visit};
use eventstore::{Metadata, Plan, Registered, Store, Unreadable};
use futures::future::BoxFuture;
use serde::Serialize;

use crate::cli::services::Services;
use crate::cli::session::with_database;
use crate::cli::{End, print};
use crate::config::Config;
use crate::stream::types;
use crate::world::World;

/// Who the events say has done it.
const ACTOR: &str = "system:cli";
/// What the record calls the writers, which read streams too.
const WRITERS: &str = "streams";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Type of the aggregate
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(types()))]
    aggregate: String,
    /// Id of the aggregate; the stock of a product has the id of the product
    id: String,
    /// The reason, kept with the event and in the audit
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<End> {
    let reason = Reason::new(&arguments.reason).context("--reason")?;
    let world = World::default();
    with_database(config, async |work| {
        let services = Services::open(config, &world, &work).await?;
        let skipped = skip(services.store(), &world, arguments, &reason).await;
        services.close().await;
        skipped
    })
    .await
}

async fn skip(store: &Store, world: &World, arguments: &Arguments, reason: &Reason) -> anyhow::Result<End> {
    let id = arguments.id.as_str();
    let skipping = visit(&arguments.aggregate, Skip { store, id, reason }).context("there are no such aggregates")?;
    let skipped = skipping.await?;
    let Some(event) = skipped else {
        print::line("every event of the stream can be read; there is nothing to skip");
        return Ok(End::Failure);
    };
    record(store, world, arguments, &event, reason).await?;
    print::line(format_args!(
        "event {} of the stream, {} at lane {} position {}, is skipped: {}",
        event.sequence, event.event_type, event.lane, event.position, event.error
    ));
    Ok(End::Success)
}

struct Skip<'a> {
    store: &'a Store,
    id: &'a str,
    reason: &'a Reason,
}

impl<'a> Visitor for Skip<'a> {
    type Output = BoxFuture<'a, Result<Option<Unreadable>, eventstore::Error>>;

    fn visit<A: Registered + Serialize>(self) -> Self::Output {
        let Self { store, id, reason } = self;
        Box::pin(async move {
            let event = store.unreadable::<A>(id).await?;
            if let Some(event) = &event {
                store.skip::<A>(id, event, ACTOR, reason.as_ref()).await?;
            }
            Ok(event)
        })
    }
}

/// Puts it on record beside what is skipped in read models.
async fn record(
    store: &Store,
    world: &World,
    arguments: &Arguments,
    event: &Unreadable,
    reason: &Reason,
) -> anyhow::Result<()> {
    let command = ReadModelCommand::RecordSkip(SkippedEvent {
        event_id: event.event_id.to_string(),
        aggregate_type: arguments.aggregate.clone(),
        aggregate_id: arguments.id.clone(),
        lane: event.lane,
        position: event.position,
        error: event.error.clone(),
        reason: reason.to_string(),
    });
    let stream = ReadModel::stream_id(WRITERS);
    let metadata = Metadata {
        actor: ACTOR.to_owned(),
        correlation_id: (world.ids)(),
        causation_id: None,
        request_id: String::new(),
    };
    let plan = Plan::new(metadata)
        .annotation("command_id", (world.ids)().to_string())
        .annotation("command", "skip_stream_event")
        .annotation("channel", "cli")
        .annotation("reason", reason.to_string())
        .write::<ReadModel>(stream.as_str());
    let recorded = store.transact(plan, move |transaction| {
        let events = transaction.state::<ReadModel>(&stream).decide(&command)?;
        transaction.append::<ReadModel>(&stream, events);
        Ok::<(), ReadModelError>(())
    });
    recorded
        .await
        .map(drop)
        .context("the event is skipped, but that is not on record")
}
