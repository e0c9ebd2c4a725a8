-- [table] agent_tool_use_changes
CREATE TABLE agent_tool_use_changes (
seq bigint PRIMARY KEY,
operation text NOT NULL,
updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
tool_use_id bigint,
old_tool_use_id bigint,
old_session_id text,
new_session_id text,
old_agent_name text,
new_agent_name text,
old_tool_name text,
new_tool_name text,
old_start_time text,
new_start_time text,
old_end_time text,
new_end_time text,
old_duration_seconds double precision,
new_duration_seconds double precision,
old_status text,
new_status text
);

-- [table] _aggregates_use_queue
CREATE TABLE _aggregates_use_queue (
entry bigint GENERATED ALWAYS AS IDENTITY,
operation text NOT NULL,
updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
tool_use_id bigint,
old_tool_use_id bigint,
old_session_id text,
new_session_id text,
old_agent_name text,
new_agent_name text,
old_tool_name text,
new_tool_name text,
old_start_time text,
new_start_time text,
old_end_time text,
new_end_time text,
old_duration_seconds double precision,
new_duration_seconds double precision,
old_status text,
new_status text
)
WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 10000, autovacuum_vacuum_cost_delay = 0);

-- [view] _aggregates_use_unposted
CREATE VIEW _aggregates_use_unposted AS SELECT
(SELECT coalesce(max(seq), 0) FROM agent_tool_use_changes) + row_number() OVER (ORDER BY entry) AS
    seq,
entry, operation, updated_at, tool_use_id, old_tool_use_id, old_session_id, new_session_id,
    old_agent_name, new_agent_name, old_tool_name, new_tool_name, old_start_time, new_start_time,
    old_end_time, new_end_time, old_duration_seconds, new_duration_seconds, old_status, new_status
FROM _aggregates_use_queue;

-- [function] _aggregates_use_insert()
CREATE FUNCTION _aggregates_use_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_use_queue (operation, tool_use_id, new_session_id, new_agent_name, new_tool_name, new_start_time, new_end_time, new_duration_seconds, new_status)
SELECT 'insert', now.tool_use_id, now.session_id, now.agent_name, now.tool_name, now.start_time, now.end_time, now.duration_seconds, now.status
FROM (
SELECT CAST(one.id AS bigint) AS tool_use_id,
CAST(one.session_id AS text) AS session_id,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.tool_name AS text) AS tool_name,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status
FROM come AS one
) AS now;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_use_insert
CREATE TRIGGER _aggregates_use_insert AFTER INSERT ON agent_tool_uses REFERENCING NEW TABLE AS come
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_use_insert();

-- [function] _aggregates_use_update()
CREATE FUNCTION _aggregates_use_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_use_queue (operation, tool_use_id, old_tool_use_id, old_session_id, old_agent_name, old_tool_name, old_start_time, old_end_time, old_duration_seconds, old_status, new_session_id, new_agent_name, new_tool_name, new_start_time, new_end_time, new_duration_seconds, new_status)
SELECT 'update', now.tool_use_id, CASE WHEN was.tool_use_id IS DISTINCT FROM now.tool_use_id THEN was.tool_use_id END, was.session_id, was.agent_name, was.tool_name, was.start_time, was.end_time, was.duration_seconds, was.status, now.session_id, now.agent_name, now.tool_name, now.start_time, now.end_time, now.duration_seconds, now.status
FROM (
SELECT CAST(one.id AS bigint) AS tool_use_id,
CAST(one.session_id AS text) AS session_id,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.tool_name AS text) AS tool_name,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status,
row_number() OVER () AS place
FROM gone AS one
) AS was
FULL JOIN (
SELECT CAST(one.id AS bigint) AS tool_use_id,
CAST(one.session_id AS text) AS session_id,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.tool_name AS text) AS tool_name,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status,
row_number() OVER () AS place
FROM come AS one
) AS now USING (place)
WHERE was.tool_use_id IS DISTINCT FROM now.tool_use_id OR was.session_id IS DISTINCT FROM now.session_id OR was.agent_name IS DISTINCT FROM now.agent_name OR was.tool_name IS DISTINCT FROM now.tool_name OR was.start_time IS DISTINCT FROM now.start_time OR was.end_time IS DISTINCT FROM now.end_time OR was.duration_seconds IS DISTINCT FROM now.duration_seconds OR was.status IS DISTINCT FROM now.status;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_use_update
CREATE TRIGGER _aggregates_use_update AFTER UPDATE ON agent_tool_uses REFERENCING NEW TABLE AS come
    OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_use_update();

-- [function] _aggregates_use_delete()
CREATE FUNCTION _aggregates_use_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_use_queue (operation, tool_use_id, old_session_id, old_agent_name, old_tool_name, old_start_time, old_end_time, old_duration_seconds, old_status)
SELECT 'delete', was.tool_use_id, was.session_id, was.agent_name, was.tool_name, was.start_time, was.end_time, was.duration_seconds, was.status
FROM (
SELECT CAST(one.id AS bigint) AS tool_use_id,
CAST(one.session_id AS text) AS session_id,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.tool_name AS text) AS tool_name,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status
FROM gone AS one
) AS was;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_use_delete
CREATE TRIGGER _aggregates_use_delete AFTER DELETE ON agent_tool_uses REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_use_delete();

-- [function] _aggregates_use_truncate()
CREATE FUNCTION _aggregates_use_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_use_queue (operation, tool_use_id, old_session_id, old_agent_name, old_tool_name, old_start_time, old_end_time, old_duration_seconds, old_status)
SELECT 'delete', was.tool_use_id, was.session_id, was.agent_name, was.tool_name, was.start_time, was.end_time, was.duration_seconds, was.status
FROM (
SELECT CAST(one.id AS bigint) AS tool_use_id,
CAST(one.session_id AS text) AS session_id,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.tool_name AS text) AS tool_name,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status
FROM agent_tool_uses AS one
) AS was;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_use_truncate
CREATE TRIGGER _aggregates_use_truncate BEFORE TRUNCATE ON agent_tool_uses
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_use_truncate();
