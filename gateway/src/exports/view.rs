//! An export as clients see it.

use proto::v1::Export;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::expansion::Expansion;
use crate::times::rfc3339;
use crate::users::related::USER;

/// What can be put in the place of ids.
pub(crate) const EXPANSIONS: &[Expansion] = &[Expansion {
    name: "creator",
    id: "created_by",
    target: USER,
}];

/// A file that is made in the background.
#[derive(Serialize, ToSchema)]
#[schema(as = Export)]
pub(crate) struct ExportView {
    #[schema(example = "exp_0198c0de-0000-4000-8000-000000000001")]
    id: String,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    #[schema(example = "running")]
    status: String,
    /// What was asked for.
    #[schema(value_type = Value)]
    request: Box<RawValue>,
    progress: ExportProgress,
    /// Id of who asked.
    created_by: String,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    /// When it and its file go.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ExportError>,
    /// The file, when it is done.
    #[schema(required)]
    file: Option<ExportFile>,
}

/// How far it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportProgress {
    /// Rows written.
    rows: u64,
    /// Null: not known yet.
    #[schema(required)]
    percent: Option<u32>,
}

/// Why it failed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportError {
    code: String,
    detail: String,
}

/// A file that can be fetched.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportFile {
    name: String,
    /// Bytes.
    size: u64,
    /// Where it is; for administrators, like everything here.
    url: String,
}

impl ExportView {
    pub(super) fn new(export: Export, base: &str) -> Self {
        let done = export.status == "done";
        let empty = || RawValue::from_string("{}".to_owned()).unwrap_or_default();
        Self {
            request: RawValue::from_string(export.parameters).unwrap_or_else(|_| empty()),
            progress: ExportProgress {
                rows: export.rows,
                percent: export.percent,
            },
            created_by: export.created_by,
            created_at: rfc3339(export.created_at_micros),
            finished_at: export.finished_at_micros.map(rfc3339),
            expires_at: export.expires_at_micros.map(rfc3339),
            error: (!export.error_code.is_empty()).then_some(ExportError {
                code: export.error_code,
                detail: export.error,
            }),
            file: done.then(|| ExportFile {
                url: format!("{base}/v1/exports/{}/file", export.id),
                name: export.file_name,
                size: export.size,
            }),
            id: export.id,
            status: export.status,
        }
    }
}
