-- The functions below are those of step 1 with the same meaning. Joins by key are written so that no statistics can lead astray: the
-- inner query is an ordered look-up of its own, for which only the index on the whole key will do. From statistics of an empty table the
-- planner takes reading all of it once for the cheapest join, and keeps that plan while the table grows.

CREATE OR REPLACE FUNCTION load_streams(types text[], ids text[], stream_lanes integer[], schema_hashes bigint[])
RETURNS TABLE (stream integer, sequence bigint, event_type text, event_version text, body text)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off
SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT a.ord::integer AS stream, a.type, a.id, a.lane, s.version, s.state
        FROM unnest(types, ids, stream_lanes, schema_hashes) WITH ORDINALITY AS a (type, id, lane, schema_hash, ord)
        LEFT JOIN LATERAL (
            SELECT k.version, k.state FROM stream_snapshots k
            WHERE k.aggregate_type = a.type AND k.aggregate_id = a.id AND k.lane BETWEEN a.lane AND a.lane
                AND k.schema_hash = a.schema_hash
                AND k.version <= (
                    SELECT e.sequence FROM events e
                    WHERE e.aggregate_type = a.type AND e.aggregate_id = a.id AND e.lane = a.lane
                    ORDER BY e.sequence DESC LIMIT 1)
            ORDER BY k.lane) s ON true
    )
    SELECT a.stream, a.version, NULL::text, NULL::text, a.state FROM asked a WHERE a.version IS NOT NULL
    UNION ALL
    SELECT a.stream, e.sequence, e.event_type, e.event_version, e.payload::text
    FROM asked a
    CROSS JOIN LATERAL (
        SELECT n.sequence, n.event_type, n.event_version, n.payload FROM events n
        WHERE n.aggregate_type = a.type AND n.aggregate_id = a.id AND n.lane = a.lane AND n.sequence > coalesce(a.version, 0)
        ORDER BY n.sequence) e
    ORDER BY 1, 2;
END
$$;

CREATE OR REPLACE FUNCTION stored_outcomes(key_lanes integer[], key_scopes text[], key_names text[])
RETURNS TABLE (asked integer, request_hash bytea, outcome text, versions text, positions text)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_sort = off
SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
    RETURN QUERY
    SELECT k.ord::integer, i.request_hash, i.outcome::text, i.versions::text, (
        SELECT coalesce(json_agg(json_build_array(p.lane, p.position)), '[]')::text
        FROM (
            SELECT e.lane, max(e.position) AS position
            FROM json_array_elements(i.versions) AS v
            CROSS JOIN LATERAL (
                SELECT n.lane, n.position FROM events n
                WHERE n.aggregate_type = v ->> 0 AND n.aggregate_id = v ->> 1 AND n.lane = (v ->> 2)::integer
                    AND n.sequence BETWEEN (v ->> 3)::bigint AND (v ->> 3)::bigint
                ORDER BY n.sequence) e
            GROUP BY e.lane ORDER BY e.lane
        ) p)
    FROM unnest(key_lanes, key_scopes, key_names) WITH ORDINALITY AS k (lane, scope, key, ord)
    CROSS JOIN LATERAL (
        SELECT o.request_hash, o.outcome, o.versions FROM idempotency o
        WHERE o.lane = k.lane AND o.scope = k.scope AND o.key BETWEEN k.key AND k.key
        ORDER BY o.key) i;
END
$$;
