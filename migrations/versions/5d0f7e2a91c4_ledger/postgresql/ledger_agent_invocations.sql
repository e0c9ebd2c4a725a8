-- [table] agent_invocation_changes
CREATE TABLE agent_invocation_changes (
seq bigint PRIMARY KEY,
operation text NOT NULL,
updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
invocation_id bigint,
old_invocation_id bigint,
old_timestamp text,
new_timestamp text,
old_session_id text,
new_session_id text,
old_event_type text,
new_event_type text,
old_phase text,
new_phase text,
old_agent_name text,
new_agent_name text,
old_model text,
new_model text,
old_start_time text,
new_start_time text,
old_end_time text,
new_end_time text,
old_duration_seconds double precision,
new_duration_seconds double precision,
old_status text,
new_status text,
old_tokens bigint,
new_tokens bigint,
old_tool_calls bigint,
new_tool_calls bigint
);

-- [table] _aggregates_run_queue
CREATE TABLE _aggregates_run_queue (
entry bigint GENERATED ALWAYS AS IDENTITY,
operation text NOT NULL,
updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
invocation_id bigint,
old_invocation_id bigint,
old_timestamp text,
new_timestamp text,
old_session_id text,
new_session_id text,
old_event_type text,
new_event_type text,
old_phase text,
new_phase text,
old_agent_name text,
new_agent_name text,
old_model text,
new_model text,
old_start_time text,
new_start_time text,
old_end_time text,
new_end_time text,
old_duration_seconds double precision,
new_duration_seconds double precision,
old_status text,
new_status text,
old_tokens bigint,
new_tokens bigint,
old_tool_calls bigint,
new_tool_calls bigint
)
WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 10000, autovacuum_vacuum_cost_delay = 0);

-- [view] _aggregates_run_unposted
CREATE VIEW _aggregates_run_unposted AS SELECT
(SELECT coalesce(max(seq), 0) FROM agent_invocation_changes) + row_number() OVER (ORDER BY entry) AS
    seq,
entry, operation, updated_at, invocation_id, old_invocation_id, old_timestamp, new_timestamp,
    old_session_id, new_session_id, old_event_type, new_event_type, old_phase, new_phase,
    old_agent_name, new_agent_name, old_model, new_model, old_start_time, new_start_time,
    old_end_time, new_end_time, old_duration_seconds, new_duration_seconds, old_status, new_status,
    old_tokens, new_tokens, old_tool_calls, new_tool_calls
FROM _aggregates_run_queue;

-- [function] _aggregates_run_insert()
CREATE FUNCTION _aggregates_run_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_run_queue (operation, invocation_id, new_timestamp, new_session_id, new_event_type, new_phase, new_agent_name, new_model, new_start_time, new_end_time, new_duration_seconds, new_status, new_tokens, new_tool_calls)
SELECT 'insert', now.invocation_id, now.timestamp, now.session_id, now.event_type, now.phase, now.agent_name, now.model, now.start_time, now.end_time, now.duration_seconds, now.status, now.tokens, now.tool_calls
FROM (
SELECT CAST(one.id AS bigint) AS invocation_id,
CAST(one.timestamp AS text) AS timestamp,
CAST(one.session_id AS text) AS session_id,
CAST(one.event_type AS text) AS event_type,
CAST(one.phase AS text) AS phase,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.model AS text) AS model,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status,
_aggregates_number(one.raw_output, 'totalTokens') AS tokens,
_aggregates_number(one.raw_output, 'totalToolUseCount') AS tool_calls
FROM come AS one
) AS now;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_run_insert
CREATE TRIGGER _aggregates_run_insert AFTER INSERT ON agent_invocations REFERENCING NEW TABLE AS
    come
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_run_insert();

-- [function] _aggregates_run_update()
CREATE FUNCTION _aggregates_run_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_run_queue (operation, invocation_id, old_invocation_id, old_timestamp, old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time, old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls, new_timestamp, new_session_id, new_event_type, new_phase, new_agent_name, new_model, new_start_time, new_end_time, new_duration_seconds, new_status, new_tokens, new_tool_calls)
SELECT 'update', now.invocation_id, CASE WHEN was.invocation_id IS DISTINCT FROM now.invocation_id THEN was.invocation_id END, was.timestamp, was.session_id, was.event_type, was.phase, was.agent_name, was.model, was.start_time, was.end_time, was.duration_seconds, was.status, was.tokens, was.tool_calls, now.timestamp, now.session_id, now.event_type, now.phase, now.agent_name, now.model, now.start_time, now.end_time, now.duration_seconds, now.status, now.tokens, now.tool_calls
FROM (
SELECT CAST(one.id AS bigint) AS invocation_id,
CAST(one.timestamp AS text) AS timestamp,
CAST(one.session_id AS text) AS session_id,
CAST(one.event_type AS text) AS event_type,
CAST(one.phase AS text) AS phase,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.model AS text) AS model,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status,
_aggregates_number(one.raw_output, 'totalTokens') AS tokens,
_aggregates_number(one.raw_output, 'totalToolUseCount') AS tool_calls,
row_number() OVER () AS place
FROM gone AS one
) AS was
FULL JOIN (
SELECT CAST(one.id AS bigint) AS invocation_id,
CAST(one.timestamp AS text) AS timestamp,
CAST(one.session_id AS text) AS session_id,
CAST(one.event_type AS text) AS event_type,
CAST(one.phase AS text) AS phase,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.model AS text) AS model,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status,
_aggregates_number(one.raw_output, 'totalTokens') AS tokens,
_aggregates_number(one.raw_output, 'totalToolUseCount') AS tool_calls,
row_number() OVER () AS place
FROM come AS one
) AS now USING (place)
WHERE was.invocation_id IS DISTINCT FROM now.invocation_id OR was.timestamp IS DISTINCT FROM now.timestamp OR was.session_id IS DISTINCT FROM now.session_id OR was.event_type IS DISTINCT FROM now.event_type OR was.phase IS DISTINCT FROM now.phase OR was.agent_name IS DISTINCT FROM now.agent_name OR was.model IS DISTINCT FROM now.model OR was.start_time IS DISTINCT FROM now.start_time OR was.end_time IS DISTINCT FROM now.end_time OR was.duration_seconds IS DISTINCT FROM now.duration_seconds OR was.status IS DISTINCT FROM now.status OR was.tokens IS DISTINCT FROM now.tokens OR was.tool_calls IS DISTINCT FROM now.tool_calls;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_run_update
CREATE TRIGGER _aggregates_run_update AFTER UPDATE ON agent_invocations REFERENCING NEW TABLE AS
    come OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_run_update();

-- [function] _aggregates_run_delete()
CREATE FUNCTION _aggregates_run_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_run_queue (operation, invocation_id, old_timestamp, old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time, old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
SELECT 'delete', was.invocation_id, was.timestamp, was.session_id, was.event_type, was.phase, was.agent_name, was.model, was.start_time, was.end_time, was.duration_seconds, was.status, was.tokens, was.tool_calls
FROM (
SELECT CAST(one.id AS bigint) AS invocation_id,
CAST(one.timestamp AS text) AS timestamp,
CAST(one.session_id AS text) AS session_id,
CAST(one.event_type AS text) AS event_type,
CAST(one.phase AS text) AS phase,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.model AS text) AS model,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status,
_aggregates_number(one.raw_output, 'totalTokens') AS tokens,
_aggregates_number(one.raw_output, 'totalToolUseCount') AS tool_calls
FROM gone AS one
) AS was;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_run_delete
CREATE TRIGGER _aggregates_run_delete AFTER DELETE ON agent_invocations REFERENCING OLD TABLE AS
    gone
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_run_delete();

-- [function] _aggregates_run_truncate()
CREATE FUNCTION _aggregates_run_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC' SET extra_float_digits = 1
    AS $$
BEGIN
INSERT INTO _aggregates_run_queue (operation, invocation_id, old_timestamp, old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time, old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
SELECT 'delete', was.invocation_id, was.timestamp, was.session_id, was.event_type, was.phase, was.agent_name, was.model, was.start_time, was.end_time, was.duration_seconds, was.status, was.tokens, was.tool_calls
FROM (
SELECT CAST(one.id AS bigint) AS invocation_id,
CAST(one.timestamp AS text) AS timestamp,
CAST(one.session_id AS text) AS session_id,
CAST(one.event_type AS text) AS event_type,
CAST(one.phase AS text) AS phase,
CAST(one.agent_name AS text) AS agent_name,
CAST(one.model AS text) AS model,
CAST(one.start_time AS text) AS start_time,
CAST(one.end_time AS text) AS end_time,
CAST(one.duration_seconds AS double precision) AS duration_seconds,
CAST(one.status AS text) AS status,
_aggregates_number(one.raw_output, 'totalTokens') AS tokens,
_aggregates_number(one.raw_output, 'totalToolUseCount') AS tool_calls
FROM agent_invocations AS one
) AS was;
RETURN NULL;
END
$$;

-- [trigger] _aggregates_run_truncate
CREATE TRIGGER _aggregates_run_truncate BEFORE TRUNCATE ON agent_invocations
FOR EACH STATEMENT EXECUTE FUNCTION _aggregates_run_truncate();

-- [function] _aggregates_run_touch()
CREATE FUNCTION _aggregates_run_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
NEW.updated_at := clock_timestamp();
RETURN NEW;
END
$$;

-- [trigger] _aggregates_run_touch
CREATE TRIGGER _aggregates_run_touch BEFORE INSERT OR UPDATE ON agent_invocations
FOR EACH ROW EXECUTE FUNCTION _aggregates_run_touch();
