CREATE TABLE search_settings_v1 (id text COLLATE "C" NOT NULL, settings jsonb NOT NULL, version bigint NOT NULL, updated_at timestamptz NOT NULL) WITH (fillfactor = 50);
CREATE UNIQUE INDEX IF NOT EXISTS search_settings_v1_key ON search_settings_v1 (id);
CREATE OR REPLACE VIEW search_settings AS SELECT id, settings, version, updated_at FROM search_settings_v1;
