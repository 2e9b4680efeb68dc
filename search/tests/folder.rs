//! What the engine inside the process does with its folder.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::DateTime;
use search::{Change, Document, Engine, Error, Price, Request, Settings, Status, Synonyms, Tantivy};
use tempfile::TempDir;

const INDEX: &str = "products";

fn product(id: &str, name: &str) -> Change {
    Change::Put(Box::new(Document {
        id: id.into(),
        sku: id.into(),
        name: name.into(),
        description: String::new(),
        category: String::new(),
        status: Status::Active,
        price: Price {
            amount: 1,
            currency: "EUR".into(),
        },
        in_stock: true,
        attributes: BTreeMap::new(),
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        units_sold: 0,
        version: 1,
    }))
}

async fn filled(folder: &Path) {
    let engine = Tantivy::open(folder).await.expect("opened");
    let settings = Settings {
        synonyms: vec![Synonyms::OneWay {
            from: "light".into(),
            to: vec!["lamp".into()],
        }],
        ..Settings::default()
    };
    engine.create(INDEX, &settings).await.unwrap();
    engine
        .apply(INDEX, vec![product("a", "Lamp"), product("b", "Table")], "1")
        .await
        .unwrap();
    engine
        .apply(INDEX, vec![Change::Delete("b".into())], "2")
        .await
        .unwrap();
}

async fn total(engine: &Tantivy, words: &str) -> Result<u64, Error> {
    let request = Request {
        words: words.into(),
        ..Request::default()
    };
    engine.search(INDEX, &request).await.map(|answer| answer.total)
}

/// The folder of the only index.
fn index_folder(folder: &Path) -> std::path::PathBuf {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| entry.path()).find(|path| path.is_dir()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_documents_and_settings() {
    let folder = TempDir::new().unwrap();
    filled(folder.path()).await;
    let engine = Tantivy::open(folder.path()).await.unwrap();
    assert_eq!(total(&engine, "").await.unwrap(), 1, "what was deleted stays deleted");
    assert_eq!(total(&engine, "light").await.unwrap(), 1, "by a synonym");
    engine.apply(INDEX, vec![product("c", "Lamp")], "3").await.unwrap();
    assert_eq!(total(&engine, "lamp").await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_what_was_promoted() {
    let folder = TempDir::new().unwrap();
    filled(folder.path()).await;
    {
        let engine = Tantivy::open(folder.path()).await.unwrap();
        engine.create("next", &Settings::default()).await.unwrap();
        engine.apply("next", vec![product("x", "Chair")], "1").await.unwrap();
        engine.promote("next", INDEX).await.unwrap();
    }
    let engine = Tantivy::open(folder.path()).await.unwrap();
    assert_eq!(engine.indexes().await.unwrap(), [INDEX]);
    assert_eq!(total(&engine, "chair").await.unwrap(), 1);
    let folders = fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir());
    assert_eq!(folders.count(), 1, "the old one is gone from the disk");
}

/// What is done to an index, and how.
type Damage = (&'static str, fn(&Path));

/// However a folder is damaged, the engine opens, has no such index, and can build it anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_older_index_is_built_anew() {
    let damage: [Damage; 5] = [
        ("older format", |folder| {
            let about = fs::read_to_string(folder.join("about.json")).unwrap();
            fs::write(
                folder.join("about.json"),
                about.replacen("\"format\":", "\"format\":9", 1),
            )
            .unwrap();
        }),
        ("no description", |folder| {
            fs::remove_file(folder.join("about.json")).unwrap();
        }),
        ("no list of segments", |folder| {
            fs::write(folder.join("meta.json"), "{").unwrap();
        }),
        ("a segment cut short", |folder| {
            let file = segment_file(folder);
            let contents = fs::read(&file).unwrap();
            fs::write(&file, &contents[..contents.len() / 2]).unwrap();
        }),
        ("a segment altered", |folder| {
            let file = segment_file(folder);
            let mut contents = fs::read(&file).unwrap();
            contents[0] ^= 0xff;
            fs::write(&file, contents).unwrap();
        }),
    ];
    for (what, damage) in damage {
        let folder = TempDir::new().unwrap();
        filled(folder.path()).await;
        damage(&index_folder(folder.path()));
        let engine = Tantivy::open(folder.path()).await.expect(what);
        assert!(matches!(total(&engine, "lamp").await, Err(Error::NoIndex(_))), "{what}");
        engine.create(INDEX, &Settings::default()).await.expect(what);
        engine.apply(INDEX, vec![product("a", "Lamp")], "1").await.expect(what);
        assert_eq!(total(&engine, "lamp").await.expect(what), 1, "{what}");
    }
}

/// The largest of the files that segments consist of.
fn segment_file(folder: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let of_segments = files.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "store" || extension == "idx")
    });
    of_segments
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_list_of_indexes_is_no_index() {
    let folder = TempDir::new().unwrap();
    filled(folder.path()).await;
    fs::write(folder.path().join("indexes.json"), "nonsense").unwrap();
    let engine = Tantivy::open(folder.path()).await.unwrap();
    assert!(engine.indexes().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_has_one_process() {
    let folder = TempDir::new().unwrap();
    let first = Tantivy::open(folder.path()).await.unwrap();
    let second = Tantivy::open(folder.path()).await.map(drop);
    assert!(second.unwrap_err().is_unavailable());
    drop(first);
    Tantivy::open(folder.path()).await.map(drop).unwrap();
}
