-- Processes: folds over the log with a state for each of their instances, timers, and an outbox of effects. Made and used by the crate
-- `processes`.

-- Who folds a process. Whoever writes instances, effects or positions holds the lock of this row and has its fencing number.
CREATE TABLE process (
    name text COLLATE "C" PRIMARY KEY,
    version integer NOT NULL, -- of the code that folded the instances
    since timestamptz NOT NULL DEFAULT clock_timestamp(), -- when it was folded from the start, by the clock of its timers
    owner uuid,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10); -- room in the page for heap-only updates

-- How far it has read each lane. What happened up to `muted` was there before the process was folded from the start: it has no effects.
CREATE TABLE process_position (
    name text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    lane integer NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    muted bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (name, version, lane)
) WITH (fillfactor = 25);

-- What is open, as of the positions. An instance without anything open has no row.
CREATE TABLE process_instance (
    name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    state json NOT NULL,
    timers json NOT NULL, -- the time of each, by name
    due timestamptz, -- the first of them
    PRIMARY KEY (name, key)
) WITH (fillfactor = 50);
CREATE INDEX process_instance_due ON process_instance (name, due) WHERE due IS NOT NULL;

-- What must follow. The id is derived from the cause, so the same effect of the same cause is one row. Delivered by any worker.
CREATE TABLE process_effect (
    id uuid PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    step text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL, -- who delivers it
    body json NOT NULL,
    remembered boolean NOT NULL, -- whether the row stays when it is done
    status text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'done', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- of the next attempt
    owner uuid,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    outcome json, -- of the delivery
    error text, -- of the last attempt, or why it was dropped
    dropped_by text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz -- delivered, dead or dropped
) WITH (fillfactor = 50);
CREATE INDEX process_effect_waiting ON process_effect (due_at) WHERE status = 'waiting';
CREATE INDEX process_effect_delivered ON process_effect (name, finished_at) WHERE status = 'delivered';
CREATE INDEX process_effect_dead ON process_effect (finished_at, id) WHERE status = 'dead';
CREATE INDEX process_effect_done ON process_effect (finished_at) WHERE status = 'done';

-- What the process managers before this step were at goes on. In one statement, so of one moment, whatever they do meanwhile.
-- They may go on beside the new ones: what both do is decided on the streams.
WITH known AS (
    INSERT INTO process (name, version)
    SELECT DISTINCT process, 1 FROM process_cursor WHERE process IN ('reservations', 'books') RETURNING name
), positions AS (
    INSERT INTO process_position (name, version, lane, position)
    SELECT process, 1, lane, position FROM process_cursor WHERE process IN ('reservations', 'books')
), reservations AS (
    -- Each looks again when its time was up, which is now or after the time that the configuration gives it.
    INSERT INTO process_instance (name, key, state, timers, due)
    SELECT 'reservations', order_id,
           json_object_agg(state, json_build_object('products', product_ids, 'since', since, 'correlation_id', correlation_id, 'cause', cause)),
           json_object_agg(state, since), min(since)
    FROM pending_reservations GROUP BY order_id
)
INSERT INTO process_instance (name, key, state, timers, due)
SELECT 'books', order_id, json_build_object('units', units, 'since', since), json_build_object('look', since), since
FROM books_open;

-- Exports are leased as everything else is. `holder` and `held_until` stay for processes from before this step.
ALTER TABLE report_exports
    ADD COLUMN owner uuid,
    ADD COLUMN lease_until timestamptz,
    ADD COLUMN fence bigint NOT NULL DEFAULT 0;
