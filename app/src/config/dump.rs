//! `tillroll config dump`.

use std::fmt::Write as _;

use super::layers::Source;
use super::reader::Entry;

pub(super) fn render(entries: &[Entry]) -> String {
    let mut text = String::new();
    for Entry { variable, value } in entries {
        let line = match value {
            Some((shown, source)) => {
                let named = match source {
                    Source::Flag => format!("flag --{}", variable.flag),
                    Source::Environment => format!("environment {}", variable.environment),
                    Source::File(_) => format!("file {source}"),
                    Source::Default => "default".to_owned(),
                };
                format!("{} = {} # {named}", variable.key, toml::Value::String(shown.clone()))
            }
            None => format!("# {} is not set", variable.key),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# {}\n{line}\n", variable.help);
    }
    text.truncate(text.trim_end().len());
    text
}
