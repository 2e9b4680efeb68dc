-- `follow_sales` as of step 12, but a look that lies ahead was made before the clock was set back, and does not count as done.
CREATE OR REPLACE FUNCTION follow_sales(age double precision) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = off SET jit = off
AS $$
DECLARE
    known search_sales;
    reached_version integer;
    reached numeric;
BEGIN
    SELECT * INTO known FROM search_sales FOR UPDATE;
    IF known.looked_at BETWEEN clock_timestamp() - make_interval(secs => age) AND clock_timestamp() THEN
        RETURN;
    END IF;
    SELECT p.version, sum(c.position) INTO reached_version, reached
    FROM projections p JOIN projection_cursor c ON c.name = p.name AND c.version = p.version
    WHERE p.name = 'product_sales' AND p.state = 'active'
    GROUP BY p.version;
    IF reached_version IS NULL OR (reached_version = known.version AND reached = known.positions) THEN
        RETURN;
    END IF;
    WITH changed AS (
        INSERT INTO search_sold AS k (product_id, units)
        SELECT coalesce(s.product_id, o.product_id), coalesce(s.sold - s.taken_back, 0)
        FROM product_sales s FULL JOIN search_sold o ON o.product_id = s.product_id
        WHERE coalesce(s.sold - s.taken_back, 0) <> coalesce(o.units, 0)
        ON CONFLICT (product_id) DO UPDATE SET units = excluded.units
        RETURNING k.product_id
    )
    INSERT INTO search_dirty AS d (index_name, product_id, mark, since, marked_at)
    SELECT i.name, c.product_id, m.mark, m.mark, clock_timestamp()
    FROM search_index i CROSS JOIN changed c CROSS JOIN (SELECT nextval('search_marks') AS mark) m
    WHERE i.ready OR i.building -- another one will be filled from what is here by then
    ORDER BY i.name, c.product_id COLLATE "C"
    ON CONFLICT (index_name, product_id) DO UPDATE SET mark = excluded.mark;
    UPDATE search_sales SET version = reached_version, positions = reached, looked_at = clock_timestamp();
END
$$;
