//! Versions in headers: `ETag: "7"`, `If-Match: "7"`.
//!
//! The version is that of the event stream, which is what a write checks. It is not a validator of the whole
//! representation (a product's body also shows its stock, another stream), so that `If-None-Match` is not answered.

use http::{HeaderMap, HeaderValue, header::IF_MATCH};

use crate::problem::Problem;

/// The entity tag of a version.
pub(crate) fn of(version: u64) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{version}\"")).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            assert_eq!(expected_of(&[wrong]), Err(400), "{wrong}");
        }
        assert_eq!(expected_of(&["\"7\"", "\"8\""]), Err(400));
    }
}
