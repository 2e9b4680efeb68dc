//! `tillroll user`.

use std::io::{IsTerminal as _, Read as _};

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use proto::failure::Failure;
use proto::transport::Transport;
use proto::v1;
use proto::v1::user_command_client::UserCommandClient;

use super::services::Services;
use super::session::{Work, with_database};
use super::{End, print};
use crate::config::Config;
use crate::world::World;

/// Who the events say has done it.
const ACTOR: &str = "system:cli";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create an account; the password is asked for, or read from standard input
    Create(Create),
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// E-mail address with which the person logs in
    #[arg(long)]
    email: String,
    /// Role of the person
    #[arg(long, value_enum)]
    role: Role,
    /// Name of the person; otherwise the part of the e-mail address before the @
    #[arg(long)]
    name: Option<String>,
    /// Read the password from standard input, up to the first line break
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// May do everything
    Admin,
    /// May see and place their own orders
    Customer,
}

pub(super) async fn run(config: &Config, command: Command) -> anyhow::Result<End> {
    let Command::Create(create) = command;
    let password = password(create.password_stdin)?;
    let user = with_database(config, async |work| register(config, &work, create, password).await).await?;
    print::line(user.id);
    Ok(End::Success)
}

fn password(from_stdin: bool) -> anyhow::Result<String> {
    if from_stdin {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("the password cannot be read from standard input")?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    anyhow::ensure!(
        std::io::stdin().is_terminal(),
        "there is no terminal to ask for the password on: use --password-stdin"
    );
    let password = rpassword::prompt_password("Password: ")?;
    anyhow::ensure!(
        rpassword::prompt_password("Once more: ")? == password,
        "the two passwords differ"
    );
    Ok(password)
}

async fn register(config: &Config, work: &Work, create: Create, password: String) -> anyhow::Result<v1::User> {
    let world = World::default();
    let mut services = Services::open(config, &world, work).await?;
    let result = match ask(services.commands(), &world, create, password).await {
        Ok(user) => {
            services.project(config, work);
            services.caught_up().await.map(|()| user)
        }
        Err(error) => Err(error),
    };
    services.close().await;
    result
}

async fn ask(commands: Transport, world: &World, create: Create, password: String) -> anyhow::Result<v1::User> {
    let name = create
        .name
        .unwrap_or_else(|| create.email.split('@').next().unwrap_or_default().to_owned());
    let role = match create.role {
        Role::Admin => v1::Role::Admin,
        Role::Customer => v1::Role::Customer,
    };
    let context = v1::CommandContext {
        actor: ACTOR.to_owned(),
        request_id: (world.ids)().to_string(),
        channel: "cli".to_owned(),
        ..v1::CommandContext::default()
    };
    let request = v1::CreateUserRequest {
        context: Some(context),
        email: create.email,
        name,
        role: role.into(),
        password,
    };
    let mut client = UserCommandClient::new(commands);
    match client.create_user(request).await {
        Ok(reply) => reply
            .into_inner()
            .user
            .context("the user service answered without a user"),
        Err(status) => {
            let failure = Failure::from(&status);
            let fields: Vec<String> = failure
                .fields
                .iter()
                .map(|field| format!("{}: {}", field.field, field.message))
                .collect();
            anyhow::bail!(
                "{}{}",
                failure.message,
                if fields.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", fields.join("; "))
                }
            )
        }
    }
}
