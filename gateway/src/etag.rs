//! Entity tags: `ETag: "7"`, `If-Match: "7"`, `If-None-Match`.
//!
//! A tag begins with the version of the aggregate's stream, which is what a write checks; a client may also write it itself, from the
//! member `version`. What follows makes the tag a validator of the whole representation (RFC 9110, 8.8.3): `"7-12"` of a product also
//! shows its stock, another stream, at version 12; `.` and a hash stand for a choice of fields or for what was expanded; `;gzip` is the
//! content coding. `If-Match` goes by the version alone: a sale does not stand in the way of a new description.

use std::hash::{DefaultHasher, Hash, Hasher};

use http::{
    HeaderMap, HeaderValue,
    header::{IF_MATCH, IF_NONE_MATCH},
};

use crate::problem::Problem;

/// The entity tag of a version.
pub(crate) fn of(version: u64) -> Option<HeaderValue> {
    quoted(&version.to_string())
}

/// A tag in its quotes.
pub(crate) fn quoted(tag: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{tag}\"")).ok()
}

/// The tag of a product, without quotes: its stock is part of it once there has been any.
pub(crate) fn of_product(version: u64, stock_version: u64) -> String {
    if stock_version == 0 {
        version.to_string()
    } else {
        format!("{version}-{stock_version}")
    }
}

/// A weak tag of a content that has no version, such as a page of a list.
pub(crate) fn of_content(content: &[u8]) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("W/\"{:016x}\"", fingerprint(content))).ok()
}

/// The tag of what was made of another representation.
pub(crate) fn of_derived(original: &HeaderValue, content: &[u8]) -> Option<HeaderValue> {
    suffixed(original, &format!(".{:016x}", fingerprint(content)))
}

/// The tag of a representation in a content coding.
pub(crate) fn of_coding(original: &HeaderValue, coding: &str) -> Option<HeaderValue> {
    suffixed(original, &format!(";{coding}"))
}

fn suffixed(original: &HeaderValue, suffix: &str) -> Option<HeaderValue> {
    let text = original.to_str().ok()?.strip_suffix('"')?;
    HeaderValue::try_from(format!("{text}{suffix}\"")).ok()
}

fn fingerprint(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

/// Whether the client has this representation already: weak comparison, as RFC 9110 asks for.
pub(crate) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let Ok(tag) = tag.to_str() else { return false };
    let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    let tag = opaque(tag);
    let values = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || opaque(known) == tag)
}

/// The version that the caller expects; none without `If-Match` and with `*`.
///
/// # Errors
/// 400 for anything that is not one entity tag of this API.
pub(crate) fn expected(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let mut values = headers.get_all(IF_MATCH).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" && values.next().is_none() {
        return Ok(None);
    }
    text.strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .and_then(version_of)
        .filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse::<i64>().ok())
        .and_then(|version| u64::try_from(version).ok())
        .filter(|_| values.next().is_none())
        .map(Some)
        .ok_or_else(|| {
            Problem::header(
                "If-Match",
                "one version in double quotes is expected, as an ETag gave it, for example \"7\", or *",
            )
        })
}

/// The part of a tag that a write checks: what stands before the first mark, if what follows can be one of ours.
fn version_of(tag: &str) -> Option<&str> {
    let end = tag.find(['-', '.', ';']).unwrap_or(tag.len());
    let (version, rest) = tag.split_at(end);
    let ours = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b';');
    (rest.len() != 1 && rest.bytes().all(ours)).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_by_weak_comparison() {
        let known = |values: &[&'static str], tag: &'static str| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IF_NONE_MATCH, HeaderValue::from_static(value));
            }
            is_known(&headers, &HeaderValue::from_static(tag))
        };
        assert!(!known(&[], "\"7\""));
        assert!(known(&["\"7\""], "\"7\""));
        assert!(known(&["\"6\", W/\"7\""], "\"7\""));
        assert!(known(&["\"6\"", "\"7\""], "W/\"7\""));
        assert!(known(&["*"], "\"7\""));
        for other in ["\"7-1\"", "7", "\"77\"", "\"7", ""] {
            assert!(!known(&[other], "\"7\""), "{other}");
        }
    }

    #[test]
    fn every_representation_has_a_tag_of_its_own() {
        let tag = quoted(&of_product(7, 12)).unwrap();
        assert_eq!(tag, "\"7-12\"");
        assert_eq!(of_product(7, 0), "7");
        let derived = of_derived(&tag, b"{}").unwrap();
        assert_ne!(derived, of_derived(&tag, b"[]").unwrap());
        assert_eq!(of_coding(&tag, "gzip").unwrap(), "\"7-12;gzip\"");
        assert!(of_content(b"x").unwrap().to_str().unwrap().starts_with("W/\""));
        let coded = of_coding(&derived, "br").unwrap();
        assert_eq!(expected_of(&[coded.to_str().unwrap()]), Ok(Some(7)));
    }

    fn expected_of(values: &[&str]) -> Result<Option<u64>, u16> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_MATCH, HeaderValue::from_str(value).unwrap());
        }
        expected(&headers).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn one_version_or_a_star_is_understood() {
        assert_eq!(expected_of(&[]), Ok(None));
        assert_eq!(expected_of(&["*"]), Ok(None));
        assert_eq!(expected_of(&["\"7\""]), Ok(Some(7)));
        assert_eq!(expected_of(&[" \"0\" "]), Ok(Some(0)));
        for tag in ["\"7-12\"", "\"7.0123456789abcdef\"", "\"7-12;gzip\""] {
            assert_eq!(expected_of(&[tag]), Ok(Some(7)), "{tag}");
        }
        assert_eq!(of(7).unwrap(), "\"7\"");
    }

    #[test]
    fn anything_else_is_refused_instead_of_ignored() {
        for wrong in [
            "7",
            "",
            "\"\"",
            "\"abc\"",
            "\"-1\"",
            "\"+1\"",
            "W/\"7\"",
            "\"7\", \"8\"",
            "\"7",
            "\"99999999999999999999\"",
            "\"7-\"",
            "\"7 8\"",
            "\"7_8\"",
        ] {
            assert_eq!(expected_of(&[wrong]), Err(400), "{wrong}");
        }
        assert_eq!(expected_of(&["\"7\"", "\"8\""]), Err(400));
    }
}
