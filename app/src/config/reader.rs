//! Gives the sections their values and collects what is wrong with them.

use super::error::{Error, Problem};
use super::layers::{Layers, Raw, Source};
use super::variable::{Secrecy, Variable};

/// A variable and what it came to.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) variable: &'static Variable,
    /// The value as it may be shown, and who set it.
    pub(super) value: Option<(String, Source)>,
}

/// A value is wrong; the reader has a [`Problem`] that says what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

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
    ) -> Result<T, Invalid> {
        if let Some(value) = self.optional(variable, parse)? {
            Ok(value)
        } else {
            self.problem(variable, "is not set");
            Err(Invalid)
        }
    }

    /// A variable that may be missing.
    pub(super) fn optional<T>(
        &mut self,
        variable: &'static Variable,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Invalid> {
        let raw = match (self.layers.get(variable), variable.default) {
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
                Err(Invalid)
            }
        }
    }

    /// Whether nobody set the variable.
    pub(super) fn is_default(&self, variable: &Variable) -> bool {
        self.layers.get(variable).is_none()
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
