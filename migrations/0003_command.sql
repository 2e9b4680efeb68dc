-- What the write services keep beside the log: credentials, the counter of order numbers, and the memory of process managers.

-- A password's hash is no event: it must be replaceable and erasable. A row is written before its user exists, so a row without a
-- user may be left behind by a crash; nothing can log in with it.
CREATE TABLE credentials (
    user_id text COLLATE "C" PRIMARY KEY,
    password_hash text NOT NULL, -- PHC string, argon2id
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- The next number that no process has taken yet. Processes take blocks, so numbers of parallel processes interleave.
CREATE TABLE order_numbers (
    counter text COLLATE "C" PRIMARY KEY,
    next bigint NOT NULL CHECK (next > 0)
) WITH (fillfactor = 10); -- room in the page for heap-only updates

INSERT INTO order_numbers (counter, next) VALUES ('order', 1001);

-- One process at a time works as a process manager. The lease is for economy: what a process manager does is safe to do twice.
CREATE TABLE process_lease (
    process text COLLATE "C" PRIMARY KEY,
    holder uuid NOT NULL,
    held_until timestamptz NOT NULL
) WITH (fillfactor = 10);

-- How far a process manager has read each lane of the log.
CREATE TABLE process_cursor (
    process text COLLATE "C" NOT NULL,
    lane integer NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (process, lane)
) WITH (fillfactor = 50);

-- Stock that orders hold and that may have to be given back, as of the cursors in process_cursor: reservations whose order has not
-- come yet, and cancelled orders whose stock has not been seen to return.
CREATE TABLE pending_reservations (
    order_id text COLLATE "C" NOT NULL,
    state text NOT NULL CHECK (state IN ('reserved', 'cancelled')),
    product_ids text[] NOT NULL,
    since timestamptz NOT NULL,
    correlation_id uuid NOT NULL, -- of what reserved or cancelled
    PRIMARY KEY (order_id, state)
);
