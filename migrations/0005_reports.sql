-- Exports of reports that are made in the background. Their files are kept here too, so that any process of the query role can hand
-- out what another one made, and that a file is there exactly when its job says so.
CREATE TABLE report_exports (
    id text COLLATE "C" PRIMARY KEY,
    status text COLLATE "C" NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    request bytea NOT NULL, -- the ExportRequest of the protocol
    parameters text NOT NULL, -- the same as it was asked for, JSON
    created_by text COLLATE "C" NOT NULL,
    idempotency_key text COLLATE "C", -- NULL: none was given
    request_hash bytea NOT NULL,
    file_name text NOT NULL,
    media_type text NOT NULL,
    rows bigint NOT NULL DEFAULT 0, -- written so far
    total_rows bigint, -- NULL: not counted yet
    size bigint NOT NULL DEFAULT 0, -- bytes of the file
    attempts integer NOT NULL DEFAULT 0,
    error_code text,
    error text,
    holder uuid, -- who makes it
    held_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    expires_at timestamptz -- when the row and its file go
) WITH (fillfactor = 50); -- progress is written often
CREATE UNIQUE INDEX report_exports_key ON report_exports (created_by, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX report_exports_open ON report_exports (created_at) WHERE status IN ('queued', 'running');
CREATE INDEX report_exports_created ON report_exports (created_at, id);

-- The files, piece by piece. Pieces of a job that is not done are of nobody's concern.
CREATE TABLE report_export_pieces (
    export_id text COLLATE "C" NOT NULL REFERENCES report_exports ON DELETE CASCADE,
    number bigint NOT NULL, -- from 0
    start bigint NOT NULL, -- bytes before it
    data bytea NOT NULL,
    PRIMARY KEY (export_id, number)
);
-- A part of a piece can be read without the rest of it.
ALTER TABLE report_export_pieces ALTER COLUMN data SET STORAGE EXTERNAL;
