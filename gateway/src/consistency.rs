//! Reading one's own writes: a read may say which write it must see.

use axum::extract::FromRequestParts;
use http::{HeaderName, request::Parts};
use proto::v1::{CheckTokenRequest, ReadContext};

use crate::{
    app_state::AppState,
    cache::Positions,
    call::{CALL, ask, timed},
    problem::Problem,
};

/// Answered by writes, sent back by reads.
pub(crate) const TOKEN: HeaderName = HeaderName::from_static("consistency-token");
/// On a request `allow`: an answer that does not show the write yet is better than none. On an answer `true`: it is one.
pub(crate) const STALE: HeaderName = HeaderName::from_static("consistency-stale");
/// How long to wait, in milliseconds.
pub(crate) const WAIT: HeaderName = HeaderName::from_static("consistency-wait");
/// Longest wait, in milliseconds: less than a request may take.
const MAX_WAIT: u32 = 9_000;
/// Longest token, in bytes: hundreds of lanes.
const MAX_TOKEN: usize = 8 * 1024;

/// How fresh a read must be, from the request's headers.
pub(crate) struct Freshly(pub(crate) ReadContext);

impl FromRequestParts<AppState> for Freshly {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let text = |name: &HeaderName| {
            parts
                .headers
                .get(name)
                .map(|value| value.to_str().unwrap_or("\u{fffd}").trim())
        };
        let mut context = ReadContext::default();
        if let Some(token) = text(&TOKEN) {
            if token.len() > MAX_TOKEN || Positions::parse(token).is_none() {
                return Err(Problem::header(
                    "Consistency-Token",
                    "a token is expected as a write answered it",
                ));
            }
            token.clone_into(&mut context.consistency_token);
        }
        if let Some(wait) = text(&WAIT) {
            context.wait_ms = wait
                .parse()
                .ok()
                .filter(|wait| (1..=MAX_WAIT).contains(wait))
                .ok_or_else(|| {
                    Problem::header(
                        "Consistency-Wait",
                        format!("milliseconds from 1 to {MAX_WAIT} are expected"),
                    )
                })?;
        }
        if let Some(stale) = text(&STALE) {
            if !stale.eq_ignore_ascii_case("allow") {
                return Err(Problem::header("Consistency-Stale", "`allow` is expected"));
            }
            context.allow_stale = true;
        }
        Ok(Self(context))
    }
}

/// The same headers where nothing has to be waited for: what is answered is as new as can be. A token that no write answered with is refused
/// all the same.
pub(crate) struct Checked;

impl FromRequestParts<AppState> for Checked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let Freshly(context) = Freshly::from_request_parts(parts, app).await?;
        if !context.consistency_token.is_empty() {
            let request = CheckTokenRequest { context: Some(context) };
            ask(CALL, app.audit_query().check_token(timed(CALL, request)))
                .await
                .map_err(Problem::of_read)?;
        }
        Ok(Self)
    }
}
