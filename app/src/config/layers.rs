//! The layers under one roof: who set what, and what is wrong with it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use super::dump::Entry;
use super::variable::{Secrecy, Variable};
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

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name in the environment, or the file, that is wrong.
    pub variable: String,
    /// What is wrong and what would be right; never holds a secret.
    pub message: String,
}

/// The configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Everything that is wrong, in the order of the variables.
    pub problems: Vec<Problem>,
}

impl Error {
    fn one(variable: impl Into<String>, message: impl Into<String>) -> Error {
        Error {
            problems: vec![Problem {
                variable: variable.into(),
                message: message.into(),
            }],
        }
    }
}

impl Display for Error {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{} {}", problem.variable, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// A value before it is understood.
#[derive(Clone, Debug)]
struct Raw {
    text: String,
    source: Source,
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

/// A value was wrong; the reader has noted what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Noted;

/// Hands the sections their values and collects what is wrong with them.
#[derive(Debug)]
pub(super) struct Reader {
    layers: Layers,
    problems: Vec<Problem>,
    entries: Vec<Entry>,
}

impl Reader {
    pub(super) fn new(layers: Layers) -> Reader {
        Reader {
            layers,
            problems: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// A variable that always has a value. `parse` fails with what would have been right.
    pub(super) fn required<T>(
        &mut self,
        variable: &'static Variable,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Noted> {
        if let Some(value) = self.optional(variable, parse)? {
            Ok(value)
        } else {
            self.problem(variable, "is not set");
            Err(Noted)
        }
    }

    /// A variable that may be missing.
    pub(super) fn optional<T>(
        &mut self,
        variable: &'static Variable,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Noted> {
        let raw = match (self.layers.values.get(variable.key), variable.default) {
            (Some(raw), _) => raw.clone(),
            (None, Some(default)) => Raw {
                text: default.to_owned(),
                source: Source::Default,
            },
            (None, None) => {
                self.entries.push(Entry { variable, value: None });
                return Ok(None);
            }
        };
        let shown = variable.secrecy.redact(&raw.text);
        self.entries.push(Entry {
            variable,
            value: Some((shown.clone(), raw.source.clone())),
        });
        match parse(&raw.text) {
            Ok(value) => Ok(Some(value)),
            Err(expected) => {
                let what = if variable.secrecy == Secrecy::Whole {
                    "is wrong".to_owned()
                } else {
                    format!("is \"{shown}\"")
                };
                self.problem(variable, &format!("({}) {what}; expected {expected}", raw.source));
                Err(Noted)
            }
        }
    }

    /// Whether nobody set the variable.
    pub(super) fn is_default(&self, variable: &Variable) -> bool {
        !self.layers.values.contains_key(variable.key)
    }

    /// Notes something that is wrong with the variable in view of others.
    pub(super) fn problem(&mut self, variable: &Variable, message: &str) {
        self.problems.push(Problem {
            variable: variable.environment.to_owned(),
            message: message.to_owned(),
        });
    }

    pub(super) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    pub(super) fn into_error(self) -> Error {
        Error {
            problems: self.problems,
        }
    }

    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
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
