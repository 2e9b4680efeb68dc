//! Ranges and codes of requests as conditions of a query.

use chrono::{DateTime, Datelike, Utc};
use proto::v1::{AmountRange, TimeRange};
use serde::Serialize;
use sqlx::{Postgres, QueryBuilder};

use crate::error::Error;

/// The time `micros` microseconds after 1970, when its year has four digits: both sides can hold such a time.
#[must_use]
pub fn instant(micros: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).filter(|time| (1..=9999).contains(&time.year()))
}

/// `from` included, `to` not.
#[derive(Serialize)]
pub struct Times {
    /// From then on.
    pub from: Option<DateTime<Utc>>,
    /// Before then.
    pub to: Option<DateTime<Utc>>,
}

impl Times {
    /// Reads what was asked for.
    pub fn new(range: Option<TimeRange>) -> Result<Self, Error> {
        let range = range.unwrap_or_default();
        let end = |field, micros: Option<i64>| {
            let years = || Error::invalid(field, "out_of_range", "must lie in the years 1 to 9999");
            micros.map(|micros| instant(micros).ok_or_else(years)).transpose()
        };
        Ok(Self {
            from: end("from", range.from_micros)?,
            to: end("to", range.to_micros)?,
        })
    }

    /// Demands that `column` lies in it.
    pub fn push(&self, sql: &mut QueryBuilder<'_, Postgres>, column: &str) {
        if let Some(from) = self.from {
            sql.push(format_args!(" AND {column} >= ")).push_bind(from);
        }
        if let Some(to) = self.to {
            sql.push(format_args!(" AND {column} < ")).push_bind(to);
        }
    }
}

/// Both ends included, in minor units.
#[derive(Serialize)]
pub struct Amounts {
    min: Option<i64>,
    max: Option<i64>,
}

impl Amounts {
    /// Reads what was asked for.
    #[must_use]
    pub fn new(range: Option<AmountRange>) -> Self {
        let AmountRange { min, max } = range.unwrap_or_default();
        Self { min, max }
    }

    /// Demands that `column` lies in it.
    pub fn push(&self, sql: &mut QueryBuilder<'_, Postgres>, column: &str) {
        if let Some(min) = self.min {
            sql.push(format_args!(" AND {column} >= ")).push_bind(min);
        }
        if let Some(max) = self.max {
            sql.push(format_args!(" AND {column} <= ")).push_bind(max);
        }
    }
}

/// `text` when it is empty or has the form of an ISO 4217 code.
pub fn currency(text: String) -> Result<String, Error> {
    let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if text.is_empty() || is_code {
        Ok(text)
    } else {
        Err(Error::invalid(
            "currency",
            "malformed",
            "must be three upper-case letters, as GBP",
        ))
    }
}

/// Demands that `column` equals `text`, unless that is empty.
pub fn push_equal(sql: &mut QueryBuilder<'_, Postgres>, column: &str, text: &str) {
    if !text.is_empty() {
        sql.push(format_args!(" AND {column} = ")).push_bind(text.to_owned());
    }
}
