-- The books of the shop, checked all the time: every order holds the stock that it owes its customer, and no stock is held for nobody.

-- Orders whose books are open as of the cursors of the process `books`: what is kept for them is not what they are owed. Most are in
-- flight, between their reservation and their placement, and come and go without ever having a row.
CREATE TABLE books_open (
    order_id text COLLATE "C" PRIMARY KEY,
    units json NOT NULL, -- by product: kept, less owed
    since timestamptz NOT NULL
);

-- What was looked up and found to be wrong. A finding goes when it is mended.
CREATE TABLE books_findings (
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('order_without_stock', 'stock_without_order', 'read_model_differs')),
    subject text COLLATE "C" NOT NULL, -- the order, or the read model
    part text COLLATE "C" NOT NULL,    -- the product, or the row's key
    owed bigint,                       -- units of an order
    held bigint,
    since timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(), -- the last time
    PRIMARY KEY (kind, subject, part)
);
CREATE INDEX books_findings_subject ON books_findings (subject);
