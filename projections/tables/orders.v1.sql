CREATE TABLE orders_v1 (id text COLLATE "C" NOT NULL, number bigint, status text COLLATE "C" NOT NULL, customer_id text COLLATE "C", customer_reference text COLLATE "C", country text COLLATE "C", currency text COLLATE "C" NOT NULL, total bigint NOT NULL, credited bigint NOT NULL, lines jsonb NOT NULL, product_ids text[] COLLATE "C" NOT NULL, placed_at timestamptz NOT NULL, cancelled_at timestamptz, cancel_reason text, source text COLLATE "C", external_id text COLLATE "C", version bigint NOT NULL, updated_at timestamptz NOT NULL) WITH (fillfactor = 95);
CREATE UNIQUE INDEX IF NOT EXISTS orders_v1_key ON orders_v1 (id);
CREATE INDEX IF NOT EXISTS orders_v1_placed ON orders_v1 (placed_at, id);
CREATE INDEX IF NOT EXISTS orders_v1_number ON orders_v1 (number);
CREATE INDEX IF NOT EXISTS orders_v1_customer ON orders_v1 (customer_id, placed_at, id);
CREATE INDEX IF NOT EXISTS orders_v1_products ON orders_v1 USING gin (product_ids) WITH (gin_pending_list_limit = 256);
CREATE OR REPLACE VIEW orders AS SELECT id, number, status, customer_id, customer_reference, country, currency, total, credited, lines, product_ids, placed_at, cancelled_at, cancel_reason, source, external_id, version, updated_at FROM orders_v1;
