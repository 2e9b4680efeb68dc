//! The peer: pgbench on the same PostgreSQL, doing by hand what a shop without an event log would do.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use sqlx::PgPool;
use tokio::process::Command;

/// Tables for the peer's scripts, in a schema of their own: one event table in postgres-es's shape, and a CRUD shop.
pub(crate) async fn prepare(pool: &PgPool) -> Result<()> {
    sqlx::raw_sql(
        "DROP SCHEMA IF EXISTS peer CASCADE;
         CREATE SCHEMA peer;
         CREATE TABLE peer.events (
             aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint NOT NULL CHECK (sequence >= 0),
             event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
             PRIMARY KEY (aggregate_type, aggregate_id, sequence));
         CREATE TABLE peer.stock (id int PRIMARY KEY, available bigint NOT NULL) WITH (fillfactor = 50);
         INSERT INTO peer.stock SELECT n, 1000000000 FROM generate_series(1, 10000) n;
         CREATE TABLE peer.orders (
             id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int NOT NULL, total bigint NOT NULL,
             placed_at timestamptz NOT NULL DEFAULT now());
         CREATE TABLE peer.items (
             order_id bigint NOT NULL REFERENCES peer.orders, line int NOT NULL, product int NOT NULL, quantity int NOT NULL,
             unit_price bigint NOT NULL, PRIMARY KEY (order_id, line));
         ANALYZE peer.stock;",
    )
    .execute(pool)
    .await
    .context("preparing the peer's tables")?;
    Ok(())
}

/// One event of about 200 bytes in a transaction of its own, on a fresh stream.
pub(crate) const ONE_INSERT: &str = r#"
\set a random(1, 1000000000000)
\set b random(1, 1000000000000)
INSERT INTO peer.events VALUES ('bench', :a || '-' || :b, 1, 'Happened', '1.0',
 '{"Happened":{"name":"something that a shop writes down","quantity":3,"unit_price":1250,"currency":"GBP","note":"padding padding padding padding padding padding"}}', '{"request_id":"bench"}');
"#;

/// The order of a shop written by hand: two conditional stock updates, one order row, two item rows.
pub(crate) const CRUD_ORDER: &str = r"
\set first random(1, 9999)
\set second random(:first + 1, 10000)
\set customer random(1, 100000)
BEGIN;
UPDATE peer.stock SET available = available - 1 WHERE id = :first AND available >= 1;
UPDATE peer.stock SET available = available - 1 WHERE id = :second AND available >= 1;
INSERT INTO peer.orders (customer, total) VALUES (:customer, 2500) RETURNING id AS order_id \gset
INSERT INTO peer.items VALUES (:order_id, 1, :first, 1, 1250);
INSERT INTO peer.items VALUES (:order_id, 2, :second, 1, 1250);
COMMIT;
";

/// The same for one product that everybody wants.
pub(crate) const CRUD_HOT_ORDER: &str = r"
\set customer random(1, 100000)
BEGIN;
UPDATE peer.stock SET available = available - 1 WHERE id = 1 AND available >= 1;
INSERT INTO peer.orders (customer, total) VALUES (:customer, 1250) RETURNING id AS order_id \gset
INSERT INTO peer.items VALUES (:order_id, 1, 1, 1, 1250);
COMMIT;
";

/// Transactions per second of `script` with `clients` connections for `seconds`.
pub(crate) async fn run(url: &str, script: &str, clients: u32, seconds: u32) -> Result<f64> {
    let file = tempfile::Builder::new().suffix(".sql").tempfile()?;
    std::fs::write(file.path(), script)?;
    let program = std::fs::read_dir("/usr/lib/postgresql")
        .ok()
        .and_then(|versions| {
            versions
                .flatten()
                .map(|version| version.path().join("bin/pgbench"))
                .filter(|path| path.exists())
                .max()
        })
        .unwrap_or_else(|| "pgbench".into());
    let output = Command::new(program)
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={seconds}"))
        .arg("--file")
        .arg(file.path())
        .arg(url)
        .stdin(Stdio::null())
        .output()
        .await
        .context("starting pgbench (Debian package postgresql-contrib or postgresql)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok())
        .map_or_else(
            || bail!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr)),
            Ok,
        )
}
