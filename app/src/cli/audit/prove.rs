//! `tillroll audit prove`.

use std::path::PathBuf;

use clap::Subcommand;
use proto::failure::Failure;
use proto::transport::Transport;
use proto::v1;
use proto::v1::seal_query_client::SealQueryClient;

use super::super::End;
use super::super::session::with_database;
use crate::compose;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Prove that an event is in the log
    Event {
        /// The event's id
        event_id: String,
        /// Number of the checkpoint that the proof is for [default: the newest]
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        checkpoint: Option<u64>,
        /// File to write [default: standard output]
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Prove that a checkpoint continues an earlier one
    Consistency {
        /// Number of the earlier checkpoint
        #[arg(long)]
        from: u64,
        /// Number of the later checkpoint [default: the newest]
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        to: u64,
        /// File to write [default: standard output]
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<End> {
    let (proof, out) = with_database(config, async |work| {
        let pool = work.database.pool("audit prove", 2, None);
        let result = prove(&pool, command).await;
        compose::close_pool(&pool).await;
        result
    })
    .await?;
    super::write(out.as_ref(), &format!("{proof}\n"))?;
    Ok(End::Success)
}

async fn prove(pool: &sqlx::PgPool, command: Command) -> anyhow::Result<(String, Option<PathBuf>)> {
    let service = query::SealService::server(reads::Reads::new(pool.clone()));
    let mut client = SealQueryClient::new(Transport::in_process(service)).max_decoding_message_size(usize::MAX);
    let (answer, out) = match command {
        Command::Event {
            event_id,
            checkpoint,
            out,
        } => {
            let request = v1::ProveEventRequest {
                event_id,
                checkpoint: checkpoint.unwrap_or_default(),
            };
            (client.prove_event(request).await, out)
        }
        Command::Consistency { from, to, out } => {
            let request = v1::ProveConsistencyRequest { from, to };
            (client.prove_consistency(request).await, out)
        }
    };
    let proof = answer.map_err(|status| {
        let failure = Failure::from(&status);
        let fields = failure
            .fields
            .iter()
            .map(|field| format!("; {}: {}", field.field, field.message));
        anyhow::anyhow!("{}{}", failure.message, fields.collect::<String>())
    })?;
    let document: serde_json::Value = serde_json::from_str(&proof.into_inner().document)?;
    Ok((serde_json::to_string_pretty(&document)?, out))
}
