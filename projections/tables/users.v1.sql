CREATE TABLE users_v1 (id text COLLATE "C" NOT NULL, email text COLLATE "C" NOT NULL, name text NOT NULL, role text COLLATE "C" NOT NULL, version bigint NOT NULL, created_at timestamptz NOT NULL) WITH (fillfactor = 90);
CREATE UNIQUE INDEX IF NOT EXISTS users_v1_key ON users_v1 (id);
CREATE INDEX IF NOT EXISTS users_v1_email ON users_v1 (email);
CREATE OR REPLACE VIEW users AS SELECT id, email, name, role, version, created_at FROM users_v1;
