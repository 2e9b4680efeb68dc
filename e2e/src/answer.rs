//! What the gateway answered.

use std::ops::Index;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

/// An answer, read to its end.
#[derive(Clone)]
pub struct Answer {
    pub(crate) request: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
    /// Null when the body is no JSON.
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn new(request: String, status: StatusCode, headers: HeaderMap, bytes: Bytes) -> Answer {
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        let answer = Answer {
            request,
            status,
            headers,
            bytes,
            json,
        };
        answer.check();
        answer
    }

    /// What holds for every answer of the gateway.
    fn check(&self) {
        assert!(
            self.header("x-request-id").is_some_and(|id| !id.is_empty()),
            "an answer names its request: {self:#?}"
        );
        let is_head = self.request.starts_with("HEAD ");
        if !(self.status.is_client_error() || self.status.is_server_error()) || is_head {
            return;
        }
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:#?}"
        );
        assert_eq!(self["status"], self.status.as_u16(), "{self:#?}");
        assert_eq!(self["request_id"].as_str(), self.header("x-request-id"), "{self:#?}");
        let code = self["code"].as_str().unwrap_or_default();
        assert!(
            !code.is_empty()
                && self["type"]
                    .as_str()
                    .is_some_and(|kind| kind.ends_with(&format!("/errors/{code}"))),
            "{self:#?}"
        );
        for text in ["title", "detail"] {
            assert!(
                self[text].as_str().is_some_and(|text| !text.is_empty()),
                "{text} is missing: {self:#?}"
            );
        }
        let errors = self["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("errors is missing: {self:#?}"));
        for error in errors {
            for text in ["field", "code", "message"] {
                assert!(
                    error[text].as_str().is_some_and(|text| !text.is_empty()),
                    "{text} is missing: {self:#?}"
                );
            }
        }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Passes the answer on when it has this status.
    #[must_use]
    #[track_caller]
    pub fn ok(self, status: u16) -> Answer {
        assert_eq!(self.status(), status, "{self:#?}");
        self
    }

    /// Passes the answer on when it is a refusal of this status and code.
    #[must_use]
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Answer {
        assert_eq!(
            (self.status(), self["code"].as_str()),
            (status, Some(code)),
            "{self:#?}"
        );
        self
    }

    /// The same, which must blame these fields and no others: pairs of field and code, in any order.
    #[must_use]
    #[track_caller]
    pub fn refused_for(self, status: u16, code: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.refused(status, code);
        let mut blamed = answer.fields();
        let mut expected: Vec<_> = fields
            .iter()
            .map(|(field, code)| ((*field).to_owned(), (*code).to_owned()))
            .collect();
        blamed.sort();
        expected.sort();
        assert_eq!(blamed, expected, "{answer:#?}");
        answer
    }

    /// The fields that a refusal blames, each with its code.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let errors = self["errors"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        errors
            .iter()
            .map(|error| (text(&error["field"]), text(&error["code"])))
            .collect()
    }

    /// A header; `None` when it is missing or there is more than one.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_else(|_| panic!("the body is no text: {self:#?}"))
    }

    /// `id` of the body.
    #[must_use]
    #[track_caller]
    pub fn id(&self) -> &str {
        self["id"]
            .as_str()
            .unwrap_or_else(|| panic!("there is no id: {self:#?}"))
    }

    /// What a later read must see, to see this write.
    #[must_use]
    #[track_caller]
    pub fn consistency_token(&self) -> &str {
        self.header("consistency-token")
            .unwrap_or_else(|| panic!("there is no consistency token: {self:#?}"))
    }

    /// The items of a page.
    #[must_use]
    #[track_caller]
    pub fn items(&self) -> &[Value] {
        self["items"]
            .as_array()
            .unwrap_or_else(|| panic!("there are no items: {self:#?}"))
    }

    /// One member of each item of a page.
    #[must_use]
    #[track_caller]
    pub fn each(&self, member: &str) -> Vec<&str> {
        let mut texts = Vec::new();
        for item in self.items() {
            let text = item[member].as_str();
            texts.push(text.unwrap_or_else(|| panic!("an item has no {member}: {self:#?}")));
        }
        texts
    }

    /// Status and body without what differs from run to run: for snapshots.
    #[must_use]
    pub fn shape(&self) -> Value {
        let mut body = self.json.clone();
        if let Some(body) = body.as_object_mut() {
            for name in ["request_id", "title", "type", "status"] {
                body.remove(name);
            }
        }
        json!({"status": self.status(), "body": body})
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(formatter, "{} was answered {}", self.request, self.status)?;
        for (name, value) in &self.headers {
            writeln!(formatter, "  {name}: {value:?}")?;
        }
        match &self.json {
            Value::Null => writeln!(formatter, "{}", String::from_utf8_lossy(&self.bytes)),
            json => writeln!(formatter, "{json:#}"),
        }
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, member: &str) -> &Value {
        &self.json[member]
    }
}
