//! What the shop has set about its search.

use chrono::{DateTime, Utc};
use proto::v1::{self, GetSearchSettingsReply, GetSearchSettingsRequest};
use search::Synonyms;
use serde::Deserialize;
use sqlx::types::Json;

use crate::Query;
use crate::error::Error;

pub(super) const MODELS: &[&str] = &["search_settings"];

#[derive(Deserialize)]
struct Lists {
    revision: u64,
    synonyms: Vec<Synonyms>,
    stop_words: Vec<String>,
}

pub(super) async fn get(query: &Query, request: GetSearchSettingsRequest) -> Result<GetSearchSettingsReply, Error> {
    let freshness = query.fresh(request.context.as_ref(), MODELS).await?;
    let row: Option<(Json<Lists>, DateTime<Utc>)> = sqlx::query_as("SELECT settings, updated_at FROM search_settings")
        .fetch_optional(query.pool())
        .await?;
    let settings = row.map_or_else(v1::SearchSettings::default, |(Json(lists), updated_at)| {
        v1::SearchSettings {
            synonyms: lists.synonyms.into_iter().map(message).collect(),
            stop_words: lists.stop_words,
            revision: lists.revision,
            updated_at_micros: updated_at.timestamp_micros(),
        }
    });
    Ok(GetSearchSettingsReply {
        settings: Some(settings),
        freshness: Some(freshness),
    })
}

fn message(synonyms: Synonyms) -> v1::Synonyms {
    match synonyms {
        Synonyms::Group { words } => v1::Synonyms {
            words,
            from: String::new(),
        },
        Synonyms::OneWay { from, to } => v1::Synonyms { words: to, from },
    }
}
