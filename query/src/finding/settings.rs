//! The shop's settings of its search.

use chrono::{DateTime, Utc};
use proto::v1::{self, GetSearchSettingsReply, GetSearchSettingsRequest};
use reads::Reads;
use search::Synonyms;
use serde::Deserialize;
use sqlx::types::Json;

use crate::error::Error;

pub(super) const MODELS: &[&str] = &["search_settings"];

#[derive(Deserialize)]
pub(crate) struct Lists {
    revision: u64,
    synonyms: Vec<Synonyms>,
    stop_words: Vec<String>,
}

pub(super) async fn get(query: &Reads, request: GetSearchSettingsRequest) -> Result<GetSearchSettingsReply, Error> {
    let freshness = query.fresh(request.context.as_ref(), MODELS).await?;
    let row = sqlx::query_as(&select("search_settings"))
        .fetch_optional(query.pool())
        .await?;
    Ok(GetSearchSettingsReply {
        settings: Some(message(row)),
        freshness: Some(freshness),
    })
}

/// Reads the one row of the view, or of what has its shape.
pub(crate) fn select(from: &str) -> String {
    format!("SELECT settings, updated_at FROM {from}")
}

/// Without a row nothing is set.
pub(crate) fn message(row: Option<(Json<Lists>, DateTime<Utc>)>) -> v1::SearchSettings {
    row.map_or_else(v1::SearchSettings::default, |(Json(lists), updated_at)| {
        v1::SearchSettings {
            synonyms: lists.synonyms.into_iter().map(group).collect(),
            stop_words: lists.stop_words,
            revision: lists.revision,
            updated_at_micros: updated_at.timestamp_micros(),
        }
    })
}

fn group(synonyms: Synonyms) -> v1::Synonyms {
    match synonyms {
        Synonyms::Group { words } => v1::Synonyms {
            words,
            from: String::new(),
        },
        Synonyms::OneWay { from, to } => v1::Synonyms { words: to, from },
    }
}
