//! `attr.<key>=...` of lists of products.

use proto::v1;

use crate::params::Values;

/// What attributes are to be.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Attributes {
    pub(super) any_of: Vec<v1::AttributeFilter>,
    pub(super) ranges: Vec<v1::AttributeRange>,
}

impl Attributes {
    pub(super) fn read(values: &mut Values) -> Self {
        let mut attributes = Self::default();
        for (key, texts) in values.prefixed_several("attr.") {
            if is_comparison(&key, &texts) {
                let message = "a range is written attr.<key>=1990..1999, 1990.. or ..1999";
                values.wrong(&format!("attr.{key}"), "unsupported", message);
                continue;
            }
            let mut equal = Vec::new();
            for text in texts {
                match range(&text) {
                    None => equal.push(text),
                    Some(Ok((min, max))) => attributes.ranges.push(v1::AttributeRange {
                        key: key.clone(),
                        min,
                        max,
                    }),
                    Some(Err(message)) => values.wrong(&format!("attr.{key}"), "invalid_range", message),
                }
            }
            if !equal.is_empty() {
                attributes.any_of.push(v1::AttributeFilter { key, values: equal });
            }
        }
        attributes
    }
}

/// Whether a key has the sign of a comparison with it, as other services write them: `attr.year[gte]=1990`, `attr.year>=1990`,
/// `attr.year!=1990`, `attr.year>1990`.
fn is_comparison(key: &str, texts: &[String]) -> bool {
    let is_number = |text: &str| text.trim().parse::<f64>().is_ok();
    let ends = key.ends_with(['<', '>', '!']) || key.ends_with(']') && key.contains('[');
    let compares = || key.split_once(['<', '>']).is_some_and(|(_, number)| is_number(number));
    ends || texts.iter().all(String::is_empty) && compares()
}

type Bounds = (Option<f64>, Option<f64>);

/// The ends of what is written as a range; `None`: it is a value. Two dots among words may be a value; among numbers they are a range, and a
/// range that is written in another way is a mistake: as a value it would find nothing.
fn range(text: &str) -> Option<Result<Bounds, &'static str>> {
    let compared = text.strip_prefix(['<', '>']).map(|rest| rest.trim_start_matches('='));
    if compared.is_some_and(|number| number.parse::<f64>().is_ok()) {
        return Some(Err("a range is written 1990..1999, 1990.. or ..1999"));
    }
    let (min, max) = text.split_once("..")?;
    let numeric = |letter: char| letter.is_ascii_digit() || letter.is_whitespace() || ".+-".contains(letter);
    if text.chars().all(numeric) {
        let written_well = !text.contains(char::is_whitespace) && !max.contains("..") && !max.starts_with('.');
        if !written_well || (min.is_empty() && max.is_empty()) {
            return Some(Err("a range is written 1990..1999, 1990.. or ..1999, without spaces"));
        }
    } else if text.contains(char::is_whitespace) || max.contains("..") || max.starts_with('.') {
        return None;
    }
    let bounds = || {
        let (min, max) = (bound(min)?, bound(max)?);
        match (min, max) {
            (Some(min), Some(max)) if min > max => Err("the smaller number comes first: 1990..1999"),
            ends => Ok(ends),
        }
    };
    Some(bounds())
}

fn bound(text: &str) -> Result<Option<f64>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    let number = number.filter(|_| !text.starts_with('+'));
    number
        .map(Some)
        .ok_or("a range is of numbers: 1990..1999, 1990.. or ..1999")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_told_from_keys() {
        let is = |key: &str, text: &str| is_comparison(key, &[text.to_owned()]);
        for (key, text) in [
            ("year>", "1990"),
            ("year<", "1990"),
            ("year!", "1990"),
            ("year>1990", ""),
            ("year< 19.5", ""),
            ("year[gte]", "1990"),
        ] {
            assert!(is(key, text), "{key}={text}");
        }
        for (key, text) in [
            ("year", "1990"),
            ("a>b", "x"),
            ("a>b", ""),
            ("my key", ""),
            ("size>5", "red"),
        ] {
            assert!(!is(key, text), "{key}={text}");
        }
    }

    #[test]
    fn ranges_are_told_from_values() {
        for (text, bounds) in [
            ("1990..1999", (Some(1990.0), Some(1999.0))),
            ("1.5..2.25", (Some(1.5), Some(2.25))),
            ("-3..-1", (Some(-3.0), Some(-1.0))),
            ("5..5", (Some(5.0), Some(5.0))),
            ("1990..", (Some(1990.0), None)),
            ("..1999", (None, Some(1999.0))),
        ] {
            assert_eq!(range(text), Some(Ok(bounds)), "{text}");
        }
        for text in ["red", "4.0", "", "and so on...", "to be .. or not", "a..b..c"] {
            assert_eq!(range(text), None, "{text}");
        }
        for text in [
            "1999..1990",
            "S..XL",
            "1..x",
            "NaN..1",
            "1..inf",
            "+1..2",
            ">1990",
            "<=5",
            "..",
            "...",
            "1990 .. 1999",
            "1990...1999",
            "1..2..3",
            "1990..1999..",
        ] {
            assert!(matches!(range(text), Some(Err(_))), "{text}");
        }
    }
}
