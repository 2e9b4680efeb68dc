-- Looking back: what a reaction reacted to, folded states by position, and where in the log a time or a position is.

-- The event that raised the suspicion; NULL in rows from before it was kept.
ALTER TABLE pending_reservations ADD COLUMN cause uuid;

-- States of streams along their way, so that a look into the past folds a few events and not the whole stream. Made while looking:
-- appends do not wait for it. Safe to truncate at any time.
CREATE TABLE history_snapshots (
    lane integer NOT NULL,
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0), -- the last event in it
    event_id uuid NOT NULL, -- that event's: a snapshot of another log, as after a restore, is not looked at
    fold integer NOT NULL, -- version of the code that folded it; others are not looked at
    state text NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, fold, sequence, lane)
);

-- How far the lane had been written at a time: the position of its last event that was recorded until then, 0 when there is none.
-- Within a lane events are recorded in the order of their positions, so this is a binary search by key. Should the clock ever have been
-- set back, the answer is one of the places that fit.
CREATE FUNCTION lane_position_at(asked_lane integer, at timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
DECLARE
    low bigint := 0; -- recorded until then, or the start
    high bigint;     -- recorded later, or past the end
    middle bigint;
    recorded timestamptz;
BEGIN
    SELECT head + 1 INTO high FROM lanes WHERE lane = asked_lane;
    WHILE high - low > 1 LOOP
        middle := (low + high) / 2;
        SELECT e.recorded_at INTO recorded FROM events e WHERE e.lane = asked_lane AND e.position = middle;
        IF recorded <= at THEN
            low := middle;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END
$$;

-- How far a stream had come at a position of its lane: the sequence of its last event until there, 0 when there is none, and whether the
-- stream goes on after it. A binary search by key: both sequences and positions only grow.
CREATE FUNCTION stream_sequence_at(asked_type text, asked_id text, asked_lane integer, until bigint,
    OUT at_sequence bigint, OUT last_sequence bigint)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
DECLARE
    high bigint;
    middle bigint;
    reached bigint;
BEGIN
    SELECT e.sequence INTO last_sequence FROM events e
    WHERE e.aggregate_type = asked_type AND e.aggregate_id = asked_id AND e.lane = asked_lane
    ORDER BY e.sequence DESC LIMIT 1;
    last_sequence := coalesce(last_sequence, 0);
    at_sequence := 0;
    high := last_sequence + 1;
    WHILE high - at_sequence > 1 LOOP
        middle := (at_sequence + high) / 2;
        SELECT e.position INTO reached FROM events e
        WHERE e.aggregate_type = asked_type AND e.aggregate_id = asked_id AND e.lane = asked_lane AND e.sequence = middle;
        IF reached <= until THEN
            at_sequence := middle;
        ELSE
            high := middle;
        END IF;
    END LOOP;
END
$$;
