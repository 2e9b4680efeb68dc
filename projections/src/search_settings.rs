//! Search settings: what the shop has set about its search, one row.

use domain::search_settings::{SearchSettings, SearchSettingsEvent};
use eventstore::Recorded;
use rows::Json;

use crate::keyed::Keyed;

pub(crate) type SearchSettingsRow = rows::SearchSettingsRow<Json<SearchSettings>>;

impl Keyed for SearchSettingsRow {
    const CODE_VERSION: i32 = 1;
    const AGGREGATE_TYPE: &'static str = "search_settings";

    type Event = SearchSettingsEvent;

    fn evolve(row: Option<Self>, event: SearchSettingsEvent, recorded: &Recorded) -> Option<Self> {
        let mut settings = row.map(|row| row.settings).unwrap_or_default();
        settings.0.evolve(event);
        Some(Self {
            id: recorded.aggregate_id.to_string(),
            settings,
            version: recorded.sequence,
            updated_at: recorded.occurred_at,
        })
    }

    fn version(&self) -> u64 {
        self.version
    }
}
