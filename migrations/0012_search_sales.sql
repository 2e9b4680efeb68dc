-- The order by sales in the search indexes follows the rows of `product_sales` now and then. A sale itself marks nothing.

-- The units sold as the indexes have them, or are about to.
CREATE TABLE search_sold (
    product_id text COLLATE "C" PRIMARY KEY,
    units bigint NOT NULL
) WITH (fillfactor = 75); -- room in the page for heap-only updates

-- Where `product_sales` was when it was last looked through.
CREATE TABLE search_sales (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton), -- there is one row
    version integer NOT NULL DEFAULT 0,
    positions numeric NOT NULL DEFAULT 0, -- the sum over the lanes
    looked_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO search_sales DEFAULT VALUES;

-- Indexes that are there already have what was sold until now, or a mark.
DO $$
BEGIN
    IF to_regclass('product_sales') IS NOT NULL THEN
        INSERT INTO search_sold SELECT product_id, sold - taken_back FROM product_sales;
    END IF;
END
$$;

-- Takes in what was sold since, and marks the products for every index in the same transaction, unless that was done less than `age`
-- seconds ago. Who comes at the same time waits and finds it done.
--
-- The setting keeps the plans of empty tables from outliving their growth: both sides are read as a whole, once.
CREATE FUNCTION follow_sales(age double precision) RETURNS void
LANGUAGE plpgsql VOLATILE
SET enable_nestloop = off SET jit = off
AS $$
DECLARE
    known search_sales;
    reached_version integer;
    reached numeric;
BEGIN
    SELECT * INTO known FROM search_sales FOR UPDATE;
    IF known.looked_at > clock_timestamp() - make_interval(secs => age) THEN
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
