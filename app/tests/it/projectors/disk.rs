//! A disk that is full.

use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::PgPool;

use super::process::Process;
use crate::cluster::Cluster;
use crate::fold::expected;
use crate::shop::Shop;
use crate::support::{assert_same, open, settle, until, views};

const FULL: &str = "the database's disk is full: the read models wait";

/// A small file system of its own, owned by PostgreSQL's account.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// None without the right to mount.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m,mode=0700,uid=postgres", "tmpfs"])
            .arg(folder.path())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }

    /// Leaves not a byte.
    fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.filler()).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_model_without_room_waits_for_it_and_loses_nothing() {
    let Some(disk) = Disk::mount() else {
        eprintln!("SKIPPED: a small file system cannot be mounted here, so that no disk was full in this test");
        return;
    };
    let cluster = Cluster::start().await;
    let pool = PgPool::connect(&cluster.url()).await.unwrap();
    migrations::MIGRATOR.run(&pool).await.unwrap();
    let store = open(&pool).await;
    let create = format!("CREATE TABLESPACE small LOCATION '{}'", disk.path().display());
    for statement in [create.as_str(), "ALTER TABLE orders_v1 SET TABLESPACE small"] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let server = Process::start("projector", &cluster.url());
    let mut shop = Shop::new(store.clone(), 21);
    shop.trade(30).await;
    settle(&pool, &store).await;

    for outage in 1..=2 {
        disk.fill();
        // Updates fit into the pages that there are; new orders do not, in the end.
        while server.logged(FULL) < outage {
            shop.trade(10).await;
        }
        // More than fits into what was left here and there.
        shop.trade(400).await;
        until("the metric to say so", async || {
            server.metric("projection_stalled{projection=\"orders\"}").await > 0.0
        })
        .await;
        let heads = store.log().heads().await.unwrap();
        until("the others to be up to date", async || {
            let status = projections::status(&pool).await.unwrap();
            let mut others = status.iter().filter(|status| status.name != "orders");
            others.all(|status| status.positions.reached(&heads))
        })
        .await;
        let status = projections::status(&pool).await.unwrap();
        let orders = status.iter().find(|status| status.name == "orders").unwrap();
        assert!(
            orders.lag_events > 0 && orders.parked == 0,
            "no event is to blame: {orders:?}"
        );

        disk.free();
        until("the read model to go on by itself", async || {
            server.logged("the read models go on") >= outage
        })
        .await;
        settle(&pool, &store).await;
        assert_same(&views(&pool).await, &expected(&pool).await);
        until("the metric to say so", async || {
            server.metric("projection_stalled{projection=\"orders\"}").await == 0.0
        })
        .await;
    }
    for line in [FULL, "the read models go on"] {
        assert_eq!(server.logged(line), 2, "one line for each outage: {line}");
    }
    server.kill();
    drop(cluster);
}
