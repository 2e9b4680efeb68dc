//! Streams as files: what production exported, replayed in a test; what is wrong with a file; and the commands themselves.

mod adopt;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use app::stream::{Step, replay};
use domain::stock::Stock;
use eventstore::{Metadata, Plan, Store, StreamReader};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

/// `tillroll stream export stock prod_... --output app/tests/it/fixtures/stock.jsonl`, on a shop with two orders, one of them cancelled.
const STOCK: &str = include_str!("../fixtures/stock.jsonl");

fn last(file: &str) -> Result<Step, String> {
    replay(file.as_bytes(), None).map_err(|error| error.to_string())
}

/// The pattern for a stream that went wrong in production: export it, keep the file, and say what it must lead to.
#[test]
fn an_exported_stream_still_leads_to_its_state() {
    let reader = StreamReader::open(STOCK.as_bytes()).unwrap();
    let mut levels = Vec::new();
    let stock = reader
        .replay::<Stock>(|event, stock| {
            levels.push((event.event_type.to_string(), stock.on_hand(), stock.reserved()));
        })
        .unwrap();
    let seen: Vec<_> = levels
        .iter()
        .map(|(event_type, on_hand, reserved)| (event_type.as_str(), *on_hand, *reserved))
        .collect();
    assert_eq!(
        seen,
        [
            ("StockReceived", 10, 0),
            ("StockReserved", 10, 3),
            ("StockAdjusted", 9, 3),
            ("StockReserved", 9, 5),
            ("StockReleased", 9, 3),
        ]
    );
    assert_eq!((stock.version, stock.aggregate.available()), (5, 6));
}

#[test]
fn a_replay_prints_the_same_everywhere() {
    let mut hashes = Vec::new();
    let mut note = |step: &Step| hashes.push(step.hash());
    let last = replay(STOCK.as_bytes(), Some(&mut note)).unwrap();
    assert_eq!(
        last.hash(),
        "sha256:a84aa379394847cec3bb09a718ce52843af42965701b3f03db3fb0d48b12aa52",
        "today's code folds history differently: {last}"
    );
    assert_eq!((hashes.len(), hashes.last()), (5, Some(&last.hash())));
    let printed: Value = serde_json::from_str(&last.to_string()).unwrap();
    assert_eq!(
        (&printed["version"], &printed["state"]["on_hand"]),
        (&json!(5), &json!(9))
    );
}

/// The fixture's lines, changed.
fn changed(change: impl FnOnce(&mut Vec<String>)) -> String {
    let mut lines: Vec<String> = STOCK.lines().map(str::to_owned).collect();
    change(&mut lines);
    lines.join("\n")
}

fn with(line: usize, from: &str, to: &str) -> String {
    changed(|lines| {
        assert!(lines[line].contains(from), "{from}");
        lines[line] = lines[line].replacen(from, to, 1);
    })
}

#[test]
fn everything_that_can_be_wrong_with_a_file_is_told_with_its_line() {
    let cases = [
        (String::new(), "line 1: this is no exported stream: it is empty"),
        ("{}".to_owned(), "line 1: this is no exported stream: the header"),
        (
            "name,price\nmug,1".to_owned(),
            "line 1: this is no exported stream: the header",
        ),
        (
            with(0, "tillroll-stream", "csv"),
            "line 1: this is no exported stream: it calls itself \"csv\"",
        ),
        (
            with(0, "\"format_version\":1", "\"format_version\":2"),
            "line 1: the format has version 2",
        ),
        (
            with(0, "\"lane\":13", "\"lane\":14"),
            "line 1: prod_01a2013c-4076-74ff-a5f3-c12864270865 does not lie in lane 14 of 64",
        ),
        (
            with(
                2,
                "\"event_type\":\"StockReserved\"",
                "\"event_type\":\"StockReleased\"",
            ),
            "line 3: the event says that it is StockReleased, and its payload is StockReserved",
        ),
        (
            with(0, "\"stock\"", "\"shelf\""),
            "line 1: there are no aggregates of type \"shelf\"",
        ),
        (
            with(0, "\"stock\"", "\"order\""),
            "line 2: this event belongs to stock/prod_",
        ),
        (
            changed(|lines| drop(lines.remove(2))),
            "line 3: event 2 is missing: this one is 3",
        ),
        (
            changed(|lines| drop(lines.remove(1))),
            "line 2: event 1 is missing: this one is 2",
        ),
        (
            changed(|lines| lines.swap(2, 3)),
            "line 3: event 2 is missing: this one is 3",
        ),
        (
            changed(|lines| lines.insert(3, lines[2].clone())),
            "line 4: event 2 comes again or too late: event 3 is next",
        ),
        (
            changed(|lines| drop(lines.pop())),
            "line 6: the file ends after 4 of 5 events",
        ),
        (
            changed(|lines| lines.truncate(1)),
            "line 2: the file ends after 0 of 5 events",
        ),
        (
            with(0, "\"events\":5", "\"events\":4"),
            "line 6: the header promises 4 events",
        ),
        (
            with(3, "prod_01a2013c", "prod_02a2013c"),
            "line 4: this event belongs to stock/prod_02a2013c",
        ),
        (with(3, "\"lane\":13", "\"lane\":12"), "line 4: event 3 lies in lane 12"),
        (
            with(3, "\"position\":4", "\"position\":3"),
            "line 4: event 3 has position 3, and the one before it 3",
        ),
        (with(3, "{", "{{"), "line 4: this is no event"),
        (
            with(3, "\"delta\":-1", "\"delta\":\"one\""),
            "line 4: event 3 (StockAdjusted) cannot be understood",
        ),
        (
            with(3, "{\"StockAdjusted\"", "{\"StockVanished\""),
            "line 4: event 3 (StockAdjusted) cannot be understood",
        ),
        (
            changed(|lines| lines.insert(2, String::new())),
            "line 3: this is no event",
        ),
    ];
    for (file, expected) in cases {
        let error = last(&file).unwrap_err();
        assert!(error.starts_with(expected), "{error}\nwas to be {expected}");
    }
    let other = StreamReader::open(STOCK.as_bytes()).unwrap();
    let refused = other.replay::<domain::order::Order>(|_, _| ()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "line 1: the file is of type stock, and order was to be replayed"
    );
}

#[test]
fn events_of_a_version_to_come_are_refused() {
    let newer = with(1, "\"event_version\":\"1.0\"", "\"event_version\":\"2.0\"");
    assert_eq!(
        last(&newer).unwrap_err(),
        "line 2: event 1 (StockReceived) cannot be understood: version 2.0 of StockReceived is not known: the newest known one is 1.0"
    );
}

fn tillroll(arguments: &[&str], pool: Option<&PgPool>, folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillroll"));
    command
        .args(arguments)
        .env("TILLROLL_DATA_DIR", folder)
        .current_dir(folder);
    match pool {
        Some(pool) => {
            let options = pool.connect_options();
            let url = format!(
                "postgres://{}@{}:{}/{}",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap()
            );
            command.env("DATABASE_URL", url)
        }
        None => command.env_remove("DATABASE_URL"),
    };
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_replay_needs_no_database_and_says_clearly_what_it_cannot_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stock.jsonl");
    std::fs::write(&file, STOCK).unwrap();
    let run = |arguments: &[&str]| tillroll(&[&["stream", "replay"], arguments].concat(), None, folder.path());
    let once = run(&["stock.jsonl"]);
    assert!(once.status.success(), "{once:?}");
    assert_eq!(text(&once.stdout).trim_end(), last(STOCK).unwrap().to_string());
    let every = run(&["--every", "stock.jsonl"]);
    assert_eq!(text(&every.stdout).lines().count(), 5);
    assert_eq!(text(&every.stdout).lines().last(), text(&once.stdout).lines().last());

    std::fs::write(&file, changed(|lines| drop(lines.remove(3)))).unwrap();
    let gap = run(&["stock.jsonl"]);
    assert_eq!((gap.status.code(), text(&gap.stdout)), (Some(1), ""));
    assert_eq!(
        text(&gap.stderr),
        "tillroll: stock.jsonl cannot be replayed: line 4: event 3 is missing: this one is 4\n"
    );
    assert_eq!(run(&["nowhere.jsonl"]).status.code(), Some(1));
    assert_eq!(run(&[]).status.code(), Some(64));
    assert!(!folder.path().join("postgres").exists(), "no database was started");
}

async fn stocked(pool: &PgPool, id: &str) {
    let ids = || Uuid::from_u128(7);
    let store = Store::open(pool.clone(), eventstore::Config::new(Arc::new(ids)))
        .await
        .unwrap();
    let metadata = Metadata {
        actor: "usr_ünïcode \"quoted\"".to_owned(),
        correlation_id: Uuid::from_u128(1),
        causation_id: None,
        request_id: "r\u{2028}".to_owned(),
    };
    for quantity in 1..=3 {
        let plan = Plan::new(metadata.clone()).write::<Stock>(id);
        let id = id.to_owned();
        let append = store.transact(plan, move |transaction| {
            let event =
                serde_json::from_value(json!({"StockReceived": {"quantity": quantity, "reason": "line\nbreak"}}));
            transaction.append::<Stock>(&id, vec![event.unwrap()]);
            Ok::<_, ()>(())
        });
        append.await.unwrap();
    }
    store.close().await;
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn what_is_exported_is_every_column_and_replays(pool: PgPool) {
    let folder = tempfile::tempdir().unwrap();
    let id = "prod_00000000-0000-7000-8000-000000000001";
    stocked(&pool, id).await;
    // As an administrator may have written it by hand, over several lines.
    sqlx::query("UPDATE events SET payload = E'{\\n  \"StockReceived\": {\"quantity\": 2}\\n}' WHERE sequence = 2")
        .execute(&pool)
        .await
        .unwrap();
    let run = |arguments: &[&str]| tillroll(&[&["stream", "export"], arguments].concat(), Some(&pool), folder.path());
    let printed = run(&["stock", id]);
    assert!(printed.status.success(), "{printed:?}");
    let written = run(&["stock", id, "--output", "out.jsonl"]);
    assert!(written.status.success(), "{written:?}");
    let file = std::fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    assert_eq!(file, text(&printed.stdout));
    assert_eq!(last(&file).unwrap().state["on_hand"], 6);
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT column_name::text FROM information_schema.columns WHERE table_name = 'events'")
            .fetch_all(&pool)
            .await
            .unwrap();
    let rows: Vec<Value> = sqlx::query_scalar("SELECT to_jsonb(e) FROM events e ORDER BY sequence")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(file.lines().count(), rows.len() + 1);
    for (line, row) in file.lines().skip(1).zip(rows) {
        let line: Value = serde_json::from_str(line).unwrap();
        for column in &columns {
            let (exported, stored) = (&line[column], &row[column]);
            if column.ends_with("_at") {
                let time = |value: &Value| chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
                assert_eq!(time(exported), time(stored), "{column}");
            } else {
                assert_eq!(exported, stored, "{column}");
            }
        }
    }

    let mut kept = std::fs::File::create(folder.path().join("kept")).unwrap();
    kept.write_all(b"kept").unwrap();
    let missing = run(&["stock", "prod_x", "--output", "kept"]);
    assert_eq!(missing.status.code(), Some(1));
    assert_eq!(text(&missing.stderr), "tillroll: there is no stream stock/prod_x\n");
    assert_eq!(
        std::fs::read_to_string(folder.path().join("kept")).unwrap(),
        "kept",
        "a failure leaves what was there"
    );
    assert!(!folder.path().join("kept.partial").exists());
    assert_eq!(run(&["shelf", id]).status.code(), Some(64));
    assert_eq!(run(&["stock", id, "-o", "no/such/folder/out"]).status.code(), Some(1));
}
