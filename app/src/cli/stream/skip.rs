//! `tillroll stream skip`.

use anyhow::Context as _;
use cqrs_es::Aggregate;
use domain::Reason;
use domain::credit::Credit;
use domain::email::EmailClaim;
use domain::order::Order;
use domain::product::Product;
use domain::projection::{ReadModel, ReadModelCommand, ReadModelError, SkippedEvent};
use domain::search_settings::SearchSettings;
use domain::sku::SkuClaim;
use domain::stock::Stock;
use domain::user::User;
use eventstore::{Metadata, Plan, Store, Unreadable};

use crate::cli::services::Services;
use crate::cli::session::with_database;
use crate::cli::{End, print};
use crate::config::Config;
use crate::stream::TYPES;
use crate::world::World;

/// Who the events say has done it.
const ACTOR: &str = "system:cli";
/// What the record calls the writers, which read streams too.
const WRITERS: &str = "streams";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    /// Type of the aggregate
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(TYPES))]
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
    let skipped = match arguments.aggregate.as_str() {
        "product" => skip_in::<Product>(store, id, reason).await,
        "stock" => skip_in::<Stock>(store, id, reason).await,
        "order" => skip_in::<Order>(store, id, reason).await,
        "credit" => skip_in::<Credit>(store, id, reason).await,
        "sku" => skip_in::<SkuClaim>(store, id, reason).await,
        "user" => skip_in::<User>(store, id, reason).await,
        "email" => skip_in::<EmailClaim>(store, id, reason).await,
        "search_settings" => skip_in::<SearchSettings>(store, id, reason).await,
        _ => skip_in::<ReadModel>(store, id, reason).await,
    }?;
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

async fn skip_in<A: Aggregate + 'static>(
    store: &Store,
    id: &str,
    reason: &Reason,
) -> Result<Option<Unreadable>, eventstore::Error> {
    let event = store.unreadable::<A>(id).await?;
    if let Some(event) = &event {
        store.skip::<A>(id, event, ACTOR, reason.as_ref()).await?;
    }
    Ok(event)
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
