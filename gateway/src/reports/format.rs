//! In which form a report is answered.

use http::{HeaderMap, header::ACCEPT};
use proto::v1::ExportFormat;

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

/// What `Accept` prefers; JSON unless a file is asked for at least as strongly.
pub(super) fn preferred(headers: &HeaderMap) -> Form {
    let (mut json, mut best) = (0.0_f32, None);
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality = parts
            .find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok())
            .unwrap_or(1.0);
        let format = match kind.as_str() {
            "text/csv" => FileFormat::Csv,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => FileFormat::Xlsx,
            "application/pdf" => FileFormat::Pdf,
            "application/jsonl" | "application/x-ndjson" => FileFormat::Jsonl,
            "application/json" | "application/*" => {
                json = json.max(quality);
                continue;
            }
            _ => continue,
        };
        if quality > best.map_or(0.0, |(_, quality)| quality) {
            best = Some((format, quality));
        }
    }
    match best {
        Some((format, quality)) if quality >= json => Form::File(format),
        _ => Form::Json,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

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
