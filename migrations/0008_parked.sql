-- Parked events can be tried again and skipped by operators.

ALTER TABLE projection_dead_letter
    ADD COLUMN attempts integer NOT NULL DEFAULT 1, -- how often the event was applied in vain
    ADD COLUMN tried_at timestamptz NOT NULL DEFAULT now(); -- the last time

-- Events that an operator took out of a read model. They belong to the read model and not to one of its versions: a rebuild leaves
-- them out too, so that the rebuilt version is what the active one is.
CREATE TABLE projection_skip (
    name text COLLATE "C" NOT NULL,
    lane integer NOT NULL,
    position bigint NOT NULL,
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    event_id uuid NOT NULL,
    error text NOT NULL, -- why it was parked
    attempts integer NOT NULL,
    parked_at timestamptz NOT NULL,
    skipped_by text COLLATE "C" NOT NULL, -- actor, as in the events
    reason text NOT NULL,
    skipped_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, lane, position)
);
