//! The OpenAPI description, held against what is really answered.

use serde_json::{Value, json};

use crate::answer::Answer;

/// The description that a gateway gives of itself.
#[derive(Clone, Debug)]
pub struct OpenApi(Value);

impl OpenApi {
    /// Takes the document.
    #[must_use]
    pub fn new(document: Value) -> OpenApi {
        OpenApi(document)
    }

    /// All operations: pairs of method, in lower case, and path template.
    #[must_use]
    pub fn operations(&self) -> Vec<(String, String)> {
        let paths = self.0["paths"].as_object().expect("a description has paths");
        let methods = |item: &Value| -> Vec<String> {
            item.as_object()
                .map(|item| item.keys().cloned().collect())
                .unwrap_or_default()
        };
        paths
            .iter()
            .flat_map(|(path, item)| methods(item).into_iter().map(move |method| (method, path.clone())))
            .collect()
    }

    /// What is wrong with an answer by the description; nothing when it is as documented.
    #[must_use]
    pub fn objections(&self, method: &str, path: &str, answer: &Answer) -> Vec<String> {
        let operation = &self.0["paths"][path][method];
        let response = self.resolved(&operation["responses"][answer.status().to_string()]);
        if response.is_null() {
            return vec![format!(
                "{method} {path} answers {}, which is not documented",
                answer.status()
            )];
        }
        let mut objections = Vec::new();
        if let Some(headers) = response["headers"].as_object() {
            for (name, header) in headers {
                if header["required"] == true && answer.header(name).is_none() {
                    objections.push(format!("the header {name} is missing"));
                }
            }
        }
        let Some(contents) = response["content"].as_object().filter(|contents| !contents.is_empty()) else {
            if !answer.bytes.is_empty() {
                objections.push("there is a body, and none is documented".to_owned());
            }
            return objections;
        };
        let given = answer.header("content-type").unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        match contents.get(essence) {
            None => objections.push(format!("the content type {given} is not documented")),
            Some(content) if essence.ends_with("json") => {
                self.check(&content["schema"], answer.json(), "$", &mut objections);
            }
            Some(_) => {}
        }
        objections
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self
                .0
                .pointer(reference.trim_start_matches('#'))
                .unwrap_or_else(|| panic!("{reference} leads nowhere")),
            None => value,
        }
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, objections: &mut Vec<String>) {
        let schema = self.resolved(schema);
        if let Some(parts) = schema["allOf"].as_array() {
            // A member may be documented by any of the parts.
            return self.check(&self.together(parts), value, at, objections);
        }
        for word in ["oneOf", "anyOf"] {
            let Some(choices) = schema[word].as_array() else {
                continue;
            };
            let found: Vec<Vec<String>> = choices
                .iter()
                .map(|choice| self.objections_to(choice, value, at))
                .collect();
            if found.iter().all(|objections| !objections.is_empty()) {
                objections.push(format!("{at} is none of the documented kinds: {found:?}"));
            }
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(kind) => vec![kind.as_str()],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !kinds.is_empty() && !kinds.iter().any(|kind| is_of(kind, value)) {
            objections.push(format!("{at} is {value}, and {kinds:?} is documented"));
            return;
        }
        if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
            objections.push(format!("{at} is {value}, which is none of {}", schema["enum"]));
        }
        match value {
            Value::Object(members) => self.check_members(schema, members, at, objections),
            Value::Array(items) if schema.get("items").is_some() => {
                for (index, item) in items.iter().enumerate() {
                    self.check(&schema["items"], item, &format!("{at}[{index}]"), objections);
                }
            }
            _ => {}
        }
    }

    /// One schema of an object for what several say of it together.
    fn together(&self, parts: &[Value]) -> Value {
        let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
        for part in parts {
            let mut part = self.resolved(part).clone();
            if let Some(parts) = part["allOf"].as_array().cloned() {
                part = self.together(&parts);
            }
            properties.extend(part["properties"].as_object().cloned().into_iter().flatten());
            required.extend(part["required"].as_array().cloned().into_iter().flatten());
        }
        json!({"type": "object", "properties": properties, "required": required})
    }

    fn check_members(
        &self,
        schema: &Value,
        members: &serde_json::Map<String, Value>,
        at: &str,
        objections: &mut Vec<String>,
    ) {
        for name in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if !members.contains_key(name) {
                objections.push(format!("{at}.{name} is missing"));
            }
        }
        let Some(documented) = schema["properties"].as_object() else {
            if schema["additionalProperties"].is_object() {
                for (name, value) in members {
                    self.check(
                        &schema["additionalProperties"],
                        value,
                        &format!("{at}.{name}"),
                        objections,
                    );
                }
            }
            return;
        };
        // A problem carries facts of its code besides.
        let open = schema
            .get("additionalProperties")
            .is_some_and(|others| *others != false)
            || documented.contains_key("request_id");
        for (name, value) in members {
            match documented.get(name) {
                Some(schema) => self.check(schema, value, &format!("{at}.{name}"), objections),
                None if open => {}
                None => objections.push(format!("{at}.{name} is not documented")),
            }
        }
    }

    fn objections_to(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let mut objections = Vec::new();
        self.check(schema, value, at, &mut objections);
        objections
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type of JSON Schema"),
    }
}
