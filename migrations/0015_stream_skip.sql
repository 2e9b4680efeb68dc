-- Events that an operator took out of their stream for the writers, because nobody can read them: they keep their number, and change nothing.
CREATE TABLE stream_skip (
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    lane integer NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    error text NOT NULL, -- why it could not be read
    skipped_by text COLLATE "C" NOT NULL, -- actor, as in the events
    reason text NOT NULL,
    skipped_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (aggregate_type, aggregate_id, sequence, lane)
);
