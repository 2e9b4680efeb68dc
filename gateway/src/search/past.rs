//! Settings and rules of the search as they stood.

use proto::v1;

use crate::{
    app_state::AppState,
    call::{CALL, ask, timed},
    problem::Problem,
};

/// All that was set at a moment.
pub(super) async fn read(
    app: &AppState,
    context: v1::ReadContext,
    as_of: v1::AsOf,
) -> Result<v1::SearchSettingsAsOfReply, Problem> {
    let request = v1::SearchSettingsAsOfRequest {
        context: Some(context),
        as_of: Some(as_of),
    };
    ask(CALL, app.history_query().search_settings_as_of(timed(CALL, request)))
        .await
        .map_err(Problem::of_read)
}
