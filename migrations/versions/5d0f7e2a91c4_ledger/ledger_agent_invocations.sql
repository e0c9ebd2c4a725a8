-- [table] agent_invocation_changes
CREATE TABLE agent_invocation_changes (
seq INTEGER PRIMARY KEY,
operation TEXT,
updated_at TEXT,
invocation_id INTEGER,
old_invocation_id INTEGER,
is_ending INTEGER,
old_timestamp,
new_timestamp,
old_session_id,
new_session_id,
old_event_type,
new_event_type,
old_phase,
new_phase,
old_agent_name,
new_agent_name,
old_model,
new_model,
old_start_time,
new_start_time,
old_end_time,
new_end_time,
old_duration_seconds,
new_duration_seconds,
old_status,
new_status,
old_tokens,
new_tokens,
old_tool_calls,
new_tool_calls
);

-- [table] _aggregates_agent_invocations_replaced
CREATE TABLE _aggregates_agent_invocations_replaced (invocation_id, timestamp, session_id,
    event_type, phase, agent_name, model, start_time, end_time, duration_seconds, status,
    raw_output);

-- [view] _aggregates_agent_invocations_gone
CREATE VIEW _aggregates_agent_invocations_gone AS SELECT * FROM
    _aggregates_agent_invocations_replaced;

-- [trigger] _aggregates_agent_invocations_gone_log
CREATE TRIGGER _aggregates_agent_invocations_gone_log INSTEAD OF INSERT ON
    _aggregates_agent_invocations_gone BEGIN
INSERT OR ABORT INTO agent_invocation_changes VALUES (NULL, 'delete', strftime('%Y-%m-%dT%H:%M:%fZ',
    'now'), NEW.invocation_id, NULL, NULL, NEW.timestamp, NULL, NEW.session_id, NULL,
    NEW.event_type, NULL, NEW.phase, NULL, NEW.agent_name, NULL, NEW.model, NULL, NEW.start_time,
    NULL, NEW.end_time, NULL, NEW.duration_seconds, NULL, NEW.status, NULL, (SELECT CASE WHEN
    CAST(rest AS INTEGER) BETWEEN 0 AND 1000000000000
      AND rest GLOB CAST(rest AS INTEGER) || '[,} ' || char(10, 13) || ']*' THEN CAST(rest AS
      INTEGER) ELSE 0 END
    FROM (SELECT CASE WHEN NEW.raw_output < x''
      THEN ltrim(substr(CAST(substr(CAST(NEW.raw_output AS BLOB), nullif(instr(CAST(NEW.raw_output
      AS BLOB), CAST('"totalTokens":' AS BLOB)), 0)) AS TEXT), 15), ' ') END AS rest)), NULL,
      (SELECT CASE WHEN CAST(rest AS INTEGER) BETWEEN 0 AND 1000000000000
      AND rest GLOB CAST(rest AS INTEGER) || '[,} ' || char(10, 13) || ']*' THEN CAST(rest AS
      INTEGER) ELSE 0 END
    FROM (SELECT CASE WHEN NEW.raw_output < x''
      THEN ltrim(substr(CAST(substr(CAST(NEW.raw_output AS BLOB), nullif(instr(CAST(NEW.raw_output
      AS BLOB), CAST('"totalToolUseCount":' AS BLOB)), 0)) AS TEXT), 21), ' ') END AS rest)), NULL);
END;

-- [trigger] _aggregates_agent_invocations_before_insert
CREATE TRIGGER _aggregates_agent_invocations_before_insert BEFORE INSERT ON agent_invocations WHEN
    EXISTS (SELECT 1 FROM agent_invocations AS clash WHERE (clash.id = NEW.id
    /* or the same value of another unique key */)) BEGIN
DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id IS NOT NULL;
INSERT INTO _aggregates_agent_invocations_replaced SELECT id, timestamp, session_id, event_type,
    phase, agent_name, model, start_time, end_time, duration_seconds, status, raw_output FROM
    agent_invocations AS clash WHERE (clash.id = NEW.id
    /* or the same value of another unique key */);
END;

-- [trigger] _aggregates_agent_invocations_before_update
CREATE TRIGGER _aggregates_agent_invocations_before_update BEFORE UPDATE OF id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_invocations BEGIN
DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id IS NOT NULL;
INSERT INTO _aggregates_agent_invocations_replaced SELECT id, timestamp, session_id, event_type,
    phase, agent_name, model, start_time, end_time, duration_seconds, status, raw_output FROM
    agent_invocations AS clash WHERE (clash.id = NEW.id
    /* or the same value of another unique key */) AND clash.id <> OLD.id;
END;

-- [trigger] _aggregates_agent_invocations_insert
CREATE TRIGGER _aggregates_agent_invocations_insert AFTER INSERT ON agent_invocations BEGIN
INSERT OR ABORT INTO _aggregates_agent_invocations_gone SELECT * FROM
    _aggregates_agent_invocations_replaced WHERE invocation_id = NEW.id /* or its row is gone */;
DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id IS NOT NULL;
INSERT OR ABORT INTO agent_invocation_changes VALUES (NULL, 'insert', strftime('%Y-%m-%dT%H:%M:%fZ',
    'now'), NEW.id, NULL, NULL, NULL, NEW.timestamp, NULL, NEW.session_id, NULL, NEW.event_type,
    NULL, NEW.phase, NULL, NEW.agent_name, NULL, NEW.model, NULL, NEW.start_time, NULL,
    NEW.end_time, NULL, NEW.duration_seconds, NULL, NEW.status, NULL, (SELECT CASE WHEN CAST(rest AS
    INTEGER) BETWEEN 0 AND 1000000000000
      AND rest GLOB CAST(rest AS INTEGER) || '[,} ' || char(10, 13) || ']*' THEN CAST(rest AS
      INTEGER) ELSE 0 END
    FROM (SELECT CASE WHEN NEW.raw_output < x''
      THEN ltrim(substr(CAST(substr(CAST(NEW.raw_output AS BLOB), nullif(instr(CAST(NEW.raw_output
      AS BLOB), CAST('"totalTokens":' AS BLOB)), 0)) AS TEXT), 15), ' ') END AS rest)), NULL,
      (SELECT CASE WHEN CAST(rest AS INTEGER) BETWEEN 0 AND 1000000000000
      AND rest GLOB CAST(rest AS INTEGER) || '[,} ' || char(10, 13) || ']*' THEN CAST(rest AS
      INTEGER) ELSE 0 END
    FROM (SELECT CASE WHEN NEW.raw_output < x''
      THEN ltrim(substr(CAST(substr(CAST(NEW.raw_output AS BLOB), nullif(instr(CAST(NEW.raw_output
      AS BLOB), CAST('"totalToolUseCount":' AS BLOB)), 0)) AS TEXT), 21), ' ') END AS rest)));
UPDATE agent_invocations SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- [trigger] _aggregates_agent_invocations_delete
CREATE TRIGGER _aggregates_agent_invocations_delete AFTER DELETE ON agent_invocations BEGIN
DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id = OLD.id;
INSERT OR ABORT INTO _aggregates_agent_invocations_gone VALUES (OLD.id, OLD.timestamp,
    OLD.session_id, OLD.event_type, OLD.phase, OLD.agent_name, OLD.model, OLD.start_time,
    OLD.end_time, OLD.duration_seconds, OLD.status, OLD.raw_output);
END;

-- [trigger] _aggregates_agent_invocations_touch
CREATE TRIGGER _aggregates_agent_invocations_touch AFTER UPDATE ON agent_invocations WHEN
    NEW.updated_at IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now') BEGIN
UPDATE agent_invocations SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- [view] _aggregates_agent_invocations_changed
CREATE VIEW _aggregates_agent_invocations_changed (old_invocation_id, invocation_id, old_timestamp,
    old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time,
    old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls, new_timestamp,
    new_session_id, new_event_type, new_phase, new_agent_name, new_model, new_start_time,
    new_end_time, new_duration_seconds, new_status, new_tokens, new_tool_calls) AS SELECT 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0;

-- [trigger] _aggregates_agent_invocations_update
CREATE TRIGGER _aggregates_agent_invocations_update AFTER UPDATE OF timestamp, session_id,
    event_type, phase, agent_name, model, start_time, end_time, duration_seconds, status,
    raw_output, id, rowid, oid, _rowid_ /* and the columns of other unique keys */ ON
    agent_invocations BEGIN
INSERT OR ABORT INTO _aggregates_agent_invocations_changed VALUES (OLD.id, NEW.id, OLD.timestamp,
    OLD.session_id, OLD.event_type, OLD.phase, OLD.agent_name, OLD.model, OLD.start_time,
    OLD.end_time, OLD.duration_seconds, OLD.status, (SELECT CASE WHEN CAST(rest AS INTEGER) BETWEEN
    0 AND 1000000000000
      AND rest GLOB CAST(rest AS INTEGER) || '[,} ' || char(10, 13) || ']*' THEN CAST(rest AS
      INTEGER) ELSE 0 END
    FROM (SELECT CASE WHEN OLD.raw_output < x''
      THEN ltrim(substr(CAST(substr(CAST(OLD.raw_output AS BLOB), nullif(instr(CAST(OLD.raw_output
      AS BLOB), CAST('"totalTokens":' AS BLOB)), 0)) AS TEXT), 15), ' ') END AS rest)), (SELECT CASE
      WHEN CAST(rest AS INTEGER) BETWEEN 0 AND 1000000000000
      AND rest GLOB CAST(rest AS INTEGER) || '[,} ' || char(10, 13) || ']*' THEN CAST(rest AS
      INTEGER) ELSE 0 END
    FROM (SELECT CASE WHEN OLD.raw_output < x''
      THEN ltrim(substr(CAST(substr(CAST(OLD.raw_output AS BLOB), nullif(instr(CAST(OLD.raw_output
      AS BLOB), CAST('"totalToolUseCount":' AS BLOB)), 0)) AS TEXT), 21), ' ') END AS rest)),
      NEW.timestamp, NEW.session_id, NEW.event_type, NEW.phase, NEW.agent_name, NEW.model,
      NEW.start_time, NEW.end_time, NEW.duration_seconds, NEW.status, (SELECT CASE WHEN CAST(rest AS
      INTEGER) BETWEEN 0 AND 1000000000000
      AND rest GLOB CAST(rest AS INTEGER) || '[,} ' || char(10, 13) || ']*' THEN CAST(rest AS
      INTEGER) ELSE 0 END
    FROM (SELECT CASE WHEN NEW.raw_output < x''
      THEN ltrim(substr(CAST(substr(CAST(NEW.raw_output AS BLOB), nullif(instr(CAST(NEW.raw_output
      AS BLOB), CAST('"totalTokens":' AS BLOB)), 0)) AS TEXT), 15), ' ') END AS rest)), (SELECT CASE
      WHEN CAST(rest AS INTEGER) BETWEEN 0 AND 1000000000000
      AND rest GLOB CAST(rest AS INTEGER) || '[,} ' || char(10, 13) || ']*' THEN CAST(rest AS
      INTEGER) ELSE 0 END
    FROM (SELECT CASE WHEN NEW.raw_output < x''
      THEN ltrim(substr(CAST(substr(CAST(NEW.raw_output AS BLOB), nullif(instr(CAST(NEW.raw_output
      AS BLOB), CAST('"totalToolUseCount":' AS BLOB)), 0)) AS TEXT), 21), ' ') END AS rest)));
END;

-- [trigger] _aggregates_agent_invocations_changed_log
CREATE TRIGGER _aggregates_agent_invocations_changed_log INSTEAD OF INSERT ON
    _aggregates_agent_invocations_changed WHEN NEW.old_invocation_id <> NEW.invocation_id OR
    (NEW.old_status, NEW.old_duration_seconds, NEW.old_end_time, NEW.old_start_time, NEW.old_model,
    NEW.old_agent_name, NEW.old_phase, NEW.old_event_type, NEW.old_session_id, NEW.old_timestamp,
    NEW.old_tokens, NEW.old_tool_calls) IS NOT (NEW.new_status, NEW.new_duration_seconds,
    NEW.new_end_time, NEW.new_start_time, NEW.new_model, NEW.new_agent_name, NEW.new_phase,
    NEW.new_event_type, NEW.new_session_id, NEW.new_timestamp, NEW.new_tokens, NEW.new_tool_calls)
    /* or another type, in columns without one */ BEGIN
INSERT OR ABORT INTO agent_invocation_changes VALUES (NULL, 'update', strftime('%Y-%m-%dT%H:%M:%fZ',
    'now'), NEW.invocation_id, nullif(NEW.old_invocation_id, NEW.invocation_id), CASE WHEN
    NEW.old_invocation_id = NEW.invocation_id AND NEW.old_status = 'started' AND NEW.old_end_time IS
    NULL AND NEW.old_duration_seconds IS NULL AND NEW.old_model IS NULL AND NEW.old_tokens = 0 AND
    NEW.old_tool_calls = 0 AND (NEW.old_session_id, NEW.old_event_type, NEW.old_phase,
    NEW.old_agent_name, NEW.old_start_time) IS (NEW.new_session_id, NEW.new_event_type,
    NEW.new_phase, NEW.new_agent_name, NEW.new_start_time)
    /* and the same type, in columns without one */ THEN 1 END, NEW.old_timestamp,
    NEW.new_timestamp, NEW.old_session_id, NEW.new_session_id, NEW.old_event_type,
    NEW.new_event_type, NEW.old_phase, NEW.new_phase, NEW.old_agent_name, NEW.new_agent_name,
    NEW.old_model, NEW.new_model, NEW.old_start_time, NEW.new_start_time, NEW.old_end_time,
    NEW.new_end_time, NEW.old_duration_seconds, NEW.new_duration_seconds, NEW.old_status,
    NEW.new_status, NEW.old_tokens, NEW.new_tokens, NEW.old_tool_calls, NEW.new_tool_calls);
END;

-- [trigger] _aggregates_agent_invocations_replaced
CREATE TRIGGER _aggregates_agent_invocations_replaced AFTER UPDATE OF id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_invocations BEGIN
INSERT OR ABORT INTO _aggregates_agent_invocations_gone SELECT * FROM
    _aggregates_agent_invocations_replaced WHERE invocation_id = NEW.id AND OLD.id <> NEW.id OR NOT
    EXISTS (SELECT 1 FROM agent_invocations AS kept WHERE kept.id = invocation_id);
DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id IS NOT NULL;
END;

-- [trigger] _aggregates_agent_invocations_prune
CREATE TRIGGER _aggregates_agent_invocations_prune AFTER INSERT ON agent_invocation_changes WHEN
    NEW.seq % 16 = 0 BEGIN
DELETE FROM agent_invocation_changes WHERE seq <= min(NEW.seq - 100000, (SELECT min(seq) FROM
    agent_invocation_changes) + 64);
END;
