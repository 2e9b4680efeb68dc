//! `/v1/search/settings`

use axum::{extract::State, response::Response};
use http::StatusCode;
use proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::past;
use crate::{
    app_state::AppState,
    as_of::{self, AsOfParam},
    body::Command,
    call::{CALL, ask, timed},
    consistency::Freshly,
    endpoint::{Described, Endpoint, Permission, routes},
    etag::Expected,
    json::{Fields, MERGE_PATCH, Patch, body},
    params::Params,
    problem::Problem,
    reply::Reply,
    times::rfc3339,
};

/// The shop's search settings.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchSettings)]
pub(crate) struct SettingsView {
    synonyms: Vec<SynonymsView>,
    /// Words that carry no meaning. A query of nothing else is searched as it is.
    stop_words: Vec<String>,
    /// Also the `ETag`. 0: nothing was ever set.
    version: u64,
    /// Only in reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
}

/// Words that a query may use for one another: either `words`, or `from` and `to`.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = Synonyms)]
pub(crate) struct SynonymsView {
    /// Each finds all of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["sofa", "couch"]))]
    words: Option<Vec<String>>,
    /// This word, or phrase, finds those of `to`; they don't find it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    to: Option<Vec<String>>,
}

impl From<v1::SearchSettings> for SettingsView {
    fn from(settings: v1::SearchSettings) -> Self {
        let synonyms = settings.synonyms.into_iter().map(|synonyms| {
            if synonyms.from.is_empty() {
                SynonymsView {
                    words: Some(synonyms.words),
                    ..SynonymsView::default()
                }
            } else {
                SynonymsView {
                    words: None,
                    from: Some(synonyms.from),
                    to: Some(synonyms.words),
                }
            }
        });
        Self {
            synonyms: synonyms.collect(),
            stop_words: settings.stop_words,
            version: settings.revision,
            updated_at: (settings.updated_at_micros > 0).then(|| rfc3339(settings.updated_at_micros)),
        }
    }
}

body! {
    /// All search settings.
    #[derive(Debug, PartialEq)]
    #[schema(example = json!({
        "synonyms": [{"words": ["sofa", "couch"]}, {"from": "phone", "to": ["smartphone"]}], "stop_words": ["the", "a"]
    }))]
    pub(crate) struct NewSettings {
        #[schema(value_type = Vec<SynonymsView>)]
        synonyms: Vec<v1::Synonyms> = objects(0..=values::MAX_SYNONYMS, synonyms),
        stop_words: Vec<String> = |fields| stop_words(fields),
    }
}

body! {
    /// What to change; absent members stay as they are, `null` clears.
    #[derive(Debug, PartialEq)]
    #[schema(example = json!({"stop_words": ["the", "a"]}))]
    pub(crate) struct SettingsPatch in MERGE_PATCH {
        #[schema(value_type = Option<Vec<SynonymsView>>)]
        synonyms: Patch<Vec<v1::Synonyms>> = patch_objects(values::MAX_SYNONYMS, synonyms),
        #[schema(value_type = Option<Vec<String>>)]
        stop_words: Patch<Vec<String>> = |fields| changed_stop_words(fields),
    }
}

fn stop_words(fields: &mut Fields<'_>) -> Vec<String> {
    let words = fields.texts("stop_words", values::MAX_STOP_WORDS, &values::STOP_WORD);
    fields.judged("stop_words", values::distinct_words(&words));
    words
}

fn changed_stop_words(fields: &mut Fields<'_>) -> Patch<Vec<String>> {
    let words = fields.patch_texts("stop_words", values::MAX_STOP_WORDS, &values::STOP_WORD);
    if let Patch::Set(words) = &words {
        fields.judged("stop_words", values::distinct_words(words));
    }
    words
}

fn synonyms(fields: &mut Fields<'_>) -> v1::Synonyms {
    let before = fields.mistakes();
    let (words, from, to) = (
        fields.optional_texts("words", values::MAX_STOP_WORDS, &values::SEARCH_TERM),
        fields.optional_ruled("from", &values::SEARCH_TERM.optional()),
        fields.optional_texts("to", values::MAX_STOP_WORDS, &values::SEARCH_TERM),
    );
    // Of words that are wrong, it is not known whether they are too few, or the same.
    if fields.mistakes() > before {
        return v1::Synonyms::default();
    }
    match (words, from, to) {
        (Some(words), None, None) => {
            fields.judged("words", values::synonym_group(&words));
            v1::Synonyms {
                words,
                from: String::new(),
            }
        }
        (None, Some(from), Some(words)) if !from.trim().is_empty() => {
            fields.judged("to", values::one_way_synonym(&from, &words));
            v1::Synonyms { words, from }
        }
        (None, Some(_), Some(_)) => {
            fields.wrong("from", "required", "a word is expected");
            v1::Synonyms::default()
        }
        (None, Some(_), None) => {
            fields.wrong("to", "required", "the words that `from` finds are required");
            v1::Synonyms::default()
        }
        (None, None, Some(_)) => {
            fields.wrong("from", "required", "the word that finds those of `to` is required");
            v1::Synonyms::default()
        }
        (None, None, None) => {
            fields.wrong("words", "required", "either `words`, or `from` and `to`, are required");
            v1::Synonyms::default()
        }
        (Some(_), ..) => {
            fields.wrong(
                "words",
                "invalid_format",
                "either `words`, or `from` and `to`, are expected, not both",
            );
            v1::Synonyms::default()
        }
    }
}

pub(crate) fn endpoints() -> Vec<Described> {
    vec![
        Endpoint::read(Permission::SearchRead)
            .versioned()
            .with_as_of()
            .handler(routes!(read_search_settings)),
        Endpoint::write(Permission::SearchWrite)
            .versioned()
            .causes(&["SearchSettingsChanged"])
            .handler(routes!(replace_search_settings)),
        Endpoint::write(Permission::SearchWrite)
            .versioned()
            .causes(&["SearchSettingsChanged"])
            .handler(routes!(update_search_settings)),
    ]
}

/// Reads the search settings
#[utoipa::path(get, path = "/v1/search/settings", tag = "search",
    responses((status = 200, description = "The settings", body = SettingsView)))]
pub(crate) async fn read_search_settings(
    State(app): State<AppState>,
    Params(AsOfParam { as_of }): Params<AsOfParam>,
    Freshly(context): Freshly,
) -> Result<Response, Problem> {
    if let Some(as_of) = as_of {
        return past_settings(&app, context, as_of).await;
    }
    let request = v1::GetSearchSettingsRequest { context: Some(context) };
    let reply = ask(CALL, app.search_query().get_search_settings(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)?;
    let view = SettingsView::from(reply.settings.unwrap_or_default());
    let version = view.version;
    Ok(Reply::json(StatusCode::OK, &view)
        .version(version)
        .freshness(reply.freshness)
        .into())
}

/// Replaces the search settings
///
/// Synonyms and stop words take effect without downtime, usually within a second.
#[utoipa::path(put, path = "/v1/search/settings", tag = "search", request_body = NewSettings,
    responses((status = 200, description = "Replaced", body = SettingsView)))]
pub(crate) async fn replace_search_settings(
    State(app): State<AppState>,
    command: Command<NewSettings>,
) -> Result<Response, Problem> {
    let Command {
        body,
        context,
        expected,
    } = command;
    let request = v1::ChangeSearchSettingsRequest {
        context: Some(context),
        expected_revision: None,
        synonyms: Some(v1::SynonymList {
            synonyms: body.synonyms,
        }),
        stop_words: Some(v1::StopWordList { words: body.stop_words }),
    };
    change(&app, &expected, request).await
}

/// Changes the search settings
///
/// A JSON merge patch (RFC 7396): a list that is absent stays, one that is there is replaced as a whole, `null` clears it.
#[utoipa::path(patch, path = "/v1/search/settings", tag = "search",
    request_body(content((SettingsPatch = "application/merge-patch+json"), (SettingsPatch = "application/json"))),
    responses((status = 200, description = "Changed", body = SettingsView)))]
pub(crate) async fn update_search_settings(
    State(app): State<AppState>,
    command: Command<SettingsPatch>,
) -> Result<Response, Problem> {
    let Command {
        body,
        context,
        expected,
    } = command;
    let request = v1::ChangeSearchSettingsRequest {
        context: Some(context),
        expected_revision: None,
        synonyms: list(body.synonyms).map(|synonyms| v1::SynonymList { synonyms }),
        stop_words: list(body.stop_words).map(|words| v1::StopWordList { words }),
    };
    change(&app, &expected, request).await
}

fn list<T>(patch: Patch<Vec<T>>) -> Option<Vec<T>> {
    match patch {
        Patch::Keep => None,
        Patch::Clear => Some(Vec::new()),
        Patch::Set(list) => Some(list),
    }
}

async fn change(
    app: &AppState,
    expected: &Expected,
    request: v1::ChangeSearchSettingsRequest,
) -> Result<Response, Problem> {
    let write = |expected_revision| {
        let request = v1::ChangeSearchSettingsRequest {
            expected_revision,
            ..request.clone()
        };
        let mut client = app.search_command();
        async move { ask(CALL, client.change_search_settings(timed(CALL, request))).await }
    };
    let reply = expected.attempt(write).await?;
    let view = SettingsView::from(reply.settings.unwrap_or_default());
    let version = view.version;
    Ok(Reply::json(StatusCode::OK, &view)
        .version(version)
        .committed(&reply.committed.unwrap_or_default())
        .into())
}

/// What the shop had set about its search, rules aside.
async fn past_settings(app: &AppState, context: v1::ReadContext, as_of: v1::AsOf) -> Result<Response, Problem> {
    let reply = past::read(app, context, as_of).await?;
    let settings = reply.settings.ok_or_else(Problem::internal)?;
    let version = settings.revision;
    Ok(as_of::reply(reply.moment, &SettingsView::from(settings))
        .version(version)
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::read_body;

    fn read(text: &str) -> Result<NewSettings, Vec<(String, String)>> {
        let errors = |errors: Vec<crate::problem::FieldError>| {
            let pair = |error: crate::problem::FieldError| (error.field, error.code.into_owned());
            errors.into_iter().map(pair).collect()
        };
        read_body(serde_json::from_str(text).unwrap()).map_err(errors)
    }

    #[test]
    fn synonyms_are_a_group_or_go_one_way() {
        let body = r#"{"synonyms": [{"words": ["a", "b"]}, {"from": "c", "to": ["d"]}], "stop_words": []}"#;
        let group = v1::Synonyms {
            words: vec!["a".to_owned(), "b".to_owned()],
            from: String::new(),
        };
        let one_way = v1::Synonyms {
            words: vec!["d".to_owned()],
            from: "c".to_owned(),
        };
        assert_eq!(
            read(body),
            Ok(NewSettings {
                synonyms: vec![group, one_way],
                stop_words: Vec::new()
            })
        );
    }

    #[test]
    fn what_is_neither_is_told() {
        for (entry, field, code) in [
            ("{}", "synonyms[0].words", "required"),
            (r#"{"from": "a"}"#, "synonyms[0].to", "required"),
            (r#"{"to": ["a"]}"#, "synonyms[0].from", "required"),
            (r#"{"from": " ", "to": ["a"]}"#, "synonyms[0].from", "required"),
            (
                r#"{"words": ["a"], "from": "b"}"#,
                "synonyms[0].words",
                "invalid_format",
            ),
            (r#"{"words": "a"}"#, "synonyms[0].words", "invalid_type"),
            (r#"{"words": ["a", 1]}"#, "synonyms[0].words[1]", "invalid_type"),
            ("7", "synonyms[0]", "invalid_type"),
        ] {
            let body = format!(r#"{{"synonyms": [{entry}], "stop_words": []}}"#);
            let errors = read(&body).unwrap_err();
            assert!(
                errors.contains(&(field.to_owned(), code.to_owned())),
                "{entry}: {errors:?}"
            );
        }
        assert_eq!(read("{}").unwrap_err().len(), 2, "a replacement names both lists");
    }
}
