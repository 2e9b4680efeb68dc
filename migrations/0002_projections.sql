-- The books of the read models. Their tables, `<name>_v<version>`, and the views over them are made by the crate `projections`.

-- Every version that a read model ever had. Reads see the active one; a rebuild fills the building one beside it.
CREATE TABLE projections (
    name text COLLATE "C" NOT NULL,
    version integer NOT NULL CHECK (version > 0), -- counts the builds
    state text COLLATE "C" NOT NULL CHECK (state IN ('building', 'active', 'retired')),
    code_version integer NOT NULL, -- of the code that folded the events into it
    phase text COLLATE "C" NOT NULL DEFAULT 'done' CHECK (phase IN ('copy', 'index', 'catch_up', 'done')), -- of a build
    builder uuid,
    builder_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    activated_at timestamptz,
    PRIMARY KEY (name, version)
);
CREATE UNIQUE INDEX projections_active ON projections (name) WHERE state = 'active';
CREATE UNIQUE INDEX projections_building ON projections (name) WHERE state = 'building';

-- How far a version has come in each lane. Moved in the transaction that writes the rows of the view.
CREATE TABLE projection_cursor (
    name text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    lane integer NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (name, version, lane),
    FOREIGN KEY (name, version) REFERENCES projections
) WITH (fillfactor = 25); -- room in the page for heap-only updates

-- Who projects which lanes. Whoever moves cursors holds the lock of the lease's row and has its fencing number.
CREATE TABLE projection_lease (
    name text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    first_lane integer NOT NULL,
    last_lane integer NOT NULL,
    owner uuid,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0,
    rate double precision NOT NULL DEFAULT 0, -- events per second, while the lease lasts
    PRIMARY KEY (name, version, first_lane),
    FOREIGN KEY (name, version) REFERENCES projections
) WITH (fillfactor = 25);

-- The projectors that are alive, so that each can tell its fair share of the leases.
CREATE TABLE projection_worker (
    owner uuid PRIMARY KEY,
    seen_until timestamptz NOT NULL
);

-- Events that could not be applied, and those of the same stream that queue behind them.
CREATE TABLE projection_dead_letter (
    name text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    lane integer NOT NULL,
    position bigint NOT NULL,
    aggregate_type text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    event_id uuid NOT NULL,
    error text, -- NULL: waits behind an earlier event of its stream
    parked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, version, lane, position),
    FOREIGN KEY (name, version) REFERENCES projections
);
CREATE INDEX projection_dead_letter_key ON projection_dead_letter (name, version, aggregate_type, aggregate_id);
