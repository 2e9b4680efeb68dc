-- The log as services on cqrs-es read it, through the repository of postgres-es: the columns of its table, and none that may change.
CREATE VIEW postgres_es_events AS
SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata FROM events;
