-- What the tests leave out when they put rows in.
ALTER TABLE products_v1
    ALTER description SET DEFAULT '', ALTER price_amount SET DEFAULT 100, ALTER currency SET DEFAULT 'GBP', ALTER category SET DEFAULT '',
    ALTER attributes SET DEFAULT '{}', ALTER status SET DEFAULT 'active', ALTER version SET DEFAULT 1,
    ALTER created_at SET DEFAULT '2024-01-01Z', ALTER updated_at SET DEFAULT '2024-01-01Z';
ALTER TABLE orders_v1
    ALTER status SET DEFAULT 'pending', ALTER currency SET DEFAULT 'GBP', ALTER total SET DEFAULT 0, ALTER credited SET DEFAULT 0,
    ALTER lines SET DEFAULT '[]', ALTER product_ids SET DEFAULT '{}', ALTER placed_at SET DEFAULT '2024-01-01Z', ALTER version SET DEFAULT 1,
    ALTER updated_at SET DEFAULT '2024-01-01Z';
ALTER TABLE sales_v1
    ALTER orders SET DEFAULT 0, ALTER units SET DEFAULT 0, ALTER gross SET DEFAULT 0, ALTER credits SET DEFAULT 0,
    ALTER credited_units SET DEFAULT 0;
ALTER TABLE sales_label_v1 ALTER version SET DEFAULT 0, ALTER as_of SET DEFAULT '2024-01-01Z';
