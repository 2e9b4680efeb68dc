//! Whether the session of a token is still good.
//!
//! A token is good for minutes, its session may end at any moment. What the user service said of a session is remembered while what has
//! changed since is followed: the service is asked for it every 200 ms, and an answer tells everything that was committed before the
//! question. When the last answer is to a question of more than a second ago, nothing remembered counts and every request asks for itself.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use proto::{
    transport::Transport,
    v1::{
        CheckSessionReply, CheckSessionRequest, FollowSessionsReply, FollowSessionsRequest,
        user_command_client::UserCommandClient,
    },
};
use quick_cache::sync::Cache;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::token::{Principal, Refusal};
use crate::call::{ask, timed};

/// Between two questions for what has changed.
const EVERY: Duration = Duration::from_millis(200);
/// How old an answer may be for what is remembered to count.
const FRESH: Duration = Duration::from_secs(1);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Sessions that are remembered.
const REMEMBERED: usize = 65_536;

/// What is known of sessions; a cheap clone.
#[derive(Clone)]
pub(crate) struct Sessions(Arc<Shared>);

struct Shared {
    users: UserCommandClient<Transport>,
    known: Cache<Arc<str>, Arc<CheckSessionReply>>,
    followed: Mutex<Followed>,
}

#[derive(Default)]
struct Followed {
    /// When the question was asked that was answered last; none: none was.
    heard: Option<Instant>,
    /// Counts the answers that told of changes.
    changes: u64,
}

impl Sessions {
    pub(crate) fn new(command: Transport) -> Self {
        Self(Arc::new(Shared {
            users: UserCommandClient::new(command),
            known: Cache::new(REMEMBERED),
            followed: Mutex::default(),
        }))
    }

    /// Whether a token with a good signature still has its rights.
    ///
    /// # Errors
    /// It has not, or nobody can say.
    pub(crate) async fn confirm(&self, principal: &Principal) -> Result<(), Refusal> {
        let remembered = if self.is_fresh() {
            self.0.known.get(&principal.session_id)
        } else {
            None
        };
        let standing = match remembered {
            Some(standing) => standing,
            None => self.ask(&principal.session_id).await?,
        };
        let good = standing.alive
            && *standing.user_id == *principal.user_id
            && standing.role() == proto::access::Role::from(principal.role);
        if good { Ok(()) } else { Err(Refusal::Ended) }
    }

    async fn ask(&self, session_id: &Arc<str>) -> Result<Arc<CheckSessionReply>, Refusal> {
        let before = self.followed().changes;
        let request = CheckSessionRequest {
            session_id: session_id.to_string(),
        };
        let mut users = self.0.users.clone();
        let reply = ask(PATIENCE, users.check_session(timed(PATIENCE, request))).await;
        let reply = Arc::new(reply.map_err(|_| Refusal::Unknown)?);
        // Under the lock: what changed while the answer was on its way may be what it says.
        let followed = self.followed();
        if followed.changes == before {
            self.0.known.insert(Arc::clone(session_id), Arc::clone(&reply));
        }
        Ok(reply)
    }

    fn is_fresh(&self) -> bool {
        self.followed().heard.is_some_and(|heard| heard.elapsed() < FRESH)
    }

    /// Forgets what has changed, as of a question that was asked at `asked`.
    fn take_in(&self, news: &FollowSessionsReply, asked: Instant) {
        let mut followed = self.followed();
        let FollowSessionsReply {
            sessions,
            users,
            everything,
            ..
        } = news;
        if *everything {
            self.0.known.clear();
        }
        for session in sessions {
            self.0.known.remove(session.as_str());
        }
        if !users.is_empty() {
            self.0.known.retain(|_, standing| !users.contains(&standing.user_id));
        }
        if *everything || !sessions.is_empty() || !users.is_empty() {
            followed.changes += 1;
        }
        followed.heard = Some(asked);
    }

    fn followed(&self) -> MutexGuard<'_, Followed> {
        self.0.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what changes, until `stop`.
    pub(crate) async fn follow(self, stop: CancellationToken) {
        let mut position = String::new();
        let mut told = false;
        loop {
            let asked = Instant::now();
            let request = FollowSessionsRequest {
                position: position.clone(),
            };
            let mut users = self.0.users.clone();
            let reply = tokio::select! {
                () = stop.cancelled() => return,
                reply = ask(PATIENCE, users.follow_sessions(timed(PATIENCE, request))) => reply,
            };
            match reply {
                Ok(news) => {
                    self.take_in(&news, asked);
                    position = news.position;
                    told = false;
                }
                Err(failure) if !told => {
                    told = true;
                    tracing::warn!(
                        code = failure.code,
                        "sessions cannot be followed; each request asks whether its own is still good"
                    );
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(EVERY) => {}
            }
        }
    }

    /// What nobody has to be asked for.
    #[cfg(test)]
    pub(crate) fn trust(&self, session_id: &str, user_id: &str, role: proto::access::Role) {
        self.followed().heard = Some(Instant::now() + Duration::from_hours(1_000));
        let standing = CheckSessionReply {
            alive: true,
            user_id: user_id.to_owned(),
            role: role.into(),
        };
        self.0.known.insert(session_id.into(), Arc::new(standing));
    }
}
