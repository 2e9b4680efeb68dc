CREATE TABLE product_sales_v1 (product_id text COLLATE "C" NOT NULL, sold bigint NOT NULL, taken_back bigint NOT NULL) WITH (fillfactor = 75);
CREATE UNIQUE INDEX IF NOT EXISTS product_sales_v1_key ON product_sales_v1 (product_id);
CREATE OR REPLACE VIEW product_sales AS SELECT product_id, sold, taken_back FROM product_sales_v1;
