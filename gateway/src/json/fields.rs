//! The fields of an object, read one after another.

use std::{borrow::Cow, collections::HashMap, ops::RangeInclusive, rc::Rc};

use proto::v1::{AttributeValue, attribute_value};
use values::{NumberRule, TextRule, ValueError};

use super::{Json, Limit, Limits, Mistakes, Patch};
use crate::id;

/// Longest part of an unknown name that is repeated to the client, in characters.
const MAX_ECHO: usize = 80;

/// Whole numbers up to this one are exact with a fraction of zeros or an exponent.
const EXACT: f64 = 9_007_199_254_740_991.0;

/// The fields of one object, taken one after another; what nobody took is unknown.
pub(crate) struct Fields<'j> {
    /// Path of the object, ready to prepend: empty or ending in a dot.
    path: String,
    entries: Vec<(Cow<'j, str>, Option<Json<'j>>)>,
    mistakes: Mistakes,
    /// Where the limits of the members are noted while the API is described.
    limits: Option<Limits>,
}

impl<'j> Fields<'j> {
    /// Reads an object with `read`; what it does not take is unknown.
    pub(super) fn read<T>(
        path: String,
        entries: Vec<(Cow<'j, str>, Json<'j>)>,
        mistakes: &Mistakes,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let entries = entries.into_iter().map(|(name, value)| (name, Some(value))).collect();
        let mut fields = Self {
            path,
            entries,
            mistakes: mistakes.clone(),
            limits: None,
        };
        let value = read(&mut fields);
        for (name, value) in &fields.entries {
            if value.is_some() {
                let name = shortened(name);
                fields.wrong(&name, "unknown_field", "there is no such field");
            }
        }
        value
    }

    /// An object without members, of which only the limits matter.
    pub(super) fn of_nothing(limits: &Limits) -> Self {
        Self {
            path: String::new(),
            entries: Vec::new(),
            mistakes: Mistakes::default(),
            limits: Some(Rc::clone(limits)),
        }
    }

    fn limit(&self, name: &str, limit: impl Into<Limit>) {
        if let Some(limits) = &self.limits {
            limits.borrow_mut().push((name.to_owned(), limit.into()));
        }
    }

    fn limit_items(&self, name: &str, least: usize, most: usize) {
        self.limit(name, Limit::Items { least, most });
    }

    /// Notes that a field of this object is wrong.
    pub(crate) fn wrong(&self, name: &str, code: &'static str, message: impl Into<String>) {
        self.mistakes.add(format!("{}{name}", self.path), code, message);
    }

    /// How much is wrong so far, in the whole body.
    pub(crate) fn mistakes(&self) -> usize {
        self.mistakes.0.borrow().len()
    }

    /// Takes a member; `null` is a value here.
    fn take(&mut self, name: &str) -> Option<Json<'j>> {
        let mut found = None;
        let mut double = false;
        for (_, value) in self.entries.iter_mut().filter(|(key, _)| key == name) {
            double |= found.is_some();
            found = value.take().or(found);
        }
        if double {
            self.wrong(name, "duplicate_field", "the field is given more than once");
        }
        found
    }

    /// Takes a member that is there and not `null`.
    fn present(&mut self, name: &str) -> Option<Json<'j>> {
        self.take(name).filter(|value| *value != Json::Null)
    }

    fn required(&mut self, name: &str) -> Option<Json<'j>> {
        let value = self.present(name);
        if value.is_none() {
            self.wrong(name, "required", "the field is required");
        }
        value
    }

    fn patch<T>(&mut self, name: &str, read: impl FnOnce(&Self, Json<'j>) -> Option<T>) -> Patch<T> {
        match self.take(name) {
            None => Patch::Keep,
            Some(Json::Null) => Patch::Clear,
            Some(value) => read(self, value).map_or(Patch::Keep, Patch::Set),
        }
    }

    fn mistyped<T>(&self, name: &str, expected: &str, value: &Json<'_>) -> Option<T> {
        self.wrong(
            name,
            "invalid_type",
            format!("{expected} is expected, not {}", value.kind()),
        );
        None
    }

    fn as_text(&self, name: &str, value: Json<'j>) -> Option<String> {
        match value {
            Json::Text(text) if text.contains('\0') => {
                self.wrong(name, "invalid_character", "the NUL character is not allowed");
                None
            }
            Json::Text(text) => Some(text.into_owned()),
            other => self.mistyped(name, "a string", &other),
        }
    }

    /// The value, or nothing after noting what is wrong with it.
    pub(crate) fn judged<T>(&self, name: &str, value: Result<T, ValueError>) -> Option<T> {
        value
            .map_err(|error| self.wrong(name, error.code().as_str(), error.message()))
            .ok()
    }

    /// A text as it was given: who stores it gives it its normal form.
    fn as_ruled(&self, name: &str, rule: &TextRule, value: Json<'j>) -> Option<String> {
        let text = self.as_text(name, value)?;
        self.judged(name, rule.check(&text).map(drop))?;
        Some(text)
    }

    fn as_number(&self, name: &str, rule: &NumberRule, value: &Json<'j>) -> Option<i64> {
        let number = self.as_integer(name, value)?;
        self.judged(name, (rule.check)(number))
    }

    fn as_integer(&self, name: &str, value: &Json<'j>) -> Option<i64> {
        match value {
            Json::Integer(integer) => Some(*integer),
            Json::Number(number) if number.fract() != 0.0 => {
                self.wrong(
                    name,
                    "invalid_type",
                    "a whole number is expected, not one with a fraction",
                );
                None
            }
            // 10.0 is a whole number, as JSON Schema has it. From 2^53 on it might stand for its neighbours too.
            Json::Number(number) if number.abs() <= EXACT => {
                #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
                let integer = *number as i64;
                Some(integer)
            }
            Json::Number(_) => {
                self.wrong(name, "out_of_range", "the number does not fit into 64 bits");
                None
            }
            other => self.mistyped(name, "a whole number", other),
        }
    }

    fn as_object<T>(&self, name: &str, value: Json<'j>, read: impl FnOnce(&mut Fields<'j>) -> T) -> Option<T> {
        match value {
            Json::Object(entries) => Some(Fields::read(
                format!("{}{name}.", self.path),
                entries,
                &self.mistakes,
                read,
            )),
            other => self.mistyped(name, "an object", &other),
        }
    }

    fn as_id(&self, name: &str, prefix: &'static str, value: Json<'j>) -> Option<String> {
        let text = self.as_text(name, value)?;
        if id::is(prefix, &text) {
            return Some(text);
        }
        self.wrong(
            name,
            "invalid_format",
            format!("an id like {prefix}_<uuid> is expected"),
        );
        None
    }

    fn as_one_of<T: Copy>(&self, name: &str, table: &[(&str, T)], value: Json<'j>) -> Option<T> {
        let text = self.as_text(name, value)?;
        let found = table.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            self.wrong(name, "unknown", format!("one of {} is expected", words(table)));
        }
        found
    }

    /// One of a few words, which must be there.
    pub(crate) fn one_of<T: Copy>(&mut self, name: &str, table: &[(&str, T)]) -> Option<T> {
        self.required(name).and_then(|value| self.as_one_of(name, table, value))
    }

    /// All members that nobody took yet, whatever they are.
    pub(crate) fn all(&mut self) -> Vec<(String, Json<'j>)> {
        let entries = self.entries.iter_mut();
        entries
            .filter_map(|(name, value)| Some((name.to_string(), value.take()?)))
            .collect()
    }

    /// A string that must be there.
    pub(crate) fn text(&mut self, name: &str) -> String {
        self.required(name)
            .and_then(|value| self.as_text(name, value))
            .unwrap_or_default()
    }

    /// A string that must be there, of a kind.
    pub(crate) fn ruled(&mut self, name: &str, rule: &TextRule) -> String {
        self.limit(name, rule);
        self.required(name)
            .and_then(|value| self.as_ruled(name, rule, value))
            .unwrap_or_default()
    }

    /// A string of a kind that may be absent or `null`.
    pub(crate) fn optional_ruled(&mut self, name: &str, rule: &TextRule) -> Option<String> {
        self.limit(name, rule);
        self.present(name).and_then(|value| self.as_ruled(name, rule, value))
    }

    /// A whole number of a kind that must be there.
    pub(crate) fn number(&mut self, name: &str, rule: &NumberRule) -> i64 {
        self.limit(name, rule);
        self.required(name)
            .and_then(|value| self.as_number(name, rule, &value))
            .unwrap_or_default()
    }

    /// A whole number that must be there.
    pub(crate) fn integer(&mut self, name: &str) -> i64 {
        self.required(name)
            .and_then(|value| self.as_integer(name, &value))
            .unwrap_or_default()
    }

    /// An id of a kind that must be there.
    pub(crate) fn id(&mut self, name: &str, prefix: &'static str) -> String {
        self.required(name)
            .and_then(|value| self.as_id(name, prefix, value))
            .unwrap_or_default()
    }

    /// An id of a kind that may be absent or `null`.
    pub(crate) fn optional_id(&mut self, name: &str, prefix: &'static str) -> Option<String> {
        self.present(name).and_then(|value| self.as_id(name, prefix, value))
    }

    /// One of a few words, or absent or `null`.
    pub(crate) fn optional_one_of<T: Copy>(&mut self, name: &str, table: &[(&str, T)]) -> Option<T> {
        self.present(name).and_then(|value| self.as_one_of(name, table, value))
    }

    /// An object that must be there.
    pub(crate) fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'j>) -> T) -> Option<T> {
        self.required(name).and_then(|value| self.as_object(name, value, read))
    }

    /// An object that may be absent or `null`.
    pub(crate) fn optional_object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'j>) -> T) -> Option<T> {
        self.present(name).and_then(|value| self.as_object(name, value, read))
    }

    /// An array of so many objects that must be there.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        count: RangeInclusive<usize>,
        mut read: impl FnMut(&mut Fields<'j>) -> T,
    ) -> Vec<T> {
        self.limit_items(name, *count.start(), *count.end());
        let value = self.required(name);
        if matches!(&value, Some(Json::Array(items)) if items.len() < *count.start()) {
            self.wrong(name, "required", format!("at least {} is required", count.start()));
        }
        let objects = value.and_then(|value| self.as_objects(name, *count.end(), value, &mut read));
        objects.unwrap_or_default()
    }

    fn as_objects<T>(
        &self,
        name: &str,
        most: usize,
        value: Json<'j>,
        read: &mut impl FnMut(&mut Fields<'j>) -> T,
    ) -> Option<Vec<T>> {
        let Json::Array(items) = value else {
            return self.mistyped(name, "an array", &value);
        };
        self.at_most(name, items.len(), most);
        // One that is wrong leaves its place empty, and the whole body is thrown away for it.
        let object = |(index, item)| self.as_object(&format!("{name}[{index}]"), item, &mut *read);
        Some(items.into_iter().enumerate().filter_map(object).collect())
    }

    /// An array of so many strings of a kind at most, which must be there.
    pub(crate) fn texts(&mut self, name: &str, most: usize, rule: &TextRule) -> Vec<String> {
        self.limit_items(name, 0, most);
        let value = self.required(name);
        let texts = value.and_then(|value| self.as_texts(name, most, rule, value));
        texts.unwrap_or_default()
    }

    /// An array of so many strings of a kind at most, that may be absent or `null`.
    pub(crate) fn optional_texts(&mut self, name: &str, most: usize, rule: &TextRule) -> Option<Vec<String>> {
        self.limit_items(name, 0, most);
        self.present(name)
            .and_then(|value| self.as_texts(name, most, rule, value))
    }

    /// An array of so many ids of a kind at most, that may be absent or `null`.
    pub(crate) fn optional_ids(&mut self, name: &str, most: usize, prefix: &'static str) -> Option<Vec<String>> {
        self.limit_items(name, 0, most);
        let value = self.present(name)?;
        self.as_list(name, most, value, |name, item| self.as_id(name, prefix, item))
    }

    /// Notes that an array has too many items.
    pub(crate) fn at_most(&self, name: &str, count: usize, most: usize) {
        if count > most {
            self.wrong(name, "too_many", format!("at most {most} are allowed"));
        }
    }

    fn as_texts(&self, name: &str, most: usize, rule: &TextRule, value: Json<'j>) -> Option<Vec<String>> {
        self.as_list(name, most, value, |name, item| self.as_ruled(name, rule, item))
    }

    fn as_list(
        &self,
        name: &str,
        most: usize,
        value: Json<'j>,
        read: impl Fn(&str, Json<'j>) -> Option<String>,
    ) -> Option<Vec<String>> {
        let Json::Array(items) = value else {
            return self.mistyped(name, "an array of strings", &value);
        };
        self.at_most(name, items.len(), most);
        let text = |(index, item)| read(&format!("{name}[{index}]"), item);
        Some(items.into_iter().enumerate().filter_map(text).collect())
    }

    /// What a merge patch says of an array of so many strings of a kind at most.
    pub(crate) fn patch_texts(&mut self, name: &str, most: usize, rule: &TextRule) -> Patch<Vec<String>> {
        self.limit_items(name, 0, most);
        self.patch(name, |fields, value| fields.as_texts(name, most, rule, value))
    }

    /// What a merge patch says of an array of so many objects at most.
    pub(crate) fn patch_objects<T>(
        &mut self,
        name: &str,
        most: usize,
        mut read: impl FnMut(&mut Fields<'j>) -> T,
    ) -> Patch<Vec<T>> {
        self.limit_items(name, 0, most);
        self.patch(name, |fields, value| fields.as_objects(name, most, value, &mut read))
    }

    /// What a merge patch sets a member to that cannot be removed.
    fn changed<T>(&mut self, name: &str, read: impl FnOnce(&Self, Json<'j>) -> Option<T>) -> Option<T> {
        match self.patch(name, read) {
            Patch::Keep => None,
            Patch::Set(value) => Some(value),
            Patch::Clear => {
                self.wrong(name, "required", "the field cannot be removed");
                None
            }
        }
    }

    /// A string of a kind in a merge patch, which cannot be removed.
    pub(crate) fn changed_ruled(&mut self, name: &str, rule: &TextRule) -> Option<String> {
        self.limit(name, rule);
        self.changed(name, |fields, value| fields.as_ruled(name, rule, value))
    }

    /// A string of a kind in a merge patch: empty when it is removed.
    pub(crate) fn cleared_ruled(&mut self, name: &str, rule: &TextRule) -> Option<String> {
        self.limit(name, &rule.optional());
        match self.patch(name, |fields, value| fields.as_ruled(name, rule, value)) {
            Patch::Keep => None,
            Patch::Set(text) => Some(text),
            Patch::Clear => Some(String::new()),
        }
    }

    /// A whole number of a kind in a merge patch, which cannot be removed.
    pub(crate) fn changed_number(&mut self, name: &str, rule: &NumberRule) -> Option<i64> {
        self.limit(name, rule);
        self.changed(name, |fields, value| fields.as_number(name, rule, &value))
    }

    /// One of a few words in a merge patch, which cannot be removed.
    pub(crate) fn changed_one_of<T: Copy>(&mut self, name: &str, table: &[(&str, T)]) -> Option<T> {
        self.changed(name, |fields, value| fields.as_one_of(name, table, value))
    }

    /// An object in a merge patch, which cannot be removed.
    pub(crate) fn changed_object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'j>) -> T) -> Option<T> {
        self.changed(name, |fields, value| fields.as_object(name, value, read))
    }

    /// What a merge patch says of an object.
    pub(crate) fn patch_object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'j>) -> T) -> Patch<T> {
        self.patch(name, |fields, value| fields.as_object(name, value, read))
    }

    /// All remaining members as attributes of a product. A `null` one is in the list without a value.
    pub(crate) fn attributes(&mut self) -> HashMap<String, Option<AttributeValue>> {
        let mut attributes = HashMap::new();
        // By value and not by `take`, whose search would make a body of many members slow.
        for (name, value) in std::mem::take(&mut self.entries) {
            let Some(value) = value else { continue };
            let value = match value {
                Json::Null => None,
                Json::Boolean(boolean) => Some(attribute_value::Value::Boolean(boolean)),
                Json::Integer(integer) => Some(attribute_value::Value::Integer(integer)),
                Json::Number(number) => self
                    .judged(&shortened(&name), values::attribute_number(number))
                    .map(attribute_value::Value::Number),
                Json::Text(_) => self
                    .as_ruled(&shortened(&name), &values::ATTRIBUTE_TEXT, value)
                    .map(attribute_value::Value::Text),
                other => self.mistyped(&shortened(&name), "a string, a number or a boolean", &other),
            };
            let value = value.map(|value| AttributeValue { value: Some(value) });
            self.judged(&shortened(&name), values::ATTRIBUTE_KEY.check(&name).map(drop));
            if attributes.insert(name.clone().into_owned(), value).is_some() {
                self.wrong(
                    &shortened(&name),
                    "duplicate_field",
                    "the field is given more than once",
                );
            }
        }
        attributes
    }
}

/// The words of a table, for a message.
pub(crate) fn words<T>(table: &[(&str, T)]) -> String {
    table.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MAX_ECHO) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
    }
}
