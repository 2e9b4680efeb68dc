//! What is refused for the head of a request alone, whatever its address: what could be read in two ways, and what nobody here reads.

use std::cmp::Reverse;

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Version,
    header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, TRANSFER_ENCODING},
    uri::Authority,
};

use crate::{body::IDEMPOTENCY_KEY, consistency, origin::REASON, problem::Problem, representation::Schema};

/// Longest headers, in bytes of names and values together.
const MAX_HEADERS: usize = 32 * 1024;
/// Headers that have one value. With two, this server and a proxy before it might each go by another one.
const SINGLE: [(HeaderName, &str); 8] = [
    (HOST, "Host"),
    (AUTHORIZATION, "Authorization"),
    (CONTENT_TYPE, "Content-Type"),
    (IDEMPOTENCY_KEY, "Idempotency-Key"),
    (REASON, "Audit-Reason"),
    (consistency::TOKEN, "Consistency-Token"),
    (consistency::WAIT, "Consistency-Wait"),
    (consistency::STALE, "Consistency-Stale"),
];

/// Why the request to a route is refused before anybody looks at it.
pub(crate) fn refusal<B>(schema: &Schema, route: &str, request: &Request<B>) -> Option<Problem> {
    let headers = request.headers();
    too_large(headers)
        .or_else(|| {
            SINGLE
                .into_iter()
                .find_map(|(name, shown)| repeated(headers, &name, shown))
        })
        .or_else(|| host(request.version(), headers))
        .or_else(|| coded(headers))
        .or_else(|| {
            // Most take anything.
            let picky = headers.get(ACCEPT).is_some_and(|accept| accept != "*/*");
            let offers = picky.then(|| schema.offers(route, request.method()))?;
            unacceptable(offers, headers)
        })
}

fn too_large(headers: &HeaderMap) -> Option<Problem> {
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    (size > MAX_HEADERS).then(|| {
        Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "headers_too_large",
            format!("the headers of a request have at most {MAX_HEADERS} bytes together"),
        )
    })
}

fn repeated(headers: &HeaderMap, name: &HeaderName, shown: &'static str) -> Option<Problem> {
    let mut values = headers.get_all(name).iter();
    values.next()?;
    values.next()?;
    Some(Problem::header(shown, "the header is given more than once"))
}

/// RFC 9112, 3.2: HTTP/1.1 asks for one `Host`. HTTP/2 names it in the address, HTTP/1.0 did not know it.
fn host(version: Version, headers: &HeaderMap) -> Option<Problem> {
    let wrong = match headers.get(HOST) {
        None => version == Version::HTTP_11,
        Some(host) => !host.is_empty() && !is_authority(host),
    };
    wrong.then(|| {
        Problem::header(
            "Host",
            "the host that the request is for is expected, for example shop.example:8080",
        )
    })
}

fn is_authority(host: &HeaderValue) -> bool {
    let authority = Authority::try_from(host.as_bytes());
    authority.is_ok_and(|authority| !authority.as_str().contains(['@', ',']) && !authority.host().is_empty())
}

/// A body that is not sent as it is would be taken for something else, or for nothing.
fn coded(headers: &HeaderMap) -> Option<Problem> {
    if !list(headers, &TRANSFER_ENCODING).all(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return Some(Problem::new(
            StatusCode::NOT_IMPLEMENTED,
            "transfer_coding_not_supported",
            "the only transfer coding that is understood here is chunked",
        ));
    }
    let coding = list(headers, &CONTENT_ENCODING).find(|coding| !coding.eq_ignore_ascii_case("identity"))?;
    let detail = format!(
        "a body without content coding is expected, not one in {}",
        shortened(coding)
    );
    let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail);
    Some(problem.with_header(ACCEPT_ENCODING, HeaderValue::from_static("identity")))
}

/// RFC 9110, 12.5.1: of the types that the address answers with, the client takes one at least.
fn unacceptable(offers: &[String], headers: &HeaderMap) -> Option<Problem> {
    let ranges: Vec<_> = list(headers, &ACCEPT).filter_map(Range::read).collect();
    if offers.is_empty() || ranges.is_empty() || offers.iter().any(|offer| accepts(&ranges, offer)) {
        return None;
    }
    let problem = Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        "not_acceptable",
        format!("`Accept` takes nothing of what is answered here: {}", offers.join(", ")),
    );
    Some(problem.with_data("available", offers))
}

/// Of the types that are offered, the one that `Accept` prefers: the one of the highest weight; of several such, the one that is described
/// most closely, or else first; of those that one range describes, the first offer. None: it takes none, or says nothing.
pub(crate) fn preferred<T: Copy>(headers: &HeaderMap, offers: &[(&str, T)]) -> Option<T> {
    let ranges: Vec<_> = list(headers, &ACCEPT).filter_map(Range::read).collect();
    let fits = offers.iter().filter_map(|(offer, what)| {
        let (index, range, closeness) = fit(&ranges, offer)?;
        (range.weight > 0.0).then_some(((range.weight, closeness, Reverse(index)), what))
    });
    let best = fits.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, what)| *what)
}

/// A media range of `Accept`. Its parameters but for the weight are let pass: no type here has any that matter.
struct Range<'h> {
    kind: &'h str,
    subtype: &'h str,
    /// From 0, never, to 1.
    weight: f32,
}

impl<'h> Range<'h> {
    fn read(text: &'h str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight
            .and_then(|weight| weight.parse::<f32>().ok())
            .filter(|weight| !weight.is_nan())
            .map_or(1.0, |weight| weight.clamp(0.0, 1.0));
        Some(Self { kind, subtype, weight })
    }

    /// How closely the range describes a type; none: not at all.
    fn closeness(&self, kind: &str, subtype: &str) -> Option<u8> {
        let same = |range: &str, word: &str| range.eq_ignore_ascii_case(word);
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (range, "*") if same(range, kind) => Some(1),
            (range, rest) if same(range, kind) && same(rest, subtype) => Some(2),
            // An older name of the same.
            (range, "x-ndjson") if same(range, kind) && subtype == "jsonl" => Some(2),
            _ => None,
        }
    }
}

/// The range that describes a type most closely, with its place and how closely it does; none: no range describes it.
fn fit<'r, 'h>(ranges: &'r [Range<'h>], offer: &str) -> Option<(usize, &'r Range<'h>, u8)> {
    let (kind, subtype) = offer.split_once('/').unwrap_or((offer, ""));
    let described = ranges
        .iter()
        .enumerate()
        .filter_map(|(index, range)| Some((index, range, range.closeness(kind, subtype)?)));
    described.reduce(|best, next| {
        let is_closer = (next.2, next.1.weight) > (best.2, best.1.weight);
        if is_closer { next } else { best }
    })
}

/// Whether the range that describes the type most closely lets it pass.
fn accepts(ranges: &[Range<'_>], offer: &str) -> bool {
    fit(ranges, offer).is_some_and(|(_, range, _)| range.weight > 0.0)
}

/// The entries of a header that is a list, over all of its lines.
fn list<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    // What is no text is no entry that anybody knows.
    let values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn http_1_1_names_one_host() {
        let wrong = |version, pairs: &[(&'static str, &'static str)]| host(version, &headers(pairs)).is_some();
        for right in ["shop.example", "127.0.0.1:8080", "[::1]:80", "localhost", ""] {
            assert!(!wrong(Version::HTTP_11, &[("host", right)]), "{right}");
        }
        for other in ["a b", "shop.example/path", "user@shop.example", "a,b", ":80"] {
            assert!(wrong(Version::HTTP_11, &[("host", other)]), "{other}");
        }
        assert!(wrong(Version::HTTP_11, &[]));
        assert!(!wrong(Version::HTTP_2, &[]) && !wrong(Version::HTTP_10, &[]));
        let two = headers(&[("host", "a"), ("host", "a")]);
        assert_eq!(repeated(&two, &HOST, "Host").unwrap().status(), 400);
    }

    #[test]
    fn bodies_come_as_they_are() {
        let status = |name, value| coded(&headers(&[(name, value)])).map(|problem| problem.status().as_u16());
        for right in ["chunked", "Chunked"] {
            assert_eq!(status("transfer-encoding", right), None);
        }
        for wrong in ["gzip, chunked", "gzip,chunked", "deflate", "x, chunked"] {
            assert_eq!(status("transfer-encoding", wrong), Some(501), "{wrong}");
        }
        for right in ["identity", "Identity", ""] {
            assert_eq!(status("content-encoding", right), None);
        }
        for wrong in ["gzip", "br", "identity, gzip", "GZIP", "x"] {
            assert_eq!(status("content-encoding", wrong), Some(415), "{wrong}");
        }
    }

    #[test]
    fn the_closest_range_of_accept_decides() {
        let json = ["application/json".to_owned()];
        let refused = |accept| unacceptable(&json, &headers(&[("accept", accept)])).is_some();
        for right in [
            "",
            "*/*",
            "application/json",
            "APPLICATION/JSON",
            "application/*",
            "text/html, */*;q=0.1",
            "application/json; charset=utf-8",
            "application/*;q=0, application/json",
            "nonsense",
        ] {
            assert!(!refused(right), "{right}");
        }
        for wrong in [
            "text/html",
            "text/*",
            "application/xml",
            "*/*;q=0",
            "application/json;q=0, */*",
            "application/json;q=0.0",
            "application/problem+json",
        ] {
            assert!(refused(wrong), "{wrong}");
        }
        assert!(
            unacceptable(&[], &headers(&[("accept", "text/html")])).is_none(),
            "there is nothing to take"
        );
    }
}
