//! Checks a request and reports every wrong field at once.

use domain::ValueError;
use proto::failure::{Failure, FailureKind, FieldFailure};

/// What is wrong with the fields of a request so far.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<FieldFailure>);

impl Fields {
    /// What `read` makes of a request, or the failure that names every wrong field. `read` answers with nothing only after noting why,
    /// and looks at every field before.
    pub(crate) fn read<T>(read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Failure> {
        let mut fields = Self::default();
        match read(&mut fields) {
            Some(value) if fields.0.is_empty() => Ok(value),
            _ => Err(fields.into_failure()),
        }
    }

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

    /// Notes the fields that a failure names.
    pub(crate) fn absorb(&mut self, failure: Failure) {
        self.0.extend(failure.fields);
    }

    /// Notes that a field is missing.
    pub(crate) fn require<T>(&mut self, field: &str, value: Option<T>, what: &str) -> Option<T> {
        if value.is_none() {
            self.add(field, "required", format!("{what} is required"));
        }
        value
    }

    /// A text that may be left out; nothing also when something is wrong with it, which is noted.
    pub(crate) fn optional<'t, T>(
        &mut self,
        field: impl Into<String>,
        text: &'t str,
        read: impl FnOnce(&'t str) -> Result<T, ValueError>,
    ) -> Option<T> {
        if text.is_empty() {
            return None;
        }
        self.check(field, read(text))
    }

    /// The failure that names every wrong field.
    pub(crate) fn into_failure(self) -> Failure {
        let message = match self.0.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            fields => format!("{} fields are wrong", fields.len()),
        };
        let mut failure = Failure::new(FailureKind::Invalid, "validation_failed", message);
        failure.fields = self.0;
        failure
    }
}
