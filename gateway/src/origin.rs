//! Where a command comes from and why, for the audit log. Addresses and user agents are personal data: they go with the command and
//! nowhere else, least of all into our own log.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, header::USER_AGENT, request::Parts};

use crate::{client, problem::Problem, request::peer};

/// The way in that leads through here.
pub(crate) const CHANNEL: &str = "rest";
/// Why the caller does it, in the caller's words.
pub(crate) const REASON: HeaderName = HeaderName::from_static("audit-reason");
/// Longest reason, in characters.
const MAX_REASON: usize = 500;
/// How much of a user agent is kept, in characters.
const MAX_AGENT: usize = 200;

/// Where a command comes from and why. Empty: not known, or not said.
#[derive(Debug, PartialEq)]
pub(crate) struct Origin {
    pub(crate) client_ip: String,
    pub(crate) user_agent: String,
    pub(crate) reason: String,
}

impl Origin {
    /// The origin of a request. Behind `proxies` trusted proxies the address is the one that rate limits count by.
    ///
    /// # Errors
    /// 400 for a reason that cannot be kept.
    pub(crate) fn of(parts: &Parts, proxies: usize) -> Result<Self, Problem> {
        let address = client::address(peer(&parts.extensions), &parts.headers, proxies);
        Ok(Self {
            client_ip: address
                .map(|address| address.to_canonical().to_string())
                .unwrap_or_default(),
            user_agent: user_agent(&parts.headers),
            reason: reason(&parts.headers)?,
        })
    }
}

fn user_agent(headers: &HeaderMap) -> String {
    let value = headers
        .get(USER_AGENT)
        .map(http::HeaderValue::as_bytes)
        .unwrap_or_default();
    let text = String::from_utf8_lossy(value);
    let text: String = text.chars().filter(|char| !char.is_control()).take(MAX_AGENT).collect();
    values::prose(&text).into_owned()
}

fn reason(headers: &HeaderMap) -> Result<String, Problem> {
    let mut lines = headers.get_all(REASON).iter();
    let Some(value) = lines.next() else {
        return Ok(String::new());
    };
    std::str::from_utf8(value.as_bytes())
        .ok()
        .map(|text| {
            if values::is_blank(text) {
                "".into()
            } else {
                values::prose(text)
            }
        })
        .filter(|text| text.chars().count() <= MAX_REASON && !text.chars().any(breaks))
        .filter(|_| lines.next().is_none())
        .map(Cow::into_owned)
        .ok_or_else(|| {
            Problem::header(
                "Audit-Reason",
                format!("one reason of at most {MAX_REASON} characters in UTF-8 is expected"),
            )
        })
}

/// What no line has.
fn breaks(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;
    use http::{HeaderValue, Request};

    use super::*;

    fn origin(headers: &[(&str, &[u8])], proxies: usize) -> Result<Origin, u16> {
        let mut request = Request::new(());
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request
                .headers_mut()
                .append(name, HeaderValue::from_bytes(value).unwrap());
        }
        let peer: SocketAddr = "[::ffff:10.0.0.9]:1234".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        Origin::of(&request.into_parts().0, proxies).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn the_address_is_that_of_the_connection_unless_proxies_are_trusted() {
        let headers: &[(&str, &[u8])] = &[("x-forwarded-for", b"1.1.1.1, 2001:db8::7"), ("user-agent", b"till/1")];
        let direct = origin(headers, 0).unwrap();
        assert_eq!(
            (direct.client_ip.as_str(), direct.user_agent.as_str()),
            ("10.0.0.9", "till/1")
        );
        assert_eq!(origin(headers, 1).unwrap().client_ip, "2001:db8::7");
    }

    #[test]
    fn a_reason_is_one_short_text() {
        assert_eq!(origin(&[], 0).unwrap().reason, "");
        assert_eq!(
            origin(&[("audit-reason", " Zähler geprüft ".as_bytes())], 0)
                .unwrap()
                .reason,
            "Zähler geprüft"
        );
        let longest = "ü".repeat(MAX_REASON);
        assert_eq!(
            origin(&[("audit-reason", longest.as_bytes())], 0).unwrap().reason,
            longest
        );
        for (text, kept) in [
            ("ok\u{202e}gpj.exe", "okgpj.exe"),
            ("\u{200b}\u{a0}", ""),
            ("Cafe\u{301}", "Café"),
        ] {
            assert_eq!(origin(&[("audit-reason", text.as_bytes())], 0).unwrap().reason, kept);
        }
        for wrong in [
            "x".repeat(MAX_REASON + 1).into_bytes(),
            b"a\tb".to_vec(),
            "a\u{2028}b".into(),
            vec![0xff],
        ] {
            assert_eq!(origin(&[("audit-reason", &wrong)], 0), Err(400), "{wrong:?}");
        }
        assert_eq!(origin(&[("audit-reason", b"a"), ("audit-reason", b"b")], 0), Err(400));
    }

    #[test]
    fn a_user_agent_is_cut_and_cleaned() {
        let long = "a".repeat(5_000);
        let kept = origin(&[("user-agent", long.as_bytes())], 0).unwrap().user_agent;
        assert_eq!(kept.len(), MAX_AGENT);
        for agent in ["a\tb", "a\u{202e}b"] {
            assert_eq!(origin(&[("user-agent", agent.as_bytes())], 0).unwrap().user_agent, "ab");
        }
    }
}
