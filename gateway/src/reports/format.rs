//! In which form a report is answered.

use http::HeaderMap;
use proto::v1::ExportFormat;

use crate::headers;

/// A form of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFormat {
    Csv,
    Xlsx,
    Pdf,
    Jsonl,
}

/// The forms by their names.
pub(crate) const FILE_FORMATS: &[(&str, FileFormat)] = &[
    ("csv", FileFormat::Csv),
    ("xlsx", FileFormat::Xlsx),
    ("pdf", FileFormat::Pdf),
    ("jsonl", FileFormat::Jsonl),
];

/// How a report is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    File(FileFormat),
}

/// The same by their names.
pub(super) const FORMATS: &[(&str, Form)] = &[
    ("json", Form::Json),
    ("csv", Form::File(FileFormat::Csv)),
    ("xlsx", Form::File(FileFormat::Xlsx)),
    ("pdf", Form::File(FileFormat::Pdf)),
    ("jsonl", Form::File(FileFormat::Jsonl)),
];

impl From<FileFormat> for ExportFormat {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Csv => Self::Csv,
            FileFormat::Xlsx => Self::Xlsx,
            FileFormat::Pdf => Self::Pdf,
            FileFormat::Jsonl => Self::Jsonl,
        }
    }
}

/// The forms by their media types. What could be any of them is JSON.
const MEDIA_TYPES: &[(&str, Form)] = &[
    ("application/json", Form::Json),
    ("text/csv", Form::File(FileFormat::Csv)),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Form::File(FileFormat::Xlsx),
    ),
    ("application/pdf", Form::File(FileFormat::Pdf)),
    ("application/jsonl", Form::File(FileFormat::Jsonl)),
];

/// What `Accept` prefers. Who takes none of them has been refused before.
pub(super) fn preferred(headers: &HeaderMap) -> Form {
    headers::preferred(headers, MEDIA_TYPES).unwrap_or(Form::Json)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header::ACCEPT};

    use super::*;

    #[test]
    fn accept_decides_between_json_and_files() {
        for (accept, expected) in [
            ("", Form::Json),
            ("*/*", Form::Json),
            ("application/json", Form::Json),
            ("text/csv", Form::File(FileFormat::Csv)),
            ("text/csv, */*;q=0.1", Form::File(FileFormat::Csv)),
            ("TEXT/CSV; header=present", Form::File(FileFormat::Csv)),
            ("text/csv;q=0.5, application/json", Form::Json),
            ("text/csv;q=0", Form::Json),
            ("application/pdf, text/csv;q=0.9", Form::File(FileFormat::Pdf)),
            ("application/x-ndjson", Form::File(FileFormat::Jsonl)),
            ("text/*", Form::File(FileFormat::Csv)),
            ("application/*", Form::Json),
            ("application/json;q=0, */*", Form::File(FileFormat::Csv)),
            ("application/json;q=0, text/*;q=0, */*", Form::File(FileFormat::Xlsx)),
            ("*/*, text/csv", Form::File(FileFormat::Csv)),
            ("*/*;q=0.9, text/csv;q=0.5", Form::Json),
            ("application/json, text/csv", Form::Json),
            ("text/csv, application/json", Form::File(FileFormat::Csv)),
            ("nonsense", Form::Json),
            (
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                Form::File(FileFormat::Xlsx),
            ),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(preferred(&headers), expected, "{accept}");
        }
    }
}
