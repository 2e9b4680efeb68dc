-- Products are listed by price within their currency. New versions of the table come with this index; this gives it to the one that serves.
DO $$
DECLARE
    products text;
BEGIN
    FOR products IN SELECT 'products_v' || version FROM projections WHERE name = 'products' AND state = 'active' LOOP
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %I (currency, price_amount, id)', products || '_currency_price', products);
        EXECUTE format('DROP INDEX IF EXISTS %I', products || '_price');
    END LOOP;
END
$$;
