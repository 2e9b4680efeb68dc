//! The command line.

mod audit;
mod doctor;
mod end;
mod import;
mod migrate;
mod openapi;
mod print;
mod processes;
mod projections;
mod rebuild;
mod rebuild_search;
mod seed;
mod serve;
mod services;
mod session;
mod stream;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rustix::fs::Mode;

use crate::config::{Config, FLAGS_HEADING, Flags, Inputs};
use crate::telemetry;

pub use end::End;

/// Tillroll: a commerce backend in which every change is an event.
#[derive(Debug, Parser)]
#[command(name = "tillroll", version, propagate_version = true, max_term_width = 120)]
struct Arguments {
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "Configuration file; without it tillroll.toml in the working folder, if there is one [env: TILLROLL_CONFIG]",
        help_heading = FLAGS_HEADING
    )]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the system, or a part of it with --roles
    Serve,
    /// Update the schema of the database
    Migrate,
    /// Fill a demo shop with products, customers and a year of orders; running it again changes nothing
    Seed(seed::Arguments),
    /// Import products, or the history of orders, from files
    #[command(subcommand)]
    Import(import::Command),
    /// List the read models with version, lag in events and seconds, and rate; handle events that cannot be applied
    Projections(projections::Arguments),
    /// Settle effects of processes that could not be delivered, or fold a process from the start again
    #[command(subcommand)]
    Processes(processes::Command),
    /// Rebuild a read model from the events, or `search` from the read models, while the old one serves
    Rebuild(rebuild::Arguments),
    /// Verify that the history is what was sealed, and prove it to others
    #[command(subcommand)]
    Audit(audit::Command),
    /// Manage the accounts of people
    #[command(subcommand)]
    User(user::Command),
    /// Write one stream to a file, or replay such a file
    #[command(subcommand)]
    Stream(stream::Command),
    #[command(about = "Print the HTTP API's OpenAPI document")]
    Openapi,
    /// Show the configuration; the help of this command lists all flags and variables
    #[command(subcommand, visible_alias = "configuration", after_help = Flags::help())]
    Config(ConfigCommand),
    /// Check everything that a start needs, and say what to do; with --books, check orders, their stock and the read models
    Doctor(doctor::Arguments),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print the effective configuration as TOML, with the source of each value
    Dump,
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    // The files of a shop are for nobody else on the machine, also those whose writer sets no mode, as the search engine.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nothing can be said when even this cannot be printed.
            let _ = error.print();
            return if error.use_stderr() {
                End::Usage.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let inputs = Inputs {
        flags: arguments.flags,
        environment: std::env::vars_os().collect(),
        file: arguments.config,
    };
    let config = match Config::load(&inputs) {
        Ok(config) => config,
        Err(error) => {
            for problem in error.problems {
                eprintln!("tillroll: {} {}", problem.variable, problem.message);
            }
            return End::Usage.into();
        }
    };
    if let Err(error) = telemetry::start(&config.telemetry) {
        eprintln!("tillroll: logging cannot start: {error}");
        return End::Failure.into();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("tillroll: {error}");
            return End::Failure.into();
        }
    };
    let end = match runtime.block_on(run(arguments.command, &config)) {
        Ok(end) => end,
        Err(error) => {
            eprintln!("tillroll: {}", eventstore::chain(error.as_ref()));
            End::Failure
        }
    };
    // Whatever still runs was told to end and did not; a prompt that waits for a key would hold the process up for
    // good.
    runtime.shutdown_background();
    end.into()
}

async fn run(command: Command, config: &Config) -> anyhow::Result<End> {
    match command {
        Command::Serve => serve::run(config).await,
        Command::Migrate => migrate::run(config).await,
        Command::Seed(arguments) => seed::run(config, &arguments).await,
        Command::Import(command) => import::run(config, command).await,
        Command::Projections(arguments) => projections::run(config, &arguments).await,
        Command::Processes(command) => processes::run(config, command).await,
        Command::Rebuild(arguments) => rebuild::run(config, &arguments).await,
        Command::Audit(command) => audit::run(config, command).await,
        Command::User(command) => user::run(config, command).await,
        Command::Stream(command) => stream::run(config, command).await,
        Command::Openapi => openapi::run(),
        Command::Config(ConfigCommand::Dump) => {
            print::line(config.dump());
            Ok(End::Success)
        }
        Command::Doctor(arguments) => doctor::run(config, &arguments).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Arguments;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    /// The long help of a command, by the words after `tillroll`.
    fn help(words: &[&str]) -> String {
        let mut command = Arguments::command();
        command.build();
        let found = words
            .iter()
            .fold(&mut command, |command, word| command.find_subcommand_mut(word).unwrap());
        found.render_long_help().to_string()
    }

    #[test]
    fn help_shows_what_belongs_to_the_command_and_where_the_rest_is() {
        for words in [
            &["seed"] as &[&str],
            &["user", "create"],
            &["audit", "verify"],
            &["projections", "parked", "list"],
            &["processes", "dead-letters", "list"],
        ] {
            let text = help(words);
            assert!(text.lines().count() < 60, "{text}");
            assert!(
                text.contains("tillroll help config") && !text.contains("--projector-lease"),
                "{text}"
            );
            let (own, common) = (text.find("Options:").unwrap(), text.find("--data-dir").unwrap());
            assert!(own < common, "{text}");
        }
        assert!(help(&[]).lines().count() < 60, "{}", help(&[]));
        let all = help(&["config"]);
        for flag in [
            "--projector-lease",
            "--data-dir",
            "[env: TILLROLL_HTTP_ADDR] [default: 127.0.0.1:8080]",
        ] {
            assert!(all.contains(flag), "{all}");
        }
        assert!(!all.contains("[env: `"));
        assert_eq!(all, help(&["configuration"]));
    }
}
