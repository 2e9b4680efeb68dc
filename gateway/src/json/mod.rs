//! Request bodies, read so that everything wrong with them is reported at once.
//!
//! serde's derived readers stop at the first mistake and take the last of two equal keys. A body is therefore parsed
//! into [`Json`] and then read field by field ([`Fields`]), noting each mistake with its path.

mod fields;
mod limit;
mod value;

use std::{cell::RefCell, rc::Rc};

use utoipa::openapi::{RefOr, Schema};

use crate::problem::FieldError;
pub(crate) use fields::{Fields, words};
use limit::{Limit, Limits};
pub(crate) use value::Json;

/// More mistakes than this are not listed.
const MAX_ERRORS: usize = 50;

/// The mistakes found so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mistakes(Rc<RefCell<Vec<FieldError>>>);

/// What a merge patch (RFC 7396) says of one member.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) enum Patch<T> {
    /// Absent.
    #[default]
    Keep,
    /// `null`.
    Clear,
    /// A value.
    Set(T),
}

/// A request body that can be read from the fields of an object.
pub(crate) trait ReadBody: Sized {
    /// Media types that the body may have.
    const MEDIA_TYPES: &'static [&'static str] = &["application/json"];
    /// True when there may be no body at all, which counts as `{}`.
    const OPTIONAL: bool = false;

    /// Takes every field. After a mistake the result is thrown away, so that any value will do for what is wrong.
    fn read(fields: &mut Fields<'_>) -> Self;
}

/// Declares a request body: each member with its type, its documentation and, after `=`, how it is read: a method of [`Fields`] with what
/// it takes beside the name, or a closure. The limits in the description of the API are those that the same method enforces.
macro_rules! body {
    (
        $(#[doc = $doc:expr])* $(#[derive($($derive:ident),*)])? $(#[schema($($schema:tt)*)])?
        $vis:vis struct $name:ident $(in $media:path)? {$(
            $(#[doc = $member_doc:expr])* $(#[schema($($member_schema:tt)*)])?
            $member:ident: $type:ty = $($method:ident($($argument:tt)*))? $(|$fields:ident| $read:expr)?
        ),* $(,)?}
    ) => {
        $(#[doc = $doc])* $(#[derive($($derive),*)])?
        $vis struct $name {$($(#[doc = $member_doc])* $member: $type),*}

        const _: () = {
            #[derive(utoipa::ToSchema)]
            $(#[doc = $doc])* $(#[schema($($schema)*)])?
            #[expect(dead_code, reason = "describes the body")]
            struct Described {$($(#[doc = $member_doc])* $(#[schema($($member_schema)*)])? $member: $type),*}

            impl utoipa::PartialSchema for $name {
                fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                    $crate::json::with_limits::<$name>(<Described as utoipa::PartialSchema>::schema())
                }
            }

            impl utoipa::ToSchema for $name {
                fn name() -> std::borrow::Cow<'static, str> {
                    stringify!($name).into()
                }

                fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
                    <Described as utoipa::ToSchema>::schemas(schemas);
                }
            }
        };

        impl $crate::json::ReadBody for $name {
            $(const MEDIA_TYPES: &'static [&'static str] = $media;)?

            fn read(fields: &mut $crate::json::Fields<'_>) -> Self {
                $(
                    $(let $member = fields.$method(stringify!($member), $($argument)*);)?
                    $(let $member = (|$fields: &mut $crate::json::Fields<'_>| $read)(fields);)?
                )*
                Self { $($member),* }
            }
        }
    };
}
pub(crate) use body;

/// The media types of a merge patch.
pub(crate) const MERGE_PATCH: &[&str] = &["application/merge-patch+json", "application/json"];

/// The schema of a body with the limits that reading enforces.
pub(crate) fn with_limits<T: ReadBody>(mut schema: RefOr<Schema>) -> RefOr<Schema> {
    let limits = Limits::default();
    let mut fields = Fields::of_nothing(&limits);
    T::read(&mut fields);
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        for (name, limit) in limits.take() {
            if let Some(RefOr::T(member)) = object.properties.get_mut(&name) {
                limit.describe(member);
            }
        }
    }
    schema
}

/// No body, or an empty object.
pub(crate) struct Nothing;

impl ReadBody for Nothing {
    const OPTIONAL: bool = true;

    fn read(_: &mut Fields<'_>) -> Self {
        Self
    }
}

/// Reads a whole body.
///
/// # Errors
/// All mistakes.
pub(crate) fn read_body<T: ReadBody>(json: Json<'_>) -> Result<T, Vec<FieldError>> {
    let mistakes = Mistakes::default();
    let body = match json {
        Json::Object(entries) => Some(Fields::read(String::new(), entries, &mistakes, T::read)),
        other => {
            mistakes.add(
                "$".to_owned(),
                "invalid_type",
                format!("an object is expected, not {}", other.kind()),
            );
            None
        }
    };
    let errors = mistakes.0.take();
    match body {
        Some(body) if errors.is_empty() => Ok(body),
        _ => Err(errors),
    }
}

impl Mistakes {
    fn add(&self, field: String, code: &'static str, message: impl Into<String>) {
        let mut errors = self.0.borrow_mut();
        if errors.len() < MAX_ERRORS {
            errors.push(FieldError::new(field, code, message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        name: String,
        count: i64,
        lines: Vec<i64>,
        note: Option<String>,
    }

    impl ReadBody for Sample {
        fn read(fields: &mut Fields<'_>) -> Self {
            Self {
                name: fields.text("name"),
                count: fields.integer("count"),
                lines: fields.objects("lines", 0..=9, |line| line.integer("quantity")),
                note: fields.cleared_ruled("note", &values::REASON),
            }
        }
    }

    fn sample(text: &str) -> Result<Sample, Vec<(String, String)>> {
        read_body(serde_json::from_str(text).unwrap()).map_err(|errors: Vec<FieldError>| {
            errors
                .into_iter()
                .map(|error| (error.field, error.code.into_owned()))
                .collect()
        })
    }

    #[test]
    fn a_right_body_is_read() {
        let read = sample(r#"{"name": "M\u0075g", "count": 2, "lines": [{"quantity": -1}], "note": null}"#);
        assert_eq!(
            read,
            Ok(Sample {
                name: "Mug".to_owned(),
                count: 2,
                lines: vec![-1],
                note: Some(String::new())
            })
        );
    }

    #[test]
    fn every_mistake_is_told_with_its_path() {
        let wrong = sample(
            r#"{"name": 5, "count": 1.5, "lines": [{"quantity": 1}, {"quantity": "x", "extra": 1}, 7], "nme": 1}"#,
        );
        let expected = [
            ("name", "invalid_type"),
            ("count", "invalid_type"),
            ("lines[1].quantity", "invalid_type"),
            ("lines[1].extra", "unknown_field"),
            ("lines[2]", "invalid_type"),
            ("nme", "unknown_field"),
        ];
        assert_eq!(
            wrong,
            Err(expected
                .map(|(field, code)| (field.to_owned(), code.to_owned()))
                .to_vec())
        );
    }

    #[test]
    fn missing_null_double_and_huge_values_are_told() {
        let wrong = sample(r#"{"name": null, "count": 99999999999999999999, "count": 1}"#).unwrap_err();
        assert!(wrong.contains(&("name".to_owned(), "required".to_owned())));
        assert!(wrong.contains(&("count".to_owned(), "duplicate_field".to_owned())));
        assert!(wrong.contains(&("lines".to_owned(), "required".to_owned())));
        let wrong = sample(r#"{"name": "a\u0000b", "count": 18446744073709551615, "lines": []}"#).unwrap_err();
        assert_eq!(wrong[0], ("name".to_owned(), "invalid_character".to_owned()));
        assert_eq!(wrong[1], ("count".to_owned(), "out_of_range".to_owned()));
    }

    struct Bag(std::collections::HashMap<String, Option<proto::v1::AttributeValue>>);

    impl ReadBody for Bag {
        fn read(fields: &mut Fields<'_>) -> Self {
            Self(fields.attributes())
        }
    }

    #[test]
    fn attributes_are_scalars_of_any_name_once_each() {
        let read = read_body::<Bag>(serde_json::from_str(r#"{"a": 1, "b": null, "c": "x"}"#).unwrap()).unwrap();
        assert_eq!((read.0.len(), &read.0["b"]), (3, &None));
        let errors = read_body::<Bag>(serde_json::from_str(r#"{"a": 1, "a": 2, "b": {}, "c": []}"#).unwrap()).err();
        let codes: Vec<_> = errors
            .unwrap()
            .into_iter()
            .map(|error| (error.field, error.code))
            .collect();
        let expected = [("a", "duplicate_field"), ("b", "invalid_type"), ("c", "invalid_type")];
        assert_eq!(codes, expected.map(|(field, code)| (field.to_owned(), code.into())));
    }

    #[test]
    fn a_body_of_very_many_members_is_read_in_linear_time() {
        let members: Vec<_> = (0..100_000).map(|index| format!("\"{index}\":1")).collect();
        let text = format!("{{{}}}", members.join(","));
        assert_eq!(
            read_body::<Bag>(serde_json::from_str(&text).unwrap()).unwrap().0.len(),
            100_000
        );
        assert_eq!(sample(&text).unwrap_err().len(), MAX_ERRORS);
    }

    #[test]
    fn the_whole_body_must_be_an_object() {
        for text in ["[]", "null", "3", "\"x\""] {
            assert_eq!(sample(text).unwrap_err()[0].0, "$");
        }
    }
}
