//! Checking a request: every wrong field is told at once.

use domain::ValueError;
use proto::failure::{Failure, FailureKind, FieldFailure};

/// What is wrong with the fields of a request so far.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<FieldFailure>);

impl Fields {
    /// The value, or nothing after noting what is wrong with it.
    pub(crate) fn check<T>(&mut self, field: impl Into<String>, value: Result<T, ValueError>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, error.code().as_str(), error.message());
                None
            }
        }
    }

    /// Notes that a field is wrong.
    pub(crate) fn add(&mut self, field: impl Into<String>, code: &str, message: impl Into<String>) {
        self.0.push(FieldFailure {
            field: field.into(),
            code: code.to_owned(),
            message: message.into(),
        });
    }

    /// Notes that a field is missing.
    pub(crate) fn require<T>(&mut self, field: &str, value: Option<T>, what: &str) -> Option<T> {
        if value.is_none() {
            self.add(field, "required", format!("{what} is required"));
        }
        value
    }

    /// The failure that names every wrong field. Also the answer when a value is missing although no
    /// field was found wrong, so that callers need no second way out.
    pub(crate) fn into_failure(self) -> Failure {
        let message = match self.0.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            fields => format!("{} fields are wrong", fields.len()),
        };
        let mut failure = Failure::new(FailureKind::Invalid, "validation_failed", message);
        failure.fields = self.0;
        failure
    }

    /// Passes when nothing is wrong.
    pub(crate) fn into_result(self) -> Result<(), Failure> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.into_failure())
        }
    }
}
