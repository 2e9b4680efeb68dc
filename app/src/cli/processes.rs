//! `tillroll processes`.

use chrono::{DateTime, SecondsFormat};
use clap::Subcommand;
use proto::failure::Failure;
use proto::v1;
use proto::v1::process_operations_client::ProcessOperationsClient;
use serde_json::{Value, json};

use super::services::Services;
use super::session::with_database;
use super::{End, print};
use crate::compose;
use crate::config::Config;
use crate::world::World;

/// Who the events say has done it.
const ACTOR: &str = "system:cli";
/// Effects asked for at once.
const PAGE: u32 = 200;

type Client = ProcessOperationsClient<proto::transport::Transport>;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Effects that could not be delivered: list them, try them again, or drop them
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Fold a process from the first event again; nothing fires from that
    Rebuild {
        /// The process
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum DeadLetters {
    /// List them, the oldest first
    List {
        /// Of this process only
        #[arg(long, value_name = "NAME")]
        process: Option<String>,
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Deliver it as if it had never been tried, after what was wrong is mended
    Retry {
        /// The effect, as the list names it
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// All of them
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// Give it up for good, and tell its process so
    Drop {
        /// The effect, as the list names it
        id: String,
        /// Why: kept with the effect and in the audit
        #[arg(long)]
        reason: String,
    },
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<End> {
    let world = World::default();
    with_database(config, async |work| match &command {
        Command::Rebuild { name } => {
            let pool = work.database.pool("processes", 1, None);
            let known = ::processes::rebuild(name, (world.clock)(), &pool).await;
            compose::close_pool(&pool).await;
            if !known? {
                anyhow::bail!("there is no process of the name {name}");
            }
            print::line(format_args!("{name} is folded from the start by the worker"));
            Ok(End::Success)
        }
        Command::DeadLetters(asked) => {
            let services = Services::open(config, &world, &work).await?;
            let mut client = Client::new(services.process_operations());
            let result = settle(&mut client, asked).await;
            services.close().await;
            result
        }
    })
    .await
}

async fn settle(client: &mut Client, asked: &DeadLetters) -> anyhow::Result<End> {
    match asked {
        DeadLetters::List { process, json } => {
            let letters = all(client, process.as_deref().unwrap_or_default()).await?;
            if letters.is_empty() && !json {
                print::line("everything was delivered, or is still tried");
            }
            for letter in letters {
                if *json {
                    print::line(as_json(&letter));
                } else {
                    print::line(row(&letter));
                }
            }
        }
        DeadLetters::Retry { id, .. } => {
            let ids = match id {
                Some(id) => vec![id.clone()],
                None => all(client, "").await?.into_iter().map(|letter| letter.id).collect(),
            };
            for id in ids {
                let request = v1::RetryDeadLetterRequest {
                    context: Some(context()),
                    id: id.clone(),
                };
                client
                    .retry_dead_letter(request)
                    .await
                    .map_err(|status| refusal(&status))?;
                print::line(format_args!("{id} is tried again"));
            }
        }
        DeadLetters::Drop { id, reason } => {
            let request = v1::DropDeadLetterRequest {
                context: Some(context()),
                id: id.clone(),
                reason: reason.clone(),
            };
            client
                .drop_dead_letter(request)
                .await
                .map_err(|status| refusal(&status))?;
            print::line(format_args!("{id} is dropped"));
        }
    }
    Ok(End::Success)
}

async fn all(client: &mut Client, process: &str) -> anyhow::Result<Vec<v1::DeadLetter>> {
    let (mut letters, mut cursor) = (Vec::new(), String::new());
    loop {
        let request = v1::ListDeadLettersRequest {
            page: Some(v1::PageRequest { limit: PAGE, cursor }),
            process: process.to_owned(),
        };
        let reply = client
            .list_dead_letters(request)
            .await
            .map_err(|status| refusal(&status))?;
        let reply = reply.into_inner();
        letters.extend(reply.dead_letters);
        cursor = reply.page.unwrap_or_default().next_cursor;
        if cursor.is_empty() {
            return Ok(letters);
        }
    }
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

fn time(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn row(letter: &v1::DeadLetter) -> String {
    format!(
        "{} {} {} {}: {} ({} tries, {})",
        letter.id,
        letter.process,
        letter.key,
        letter.kind,
        letter.error,
        letter.attempts,
        time(letter.given_up_at_micros)
    )
}

fn as_json(letter: &v1::DeadLetter) -> Value {
    json!({
        "id": letter.id, "process": letter.process, "key": letter.key, "step": letter.step, "kind": letter.kind,
        "body": serde_json::from_str::<Value>(&letter.body).unwrap_or_default(), "attempts": letter.attempts,
        "error": letter.error, "created_at": time(letter.created_at_micros), "given_up_at": time(letter.given_up_at_micros),
    })
}
