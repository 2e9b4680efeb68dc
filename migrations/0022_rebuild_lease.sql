-- A rebuild is leased as everything else is. `builder` and `builder_until` stay for processes from before this step.
ALTER TABLE projections
    ADD COLUMN owner uuid,
    ADD COLUMN lease_until timestamptz,
    ADD COLUMN fence bigint NOT NULL DEFAULT 0;
