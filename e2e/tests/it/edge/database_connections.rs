//! Several processes and the command line on a database with few connections.

use e2e::{Cluster, System};
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinSet;

/// What a PostgreSQL server reserves for superusers, and what servers of ours leave to the command line.
const RESERVED: usize = 3;
const COMMAND_LINE: usize = 6;

async fn start(cluster: &Cluster, pairs: &[(&'static str, &str)]) -> anyhow::Result<(app::System, tempfile::TempDir)> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir()?;
    let mut all = vec![
        ("database-url", cluster.url()),
        ("data-dir", folder.path().display().to_string()),
        ("http-addr", "127.0.0.1:0".to_owned()),
    ];
    all.extend(pairs.iter().map(|(flag, value)| (*flag, (*value).to_owned())));
    let config = app::Config::from_pairs(all).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok((app::System::start(&config).await?, folder))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_cannot_fit_is_refused_before_the_start() {
    let cluster = Cluster::primary().await;
    let refused = start(&cluster, &[("database-connections", "24")]).await.err().unwrap();
    assert!(
        refused.to_string().contains("TILLROLL_DATABASE_CONNECTIONS") && refused.to_string().contains("at least 25"),
        "{refused}"
    );
    cluster.restart_with("max_connections=60").await;
    let refused = start(&cluster, &[("database-connections", "60")]).await.err().unwrap();
    let said = format!("{refused:#}");
    assert!(
        said.contains("TILLROLL_DATABASE_CONNECTIONS") && said.contains("has 51 for it"),
        "{said}"
    );
    let (system, _folder) = start(&cluster, &[("database-connections", "51")]).await.unwrap();
    system.shutdown().await.unwrap();
    // Nobody asked for a number: it makes do with what there is.
    cluster.restart_with("max_connections=40").await;
    let (system, _folder) = start(&cluster, &[]).await.unwrap();
    system.shutdown().await.unwrap();
    cluster.restart_with("max_connections=30").await;
    let refused = start(&cluster, &[]).await.err().unwrap();
    assert!(refused.to_string().contains("need 25 connections"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_has_its_connections_whatever_servers_take() {
    let cluster = Cluster::primary().await;
    cluster.restart_with("max_connections=60").await;
    let (first, _one) = start(&cluster, &[]).await.unwrap();
    let (second, _two) = start(&cluster, &[]).await.unwrap();
    // All that two servers would take is more than there is.
    let http = reqwest::Client::new();
    let mut reads = JoinSet::new();
    for number in 0..200 {
        let system = if number % 2 == 0 { &first } else { &second };
        let url = format!(
            "http://{}/v1/products?limit={}",
            system.http_addr().unwrap(),
            1 + number % 50
        );
        let http = http.clone();
        reads.spawn(async move { http.get(url).send().await.map(|answer| answer.status().as_u16()) });
    }
    let mut answered = 0;
    while let Some(read) = reads.join_next().await {
        answered += usize::from(read.unwrap().is_ok_and(|status| status == 200));
    }
    assert!(answered > 0, "who gets no connection is refused, the others are served");
    let mut own = Vec::new();
    for _ in 0..COMMAND_LINE {
        own.push(PgConnection::connect(&cluster.url()).await.unwrap());
    }
    // A server counts the sessions only when it has one more, which it closes again if it was too much. So there may be more for a moment.
    let look = tokio::sync::Mutex::new(own.remove(0));
    e2e::wait_until("the servers to leave the last connections alone", e2e::PATIENCE, || {
        let look = &look;
        async move {
            let used: i64 =
                sqlx::query_scalar("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
                    .fetch_one(&mut *look.lock().await)
                    .await
                    .unwrap();
            (usize::try_from(used).unwrap() <= 60 - RESERVED).then_some(())
        }
    })
    .await;
    drop((look, own));
    first.shutdown().await.unwrap();
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_keeps_to_its_number() {
    let system = System::options().with("database-connections", "30").start().await;
    let public = system.anonymous();
    let mut reads = JoinSet::new();
    for number in 0..100 {
        let read = public.get(format!("/v1/products?limit={}", 1 + number % 50));
        reads.spawn(async move { read.await });
    }
    while let Some(read) = reads.join_next().await {
        let _ = read.unwrap().ok(200);
    }
    let used: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tillroll %'",
    )
    .fetch_one(&system.pool())
    .await
    .unwrap();
    assert!((1..=30).contains(&used), "{used}");
}
