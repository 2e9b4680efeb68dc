-- The leases of rebuilds, one for each projection: the holder is `builder` of the version in the making too. `builder_until` stays for
-- processes from before this step.
CREATE TABLE projection_rebuild (
    name text COLLATE "C" PRIMARY KEY,
    owner uuid,
    lease_until timestamptz,
    fence bigint NOT NULL DEFAULT 0
);
