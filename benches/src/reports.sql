-- Orders of two years, as events: $1 to $2, so that several connections can share the work. Numbers that look random and are the same
-- in every run. Few products and customers buy and are bought often, most seldom; evenings are busier than nights.
INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, lane, position, event_id,
    recorded_at, occurred_at, actor, correlation_id)
SELECT 'order', id, 1, 'OrderPlaced', '1.0',
    json_build_object('OrderPlaced', json_build_object(
        'order_id', id, 'number', i, 'customer_id', customer, 'country', country, 'currency', currency, 'lines', lines, 'total', total,
        'placed_at', at)),
    '{}', i % 64, i / 64 + 1, md5('e' || i)::uuid, at, at, 'system:bench', md5('e' || i)::uuid
FROM generate_series($1::bigint, $2::bigint) AS i
CROSS JOIN LATERAL (SELECT
    (i * 7919 % 1000003) / 1000003.0 AS u, (i * 104729 % 1000033) / 1000033.0 AS v, (i * 15485863 % 999983) / 999983.0 AS w) AS r
CROSS JOIN LATERAL (SELECT
    'ord_' || md5('o' || i)::uuid AS id,
    'usr_' || md5('c' || floor(1000000 * v ^ 2))::uuid AS customer,
    (ARRAY['GB', 'GB', 'GB', 'GB', 'DE', 'DE', 'FR', 'IE', 'NL', 'ES', 'IT', 'SE'])[1 + floor(12 * w)::integer] AS country,
    CASE WHEN w < 0.9 THEN 'GBP' ELSE 'EUR' END AS currency,
    '2024-01-01T00:00:00Z'::timestamptz + (i * 731 / $3::bigint) * interval '1 day'
        + (1 - abs(u - v) ^ 1.3) * interval '86399 seconds' AS at) AS heading
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object('product_id', 'prod_' || md5('p' || p)::uuid, 'sku', 'P-' || p, 'name', 'Product ' || p,
            'category', 'c' || p % 12 || '/s' || p % 60, 'quantity', 1 + (i + l) % 3, 'unit_price', 200 + p % 5000,
            'total', (200 + p % 5000) * (1 + (i + l) % 3))) AS lines,
        sum((200 + p % 5000) * (1 + (i + l) % 3)) AS total
    FROM (SELECT l, floor(10000 * (((i + l * 777767) * 32452843 % 999979) / 999979.0) ^ 3)::bigint AS p
          FROM generate_series(1, 1 + i % 4) AS l) AS line) AS body;
