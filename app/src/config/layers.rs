//! The layers of the configuration: which of them set a variable, and to what.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use super::error::{Error, Problem};
use super::variable::Variable;
use super::{Inputs, variables};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// A configuration file.
    File(PathBuf),
    /// Nobody set it.
    Default,
}

impl Display for Source {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Source::Flag => formatter.write_str("flag"),
            Source::Environment => formatter.write_str("environment"),
            Source::File(path) => write!(formatter, "{}", path.display()),
            Source::Default => formatter.write_str("default"),
        }
    }
}

/// A value before it is understood.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) text: String,
    pub(super) source: Source,
}

/// The winning text of every variable that somebody set.
#[derive(Debug)]
pub(super) struct Layers {
    values: BTreeMap<&'static str, Raw>,
}

impl Layers {
    pub(super) fn collect(inputs: &Inputs) -> Result<Layers, Error> {
        let mut values = BTreeMap::new();
        let (path, required) = match (&inputs.file, environment_text(inputs, "TILLROLL_CONFIG")?) {
            (Some(path), _) => (path.clone(), true),
            (None, Some(path)) => (PathBuf::from(path), true),
            (None, None) => (PathBuf::from("tillroll.toml"), false),
        };
        for (variable, text) in read_file(&path, required)? {
            values.insert(
                variable.key,
                Raw {
                    text,
                    source: Source::File(path.clone()),
                },
            );
        }
        for variable in variables() {
            if let Some(text) = environment_text(inputs, variable.environment)? {
                values.insert(
                    variable.key,
                    Raw {
                        text,
                        source: Source::Environment,
                    },
                );
            }
            if let Some(text) = inputs.flags.get(variable) {
                values.insert(
                    variable.key,
                    Raw {
                        text: text.to_owned(),
                        source: Source::Flag,
                    },
                );
            }
        }
        Ok(Layers { values })
    }

    /// The value that somebody gave the variable.
    pub(super) fn get(&self, variable: &Variable) -> Option<&Raw> {
        self.values.get(variable.key)
    }
}

/// A variable that is set to nothing counts as not set: that is how compose files pass on what the host lacks.
fn environment_text(inputs: &Inputs, name: &str) -> Result<Option<String>, Error> {
    match inputs.environment.get(&OsString::from(name)) {
        None => Ok(None),
        Some(value) => match value.to_str() {
            Some("") => Ok(None),
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(Error::one(name, "(environment) is not UTF-8 text")),
        },
    }
}

fn read_file(path: &Path, required: bool) -> Result<Vec<(&'static Variable, String)>, Error> {
    let shown = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return Ok(Vec::new()),
        Err(error) => {
            return Err(Error::one(
                shown,
                format!("(the configuration file) cannot be read: {error}"),
            ));
        }
    };
    // The parser's own display quotes the line, which may hold a password.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            text.get(..span.start).unwrap_or_default().lines().count().max(1)
        });
        Error::one(shown.clone(), format!("line {line}: {}", error.message()))
    })?;
    let mut found = Vec::new();
    let mut problems = Vec::new();
    for (key, value) in table {
        let Some(variable) = variables().find(|variable| variable.key == key) else {
            let known: Vec<&str> = variables().map(|variable| variable.key).collect();
            problems.push(Problem {
                variable: shown.clone(),
                message: format!("has the unknown key `{key}`; the keys are {}", known.join(", ")),
            });
            continue;
        };
        match file_text(&value) {
            Some(text) => found.push((variable, text)),
            None => problems.push(Problem {
                variable: shown.clone(),
                message: format!("gives `{key}` a value of type {}; expected a string, a number, true or false, or a list of strings", value.type_str()),
            }),
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(Error { problems })
    }
}

fn file_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(if *flag { "on" } else { "off" }.to_owned()),
        toml::Value::Array(items) => {
            let words: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            words.map(|words| words.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// Names in the environment that look like ours and are not. Not an error: an orchestrator makes such names up from a
/// service that is called `tillroll`.
pub(super) fn unknown_names(inputs: &Inputs) -> Vec<String> {
    let names = inputs.environment.keys().filter_map(|name| name.to_str());
    names
        .filter(|name| name.starts_with("TILLROLL_") && *name != "TILLROLL_CONFIG")
        .filter(|name| !variables().any(|variable| variable.environment == *name))
        .map(|name| format!("{name} is set in the environment, but no such variable is known"))
        .collect()
}
