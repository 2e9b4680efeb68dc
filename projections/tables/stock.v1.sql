CREATE TABLE stock_v1 (product_id text COLLATE "C" NOT NULL, on_hand bigint NOT NULL, reserved bigint NOT NULL, version bigint NOT NULL, updated_at timestamptz NOT NULL) WITH (fillfactor = 40);
CREATE UNIQUE INDEX IF NOT EXISTS stock_v1_key ON stock_v1 (product_id);
CREATE OR REPLACE VIEW stock AS SELECT product_id, on_hand, reserved, version, updated_at FROM stock_v1;
