use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::row;

row! {
    /// What the shop has set about its search. `Settings` is what holds the JSON of it.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct SearchSettingsRow<Settings> {
        /// There is one row, of this id.
        pub id: String,
        /// Synonyms, stop words, rules.
        pub settings: Settings,
        /// The version of its stream.
        pub version: u64,
        /// When the last event of its stream occurred.
        pub updated_at: DateTime<Utc>,
    }
    table "search_settings", key "id", fill 50;
}
