//! Sales reports over a big shop: orders are written into the log by SQL, the read model is built from them by `tillroll rebuild`, and
//! reports are asked for over HTTP.

use anyhow::{Result, ensure};
use tokio::process::Command;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::http::Connection;
use crate::report;
use crate::server::{self, Server};

/// Orders, unless `TILLROLL_BENCH_ORDERS` says otherwise.
const ORDERS: i64 = 10_000_000;
/// Orders that one statement writes.
const CHUNK: i64 = 100_000;
const WRITERS: i64 = 2;
/// Times that each report is asked for.
const RUNS: usize = 40;
/// What a year by month may take, in milliseconds.
const TARGET: f64 = 50.0;

/// What is asked for: its name, the report's parameters, and what it may take, in milliseconds.
const ASKED: [(&str, &str, Option<f64>); 9] = [
    ("a year by month", "interval=month&tz=Europe/London", Some(TARGET)),
    (
        "a year by month, in Kathmandu, compared with the year before",
        "interval=month&tz=Asia/Kathmandu&compare=previous_year",
        None,
    ),
    ("a year by day", "interval=day&tz=Europe/London", None),
    (
        "a year by month and country",
        "interval=month&tz=Europe/London&group_by=country",
        None,
    ),
    (
        "a year by category",
        "interval=none&tz=Europe/London&group_by=category",
        None,
    ),
    (
        "the ten best products of a year",
        "interval=none&tz=Europe/London&group_by=product&top=10",
        None,
    ),
    (
        "the ten best products of a year, month by month",
        "interval=month&tz=Europe/London&group_by=product&top=10",
        None,
    ),
    (
        "the ten best customers of a year",
        "interval=none&tz=Europe/London&group_by=customer&top=10",
        Some(300.0),
    ),
    (
        "the ten best products of a year in France",
        "interval=none&group_by=product&top=10&country=FR",
        Some(200.0),
    ),
];

pub(crate) async fn reports(cluster: &Cluster, report: &mut report::Report) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "says how much to measure on")]
    let orders = std::env::var("TILLROLL_BENCH_ORDERS").map_or(Ok(ORDERS), |text| text.parse())?;
    report::section(&format!("Sales reports over {orders} orders"));
    let database = cluster.database("reports").await?;
    // While there is little to project: a user who is created waits for the read model.
    let server = Server::start(&database.url).await?;
    server.log_in().await?;
    server.stop().await?;
    let started = Instant::now();
    write(&database.pool, orders).await?;
    report::figure(
        "orders written into the log by SQL",
        &format!("{:.0} s", started.elapsed().as_secs_f64()),
    );

    let started = Instant::now();
    tillroll(&database.url, &["migrate"]).await?;
    // Nothing has been projected that a rebuild could be compared with: as if other code had built it.
    sqlx::query("UPDATE projections SET code_version = 0 WHERE name = 'sales'")
        .execute(&database.pool)
        .await?;
    tillroll(&database.url, &["rebuild", "sales"]).await?;
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = orders as f64 / seconds;
    report::figure(
        "`tillroll rebuild sales`",
        &format!("{seconds:.0} s, {rate:.0} orders/s"),
    );
    sqlx::query("VACUUM (ANALYZE) sales_entry_v2")
        .execute(&database.pool)
        .await
        .ok();

    // Without projectors: they would work through the log for the other read models meanwhile.
    let server = Server::start_with(
        &database.url,
        &["--roles", "gateway,command,query", "--seal-every", "off"],
    )
    .await?;
    let login = server.log_in_again().await?;
    let mut connection = Connection::open(server.address).await?;
    for (what, query, target) in ASKED {
        let path = format!("/v1/reports/sales?from=2025-01-01&to=2026-01-01&{query}");
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..=RUNS {
            let started = Instant::now();
            let answer = connection.send("GET", &path, &login, "").await?;
            times.push(started.elapsed().as_secs_f64() * 1_000.0);
            let body = server::expect(200, &answer)?;
            ensure!(
                body["rows"].as_array().is_some_and(|rows| !rows.is_empty()),
                "nothing was sold: {path}"
            );
        }
        let first = times.remove(0);
        let middle = report::median(&times);
        let longest = times.iter().copied().fold(0.0, f64::max);
        report::figure(
            what,
            &format!("{middle:.1} ms (first {first:.1} ms, longest {longest:.1} ms, {RUNS} runs)"),
        );
        if let Some(target) = target {
            report.ratio(
                &format!("{what}: times faster than {target} ms"),
                target / middle,
                Some(1.0),
            );
        }
    }
    let path = "/v1/reports/sales/orders?from=2025-03-01&to=2025-04-01&tz=Europe/London&currency=GBP&limit=24";
    let started = Instant::now();
    server::expect(200, &connection.send("GET", path, &login, "").await?)?;
    report::figure(
        "the first page of the orders behind a month",
        &format!("{:.1} ms", started.elapsed().as_secs_f64() * 1_000.0),
    );
    server.stop().await
}

async fn write(pool: &sqlx::PgPool, orders: i64) -> Result<()> {
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let pool = pool.clone();
        tasks.push(tokio::spawn(async move {
            let mut start = writer * CHUNK;
            while start < orders {
                sqlx::query(include_str!("reports.sql"))
                    .bind(start)
                    .bind((start + CHUNK).min(orders) - 1)
                    .bind(orders)
                    .execute(&pool)
                    .await?;
                start += WRITERS * CHUNK;
            }
            anyhow::Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    sqlx::query("UPDATE lanes SET head = coalesce((SELECT max(position) FROM events e WHERE e.lane = lanes.lane), 0)")
        .execute(pool)
        .await?;
    sqlx::query("ANALYZE events").execute(pool).await?;
    Ok(())
}

/// A `tillroll` command on the database.
async fn tillroll(database_url: &str, arguments: &[&str]) -> Result<()> {
    let data = tempfile::tempdir()?;
    let output = Command::new(server::binary()?)
        .args(arguments)
        .arg("--data-dir")
        .arg(data.path())
        .env("DATABASE_URL", database_url)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "tillroll {}: {text}", arguments.join(" "));
    Ok(())
}
