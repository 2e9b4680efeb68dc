//! How late the read models are is seen from every process, above all when the one that fills them is gone.

use sqlx::{ConnectOptions as _, PgPool};

use super::process::Process;
use crate::shop::Shop;
use crate::support::{open, settle, until};

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_projector_that_is_gone_does_not_take_the_lag_along(pool: PgPool) {
    let store = open(&pool).await;
    let url = pool.connect_options().to_url_lossy().to_string();
    let (projector, reader) = (Process::start("projector", &url), Process::start("query", &url));
    let mut shop = Shop::new(store.clone(), 5);
    shop.trade(10).await;
    settle(&pool, &store).await;
    let lag = async || reader.metric("projection_lag_events{projection=\"products\"}").await;
    projector.kill();
    shop.trade(50).await;
    until("the reader to tell of the lag", async || lag().await > 0.0).await;
    let another = Process::start("projector", &url);
    settle(&pool, &store).await;
    until("the reader to tell that there is none", async || lag().await == 0.0).await;
    another.kill();
    reader.kill();
}
