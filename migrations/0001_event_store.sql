-- The event store: a log of lanes, written by append_batch and by nothing else.
--
-- Every primary and unique key contains `lane`, a pure function of the stream's id: the distribution column of a distributed
-- PostgreSQL. `COLLATE "C"` makes comparing keys a memcmp and their order the same on every machine.

-- One row a lane. An append takes its positions from `head` under the row's lock, so that within a lane positions are dense and
-- become visible in order. The number of rows is the number of lanes; it is decided here, before the first event, for ever.
CREATE TABLE lanes (
    lane integer PRIMARY KEY CHECK (lane >= 0),
    head bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10); -- room in the page for heap-only updates

INSERT INTO lanes (lane) SELECT generate_series(0, 63);

-- The first seven columns are those of postgres-es, whose repository can read the table. It cannot write it: `lane` and `position`
-- have no default, because only append_batch may give out positions.
CREATE TABLE events (
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    event_type text COLLATE "C" NOT NULL,
    event_version text COLLATE "C" NOT NULL,
    payload json NOT NULL,  -- json, not jsonb: kept letter for letter, \u0000 included
    metadata json NOT NULL, -- a flat map of strings
    lane integer NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL, -- when it was stored
    occurred_at timestamptz NOT NULL, -- when it happened in the business
    actor text NOT NULL,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence, lane),
    UNIQUE (lane, position)
);

-- The outcome of every command that came with an idempotency key, committed with its events.
CREATE TABLE idempotency (
    lane integer NOT NULL,
    scope text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    request_hash bytea NOT NULL,
    outcome json NOT NULL,
    versions json NOT NULL, -- [[aggregate_type, aggregate_id, lane, version], ...] of the streams that it wrote
    created_at timestamptz NOT NULL,
    PRIMARY KEY (lane, scope, key)
);

-- A cache of folded streams. Safe to truncate at any time.
CREATE TABLE stream_snapshots (
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    lane integer NOT NULL,
    version bigint NOT NULL,
    schema_hash bigint NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, lane)
);

-- Appends a batch of decided commands in one round trip.
--
-- Locks the lanes (ascending, so that writers cannot deadlock), checks the version of every stream that a decision stood on, stores the
-- idempotency records and the events, and returns each lane's head from before. Being VOLATILE, every statement in it sees what was
-- committed until then: after the locks, everything that was ever written to these lanes.
--
-- Raises ES001 when a stream has moved on, and a unique violation when an idempotency key is taken; nothing is written then.
--
-- The settings keep the plans of an empty table from outliving its growth.
CREATE FUNCTION append_batch(
    lanes_touched integer[], lane_counts bigint[],
    check_types text[], check_ids text[], check_lanes integer[], check_versions bigint[],
    key_lanes integer[], key_scopes text[], key_names text[], key_hashes bytea[], key_outcomes text[], key_versions text[],
    types text[], ids text[], sequences bigint[], event_types text[], event_versions text[], payloads text[], metadatas text[],
    lane_indexes integer[], offsets bigint[],
    event_ids uuid[], occurred timestamptz[], actors text[], correlations uuid[], causations uuid[],
    OUT heads bigint[], OUT at timestamptz
) LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
    -- Ascending, because only nested loops are allowed here and both of their ends are: the array and the index on lanes.
    WITH moved AS (
        UPDATE lanes l SET head = l.head + t.count
        FROM unnest(lanes_touched, lane_counts) AS t (lane, count)
        WHERE l.lane = t.lane
        RETURNING l.lane, l.head - t.count AS head
    )
    SELECT array_agg(moved.head ORDER BY moved.lane) INTO heads FROM moved;

    PERFORM FROM unnest(check_types, check_ids, check_lanes, check_versions) AS c (type, id, lane, version)
    WHERE c.version <> coalesce((
        SELECT e.sequence FROM events e
        WHERE e.aggregate_type = c.type AND e.aggregate_id = c.id AND e.lane = c.lane
        ORDER BY e.sequence DESC LIMIT 1), 0)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a stream has moved on' USING ERRCODE = 'ES001';
    END IF;

    at := clock_timestamp();

    IF cardinality(key_names) > 0 THEN
        INSERT INTO idempotency (lane, scope, key, request_hash, outcome, versions, created_at)
        SELECT k.lane, k.scope, k.key, k.hash, k.outcome::json, k.versions::json, at
        FROM unnest(key_lanes, key_scopes, key_names, key_hashes, key_outcomes, key_versions)
            AS k (lane, scope, key, hash, outcome, versions);
    END IF;

    INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, lane, position,
                        event_id, recorded_at, occurred_at, actor, correlation_id, causation_id)
    SELECT n.type, n.id, n.sequence, n.event_type, n.event_version, n.payload::json, n.metadata::json,
           lanes_touched[n.lane_index], heads[n.lane_index] + n.ahead,
           n.event_id, at, coalesce(n.occurred, at), n.actor, n.correlation, n.causation
    FROM unnest(types, ids, sequences, event_types, event_versions, payloads, metadatas, lane_indexes, offsets,
                event_ids, occurred, actors, correlations, causations)
        AS n (type, id, sequence, event_type, event_version, payload, metadata, lane_index, ahead,
              event_id, occurred, actor, correlation, causation);
END
$$;

-- The newest usable snapshot of every asked stream, then its events after that, in order. A snapshot is one row without event type.
-- Usable: of the asked schema, and not ahead of the log (as after a restore of the log alone).
CREATE FUNCTION load_streams(types text[], ids text[], stream_lanes integer[], schema_hashes bigint[])
RETURNS TABLE (stream integer, sequence bigint, event_type text, event_version text, body text)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT a.ord::integer AS stream, a.type, a.id, a.lane, s.version, s.state
        FROM unnest(types, ids, stream_lanes, schema_hashes) WITH ORDINALITY AS a (type, id, lane, schema_hash, ord)
        LEFT JOIN stream_snapshots s
            ON s.aggregate_type = a.type AND s.aggregate_id = a.id AND s.lane = a.lane AND s.schema_hash = a.schema_hash
            AND EXISTS (
                SELECT FROM events e
                WHERE e.aggregate_type = a.type AND e.aggregate_id = a.id AND e.sequence = s.version AND e.lane = a.lane)
    )
    SELECT a.stream, a.version, NULL::text, NULL::text, a.state FROM asked a WHERE a.version IS NOT NULL
    UNION ALL
    SELECT a.stream, e.sequence, e.event_type, e.event_version, e.payload::text
    FROM asked a
    JOIN events e
        ON e.aggregate_type = a.type AND e.aggregate_id = a.id AND e.lane = a.lane AND e.sequence > coalesce(a.version, 0)
    ORDER BY 1, 2;
END
$$;

-- For every asked lane, up to its limit of the events after a position, in order.
CREATE FUNCTION read_lanes(asked_lanes integer[], after_positions bigint[], limits integer[])
RETURNS SETOF events
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
    RETURN QUERY
    SELECT e.*
    FROM unnest(asked_lanes, after_positions, limits) AS a (lane, after, max)
    CROSS JOIN LATERAL (
        SELECT * FROM events WHERE events.lane = a.lane AND events.position > a.after ORDER BY events.position LIMIT a.max
    ) e;
END
$$;

-- The stored outcomes of the asked keys, each with the highest position that it wrote per lane.
CREATE FUNCTION stored_outcomes(key_lanes integer[], key_scopes text[], key_names text[])
RETURNS TABLE (asked integer, request_hash bytea, outcome text, versions text, positions text)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
    RETURN QUERY
    SELECT k.ord::integer, i.request_hash, i.outcome::text, i.versions::text, (
        SELECT coalesce(json_agg(json_build_array(p.lane, p.position)), '[]')::text
        FROM (
            SELECT e.lane, max(e.position) AS position
            FROM json_array_elements(i.versions) AS v
            JOIN events e ON e.aggregate_type = v ->> 0 AND e.aggregate_id = v ->> 1 AND e.lane = (v ->> 2)::integer AND e.sequence = (v ->> 3)::bigint
            GROUP BY e.lane ORDER BY e.lane
        ) p)
    FROM unnest(key_lanes, key_scopes, key_names) WITH ORDINALITY AS k (lane, scope, key, ord)
    JOIN idempotency i ON i.lane = k.lane AND i.scope = k.scope AND i.key = k.key;
END
$$;
