use chrono::{DateTime, Utc};
use domain::search_settings::{SearchSettings, SearchSettingsEvent};
use eventstore::Recorded;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::keyed::{Keyed, sequence};
use crate::row::{Row, Sink};
use crate::table::{Column, Table, Type};

/// What the shop has set.
#[derive(Serialize, Deserialize)]
pub(crate) struct SearchSettingsRow {
    id: String,
    settings: SearchSettings,
    version: i64,
    updated_at: DateTime<Utc>,
}

impl Row for SearchSettingsRow {
    const TABLE: &'static Table = &Table {
        view: "search_settings",
        columns: &[
            Column::new("id", Type::Key),
            Column::new("settings", Type::Json),
            Column::new("version", Type::BigInt),
            Column::new("updated_at", Type::Time),
        ],
        key: "id",
        indexes: &[],
        fillfactor: 50,
    };

    fn write(&self, sink: &mut impl Sink) {
        sink.text(Some(&self.id));
        // Texts, numbers and lists of them: this cannot fail.
        sink.json(&serde_json::to_string(&self.settings).unwrap_or_default());
        sink.bigint(Some(self.version));
        sink.time(Some(self.updated_at));
    }

    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        let settings: &str = row.try_get("settings")?;
        Ok(Self {
            id: row.try_get("id")?,
            settings: serde_json::from_str(settings).map_err(|error| sqlx::Error::Decode(error.into()))?,
            version: row.try_get("version")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

impl Keyed for SearchSettingsRow {
    type Event = SearchSettingsEvent;

    fn evolve(row: Option<Self>, event: SearchSettingsEvent, recorded: &Recorded) -> Option<Self> {
        let mut settings = row.map(|row| row.settings).unwrap_or_default();
        settings.evolve(event);
        Some(Self {
            id: recorded.aggregate_id.to_string(),
            settings,
            version: sequence(recorded),
            updated_at: recorded.occurred_at,
        })
    }

    fn key(&self) -> &str {
        &self.id
    }

    fn version(&self) -> i64 {
        self.version
    }
}
