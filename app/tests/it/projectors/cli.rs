//! `tillroll projections parked`, beside a projector.

use std::process::{Command, Output};

use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, PgPool};

use super::process::Process;
use crate::shop::{Kind, append};
use crate::support::{open, until};

const ORDER: &str = "ord_00000000-0000-0000-0000-000000000001";

fn tillroll(url: &str, arguments: &[&str]) -> Output {
    let data = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_tillroll"))
        .args(["projections", "parked"])
        .args(arguments)
        .arg("--data-dir")
        .arg(data.path())
        .env_clear()
        .env("DATABASE_URL", url)
        .output()
        .unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn parked_events_are_listed_retried_and_skipped(pool: PgPool) {
    let store = open(&pool).await;
    let url = pool.connect_options().to_url_lossy().to_string();
    let _projector = Process::start("projector", &url);
    // Decodes, but the database refuses the name.
    let placed = json!({"OrderPlaced": {
        "order_id": ORDER, "number": 1, "customer_id": "usr_00000000-0000-0000-0000-000000000001", "currency": "GBP",
        "lines": [{"product_id": "prod_00000000-0000-0000-0000-000000000001", "sku": "A", "name": "no\0text", "category": "",
                   "quantity": 1, "unit_price": 5, "total": 5}],
        "total": 5, "placed_at": "2026-01-01T00:00:00Z"}});
    append(&store, None, vec![(Kind::Order, ORDER.to_owned(), vec![placed])]).await;
    let all = || lines(&tillroll(&url, &["--json"]));
    until("the event to be parked", async || !all().is_empty()).await;
    let [parked] = all().try_into().unwrap();
    assert_eq!(
        (&parked["state"], &parked["aggregate_id"]),
        (&json!("failed"), &json!(ORDER))
    );
    let id = parked["id"].as_str().unwrap();
    assert!(id.starts_with("orders."), "{id}");

    let text = tillroll(&url, &["list", "--state", "failed"]);
    assert!(String::from_utf8_lossy(&text.stdout).contains(id), "{text:?}");
    let retried = tillroll(&url, &["retry", "--all"]);
    assert_eq!(
        retried.status.code(),
        Some(1),
        "it is as poisonous as before: {retried:?}"
    );
    assert!(
        String::from_utf8_lossy(&retried.stdout).contains("1 still parked"),
        "{retried:?}"
    );
    let [tried] = all().try_into().unwrap();
    assert_eq!(tried["attempts"], 2);

    for wrong in [
        &["skip", id][..],
        &["skip", id, "--reason", ""],
        &["skip", "orders.1", "--reason", "x"],
        &["retry"],
        &["retry", "nonsense"],
        &["retry", id, "--all"],
    ] {
        let refused = tillroll(&url, wrong);
        assert!(
            !refused.status.success() && !refused.stderr.is_empty(),
            "{wrong:?}: {refused:?}"
        );
    }
    let skipped = tillroll(&url, &["skip", id, "--reason", "a test"]);
    assert!(skipped.status.success(), "{skipped:?}");
    let [skipped] = all().try_into().unwrap();
    assert_eq!(skipped["state"], "skipped");
    assert_eq!(
        (&skipped["skip"]["actor"], &skipped["skip"]["reason"]),
        (&json!("system:cli"), &json!("a test"))
    );
    let recorded: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM events WHERE event_type = 'ParkedEventSkipped' AND actor = 'system:cli'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(recorded, 1);
}
