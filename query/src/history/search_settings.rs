//! The shop's settings of its search, as of a moment.

use proto::v1::{SearchSettings, SearchSettingsAsOfReply, SearchSettingsAsOfRequest};

use super::HistoryService;
use super::Look;
use crate::error::Error;
use crate::finding::{rules, settings};

/// There is one stream of them.
const ID: &str = "search_settings";
/// What is read instead of the view.
const PAST: &str = "jsonb_populate_record(NULL::search_settings, $1::jsonb)";

pub(super) async fn as_of(
    query: &HistoryService,
    request: SearchSettingsAsOfRequest,
) -> Result<SearchSettingsAsOfReply, Error> {
    let SearchSettingsAsOfRequest { context, as_of } = request;
    query.reads.check_token(context.as_ref()).await?;
    let look = Look::at(query, "search settings", ID, as_of).await?;
    let Some(row) = look.part("search_settings").await? else {
        return Ok(SearchSettingsAsOfReply {
            moment: Some(look.moment()),
            settings: Some(SearchSettings::default()),
            rules: Vec::new(),
        });
    };
    let settings = sqlx::query_as(&settings::select(PAST))
        .bind(&row)
        .fetch_optional(query.reads.pool())
        .await?;
    let rules = sqlx::query_as(&rules::select(PAST))
        .bind(&row)
        .fetch_all(query.reads.pool())
        .await?;
    Ok(SearchSettingsAsOfReply {
        moment: Some(look.moment()),
        settings: Some(settings::message(settings)),
        rules: rules.into_iter().map(rules::message).collect(),
    })
}
