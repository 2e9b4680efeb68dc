//! Listening to the query services' change feed.

use std::time::Duration;

use proto::{transport::Transport, v1::change_feed_client::ChangeFeedClient};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{Cache, SILENCE};

/// The news of a busy moment may be long.
const MAX_NEWS: usize = 64 * 1024 * 1024;
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Takes in what the feed reports, until `stop`. When the feed ends, it is resumed where it was.
pub(crate) async fn follow(cache: Cache, query: Transport, stop: CancellationToken) {
    let mut client = ChangeFeedClient::new(query).max_decoding_message_size(MAX_NEWS);
    let mut pause = SHORTEST_PAUSE;
    let mut warned = false;
    loop {
        let mut heard = false;
        let ended = tokio::select! {
            () = stop.cancelled() => return cache.lost(),
            ended = listen(&cache, &mut client, &mut heard) => ended,
        };
        cache.lost();
        if heard {
            (pause, warned) = (SHORTEST_PAUSE, false);
        }
        if !warned {
            warned = true;
            tracing::warn!(
                cache = cache.name(),
                reason = ended.message(),
                "the change feed is lost; reads go past the cache until it is back"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Listens until the feed ends, and returns why.
async fn listen(cache: &Cache, client: &mut ChangeFeedClient<Transport>, heard: &mut bool) -> Status {
    let silent = |_| Status::deadline_exceeded("it fell silent");
    let begin = async {
        let stream = timeout(SILENCE, client.follow(cache.place())).await.map_err(silent)??;
        Ok::<_, Status>(stream.into_inner())
    };
    let mut news = match begin.await {
        Ok(news) => news,
        Err(status) => return status,
    };
    loop {
        match timeout(SILENCE, news.message()).await.map_err(silent) {
            Ok(Ok(Some(changes))) => {
                cache.take_in(changes).await;
                if !*heard {
                    *heard = true;
                    tracing::debug!(cache = cache.name(), "the change feed is heard");
                }
            }
            Ok(Ok(None)) => return Status::unavailable("it was ended"),
            Ok(Err(status)) | Err(status) => return status,
        }
    }
}
