//! One JSON document a line, field by field, so that every mistake names its field.

use std::io::{self, Read};

use domain::{MAX_EXACT, Money};
use files::read::{MAX_ROW, Malformed, Window};
use serde_json::{Map, Number, Value};

use super::error::FieldError;
use super::field;

/// A line of the input.
pub(crate) struct Line {
    pub(crate) number: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) document: Result<Map<String, Value>, FieldError>,
}

/// The lines of an input; empty ones are passed over.
pub(crate) struct Lines<R> {
    window: Window<R>,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(window: Window<R>) -> Self {
        Self { window }
    }

    /// The next line that is not empty; `None` at the end.
    pub(crate) fn read(&mut self) -> io::Result<Option<Line>> {
        loop {
            let Some(length) = self.window.first_line() else {
                if !self.window.is_full() {
                    self.window.fill()?;
                    continue;
                }
                return self.skip_long_line().map(Some);
            };
            if length == 0 {
                return Ok(None);
            }
            if length > MAX_ROW {
                return self.skip_long_line().map(Some);
            }
            let (number, start) = (self.window.line, self.window.offset);
            let bytes = self.window.bytes()[..length].trim_ascii();
            if bytes.is_empty() {
                self.window.consume(length, 1);
                continue;
            }
            let document = parse(bytes);
            self.window.consume(length, 1);
            return Ok(Some(Line {
                number,
                start,
                end: self.window.offset,
                document,
            }));
        }
    }

    fn skip_long_line(&mut self) -> io::Result<Line> {
        let (number, start) = (self.window.line, self.window.offset);
        self.window.skip_line()?;
        let malformed = Malformed::TooLong;
        Ok(Line {
            number,
            start,
            end: self.window.offset,
            document: Err(FieldError::new("", malformed.code(), malformed.reason())),
        })
    }
}

fn parse(bytes: &[u8]) -> Result<Map<String, Value>, FieldError> {
    let text = field::text("", bytes)?;
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(FieldError::new("", "invalid_json", "each line is one JSON object")),
        Err(error) => Err(FieldError::new(
            "",
            "invalid_json",
            format!("not JSON, at character {} of the line", error.column()),
        )),
    }
}

/// Takes fields out of a JSON object; what is left over at the end is unknown.
pub(crate) struct Object(Map<String, Value>);

impl Object {
    pub(crate) fn new(map: Map<String, Value>) -> Self {
        Self(map)
    }

    /// A field by its name; `null` is as good as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A text; empty when absent.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, FieldError> {
        match self.take(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(FieldError::new(name, "invalid_format", "is a string")),
        }
    }

    /// A whole number, if present.
    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, FieldError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Number(number)) => integer(name, &number).map(Some),
            Some(_) => Err(FieldError::new(name, "invalid_format", "is a whole number")),
        }
    }

    /// An object, if present.
    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Self>, FieldError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self(map))),
            Some(_) => Err(FieldError::new(name, "invalid_format", "is an object")),
        }
    }

    /// The members, whatever their names.
    pub(crate) fn into_members(self) -> impl Iterator<Item = (String, Value)> {
        self.0.into_iter()
    }

    /// Refuses what nobody took.
    pub(crate) fn finish(self) -> Result<(), FieldError> {
        match self.0.into_iter().find(|(_, value)| !value.is_null()) {
            None => Ok(()),
            Some((name, _)) => {
                let shown: String = name.chars().take(80).collect();
                Err(FieldError::new(shown, "unknown_field", "the schema has no such field"))
            }
        }
    }
}

/// Money as the REST interface writes it: `{"amount": 1250, "currency": "GBP"}`, in minor units.
pub(crate) fn money(name: &str, mut object: Object) -> Result<Money, FieldError> {
    let prefix = format!("{name}.");
    let mut read = || {
        let Some(amount) = object.integer("amount")? else {
            return Err(FieldError::new("amount", "required", "must not be empty"));
        };
        let currency = field::currency("currency", &object.text("currency")?)?;
        Ok(Money::new(amount, currency))
    };
    let money = read().map_err(|error| error.below(&prefix))?;
    object.finish().map_err(|error| error.below(&prefix))?;
    Ok(money)
}

/// A JSON number that is whole, `10.0` too, and fits 64 bits.
pub(crate) fn integer(name: &str, number: &Number) -> Result<i64, FieldError> {
    if let Some(number) = number.as_i64() {
        return Ok(number);
    }
    match number.as_f64() {
        Some(number) if number.fract() != 0.0 => Err(field::not_whole(name)),
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        Some(number) if number.abs() <= MAX_EXACT => Ok(number as i64),
        _ => Err(FieldError::new(name, "out_of_range", "the number is too large")),
    }
}
