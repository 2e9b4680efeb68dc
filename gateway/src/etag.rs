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
use proto::failure::{Failure, FailureKind};

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

/// What `If-Match` asks of the present version (RFC 9110, 13.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Nothing: there is no such header, or it is `*`.
    Any,
    /// That it is one of these. None of them, when all tags are weak or of something else: those match nothing.
    OneOf(Vec<u64>),
}

/// Most tags of one `If-Match`.
const MAX_TAGS: usize = 50;
/// A version that nothing ever has.
const NEVER: u64 = i64::MAX.unsigned_abs();

/// Reads `If-Match`.
///
/// # Errors
/// 400 for anything that is not `*` or a list of entity tags.
pub(crate) fn expected(headers: &HeaderMap) -> Result<Expected, Problem> {
    let lines: Result<Vec<_>, _> = headers.get_all(IF_MATCH).iter().map(HeaderValue::to_str).collect();
    let malformed = || {
        Problem::header(
            "If-Match",
            format!("up to {MAX_TAGS} entity tags as an ETag gave them are expected, for example \"7\", or *"),
        )
    };
    let text = lines.map_err(|_| malformed())?.join(",");
    if text.is_empty() && !headers.contains_key(IF_MATCH) || text.trim() == "*" {
        return Ok(Expected::Any);
    }
    let tags = tags(&text)
        .filter(|tags| (1..=MAX_TAGS).contains(&tags.len()))
        .ok_or_else(malformed)?;
    let strong = tags
        .into_iter()
        .filter_map(|(weak, tag)| (!weak).then(|| version_of(tag)).flatten());
    Ok(Expected::OneOf(strong.collect()))
}

/// The entity tags of a list: whether each is weak, and what stands between its quotes. None: it is no such list.
fn tags(text: &str) -> Option<Vec<(bool, &str)>> {
    let mut tags = Vec::new();
    let mut rest = text;
    loop {
        // Empty entries are let pass (RFC 9110, 5.6.1).
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(tags);
        }
        let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |quoted| (true, quoted));
        let (tag, after) = quoted.strip_prefix('"')?.split_once('"')?;
        rest = after.trim_start_matches([' ', '\t']);
        if tag.bytes().any(|byte| byte <= b' ' || byte == 0x7f) || !(rest.is_empty() || rest.starts_with(',')) {
            return None;
        }
        tags.push((weak, tag));
    }
}

impl Expected {
    /// Carries out a write that expects one version at most. Of several, the first is tried, and then the one that the refusal names as the
    /// present one, if it is among them.
    pub(crate) async fn attempt<T, F>(&self, write: impl Fn(Option<u64>) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut version = match self {
            Self::Any => None,
            Self::OneOf(versions) => Some(versions.first().copied().unwrap_or(NEVER)),
        };
        for _ in 0..MAX_TAGS {
            let failure = match write(version).await {
                Err(failure) if failure.kind() == FailureKind::StaleVersion => failure,
                done => return done,
            };
            match (self, actual(&failure)) {
                (Self::OneOf(versions), Some(present)) if versions.contains(&present) && version != Some(present) => {
                    version = Some(present);
                }
                (Self::OneOf(versions), Some(present)) if versions.len() != 1 => return Err(none_of(present)),
                _ => return Err(failure),
            }
        }
        Err(Failure::new(
            FailureKind::Conflict,
            "conflict",
            "others kept changing it; try again",
        ))
    }
}

/// The present version that a refusal names.
fn actual(failure: &Failure) -> Option<u64> {
    let data: serde_json::Value = serde_json::from_str(&failure.data).ok()?;
    data["actual"].as_u64()
}

/// Several versions were expected, or none that there could be.
pub(crate) fn none_of(present: u64) -> Failure {
    let message = format!("no entity tag of If-Match stands for the present version, which is {present}");
    Failure::new(FailureKind::StaleVersion, "version_mismatch", message)
        .with_data(&serde_json::json!({"actual": present}))
}

/// The part of a tag of ours that a write checks: what stands before the first mark. None for a tag of something else.
fn version_of(tag: &str) -> Option<u64> {
    let end = tag.find(['-', '.', ';']).unwrap_or(tag.len());
    let (version, rest) = tag.split_at(end);
    let ours = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b';');
    let is_ours = rest.len() != 1 && rest.bytes().all(ours) && version.bytes().all(|byte| byte.is_ascii_digit());
    version.parse().ok().filter(|version| is_ours && *version < NEVER)
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
        assert_eq!(expected_of(&[coded.to_str().unwrap()]), Ok(one_of(&[7])));
    }

    fn expected_of(values: &[&str]) -> Result<Expected, u16> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_MATCH, HeaderValue::from_str(value).unwrap());
        }
        expected(&headers).map_err(|problem| problem.status().as_u16())
    }

    fn one_of(versions: &[u64]) -> Expected {
        Expected::OneOf(versions.to_vec())
    }

    #[test]
    fn versions_and_a_star_are_understood() {
        assert_eq!(expected_of(&[]), Ok(Expected::Any));
        assert_eq!(expected_of(&["*"]), Ok(Expected::Any));
        assert_eq!(expected_of(&["\"7\""]), Ok(one_of(&[7])));
        assert_eq!(expected_of(&[" \"0\" "]), Ok(one_of(&[0])));
        for tag in ["\"7-12\"", "\"7.0123456789abcdef\"", "\"7-12;gzip\""] {
            assert_eq!(expected_of(&[tag]), Ok(one_of(&[7])), "{tag}");
        }
        for list in [
            &["\"7\", \"8\""] as &[&str],
            &["\"7\",\"8\""],
            &["\"7\"", "\"8\""],
            &[", \"7\" ,, W/\"9\", \"8\","],
        ] {
            assert_eq!(expected_of(list), Ok(one_of(&[7, 8])), "{list:?}");
        }
        assert_eq!(of(7).unwrap(), "\"7\"");
    }

    #[test]
    fn what_is_well_formed_and_not_ours_matches_nothing() {
        for other in [
            "W/\"7\"",
            "\"\"",
            "\"abc\"",
            "\"a,b\"",
            "\"-1\"",
            "\"+1\"",
            "\"99999999999999999999\"",
            "\"9223372036854775807\"",
            "\"7-\"",
            "\"7_8\"",
            "\"*\"",
        ] {
            assert_eq!(expected_of(&[other]), Ok(one_of(&[])), "{other}");
        }
    }

    #[test]
    fn anything_else_is_refused_instead_of_ignored() {
        for wrong in [
            "7",
            "",
            ",",
            "\"7",
            "\"7 8\"",
            "w/\"7\"",
            "W/7",
            "\"7\" \"8\"",
            "*, \"7\"",
            "\"7\", *",
            "\"7\"x",
        ] {
            assert_eq!(expected_of(&[wrong]), Err(400), "{wrong}");
        }
        assert_eq!(expected_of(&["*", "*"]), Err(400));
        assert_eq!(expected_of(&[&"\"7\",".repeat(51)]), Err(400));
    }

    #[tokio::test]
    async fn of_several_versions_the_present_one_is_written_to() {
        let write = async |expected: Option<u64>| match expected {
            None | Some(7) => Ok(7),
            Some(other) => Err(none_of(7).with_field("tried", &other.to_string(), "")),
        };
        let attempt = async |versions: &[u64]| Expected::OneOf(versions.to_vec()).attempt(write).await;
        for right in [vec![7], vec![5, 7], vec![7, 5], vec![1, 2, 3, 7, 9]] {
            assert_eq!(attempt(&right).await, Ok(7), "{right:?}");
        }
        for wrong in [vec![], vec![5], vec![5, 6]] {
            assert_eq!(
                attempt(&wrong).await.unwrap_err().kind(),
                FailureKind::StaleVersion,
                "{wrong:?}"
            );
        }
        assert_eq!(Expected::Any.attempt(write).await, Ok(7));
    }
}
