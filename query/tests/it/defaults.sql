-- What the tests leave out when they put rows in.
ALTER TABLE products_v1
    ALTER name_key SET DEFAULT '', ALTER description SET DEFAULT '', ALTER price_amount SET DEFAULT 100, ALTER currency SET DEFAULT 'GBP', ALTER category SET DEFAULT '',
    ALTER attributes SET DEFAULT '{}', ALTER status SET DEFAULT 'active', ALTER version SET DEFAULT 1,
    ALTER created_at SET DEFAULT '2024-01-01Z', ALTER updated_at SET DEFAULT '2024-01-01Z';
ALTER TABLE orders_v1
    ALTER status SET DEFAULT 'pending', ALTER currency SET DEFAULT 'GBP', ALTER total SET DEFAULT 0, ALTER credited SET DEFAULT 0,
    ALTER lines SET DEFAULT '[]', ALTER product_ids SET DEFAULT '{}', ALTER placed_at SET DEFAULT '2024-01-01Z', ALTER version SET DEFAULT 1,
    ALTER updated_at SET DEFAULT '2024-01-01Z';
ALTER TABLE sales_entry_v1
    ALTER order_id SET DEFAULT gen_random_uuid(), ALTER document SET DEFAULT '', ALTER kind SET DEFAULT 'sale', ALTER line SET DEFAULT 0,
    ALTER currency SET DEFAULT 'GBP', ALTER country SET DEFAULT '', ALTER customer SET DEFAULT '', ALTER customer_type SET DEFAULT 'guest',
    ALTER product SET DEFAULT 'p1', ALTER category SET DEFAULT '', ALTER units SET DEFAULT 1, ALTER amount SET DEFAULT 0,
    ALTER discounts SET DEFAULT 0, ALTER tax SET DEFAULT 0, ALTER discount_code SET DEFAULT '', ALTER discount_campaign SET DEFAULT '',
    ALTER discount_kind SET DEFAULT '';
ALTER TABLE sales_label_v1 ALTER version SET DEFAULT 0, ALTER as_of SET DEFAULT '2024-01-01Z';
