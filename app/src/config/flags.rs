//! The layer that the command line fills: one flag for every variable, made from the same table.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::error::{Error, Problem};
use super::variable::Variable;
use super::variables;

/// What the flags stand under in the help of a command: only those that most who type one need.
pub const FLAGS_HEADING: &str = "Configuration (tillroll help config lists all of it)";
const COMMON: [&str; 4] = ["data-dir", "http-addr", "database-url", "log-format"];

/// Values given on the command line, by the variable's key.
#[derive(Clone, Debug, Default)]
pub struct Flags(BTreeMap<&'static str, String>);

impl Flags {
    /// Every flag, with its variable and default, as text.
    #[must_use]
    pub fn help() -> String {
        variables().fold(
            "Configuration: a flag wins over the environment, that over tillroll.toml:".to_owned(),
            |text, variable| {
                format!(
                    "{text}\n  --{} <{}>\n          {}",
                    variable.flag,
                    variable.value,
                    described(variable)
                )
            },
        )
    }

    pub(super) fn get(&self, variable: &Variable) -> Option<&str> {
        self.0.get(variable.key).map(String::as_str)
    }

    pub(super) fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Result<Flags, Error> {
        let mut values = BTreeMap::new();
        for (flag, value) in pairs {
            match variables().find(|variable| variable.flag == flag) {
                Some(variable) => values.insert(variable.key, value),
                None => {
                    return Err(Error {
                        problems: vec![Problem {
                            variable: flag.to_owned(),
                            message: "is not a variable's flag".to_owned(),
                        }],
                    });
                }
            };
        }
        Ok(Flags(values))
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Flags, clap::Error> {
        let mut flags = Flags::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for variable in variables() {
            if let Some(value) = matches.get_one::<String>(variable.key) {
                self.0.insert(variable.key, value.clone());
            }
        }
        Ok(())
    }
}

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        variables().fold(command, |command, variable| {
            let flag = Arg::new(variable.key)
                .long(variable.flag)
                .value_name(variable.value)
                .help(described(variable))
                .help_heading(FLAGS_HEADING)
                .hide(!COMMON.contains(&variable.flag))
                .global(true);
            // A switch alone is on.
            command.arg(if variable.value == "on|off" {
                flag.num_args(0..=1).default_missing_value("on")
            } else {
                flag
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Flags::augment_args(command)
    }
}

fn described(variable: &Variable) -> String {
    let default = variable
        .default
        .map(|default| format!(" [default: {default}]"))
        .unwrap_or_default();
    format!("{} [env: {}]{default}", variable.help, variable.environment)
}
