-- What log-in and every request with a token stand on: rows that commit with the event that they come from. No read model is asked, because
-- those follow later.

CREATE TABLE account (
    user_id text COLLATE "C" PRIMARY KEY,
    role text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disabled')),
    lane integer, -- of the last event that gave or took rights, by which followers find it; NULL: none has
    position bigint
) WITH (fillfactor = 90);
CREATE INDEX account_change ON account (lane, position) WHERE lane IS NOT NULL;

CREATE TABLE session (
    id text COLLATE "C" PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    user_agent text NOT NULL DEFAULT '', -- of the log-in
    client_ip text NOT NULL DEFAULT '', -- of the last refresh
    opened_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    counter integer NOT NULL DEFAULT 0, -- of the present refresh token
    refresh_hash bytea,
    previous_hash bytea, -- of the token before, which is answered with the present one
    previous_until timestamptz, -- until then
    lane integer, -- of its end
    position bigint
) WITH (fillfactor = 70); -- room in the page: a refresh changes no indexed column
CREATE INDEX session_of_user ON session (user_id);
CREATE INDEX session_end ON session (lane, position) WHERE lane IS NOT NULL;

-- Guesses at passwords, counted by account and address together, by account and by address. Lost with a crash, which only forgets them.
CREATE UNLOGGED TABLE login_guess (
    key bytea PRIMARY KEY, -- a keyed hash: it tells nobody who or from where
    guesses integer NOT NULL,
    last_at timestamptz NOT NULL
) WITH (fillfactor = 70);

-- Must not fail: it would take everything with it that is appended in the same batch.
CREATE FUNCTION follow_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE NEW.event_type
    WHEN 'UserRegistered' THEN
        INSERT INTO account (user_id, role)
        VALUES (NEW.aggregate_id, coalesce(NEW.payload #>> '{UserRegistered,role}', 'customer'))
        ON CONFLICT (user_id) DO NOTHING;
    WHEN 'UserDisabled', 'UserEnabled' THEN
        UPDATE account SET status = CASE NEW.event_type WHEN 'UserDisabled' THEN 'disabled' ELSE 'active' END,
            lane = NEW.lane, position = NEW.position
        WHERE user_id = NEW.aggregate_id;
    WHEN 'UserRoleChanged' THEN
        UPDATE account SET role = coalesce(NEW.payload #>> '{UserRoleChanged,role}', role), lane = NEW.lane, position = NEW.position
        WHERE user_id = NEW.aggregate_id;
    WHEN 'SessionOpened' THEN
        INSERT INTO session (id, user_id, user_agent, client_ip, opened_at, last_seen_at)
        VALUES (NEW.aggregate_id, coalesce(NEW.payload #>> '{SessionOpened,user_id}', ''), coalesce(NEW.metadata ->> 'user_agent', ''),
            coalesce(NEW.metadata ->> 'client_ip', ''), NEW.occurred_at, NEW.occurred_at)
        ON CONFLICT (id) DO NOTHING;
    WHEN 'SessionEnded' THEN
        UPDATE session SET ended_at = NEW.occurred_at, end_reason = NEW.payload #>> '{SessionEnded,reason}',
            lane = NEW.lane, position = NEW.position
        WHERE id = NEW.aggregate_id;
    ELSE
        NULL;
    END CASE;
    RETURN NULL;
END
$$;

-- Nothing is appended between the trigger and the rows of the events before it.
LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE;

CREATE TRIGGER follow_accounts AFTER INSERT ON events FOR EACH ROW
WHEN (NEW.aggregate_type = 'user' OR NEW.aggregate_type = 'session')
EXECUTE FUNCTION follow_accounts();

INSERT INTO account (user_id, role)
SELECT aggregate_id, payload #>> '{UserRegistered,role}'
FROM events WHERE aggregate_type = 'user' AND event_type = 'UserRegistered';
