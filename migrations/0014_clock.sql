-- Times that survive a clock that was set back: by hand, by NTP, or with the machine that took over.

-- What append_batch did, and no event is recorded before the one ahead of it in its lane: `at` is the clock or, while that is behind, the
-- time of the lanes' last events. What happened is dated by the clock all the same, so that a clock that once was a year ahead does not put
-- a year of orders on one day.
CREATE FUNCTION append_events(
    lanes_touched integer[], lane_counts bigint[],
    check_types text[], check_ids text[], check_lanes integer[], check_versions bigint[],
    key_lanes integer[], key_scopes text[], key_names text[], key_hashes bytea[], key_outcomes text[], key_versions text[],
    types text[], ids text[], sequences bigint[], event_types text[], event_versions text[], payloads text[], metadatas text[],
    lane_indexes integer[], offsets bigint[],
    event_ids uuid[], occurred timestamptz[], actors text[], correlations uuid[], causations uuid[],
    OUT heads bigint[], OUT at timestamptz, OUT clock timestamptz
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

    clock := clock_timestamp();
    SELECT greatest(clock, max(e.recorded_at)) INTO at
    FROM unnest(lanes_touched, heads) AS t (lane, head)
    JOIN events e ON e.lane = t.lane AND e.position = t.head;

    IF cardinality(key_names) > 0 THEN
        INSERT INTO idempotency (lane, scope, key, request_hash, outcome, versions, created_at)
        SELECT k.lane, k.scope, k.key, k.hash, k.outcome::json, k.versions::json, clock
        FROM unnest(key_lanes, key_scopes, key_names, key_hashes, key_outcomes, key_versions)
            AS k (lane, scope, key, hash, outcome, versions);
    END IF;

    INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, lane, position,
                        event_id, recorded_at, occurred_at, actor, correlation_id, causation_id)
    SELECT n.type, n.id, n.sequence, n.event_type, n.event_version, n.payload::json, n.metadata::json,
           lanes_touched[n.lane_index], heads[n.lane_index] + n.ahead,
           n.event_id, at, coalesce(n.occurred, clock), n.actor, n.correlation, n.causation
    FROM unnest(types, ids, sequences, event_types, event_versions, payloads, metadatas, lane_indexes, offsets,
                event_ids, occurred, actors, correlations, causations)
        AS n (type, id, sequence, event_type, event_version, payload, metadata, lane_index, ahead,
              event_id, occurred, actor, correlation, causation);
END
$$;

-- For processes from before this step, as long as there are any.
CREATE OR REPLACE FUNCTION append_batch(
    lanes_touched integer[], lane_counts bigint[],
    check_types text[], check_ids text[], check_lanes integer[], check_versions bigint[],
    key_lanes integer[], key_scopes text[], key_names text[], key_hashes bytea[], key_outcomes text[], key_versions text[],
    types text[], ids text[], sequences bigint[], event_types text[], event_versions text[], payloads text[], metadatas text[],
    lane_indexes integer[], offsets bigint[],
    event_ids uuid[], occurred timestamptz[], actors text[], correlations uuid[], causations uuid[],
    OUT heads bigint[], OUT at timestamptz
) LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    SELECT a.heads, a.at INTO heads, at FROM append_events(
        lanes_touched, lane_counts, check_types, check_ids, check_lanes, check_versions, key_lanes, key_scopes,
        key_names, key_hashes, key_outcomes, key_versions, types, ids, sequences, event_types, event_versions,
        payloads, metadatas, lane_indexes, offsets, event_ids, occurred, actors, correlations, causations) AS a;
END
$$;

-- How far the lane had been written at a time: the position of its last event that was recorded until then, 0 when there is none.
--
-- A binary search by key. Logs from before the function above may have times that go back, so what follows is looked at too: the next
-- events one by one, later ones in steps that double, and the last. An event that is dated after the present was recorded while the clock was
-- ahead: it, and what was recorded since under the same date, counts from the time at which it is said to have happened.
CREATE OR REPLACE FUNCTION lane_position_at(asked_lane integer, at timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
DECLARE
    present timestamptz := clock_timestamp();
    last bigint;
    low bigint := 0; -- recorded until then, or the start
    high bigint;     -- recorded later, or past the end
    middle bigint;
    recorded timestamptz;
BEGIN
    SELECT head INTO last FROM lanes WHERE lane = asked_lane;
    LOOP
        high := last + 1;
        WHILE high - low > 1 LOOP
            middle := (low + high) / 2;
            SELECT CASE WHEN e.recorded_at > present THEN least(e.recorded_at, e.occurred_at) ELSE e.recorded_at END INTO recorded
            FROM events e WHERE e.lane = asked_lane AND e.position = middle;
            IF recorded <= at THEN
                low := middle;
            ELSE
                high := middle;
            END IF;
        END LOOP;
        SELECT max(e.position) INTO middle FROM events e
        WHERE e.lane = asked_lane
            AND e.position = ANY (ARRAY(
                SELECT low + step FROM generate_series(1, least(32, last - low)) AS near (step)
                UNION ALL SELECT low + (1::bigint << power) FROM generate_series(6, 62) AS far (power) WHERE 1::bigint << power < last - low
                UNION ALL SELECT last))
            AND e.position > low
            AND CASE WHEN e.recorded_at > present THEN least(e.recorded_at, e.occurred_at) ELSE e.recorded_at END <= at;
        EXIT WHEN middle IS NULL;
        low := middle;
    END LOOP;
    RETURN low;
END
$$;
