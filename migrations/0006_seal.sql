-- The seal over the log: a Merkle tree per lane and signed checkpoints over all of them. Written by the sealer and by nothing else;
-- docs/tamper-evidence.md says what it proves. Nothing here is on the path of an append.

-- The log's identity, which every checkpoint names, and who seals it. Whoever writes a checkpoint holds the lock of this row and has
-- its fencing number: there is one chain of checkpoints.
CREATE TABLE seal_log (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    owner uuid,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

INSERT INTO seal_log DEFAULT VALUES;

-- The trees, in tiles of 256 hashes of 32 bytes. Level 0 holds the hashes of events (leaf n is position n + 1), level n the roots of full
-- tiles of level n - 1. Only the last tile of a level is ever rewritten. Can be built again from the events.
CREATE TABLE seal_tiles (
    lane integer NOT NULL,
    level smallint NOT NULL CHECK (level >= 0),
    tile bigint NOT NULL CHECK (tile >= 0),
    hashes bytea NOT NULL CHECK (octet_length(hashes) % 32 = 0 AND octet_length(hashes) BETWEEN 32 AND 8192),
    PRIMARY KEY (lane, level, tile)
);
ALTER TABLE seal_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL; -- hashes do not compress

-- The checkpoints as they were signed.
CREATE TABLE seal_checkpoints (
    number bigint PRIMARY KEY CHECK (number > 0),
    note text NOT NULL
);
ALTER TABLE seal_checkpoints ALTER COLUMN note SET STORAGE EXTERNAL;

-- The public keys that signed. For convenience: who distrusts the database brings the key along.
CREATE TABLE seal_keys (
    key_id text COLLATE "C" PRIMARY KEY,
    public_key text NOT NULL,
    first_number bigint NOT NULL
);
