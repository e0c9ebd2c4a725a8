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

-- [table] _aggregates_run_replaced
CREATE TABLE _aggregates_run_replaced (invocation_id, timestamp, session_id, event_type, phase,
    agent_name, model, start_time, end_time, duration_seconds, status, raw_output);

-- [view] _aggregates_run_row
CREATE VIEW _aggregates_run_row (is_new, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12) AS
    SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    /* x1 id, x2 timestamp, x3 session_id, x4 event_type, x5 phase, x6 agent_name, x7 model, x8 start_time, x9 end_time, x10 duration_seconds, x11 status, x12 raw_output */;

-- [view] _aggregates_run_entry
CREATE VIEW _aggregates_run_entry (is_new, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13)
    AS SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    /* x1 id, x2 timestamp, x3 session_id, x4 event_type, x5 phase, x6 agent_name, x7 model, x8 start_time, x9 end_time, x10 duration_seconds, x11 status, x12 tokens, x13 tool_calls */;

-- [trigger] _aggregates_run_row_read
CREATE TRIGGER _aggregates_run_row_read INSTEAD OF INSERT ON _aggregates_run_row BEGIN
INSERT OR ABORT INTO _aggregates_run_entry VALUES (NEW.is_new, NEW.x1, NEW.x2, NEW.x3, NEW.x4,
    NEW.x5, NEW.x6, NEW.x7, NEW.x8, NEW.x9, NEW.x10, NEW.x11, CASE WHEN NEW.x12 < x'' THEN (SELECT
      CASE WHEN rest | 0 BETWEEN 0 AND 1e+12
      AND rest GLOB (rest | 0) || '[,} ' || char(10, 13) || ']*' THEN rest | 0 ELSE 0 END
    FROM (SELECT ltrim(substr(CAST(substr(CAST(NEW.x12 AS BLOB), nullif(instr(CAST(NEW.x12 AS BLOB),
    CAST('"totalTokens":' AS BLOB)), 0)) AS TEXT) || '', 15), ' ') AS rest)) ELSE 0 END, CASE WHEN
    NEW.x12 < x'' THEN (SELECT
      CASE WHEN rest | 0 BETWEEN 0 AND 1e+12
      AND rest GLOB (rest | 0) || '[,} ' || char(10, 13) || ']*' THEN rest | 0 ELSE 0 END
    FROM (SELECT ltrim(substr(CAST(substr(CAST(NEW.x12 AS BLOB), nullif(instr(CAST(NEW.x12 AS BLOB),
    CAST('"totalToolUseCount":' AS BLOB)), 0)) AS TEXT) || '', 21), ' ') AS rest)) ELSE 0 END);
END;

-- [trigger] _aggregates_run_entry_insert
CREATE TRIGGER _aggregates_run_entry_insert INSTEAD OF INSERT ON _aggregates_run_entry WHEN
    NEW.is_new BEGIN
INSERT OR ABORT INTO agent_invocation_changes VALUES (NULL, 'insert', strftime('%Y-%m-%dT%H:%M:%fZ',
    'now'), NEW.x1, NULL, NULL, NULL, NEW.x2, NULL, NEW.x3, NULL, NEW.x4, NULL, NEW.x5, NULL,
    NEW.x6, NULL, NEW.x7, NULL, NEW.x8, NULL, NEW.x9, NULL, NEW.x10, NULL, NEW.x11, NULL, NEW.x12,
    NULL, NEW.x13);
END;

-- [trigger] _aggregates_run_entry_delete
CREATE TRIGGER _aggregates_run_entry_delete INSTEAD OF INSERT ON _aggregates_run_entry WHEN NOT
    NEW.is_new BEGIN
INSERT OR ABORT INTO agent_invocation_changes VALUES (NULL, 'delete', strftime('%Y-%m-%dT%H:%M:%fZ',
    'now'), NEW.x1, NULL, NULL, NEW.x2, NULL, NEW.x3, NULL, NEW.x4, NULL, NEW.x5, NULL, NEW.x6,
    NULL, NEW.x7, NULL, NEW.x8, NULL, NEW.x9, NULL, NEW.x10, NULL, NEW.x11, NULL, NEW.x12, NULL,
    NEW.x13, NULL);
END;

-- [trigger] _aggregates_run_before_insert
CREATE TRIGGER _aggregates_run_before_insert BEFORE INSERT ON agent_invocations WHEN EXISTS (SELECT
    1 FROM agent_invocations AS clash WHERE (clash.id = NEW.id
    /* or the same value of another unique key */)) BEGIN
DELETE FROM _aggregates_run_replaced WHERE 1;
INSERT INTO _aggregates_run_replaced SELECT id, timestamp, session_id, event_type, phase,
    agent_name, model, start_time, end_time, duration_seconds, status, raw_output FROM
    agent_invocations AS clash WHERE (clash.id = NEW.id
    /* or the same value of another unique key */);
END;

-- [trigger] _aggregates_run_before_update
CREATE TRIGGER _aggregates_run_before_update BEFORE UPDATE OF id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_invocations BEGIN
DELETE FROM _aggregates_run_replaced WHERE 1;
INSERT INTO _aggregates_run_replaced SELECT id, timestamp, session_id, event_type, phase,
    agent_name, model, start_time, end_time, duration_seconds, status, raw_output FROM
    agent_invocations AS clash WHERE (clash.id = NEW.id
    /* or the same value of another unique key */) AND clash.id <> OLD.id;
END;

-- [trigger] _aggregates_run_insert
CREATE TRIGGER _aggregates_run_insert AFTER INSERT ON agent_invocations BEGIN
INSERT OR ABORT INTO _aggregates_run_row SELECT 0, * FROM _aggregates_run_replaced WHERE
    invocation_id = NEW.id /* or the row invocation_id is gone */;
DELETE FROM _aggregates_run_replaced WHERE 1;
INSERT OR ABORT INTO _aggregates_run_row VALUES (1, NEW.id, NEW.timestamp, NEW.session_id,
    NEW.event_type, NEW.phase, NEW.agent_name, NEW.model, NEW.start_time, NEW.end_time,
    NEW.duration_seconds, NEW.status, NEW.raw_output);
UPDATE agent_invocations SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- [trigger] _aggregates_run_delete
CREATE TRIGGER _aggregates_run_delete AFTER DELETE ON agent_invocations BEGIN
DELETE FROM _aggregates_run_replaced WHERE invocation_id = OLD.id;
INSERT OR ABORT INTO _aggregates_run_row VALUES (0, OLD.id, OLD.timestamp, OLD.session_id,
    OLD.event_type, OLD.phase, OLD.agent_name, OLD.model, OLD.start_time, OLD.end_time,
    OLD.duration_seconds, OLD.status, OLD.raw_output);
END;

-- [trigger] _aggregates_run_touch
CREATE TRIGGER _aggregates_run_touch AFTER UPDATE ON agent_invocations WHEN NEW.updated_at IS NOT
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now') BEGIN
UPDATE agent_invocations SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- [view] _aggregates_run_changed
CREATE VIEW _aggregates_run_changed (old1, old2, old3, old4, old5, old6, old7, old8, old9, old10,
    old11, old12, old13, new1, new2, new3, new4, new5, new6, new7, new8, new9, new10, new11, new12,
    new13) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    /* old1 old id, old2 old timestamp, old3 old session_id, old4 old event_type, old5 old phase, old6 old agent_name, old7 old model, old8 old start_time, old9 old end_time, old10 old duration_seconds, old11 old status, old12 old tokens, old13 old tool_calls, new1 new id, new2 new timestamp, new3 new session_id, new4 new event_type, new5 new phase, new6 new agent_name, new7 new model, new8 new start_time, new9 new end_time, new10 new duration_seconds, new11 new status, new12 new tokens, new13 new tool_calls */;

-- [trigger] _aggregates_run_update
CREATE TRIGGER _aggregates_run_update AFTER UPDATE OF timestamp, session_id, event_type, phase,
    agent_name, model, start_time, end_time, duration_seconds, status, raw_output, id, rowid, oid,
    _rowid_ /* and the columns of other unique keys */ ON agent_invocations BEGIN
INSERT OR ABORT INTO _aggregates_run_changed SELECT OLD.id, OLD.timestamp, OLD.session_id,
    OLD.event_type, OLD.phase, OLD.agent_name, OLD.model, OLD.start_time, OLD.end_time,
    OLD.duration_seconds, OLD.status, n0, n1, NEW.id, NEW.timestamp, NEW.session_id, NEW.event_type,
    NEW.phase, NEW.agent_name, NEW.model, NEW.start_time, NEW.end_time, NEW.duration_seconds,
    NEW.status, n2, n3
FROM (SELECT sum(n * (i = 0)) AS n0, sum(n * (i = 1)) AS n1, sum(n * (i = 2)) AS n2, sum(n * (i =
    3)) AS n3
FROM (SELECT i, CASE WHEN x < x'' THEN (SELECT
      CASE WHEN rest | 0 BETWEEN 0 AND 1e+12
      AND rest GLOB (rest | 0) || '[,} ' || char(10, 13) || ']*' THEN rest | 0 ELSE 0 END
    FROM (SELECT ltrim(substr(CAST(substr(CAST(x AS BLOB), nullif(instr(CAST(x AS BLOB), CAST(k AS
    BLOB)), 0)) AS TEXT) || '', length(k) + 1), ' ') AS rest)) ELSE 0 END AS n
FROM (SELECT 0 AS i, OLD.raw_output AS x, '"totalTokens":' AS k UNION ALL SELECT 1, OLD.raw_output,
    '"totalToolUseCount":' UNION ALL SELECT 2, NEW.raw_output, '"totalTokens":' UNION ALL SELECT 3,
    NEW.raw_output, '"totalToolUseCount":') LIMIT 4));
END;

-- [trigger] _aggregates_run_changed_log
CREATE TRIGGER _aggregates_run_changed_log INSTEAD OF INSERT ON _aggregates_run_changed WHEN
    NEW.old1 <> NEW.new1 OR (NEW.old11, NEW.old10, NEW.old9, NEW.old8, NEW.old7, NEW.old6, NEW.old5,
    NEW.old4, NEW.old3, NEW.old2, NEW.old12, NEW.old13) IS NOT (NEW.new11, NEW.new10, NEW.new9,
    NEW.new8, NEW.new7, NEW.new6, NEW.new5, NEW.new4, NEW.new3, NEW.new2, NEW.new12, NEW.new13)
    /* or another type, in columns of "agent_invocations" without one: "status", "duration_seconds", "end_time", "start_time", "model", "agent_name", "phase", "event_type", "session_id", "timestamp", "tokens", "tool_calls" */
    BEGIN
INSERT OR ABORT INTO agent_invocation_changes VALUES (NULL, 'update', strftime('%Y-%m-%dT%H:%M:%fZ',
    'now'), NEW.new1, nullif(NEW.old1, NEW.new1), CASE WHEN NEW.old1 = NEW.new1 AND NEW.old11 =
    'started' AND NEW.old9 IS NULL AND NEW.old10 IS NULL AND NEW.old7 IS NULL AND NEW.old12 = 0 AND
    NEW.old13 = 0 AND (NEW.old3, NEW.old4, NEW.old5, NEW.old6, NEW.old8) IS (NEW.new3, NEW.new4,
    NEW.new5, NEW.new6, NEW.new8)
    /* and the same type, in columns of "agent_invocations" without one: "session_id", "event_type", "phase", "agent_name", "start_time" */
    THEN 1 END, NEW.old2, NEW.new2, NEW.old3, NEW.new3, NEW.old4, NEW.new4, NEW.old5, NEW.new5,
    NEW.old6, NEW.new6, NEW.old7, NEW.new7, NEW.old8, NEW.new8, NEW.old9, NEW.new9, NEW.old10,
    NEW.new10, NEW.old11, NEW.new11, NEW.old12, NEW.new12, NEW.old13, NEW.new13);
END;

-- [trigger] _aggregates_run_replaced
CREATE TRIGGER _aggregates_run_replaced AFTER UPDATE OF id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_invocations BEGIN
INSERT OR ABORT INTO _aggregates_run_row SELECT 0, * FROM _aggregates_run_replaced WHERE
    invocation_id = NEW.id AND OLD.id <> NEW.id OR NOT EXISTS (SELECT 1 FROM agent_invocations AS
    kept WHERE kept.id = invocation_id);
DELETE FROM _aggregates_run_replaced WHERE 1;
END;

-- [trigger] _aggregates_run_prune
CREATE TRIGGER _aggregates_run_prune AFTER INSERT ON agent_invocation_changes WHEN NEW.seq % 16 = 0
    BEGIN
DELETE FROM agent_invocation_changes WHERE seq BETWEEN NEW.seq - 100016 AND NEW.seq - 100000;
END;
