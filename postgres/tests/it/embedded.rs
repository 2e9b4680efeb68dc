//! The embedded PostgreSQL as a library.

use std::future::Future;
use std::path::Path;

use postgres::{Embedded, Error, Options};
use sqlx::{Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;

use crate::support::{DEADLINE, Folder};

fn options(folder: &Folder) -> Options {
    options_at(&folder.data())
}

fn options_at(data_dir: &Path) -> Options {
    let path = std::env::vars_os()
        .find(|(name, _)| name == "PATH")
        .map(|(_, path)| path);
    Options {
        data_dir: data_dir.to_owned(),
        path,
    }
}

async fn text(embedded: &Embedded, query: &str) -> sqlx::Result<String> {
    let mut connection = PgConnection::connect_with(&embedded.connect_options()).await?;
    let answer = sqlx::query_scalar(query).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(answer)
}

async fn stop(embedded: Embedded) {
    embedded.stop(&CancellationToken::new()).await.unwrap();
}

pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_cluster_is_made_once_keeps_its_data_and_leaves_nothing_running() {
    let folder = Folder::new();
    let embedded = Embedded::serve(&options(&folder)).await.unwrap();
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("lc_collate", "C.UTF-8"),
        ("max_connections", "100"),
    ] {
        assert_eq!(
            text(&embedded, &format!("SELECT current_setting('{setting}')"))
                .await
                .unwrap(),
            value,
            "{setting}"
        );
    }
    // Under root the server is somebody else.
    let first = folder.postmaster().unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("/proc/{first}")).unwrap());
    assert_ne!(owner, 0);
    let mut connection = PgConnection::connect(&embedded.url()).await.unwrap();
    sqlx::raw_sql("CREATE TABLE kept AS SELECT 'still here' AS word")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    stop(embedded).await;
    folder.assert_nothing_runs();

    let embedded = Embedded::serve(&options(&folder)).await.unwrap();
    assert_ne!(folder.postmaster().unwrap(), first);
    assert_eq!(text(&embedded, "SELECT word FROM kept").await.unwrap(), "still here");
    stop(embedded).await;
    folder.assert_nothing_runs();
}

#[tokio::test]
async fn a_second_server_is_refused_and_commands_join() {
    let folder = Folder::new();
    let server = Embedded::serve(&options(&folder)).await.unwrap();
    let refusal = Embedded::serve(&options(&folder)).await.unwrap_err();
    assert!(matches!(refusal, Error::InUse { .. }));
    assert!(
        refusal.to_string().contains(&format!("process {}", std::process::id())),
        "{refusal}"
    );

    let postmaster = folder.postmaster();
    let command = Embedded::attach(&options(&folder)).await.unwrap();
    assert_eq!(text(&command, "SELECT 'joined'").await.unwrap(), "joined");
    stop(command).await;
    assert_eq!(folder.postmaster(), postmaster);
    assert_eq!(text(&server, "SELECT 'goes on'").await.unwrap(), "goes on");
    stop(server).await;
    folder.assert_nothing_runs();
}

#[tokio::test]
async fn the_last_command_stops_what_the_first_one_started() {
    let folder = Folder::new();
    let (first, second) = tokio::join!(async { Embedded::attach(&options(&folder)).await.unwrap() }, async {
        Embedded::attach(&options(&folder)).await.unwrap()
    });
    stop(first).await;
    assert_eq!(text(&second, "SELECT 'still up'").await.unwrap(), "still up");
    stop(second).await;
    folder.assert_nothing_runs();
}

#[tokio::test]
async fn a_postgres_that_dies_is_started_again() {
    let folder = Folder::new();
    let server = Embedded::serve(&options(&folder)).await.unwrap();
    let first = folder.postmaster().unwrap();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(first).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    until("PostgreSQL comes back", async || {
        folder.postmaster().is_some_and(|now| now != first) && text(&server, "SELECT ''").await.is_ok()
    })
    .await;
    stop(server).await;
    folder.assert_nothing_runs();
}

#[tokio::test]
async fn a_hurried_stop_loses_nothing_either() {
    let folder = Folder::new();
    let server = Embedded::serve(&options(&folder)).await.unwrap();
    let mut connection = PgConnection::connect_with(&server.connect_options()).await.unwrap();
    sqlx::raw_sql("CREATE TABLE kept AS SELECT 'committed' AS word")
        .execute(&mut connection)
        .await
        .unwrap();
    let hurry = CancellationToken::new();
    hurry.cancel();
    server.stop(&hurry).await.unwrap();
    folder.assert_nothing_runs();
    let server = Embedded::serve(&options(&folder)).await.unwrap();
    assert_eq!(text(&server, "SELECT word FROM kept").await.unwrap(), "committed");
    stop(server).await;
}

#[tokio::test]
async fn a_long_path_works() {
    let folder = Folder::new();
    let data_dir = folder.path().join("x".repeat(100));
    let server = Embedded::serve(&options_at(&data_dir)).await.unwrap();
    assert!(server.socket_folder().as_os_str().len() < 60);
    let command = Embedded::attach(&options_at(&data_dir)).await.unwrap();
    assert_eq!(text(&command, "SELECT 'found'").await.unwrap(), "found");
    stop(command).await;
    let socket_folder = server.socket_folder().to_owned();
    stop(server).await;
    assert!(!socket_folder.exists());
}

#[tokio::test]
async fn another_major_version_and_other_folders_are_refused() {
    let folder = Folder::new();
    let data = folder.data().join("postgres/data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("PG_VERSION"), "12\n").unwrap();
    let refusal = Embedded::serve(&options(&folder)).await.unwrap_err();
    assert!(
        refusal.to_string().contains("made by PostgreSQL 12") && refusal.to_string().contains("`postgresql-12`"),
        "{refusal}"
    );
    std::fs::remove_file(data.join("PG_VERSION")).unwrap();
    let refusal = Embedded::serve(&options(&folder)).await.unwrap_err();
    assert!(matches!(refusal, Error::NotACluster { .. }), "{refusal}");
    folder.assert_nothing_runs();
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let folder = Folder::new();
    stop(Embedded::serve(&options(&folder)).await.unwrap()).await;
    std::fs::write(folder.data().join("postgres/custom.conf"), "shared_buffers = much\n").unwrap();
    let refusal = Embedded::serve(&options(&folder)).await.unwrap_err();
    assert!(refusal.to_string().contains("shared_buffers"), "{refusal}");
    folder.assert_nothing_runs();
}
