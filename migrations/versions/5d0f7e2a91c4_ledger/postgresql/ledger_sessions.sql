-- [table] session_changes
CREATE TABLE session_changes (
seq bigint PRIMARY KEY,
operation text NOT NULL,
updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
session_row bigint,
old_session_row bigint,
old_session_id text,
new_session_id text,
old_start_time text,
new_start_time text,
old_end_time text,
new_end_time text,
old_status text,
new_status text
);

-- [table] _aggregates_sessions_queue
CREATE TABLE _aggregates_sessions_queue (
entry bigint GENERATED ALWAYS AS IDENTITY,
operation text NOT NULL,
updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
session_row bigint,
old_session_row bigint,
old_session_id text,
new_session_id text,
old_start_time text,
new_start_time text,
old_end_time text,
new_end_time text,
old_status text,
new_status text
)
WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 10000, autovacuum_vacuum_cost_delay = 0);

-- [view] _aggregates_sessions_unposted
CREATE VIEW _aggregates_sessions_unposted AS SELECT
(SELECT coalesce(max(seq), 0) FROM session_changes) + row_number() OVER (ORDER BY entry) AS seq,
entry, operation, updated_at, session_row, old_session_row, old_session_id, new_session_id,
    old_start_time, new_start_time, old_end_time, new_end_time, old_status, new_status
FROM _aggregates_sessions_queue;

-- [function] _aggregates_sessions_insert()
CREATE FUNCTION _aggregates_sessions_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_sessions_queue (operation, session_row, new_session_id, new_start_time, new_end_time, new_status)
SELECT 'insert', now.session_row, now.session_id, now.start_time, now.end_time, now.status
FROM (
SELECT hashtextextended(CAST(one.session_id AS text), 0) AS session_row,
CAST(one.session_id AS text) AS session_id,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.status AS text) AS status
FROM come AS one
) AS now;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_sessions_insert
CREATE TRIGGER _aggregates_sessions_insert AFTER INSERT ON sessions REFERENCING NEW TABLE AS come
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_sessions_insert();

-- [function] _aggregates_sessions_update()
CREATE FUNCTION _aggregates_sessions_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_sessions_queue (operation, session_row, old_session_row, old_session_id, old_start_time, old_end_time, old_status, new_session_id, new_start_time, new_end_time, new_status)
SELECT 'update', now.session_row, CASE WHEN was.session_row IS DISTINCT FROM now.session_row THEN was.session_row END, was.session_id, was.start_time, was.end_time, was.status, now.session_id, now.start_time, now.end_time, now.status
FROM (
SELECT hashtextextended(CAST(one.session_id AS text), 0) AS session_row,
CAST(one.session_id AS text) AS session_id,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.status AS text) AS status,
row_number() OVER () AS place
FROM gone AS one
) AS was
FULL JOIN (
SELECT hashtextextended(CAST(one.session_id AS text), 0) AS session_row,
CAST(one.session_id AS text) AS session_id,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.status AS text) AS status,
row_number() OVER () AS place
FROM come AS one
) AS now USING (place)
WHERE was.session_row IS DISTINCT FROM now.session_row OR was.session_id IS DISTINCT FROM now.session_id OR was.start_time IS DISTINCT FROM now.start_time OR was.end_time IS DISTINCT FROM now.end_time OR was.status IS DISTINCT FROM now.status;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_sessions_update
CREATE TRIGGER _aggregates_sessions_update AFTER UPDATE ON sessions REFERENCING NEW TABLE AS come
    OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_sessions_update();

-- [function] _aggregates_sessions_delete()
CREATE FUNCTION _aggregates_sessions_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_sessions_queue (operation, session_row, old_session_id, old_start_time, old_end_time, old_status)
SELECT 'delete', was.session_row, was.session_id, was.start_time, was.end_time, was.status
FROM (
SELECT hashtextextended(CAST(one.session_id AS text), 0) AS session_row,
CAST(one.session_id AS text) AS session_id,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.status AS text) AS status
FROM gone AS one
) AS was;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_sessions_delete
CREATE TRIGGER _aggregates_sessions_delete AFTER DELETE ON sessions REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_sessions_delete();

-- [function] _aggregates_sessions_truncate()
CREATE FUNCTION _aggregates_sessions_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_sessions_queue (operation, session_row, old_session_id, old_start_time, old_end_time, old_status)
SELECT 'delete', was.session_row, was.session_id, was.start_time, was.end_time, was.status
FROM (
SELECT hashtextextended(CAST(one.session_id AS text), 0) AS session_row,
CAST(one.session_id AS text) AS session_id,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.status AS text) AS status
FROM sessions AS one
) AS was;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_sessions_truncate
CREATE TRIGGER _aggregates_sessions_truncate BEFORE TRUNCATE ON sessions
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_sessions_truncate();
