-- The search indexes that follow the read models, and what each of them has still to take in.

-- One row an index that somebody keeps. What is written into the index comes from the holder of its lease alone; the fencing number
-- tells a holder that has been away too long.
CREATE TABLE search_index (
    name text COLLATE "C" PRIMARY KEY,
    engine text COLLATE "C" NOT NULL,
    owner uuid,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- when a process last said that it uses the index
    ready boolean NOT NULL DEFAULT false, -- whether it was ever filled, so that it can answer
    build bigint NOT NULL DEFAULT 0, -- counts the fillings that were begun
    rebuilds_asked bigint NOT NULL DEFAULT 0,
    rebuilds_done bigint NOT NULL DEFAULT 0, -- behind rebuilds_asked: fill it anew
    building boolean NOT NULL DEFAULT false,
    built bigint NOT NULL DEFAULT 0, -- products that the filling under way has taken in
    to_build bigint NOT NULL DEFAULT 0, -- of so many
    settings_version bigint NOT NULL DEFAULT 0, -- of the settings that it has
    documents bigint NOT NULL DEFAULT 0,
    outage text -- why the engine does not take anything in; NULL: it does
);

-- Counts the marks below. Not for their order, but to tell those that were there at a moment from later ones.
CREATE SEQUENCE search_marks;

-- The products that an index has to look at again, marked in the transaction that changed their rows. The holder of the lease takes
-- the rows as they are by then and removes the mark, unless it was renewed meanwhile.
CREATE TABLE search_dirty (
    index_name text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    mark bigint NOT NULL, -- the latest
    since bigint NOT NULL, -- the first that was not dealt with
    marked_at timestamptz NOT NULL, -- when that was
    PRIMARY KEY (index_name, product_id)
) WITH (fillfactor = 50); -- room in the page for heap-only updates
CREATE INDEX search_dirty_since ON search_dirty (index_name, since);

-- Products that an engine refuses to take in, and why.
CREATE TABLE search_rejected (
    index_name text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    rejected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (index_name, product_id)
);

-- What sets the indexes of this database apart from those of others on the same engine.
CREATE TABLE search_shop (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    singleton boolean NOT NULL DEFAULT true UNIQUE CHECK (singleton) -- there is one row
);
INSERT INTO search_shop DEFAULT VALUES;
