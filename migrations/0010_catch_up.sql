-- The events of every asked stream after the version that the asker has in memory, in order.
CREATE FUNCTION load_events_after(types text[], ids text[], stream_lanes integer[], versions bigint[])
RETURNS TABLE (stream integer, sequence bigint, event_type text, event_version text, body text)
LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
BEGIN
    RETURN QUERY
    SELECT a.ord::integer, e.sequence, e.event_type, e.event_version, e.payload::text
    FROM unnest(types, ids, stream_lanes, versions) WITH ORDINALITY AS a (type, id, lane, version, ord)
    JOIN events e
        ON e.aggregate_type = a.type AND e.aggregate_id = a.id AND e.lane = a.lane AND e.sequence > a.version
    ORDER BY 1, 2;
END
$$;
