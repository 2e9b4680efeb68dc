//! Query parameters, read so that everything wrong with them is reported at once.

use std::{borrow::Cow, ops::RangeInclusive};

use axum::extract::FromRequestParts;
use http::{Uri, request::Parts};
use proto::v1::{AmountRange, PageRequest, TimeRange};
use values::TextRule;

use crate::{
    id,
    json::words,
    money::is_currency,
    problem::{FieldError, Problem},
    times,
};

/// Most items of a page.
const MAX_LIMIT: u32 = 200;
/// Most parameters of one prefix.
const MAX_PREFIXED: usize = 50;
/// Most keys of one parameter: as many as a report ranks, and what has none.
const MAX_KEYS: usize = 101;
/// More mistakes than this are not listed.
const MAX_ERRORS: usize = 50;
/// Longest text in a parameter, in bytes.
const MAX_TEXT: usize = 1000;
/// Longest key of a report, in bytes: a category of 400 characters, each of four.
const MAX_KEY: usize = 1600;

/// The parameters of a request, as `T`.
pub(crate) struct Params<T>(pub(crate) T);

/// An address that takes no parameters.
pub(crate) struct NoParams;

/// Declares a set of query parameters: each with its type, its documentation and, after `=`, how it is read: a method of [`Values`] with
/// what it takes beside the name, which is the member's unless it is `named` otherwise; or a closure.
macro_rules! params {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {$(
            $(#[$member_meta:meta])*
            $member_vis:vis $member:ident: $type:ty =
                $($method:ident($($argument:tt)*) $(named $given:literal)?)? $(|$values:ident| $read:expr)?
        ),* $(,)?}
    ) => {
        $(#[$meta])*
        #[derive(utoipa::IntoParams)]
        #[into_params(parameter_in = Query)]
        $vis struct $name {$($(#[$member_meta])* $member_vis $member: $type),*}

        impl $crate::params::ReadParams for $name {
            fn read(values: &mut $crate::params::Values) -> Self {
                $(
                    $(let $member = values.$method($crate::params::name_of!($member $($given)?), $($argument)*);)?
                    $(let $member = (|$values: &mut $crate::params::Values| $read)(values);)?
                )*
                Self { $($member),* }
            }
        }
    };
}
macro_rules! name_of {
    ($member:ident) => {
        stringify!($member)
    };
    ($member:ident $given:literal) => {
        $given
    };
}
pub(crate) use {name_of, params};

/// A set of query parameters.
pub(crate) trait ReadParams: Sized {
    /// Takes every parameter. After a mistake the result is thrown away.
    fn read(values: &mut Values) -> Self;
}

/// The parameters that nobody took yet, and the mistakes so far.
pub(crate) struct Values {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

/// Marks a request whose `fields` and `expand` the middleware has read, and holds what is wrong with them: the handler reports it, once
/// it has let the caller in.
#[derive(Clone)]
pub(crate) struct RepresentationParams(pub(crate) Vec<FieldError>);

impl RepresentationParams {
    /// Whether a parameter is one of them.
    pub(crate) fn include(name: &str) -> bool {
        ["fields", "expand"].contains(&name)
    }
}

impl<T: ReadParams, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read_rest(&parts.uri, parts.extensions.get()).map(Self)
    }
}

impl ReadParams for NoParams {
    fn read(_: &mut Values) -> Self {
        Self
    }
}

/// Reads the parameters of an address.
///
/// # Errors
/// 400 with all mistakes.
pub(crate) fn read<T: ReadParams>(uri: &Uri) -> Result<T, Problem> {
    read_rest(uri, None)
}

/// The same without the parameters that are taken care of elsewhere.
fn read_rest<T: ReadParams>(uri: &Uri, elsewhere: Option<&RepresentationParams>) -> Result<T, Problem> {
    let query = uri.query().unwrap_or_default();
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    read_values(Values {
        pairs: pairs
            .filter(|(name, _)| elsewhere.is_none() || !RepresentationParams::include(name))
            .collect(),
        errors: elsewhere
            .map(|RepresentationParams(mistakes)| mistakes.clone())
            .unwrap_or_default(),
    })
}

/// Reads parameters that came another way.
///
/// # Errors
/// 400 with all mistakes.
pub(crate) fn read_pairs<T: ReadParams>(pairs: Vec<(String, String)>) -> Result<T, Problem> {
    read_values(Values {
        pairs,
        errors: Vec::new(),
    })
}

fn read_values<T: ReadParams>(mut values: Values) -> Result<T, Problem> {
    let read = T::read(&mut values);
    for (name, _) in std::mem::take(&mut values.pairs) {
        let name: String = name.chars().take(80).collect();
        if name == "as_of" {
            values.wrong(
                &name,
                "not_supported",
                "only single things can be looked at as of a moment",
            );
            continue;
        }
        values.wrong(&name, "unknown_parameter", "there is no such parameter here");
    }
    if values.errors.is_empty() {
        Ok(read)
    } else {
        Err(Problem::parameters(values.errors))
    }
}

/// Refuses parameters at an address that takes none.
pub(crate) fn refuse_any(uri: &Uri) -> Result<(), Problem> {
    match uri.query() {
        None => Ok(()),
        Some(_) => read::<NoParams>(uri).map(|_| ()),
    }
}

impl Values {
    /// How many mistakes there are so far.
    pub(crate) fn mistakes(&self) -> usize {
        self.errors.len()
    }

    /// Notes that a parameter is wrong.
    pub(crate) fn wrong(&mut self, name: &str, code: &'static str, message: impl Into<String>) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(FieldError::new(name, code, message));
        }
    }

    /// Whether something is wrong with a parameter already.
    pub(crate) fn is_wrong(&self, name: &str) -> bool {
        self.errors.iter().any(|error| error.field == name)
    }

    /// A text, taken; an empty one counts as absent.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.single(name, MAX_TEXT).filter(|text| !text.is_empty())
    }

    /// A text that identifies something, taken, in its normal form; an empty one counts as absent.
    pub(crate) fn identifier(&mut self, name: &str) -> Option<String> {
        self.text(name).map(identifier)
    }

    /// A text of a kind, taken, in its normal form; an empty one counts as absent.
    pub(crate) fn ruled(&mut self, name: &str, rule: &TextRule) -> Option<String> {
        let text = self.text(name)?;
        self.judged(name, rule, &text)
    }

    /// Texts of a kind, in their normal form; the parameter may come several times.
    pub(crate) fn several_ruled(&mut self, name: &str, rule: &TextRule) -> Vec<String> {
        let texts = self.texts(name);
        texts.iter().filter_map(|text| self.judged(name, rule, text)).collect()
    }

    fn judged(&mut self, name: &str, rule: &TextRule, text: &str) -> Option<String> {
        let text = rule.check(text).map(Cow::into_owned);
        text.map_err(|error| self.wrong(name, error.code().as_str(), error.message()))
            .ok()
    }

    /// A key of a report, taken, in its normal form. The empty one is that of what has none.
    pub(crate) fn key(&mut self, name: &str) -> Option<String> {
        self.single(name, MAX_KEY).map(identifier)
    }

    fn single(&mut self, name: &str, limit: usize) -> Option<String> {
        let mut found = self.pairs.extract_if(.., |(key, _)| key == name);
        let value = found.next().map(|(_, value)| value);
        let more = found.count();
        if more > 0 {
            self.wrong(name, "duplicate_parameter", "the parameter is given more than once");
        }
        self.checked(name, value?, limit)
    }

    /// Keys of a report; the parameter may come again.
    pub(crate) fn keys(&mut self, name: &str) -> Vec<String> {
        let found: Vec<_> = self.pairs.extract_if(.., |(key, _)| key == name).collect();
        if found.len() > MAX_KEYS {
            self.wrong(name, "too_many", format!("at most {MAX_KEYS} are allowed"));
            return Vec::new();
        }
        found
            .into_iter()
            .filter_map(|(_, value)| self.checked(name, value, MAX_KEY).map(identifier))
            .collect()
    }

    fn checked(&mut self, name: &str, value: String, limit: usize) -> Option<String> {
        if value.contains('\0') {
            self.wrong(name, "invalid_character", "the NUL character is not allowed");
        } else if value.len() > limit {
            self.wrong(name, "too_long", format!("at most {limit} bytes are allowed"));
        } else {
            return Some(value);
        }
        None
    }

    /// Whether the parameter is there and nobody took it yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(key, _)| key == name)
    }

    /// A parameter that may come several times.
    pub(crate) fn texts(&mut self, name: &str) -> Vec<String> {
        let found: Vec<_> = self.pairs.extract_if(.., |(key, _)| key == name).collect();
        if found.len() > MAX_PREFIXED {
            self.wrong(name, "too_many", format!("at most {MAX_PREFIXED} are allowed"));
            return Vec::new();
        }
        let checked = found
            .into_iter()
            .filter_map(|(_, value)| self.checked(name, value, MAX_TEXT));
        let mut values: Vec<String> = Vec::new();
        for value in checked {
            if !value.is_empty() && !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    /// Words from a list that has no end: the parameter may come again, and each may list several with commas.
    pub(crate) fn words(&mut self, name: &str) -> Vec<String> {
        let texts = self.texts(name);
        let given = texts
            .iter()
            .flat_map(|text| text.split(','))
            .filter(|word| !word.is_empty());
        let mut words: Vec<String> = Vec::new();
        for (index, word) in given.enumerate() {
            if index == MAX_PREFIXED {
                self.wrong(name, "too_many", format!("at most {MAX_PREFIXED} are allowed"));
                return Vec::new();
            }
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        words
    }

    /// A text that must be there.
    pub(crate) fn required_text(&mut self, name: &str) -> String {
        let before = self.errors.len();
        self.text(name).unwrap_or_else(|| {
            if self.errors.len() == before {
                self.wrong(name, "required", "the parameter is required");
            }
            String::new()
        })
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        code: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.wrong(name, code, format!("{expected} is expected"));
        }
        value
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, name: &str) -> Option<i64> {
        self.parsed(name, "invalid_type", "a whole number", |text| text.parse().ok())
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        self.parsed(name, "invalid_type", "true or false", |text| text.parse().ok())
    }

    /// A time or a date, in microseconds since 1970.
    pub(crate) fn time(&mut self, name: &str) -> Option<i64> {
        self.parsed(
            name,
            "invalid_format",
            "an RFC 3339 time or a date (YYYY-MM-DD)",
            times::parse,
        )
    }

    /// A date that must be there, as it was given.
    pub(crate) fn required_date(&mut self, name: &str) -> String {
        let text = self.required_text(name);
        if !text.is_empty() && times::date(&text).is_none() {
            self.wrong(name, "invalid_format", "a date (YYYY-MM-DD) is expected");
        }
        text
    }

    /// An id of a kind.
    pub(crate) fn id(&mut self, name: &str, prefix: &str) -> Option<String> {
        self.parsed(name, "invalid_format", &format!("an id like {prefix}_<uuid>"), |text| {
            id::is(prefix, text).then(|| text.to_owned())
        })
    }

    /// A currency.
    pub(crate) fn currency(&mut self, name: &str) -> Option<String> {
        self.parsed(
            name,
            "invalid_format",
            "a currency of three upper-case letters (ISO 4217)",
            |text| is_currency(text).then(|| text.to_owned()),
        )
    }

    /// A currency, which a range of amounts needs: `message` says so.
    pub(crate) fn currency_of(&mut self, name: &str, is_needed: bool, message: &'static str) -> Option<String> {
        let currency = self.currency(name);
        if is_needed && currency.is_none() {
            self.wrong(name, "required", message);
        }
        currency
    }

    /// A whole number within a range.
    pub(crate) fn number(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let number = self.integer(name)?;
        let number = u32::try_from(number).ok().filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = (range.start(), range.end());
            self.wrong(
                name,
                "out_of_range",
                format!("a number from {least} to {most} is expected"),
            );
        }
        number
    }

    /// One of a few words.
    pub(crate) fn one_of<T: Copy>(&mut self, name: &str, table: &[(&str, T)]) -> Option<T> {
        let expected = format!("one of {}", words(table));
        self.parsed(name, "unknown", &expected, |text| of_table(table, text))
    }

    /// Any number of a few words: the parameter may come again, and each may list several with commas.
    pub(crate) fn several_of<T: Copy>(&mut self, name: &str, table: &[(&str, T)]) -> Vec<T> {
        let given = self.words(name);
        let values: Vec<_> = given.iter().filter_map(|word| of_table(table, word)).collect();
        if values.len() < given.len() {
            self.wrong(name, "unknown", format!("some of {} are expected", words(table)));
        }
        values
    }

    /// The order of a list: one of `fields`, reversed by a leading `-`.
    pub(crate) fn sort(&mut self, name: &str, fields: &[&str]) -> String {
        let expected = format!("one of {}, reversed by a leading -,", fields.join(", "));
        self.parsed(name, "unknown", &expected, |text| {
            fields
                .contains(&text.strip_prefix('-').unwrap_or(text))
                .then(|| text.to_owned())
        })
        .unwrap_or_default()
    }

    /// `limit` and `cursor`.
    pub(crate) fn page(&mut self) -> PageRequest {
        let expected = format!("a number from 1 to {MAX_LIMIT}");
        let limit = self.parsed("limit", "out_of_range", &expected, |text| {
            text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))
        });
        let cursor = self.text("cursor").unwrap_or_default();
        PageRequest {
            limit: limit.unwrap_or_default(),
            cursor,
        }
    }

    /// `from` (included) and `to` (not included).
    pub(crate) fn time_range(&mut self) -> Option<TimeRange> {
        self.times_between("from", "to")
    }

    /// Two times, the first one included, the other one not.
    pub(crate) fn times_between(&mut self, first: &str, end: &str) -> Option<TimeRange> {
        let (from_micros, to_micros) = (self.time(first), self.time(end));
        if from_micros.zip(to_micros).is_some_and(|(from, to)| from > to) {
            self.wrong(end, "out_of_range", format!("{end} lies before {first}"));
        }
        (from_micros.is_some() || to_micros.is_some()).then_some(TimeRange { from_micros, to_micros })
    }

    /// Two amounts, `min_<name>` and `max_<name>`, both included.
    pub(crate) fn amount_range(&mut self, name: &str) -> Option<AmountRange> {
        let (lowest, highest) = (format!("min_{name}"), format!("max_{name}"));
        let (min, max) = (self.integer(&lowest), self.integer(&highest));
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            self.wrong(&highest, "out_of_range", format!("{highest} is less than {lowest}"));
        }
        (min.is_some() || max.is_some()).then_some(AmountRange { min, max })
    }
}

impl Values {
    /// All parameters whose name begins with `prefix`, by the rest of their names; each may come several times.
    pub(crate) fn prefixed_several(&mut self, prefix: &str) -> Vec<(String, Vec<String>)> {
        let found: Vec<_> = self.pairs.extract_if(.., |(key, _)| key.starts_with(prefix)).collect();
        let mut values: Vec<(String, Vec<String>)> = Vec::new();
        if found.len() > MAX_PREFIXED {
            self.wrong(prefix, "too_many", format!("at most {MAX_PREFIXED} are allowed"));
            return values;
        }
        for (name, value) in found {
            let key = identifier(&name[prefix.len()..]);
            if key.is_empty() || key.contains('\0') {
                self.wrong(&name, "invalid_format", format!("{prefix}<key>=<value> is expected"));
                continue;
            }
            let Some(value) = self.checked(&name, value, MAX_TEXT) else {
                continue;
            };
            match values.iter_mut().find(|(other, _)| *other == key) {
                Some((_, several)) => several.push(value),
                None => values.push((key, vec![value])),
            }
        }
        values
    }
}

fn identifier(text: impl AsRef<str>) -> String {
    values::identifier(text.as_ref()).into_owned()
}

fn of_table<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        page: PageRequest,
        placed: Option<TimeRange>,
        total: Option<AmountRange>,
        statuses: Vec<u8>,
        sort: String,
        attributes: Vec<(String, Vec<String>)>,
    }

    impl ReadParams for Sample {
        fn read(values: &mut Values) -> Self {
            Self {
                page: values.page(),
                placed: values.time_range(),
                total: values.amount_range("total"),
                statuses: values.several_of("status", &[("one", 1), ("two", 2), ("three", 3)]),
                sort: values.sort("sort", &["name", "price"]),
                attributes: values.prefixed_several("attr."),
            }
        }
    }

    fn sample(query: &str) -> Result<Sample, Problem> {
        read(&format!("/x?{query}").parse().unwrap())
    }

    async fn mistakes(query: &str) -> Vec<(String, String)> {
        use http_body_util::BodyExt;
        let response = sample(query).unwrap_err().render("", "r", http::HeaderMap::new());
        assert_eq!(response.status(), 400, "{query}");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(body["code"], "invalid_parameter");
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let errors = body["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|error| (text(&error["field"]), text(&error["code"])))
            .collect()
    }

    #[test]
    fn right_parameters_are_read() {
        let read = sample("limit=5&cursor=abc&from=1970-01-02&status=one,two&status=three&sort=-price&attr.colour=dark+red&max_total=9").unwrap();
        assert_eq!(
            read.page,
            PageRequest {
                limit: 5,
                cursor: "abc".to_owned()
            }
        );
        assert_eq!(
            read.placed,
            Some(TimeRange {
                from_micros: Some(86_400_000_000),
                to_micros: None
            })
        );
        assert_eq!(
            read.total,
            Some(AmountRange {
                min: None,
                max: Some(9)
            })
        );
        assert_eq!(read.statuses, [1, 2, 3]);
        assert_eq!(read.sort, "-price");
        assert_eq!(read.attributes, [("colour".to_owned(), vec!["dark red".to_owned()])]);
        assert_eq!(sample(&"status=one&".repeat(50)).unwrap().statuses, [1]);
        assert!(sample("").is_ok());
        assert!(sample("limit=&cursor=&from=").is_ok(), "an empty value is none");
    }

    #[tokio::test]
    async fn every_wrong_parameter_is_told() {
        for (query, field, code) in [
            ("limit=0", "limit", "out_of_range"),
            ("limit=201", "limit", "out_of_range"),
            ("limit=ten", "limit", "out_of_range"),
            ("limit=1&limit=2", "limit", "duplicate_parameter"),
            ("from=yesterday", "from", "invalid_format"),
            ("from=2011-02-02&to=2011-02-01", "to", "out_of_range"),
            ("min_total=1.5", "min_total", "invalid_type"),
            ("min_total=2&max_total=1", "max_total", "out_of_range"),
            ("status=one,four", "status", "unknown"),
            ("status=four,four&status=five", "status", "unknown"),
            (&"status=one&".repeat(51), "status", "too_many"),
            (&format!("status={}", "one,".repeat(51)), "status", "too_many"),
            ("sort=colour", "sort", "unknown"),
            ("sort=--price", "sort", "unknown"),
            ("cursor=%00", "cursor", "invalid_character"),
            ("attr.=x", "attr.", "invalid_format"),
            ("colour=red", "colour", "unknown_parameter"),
        ] {
            assert_eq!(mistakes(query).await, [(field.to_owned(), code.to_owned())], "{query}");
        }
        assert_eq!(mistakes("limit=x&sort=x&colour=x").await.len(), 3);
    }
}
