use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{Json, OrderRow, ReadRow, Row, SearchSettingsRow, Sink, StockRow, UserRow, words};

words! {
    /// How far a parcel is.
    enum Progress {
        Sent = "sent",
        Lost = "lost",
    }
}

row! {
    /// A parcel on its way.
    struct Parcel {
        id: String,
        note: Option<String> as text,
        progress: Option<Progress>,
        lines: Json<Vec<u8>>,
        note_key: String as sought,
        places: Vec<String>,
        version: u64 as internal,
    }
    table "parcels", key "id", fill 90;
    index note "(note)";
}

#[test]
fn a_row_tells_its_table() {
    let table = Parcel::TABLE;
    assert_eq!(
        [
            vec![table.create(3)],
            table.create_indexes(3),
            vec![table.create_view(3)]
        ]
        .concat(),
        [
            "CREATE TABLE parcels_v3 (id text COLLATE \"C\" NOT NULL, note text, progress text COLLATE \"C\", lines jsonb NOT NULL, \
             note_key text COLLATE \"C\" NOT NULL, places text[] COLLATE \"C\" NOT NULL, version bigint NOT NULL) \
             WITH (fillfactor = 90)",
            "CREATE UNIQUE INDEX IF NOT EXISTS parcels_v3_key ON parcels_v3 (id)",
            "CREATE INDEX IF NOT EXISTS parcels_v3_note ON parcels_v3 (note)",
            "CREATE OR REPLACE VIEW parcels AS SELECT id, note, progress, lines, note_key, places FROM parcels_v3",
        ]
    );
    assert_eq!(table.shown("p."), "p.id, p.note, p.progress, p.lines, p.places");
}

/// Notes what it is handed.
#[derive(Default)]
struct Notes(Vec<Value>);

impl Sink for Notes {
    fn text(&mut self, value: Option<&str>) {
        self.0.push(value.into());
    }

    fn texts(&mut self, values: Option<&[String]>) {
        self.0.push(values.into());
    }

    fn bigint(&mut self, value: Option<i64>) {
        self.0.push(value.into());
    }

    fn time(&mut self, value: Option<chrono::DateTime<chrono::Utc>>) {
        self.0.push(value.map(|time| time.timestamp_micros()).into());
    }

    fn json(&mut self, value: Option<&str>) {
        self.0.push(value.into());
    }
}

fn parcel() -> Parcel {
    Parcel {
        id: "1".to_owned(),
        note: None,
        progress: Some(Progress::Lost),
        lines: Json(vec![1, 2]),
        note_key: "key".to_owned(),
        places: vec!["a".to_owned()],
        version: 7,
    }
}

#[test]
fn a_row_is_written_column_by_column() {
    let mut notes = Notes::default();
    parcel().write(&mut notes);
    assert_eq!(
        Value::Array(notes.0),
        json!(["1", null, "lost", "[1,2]", "key", ["a"], 7])
    );
}

#[sqlx::test(migrations = false)]
async fn a_row_is_read_as_it_was_written(pool: sqlx::PgPool) {
    let row = |sql: &'static str| sqlx::query(sql).fetch_one(&pool);
    let whole = row("SELECT '1', NULL::text, 'lost', '[1, 2]'::jsonb, 'key', ARRAY['a'], 7::bigint")
        .await
        .unwrap();
    let mut notes = Notes::default();
    Parcel::whole(&whole).unwrap().write(&mut notes);
    let mut written = Notes::default();
    parcel().write(&mut written);
    assert_eq!(notes.0, written.0);

    let shown = row("SELECT '1', 'n', NULL::text, '[]', '{}'::text[]").await.unwrap();
    let read = Parcel::shown(&shown).unwrap();
    assert_eq!(
        (read.note.as_deref(), read.progress, &*read.note_key),
        (Some("n"), None, "")
    );

    for (sql, column) in [
        (
            "SELECT '1', NULL::text, 'burnt', '[]', 'key', '{}'::text[], 7::bigint",
            "progress",
        ),
        (
            "SELECT '1', NULL::text, NULL::text, '{}', 'key', '{}'::text[], 7::bigint",
            "lines",
        ),
        (
            "SELECT '1', NULL::text, NULL::text, '[]', NULL::text, '{}'::text[], 7::bigint",
            "note_key",
        ),
        (
            "SELECT '1', NULL::text, NULL::text, '[]', 'key', '{}'::text[], -7::bigint",
            "version",
        ),
    ] {
        let bad = Parcel::whole(&row(sql).await.unwrap()).err().unwrap();
        assert_eq!((bad.table, bad.column, &*bad.row), ("parcels", column, "1"), "{bad:?}");
    }
}

/// The states of the past are kept as JSON, by whichever release.
#[test]
fn rows_are_kept_as_they_always_were() {
    fn same<R: Serialize + DeserializeOwned>(kept: &Value) {
        let row: R = R::deserialize(kept).unwrap();
        assert_eq!(serde_json::to_value(row).unwrap(), *kept);
    }
    same::<OrderRow>(&json!({
        "id": "order_1", "number": 1001, "status": "pending", "customer_id": "user_1", "customer_reference": null,
        "country": "GB", "currency": "GBP", "total": 250, "credited": 0, "lines": "[{\"kind\":\"product\"}]",
        "product_ids": ["prod_1"], "placed_at": "2026-01-01T00:00:00Z", "cancelled_at": null, "cancel_reason": null,
        "source": null, "external_id": null, "version": 1, "updated_at": "2026-01-01T00:00:00Z",
    }));
    same::<StockRow>(&json!({
        "product_id": "prod_1", "on_hand": 5, "reserved": 2, "version": 3, "updated_at": "2026-01-01T00:00:00Z",
    }));
    same::<UserRow>(&json!({
        "id": "user_1", "email": "a@example.com", "name": "A", "role": "customer", "version": 1,
        "created_at": "2026-01-01T00:00:00Z",
    }));
    same::<SearchSettingsRow<Json<Value>>>(&json!({
        "id": "search_settings", "settings": {"stop_words": ["the"]}, "version": 2, "updated_at": "2026-01-01T00:00:00Z",
    }));
}
