-- The sums of entries whose categories have one level, as the projection keeps them.
CREATE TEMP VIEW moves AS
SELECT *, happened_at AS at, kind = 'sale' AS sold, kind <> 'sale' AS given, FALSE AS undone FROM sales_entry
UNION ALL SELECT *, ordered_at, FALSE, FALSE, TRUE FROM sales_entry WHERE kind <> 'sale';
INSERT INTO sales
SELECT dimension, bucket, currency, key, customer_type, count(DISTINCT order_id) FILTER (WHERE sold),
    coalesce(sum(units) FILTER (WHERE sold), 0), coalesce(sum(amount) FILTER (WHERE sold), 0), sum(discounts),
    coalesce(sum(tax) FILTER (WHERE sold), 0), coalesce(sum(amount) FILTER (WHERE given), 0),
    coalesce(sum(units) FILTER (WHERE given), 0), coalesce(sum(tax) FILTER (WHERE given), 0),
    coalesce(sum(amount) FILTER (WHERE undone), 0), coalesce(sum(units) FILTER (WHERE undone), 0),
    coalesce(sum(tax) FILTER (WHERE undone), 0)
FROM moves CROSS JOIN LATERAL (VALUES
    ('total', date_bin('15 minutes', at, '0001-01-01Z'), ''), ('country', date_bin('15 minutes', at, '0001-01-01Z'), country),
    ('category', date_bin('15 minutes', at, '0001-01-01Z'), category), ('category_own', date_bin('15 minutes', at, '0001-01-01Z'), category),
    ('product', date_trunc('day', at, 'UTC'), product), ('customer', date_trunc('month', at, 'UTC'), customer)
) AS d (dimension, bucket, key) GROUP BY 1, 2, 3, 4, 5;
INSERT INTO sales_month
SELECT dimension, date_trunc('month', bucket, 'UTC'), currency, key, customer_type, sum(orders), sum(units), sum(gross), sum(discounts),
    sum(tax), sum(credits), sum(credited_units), sum(credited_tax), sum(undone), sum(undone_units), sum(undone_tax)
FROM sales GROUP BY 1, 2, 3, 4, 5;
INSERT INTO sales_customer_year
SELECT dimension, date_trunc('year', bucket, 'UTC'), currency, key, '', sum(orders), sum(units), sum(gross), sum(discounts),
    sum(tax), sum(credits), sum(credited_units), sum(credited_tax), sum(undone), sum(undone_units), sum(undone_tax)
FROM sales_month WHERE dimension = 'customer' GROUP BY 1, 2, 3, 4;
INSERT INTO sales_year
SELECT 'country_product', date_trunc('year', at, 'UTC'), currency, country || chr(31) || product, customer_type,
    count(DISTINCT order_id) FILTER (WHERE sold), coalesce(sum(units) FILTER (WHERE sold), 0),
    coalesce(sum(amount) FILTER (WHERE sold), 0), sum(discounts), coalesce(sum(tax) FILTER (WHERE sold), 0),
    coalesce(sum(amount) FILTER (WHERE given), 0), coalesce(sum(units) FILTER (WHERE given), 0),
    coalesce(sum(tax) FILTER (WHERE given), 0), coalesce(sum(amount) FILTER (WHERE undone), 0),
    coalesce(sum(units) FILTER (WHERE undone), 0), coalesce(sum(tax) FILTER (WHERE undone), 0)
FROM moves WHERE product <> '' GROUP BY 2, 3, 4, 5;
DELETE FROM sales WHERE dimension = 'customer';
DROP VIEW moves;
