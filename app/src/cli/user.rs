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
    /// Shut a person out, and end their sessions
    Disable(Person),
    /// Let a person in again
    Enable(Person),
    /// Give a person another role
    Role(ChangeRole),
    /// Give a person another password, and end their sessions; it is asked for, or read from standard input
    ResetPassword(ResetPassword),
}

#[derive(Debug, clap::Args)]
pub(super) struct Person {
    /// E-mail address of the person
    #[arg(long)]
    email: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct ChangeRole {
    #[command(flatten)]
    person: Person,
    /// Role from now on
    #[arg(long, value_enum)]
    role: Role,
}

#[derive(Debug, clap::Args)]
pub(super) struct ResetPassword {
    #[command(flatten)]
    person: Person,
    /// Read the password from standard input, up to the first line break
    #[arg(long)]
    password_stdin: bool,
}

/// What is asked of the user service.
enum Change {
    Create(Create, String),
    Disable,
    Enable,
    Role(Role),
    Password(String),
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
    let (email, change) = match command {
        Command::Create(create) => {
            let password = password(create.password_stdin)?;
            (create.email.clone(), Change::Create(create, password))
        }
        Command::Disable(person) => (person.email, Change::Disable),
        Command::Enable(person) => (person.email, Change::Enable),
        Command::Role(ChangeRole { person, role }) => (person.email, Change::Role(role)),
        Command::ResetPassword(reset) => (reset.person.email, Change::Password(password(reset.password_stdin)?)),
    };
    let user = with_database(config, async |work| carry_out(config, &work, email, change).await).await?;
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

async fn carry_out(config: &Config, work: &Work, email: String, change: Change) -> anyhow::Result<v1::User> {
    let world = World::default();
    let mut services = Services::open(config, &world, work).await?;
    let result = match ask(services.commands(), &world, email, change).await {
        Ok(user) => {
            services.project(config, work);
            services.caught_up().await.map(|()| user)
        }
        Err(error) => Err(error),
    };
    services.close().await;
    result
}

async fn ask(commands: Transport, world: &World, email: String, change: Change) -> anyhow::Result<v1::User> {
    let mut client = UserCommandClient::new(commands);
    let context = Some(v1::CommandContext {
        actor: ACTOR.to_owned(),
        request_id: (world.ids)().to_string(),
        channel: "cli".to_owned(),
        ..v1::CommandContext::default()
    });
    let mut id = String::new();
    if !matches!(change, Change::Create(..)) {
        let request = v1::FindUserRequest { email: email.clone() };
        id = user(client.find_user(request).await)?.id;
    }
    user(match change {
        Change::Create(create, password) => {
            let name = create.name;
            let request = v1::CreateUserRequest {
                context,
                name: name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned()),
                email,
                role: v1::Role::from(create.role).into(),
                password,
            };
            client.create_user(request).await
        }
        Change::Disable => client.disable_user(v1::ChangeUserRequest { context, id }).await,
        Change::Enable => client.enable_user(v1::ChangeUserRequest { context, id }).await,
        Change::Role(role) => {
            let role = v1::Role::from(role).into();
            client.change_role(v1::ChangeRoleRequest { context, id, role }).await
        }
        Change::Password(password) => {
            let request = v1::SetPasswordRequest { context, id, password };
            client.set_password(request).await
        }
    })
}

impl From<Role> for v1::Role {
    fn from(role: Role) -> v1::Role {
        match role {
            Role::Admin => v1::Role::Admin,
            Role::Customer => v1::Role::Customer,
        }
    }
}

/// The user that the service answered with, or its refusal in words.
fn user(answer: Result<tonic::Response<v1::UserReply>, tonic::Status>) -> anyhow::Result<v1::User> {
    let status = match answer {
        Ok(reply) => {
            let user = reply.into_inner().user;
            return user.context("the user service answered without a user");
        }
        Err(status) => status,
    };
    let failure = Failure::from(&status);
    let fields = failure
        .fields
        .iter()
        .map(|field| format!("{}: {}", field.field, field.message));
    let fields: Vec<String> = fields.collect();
    let fields = if fields.is_empty() {
        String::new()
    } else {
        format!(" ({})", fields.join("; "))
    };
    anyhow::bail!("{}{fields}", failure.message)
}
