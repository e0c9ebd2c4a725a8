-- [table] agent_invocation_changes
CREATE TABLE agent_invocation_changes (
  seq INTEGER PRIMARY KEY,
  operation TEXT,
  updated_at TEXT,
  invocation_id INTEGER,
  old_invocation_id INTEGER,
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
CREATE TABLE _aggregates_agent_invocations_replaced (
  invocation_id, timestamp, session_id, event_type, phase, agent_name, model, start_time, end_time,
      duration_seconds, status, raw_output,
  is_gone
);

-- [trigger] _aggregates_agent_invocations_before_insert
CREATE TRIGGER _aggregates_agent_invocations_before_insert BEFORE INSERT ON agent_invocations
WHEN EXISTS (SELECT 1 FROM agent_invocations AS clash WHERE clash.id = NEW.id
    /* or the same value of another unique key */)
  OR EXISTS (SELECT 1 FROM _aggregates_agent_invocations_replaced)
BEGIN
  UPDATE _aggregates_agent_invocations_replaced SET is_gone = 1
  WHERE NOT EXISTS (SELECT 1 FROM agent_invocations AS kept WHERE kept.id =
      _aggregates_agent_invocations_replaced.invocation_id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id IS NOT NULL;
  INSERT INTO _aggregates_agent_invocations_replaced (invocation_id, timestamp, session_id,
      event_type, phase, agent_name, model, start_time, end_time, duration_seconds, status,
      raw_output)
  SELECT clash.id, clash.timestamp, clash.session_id, clash.event_type, clash.phase,
      clash.agent_name, clash.model, clash.start_time, clash.end_time, clash.duration_seconds,
      clash.status, clash.raw_output
  FROM agent_invocations AS clash WHERE clash.id = NEW.id
      /* or the same value of another unique key */;
END;

-- [trigger] _aggregates_agent_invocations_before_update
CREATE TRIGGER _aggregates_agent_invocations_before_update BEFORE UPDATE OF id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_invocations
WHEN EXISTS (SELECT 1 FROM agent_invocations AS clash WHERE (clash.id = NEW.id
    /* or the same value of another unique key */) AND clash.id <> OLD.id)
  OR EXISTS (SELECT 1 FROM _aggregates_agent_invocations_replaced)
BEGIN
  UPDATE _aggregates_agent_invocations_replaced SET is_gone = 1
  WHERE NOT EXISTS (SELECT 1 FROM agent_invocations AS kept WHERE kept.id =
      _aggregates_agent_invocations_replaced.invocation_id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id IS NOT NULL;
  INSERT INTO _aggregates_agent_invocations_replaced (invocation_id, timestamp, session_id,
      event_type, phase, agent_name, model, start_time, end_time, duration_seconds, status,
      raw_output)
  SELECT clash.id, clash.timestamp, clash.session_id, clash.event_type, clash.phase,
      clash.agent_name, clash.model, clash.start_time, clash.end_time, clash.duration_seconds,
      clash.status, clash.raw_output
  FROM agent_invocations AS clash WHERE (clash.id = NEW.id
      /* or the same value of another unique key */) AND clash.id <> OLD.id;
END;

-- [trigger] _aggregates_agent_invocations_replaced
CREATE TRIGGER _aggregates_agent_invocations_replaced AFTER DELETE ON
    _aggregates_agent_invocations_replaced
WHEN OLD.is_gone
BEGIN
  INSERT INTO agent_invocation_changes (operation, updated_at, invocation_id,
    old_timestamp, old_session_id, old_event_type, old_phase, old_agent_name, old_model,
    old_start_time, old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
  VALUES ('delete', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.invocation_id,
    OLD.timestamp, OLD.session_id, OLD.event_type, OLD.phase, OLD.agent_name, OLD.model,
    OLD.start_time, OLD.end_time, OLD.duration_seconds, OLD.status, CASE WHEN typeof(OLD.raw_output)
    = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(OLD.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(OLD.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB)) AS place)) ELSE
    0 END, CASE WHEN typeof(OLD.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(OLD.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(OLD.raw_output AS BLOB), CAST('"totalToolUseCount":' AS BLOB)) AS
    place)) ELSE 0 END);
END;

-- [trigger] _aggregates_agent_invocations_insert
CREATE TRIGGER _aggregates_agent_invocations_insert AFTER INSERT ON agent_invocations
BEGIN
  UPDATE _aggregates_agent_invocations_replaced SET is_gone = 1
  WHERE invocation_id = NEW.id OR NOT EXISTS (SELECT 1 FROM agent_invocations AS kept WHERE kept.id
      = _aggregates_agent_invocations_replaced.invocation_id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id IS NOT NULL;
  INSERT INTO agent_invocation_changes (operation, updated_at, invocation_id,
    new_timestamp, new_session_id, new_event_type, new_phase, new_agent_name, new_model,
    new_start_time, new_end_time, new_duration_seconds, new_status, new_tokens, new_tool_calls)
  VALUES ('insert', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id,
    NEW.timestamp, NEW.session_id, NEW.event_type, NEW.phase, NEW.agent_name, NEW.model,
    NEW.start_time, NEW.end_time, NEW.duration_seconds, NEW.status, CASE WHEN typeof(NEW.raw_output)
    = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(NEW.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(NEW.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB)) AS place)) ELSE
    0 END, CASE WHEN typeof(NEW.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(NEW.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(NEW.raw_output AS BLOB), CAST('"totalToolUseCount":' AS BLOB)) AS
    place)) ELSE 0 END);
  UPDATE agent_invocations SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- [trigger] _aggregates_agent_invocations_update
CREATE TRIGGER _aggregates_agent_invocations_update AFTER UPDATE OF timestamp, session_id,
    event_type, phase, agent_name, model, start_time, end_time, duration_seconds, status,
    raw_output, id, rowid, oid, _rowid_ /* and the columns of other unique keys */ ON
    agent_invocations
WHEN OLD.status COLLATE BINARY IS NOT NEW.status
  OR OLD.duration_seconds COLLATE BINARY IS NOT NEW.duration_seconds
  OR OLD.end_time COLLATE BINARY IS NOT NEW.end_time
  OR OLD.start_time COLLATE BINARY IS NOT NEW.start_time
  OR OLD.model COLLATE BINARY IS NOT NEW.model
  OR OLD.agent_name COLLATE BINARY IS NOT NEW.agent_name
  OR OLD.phase COLLATE BINARY IS NOT NEW.phase
  OR OLD.event_type COLLATE BINARY IS NOT NEW.event_type
  OR OLD.session_id COLLATE BINARY IS NOT NEW.session_id
  OR OLD.timestamp COLLATE BINARY IS NOT NEW.timestamp
  OR OLD.id <> NEW.id
  OR typeof(OLD.status) <> typeof(NEW.status)
  OR typeof(OLD.duration_seconds) <> typeof(NEW.duration_seconds)
  OR typeof(OLD.end_time) <> typeof(NEW.end_time)
  OR typeof(OLD.start_time) <> typeof(NEW.start_time)
  OR typeof(OLD.model) <> typeof(NEW.model)
  OR typeof(OLD.agent_name) <> typeof(NEW.agent_name)
  OR typeof(OLD.phase) <> typeof(NEW.phase)
  OR typeof(OLD.event_type) <> typeof(NEW.event_type)
  OR typeof(OLD.session_id) <> typeof(NEW.session_id)
  OR typeof(OLD.timestamp) <> typeof(NEW.timestamp)
  OR OLD.raw_output COLLATE BINARY IS NOT NEW.raw_output AND (CASE WHEN typeof(OLD.raw_output) =
      'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(OLD.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(OLD.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB)) AS place)) ELSE
    0 END
    <> CASE WHEN typeof(NEW.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(NEW.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(NEW.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB)) AS place)) ELSE
    0 END OR CASE WHEN typeof(OLD.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(OLD.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(OLD.raw_output AS BLOB), CAST('"totalToolUseCount":' AS BLOB)) AS
    place)) ELSE 0 END
    <> CASE WHEN typeof(NEW.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(NEW.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(NEW.raw_output AS BLOB), CAST('"totalToolUseCount":' AS BLOB)) AS
    place)) ELSE 0 END)
BEGIN
  UPDATE _aggregates_agent_invocations_replaced SET is_gone = 1
  WHERE (invocation_id = NEW.id AND OLD.id <> NEW.id) OR NOT EXISTS (SELECT 1 FROM agent_invocations
      AS kept WHERE kept.id = _aggregates_agent_invocations_replaced.invocation_id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id IS NOT NULL;
  INSERT INTO agent_invocation_changes (operation, updated_at, invocation_id, old_invocation_id,
    old_timestamp, old_session_id, old_event_type, old_phase, old_agent_name, old_model,
    old_start_time, old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls,
    new_timestamp, new_session_id, new_event_type, new_phase, new_agent_name, new_model,
    new_start_time, new_end_time, new_duration_seconds, new_status, new_tokens, new_tool_calls)
  VALUES ('update', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id, nullif(OLD.id, NEW.id),
    OLD.timestamp, OLD.session_id, OLD.event_type, OLD.phase, OLD.agent_name, OLD.model,
    OLD.start_time, OLD.end_time, OLD.duration_seconds, OLD.status, CASE WHEN typeof(OLD.raw_output)
    = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(OLD.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(OLD.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB)) AS place)) ELSE
    0 END, CASE WHEN typeof(OLD.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(OLD.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(OLD.raw_output AS BLOB), CAST('"totalToolUseCount":' AS BLOB)) AS
    place)) ELSE 0 END, NEW.timestamp, NEW.session_id, NEW.event_type, NEW.phase, NEW.agent_name,
    NEW.model, NEW.start_time, NEW.end_time, NEW.duration_seconds, NEW.status, CASE WHEN
    typeof(NEW.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(NEW.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(NEW.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB)) AS place)) ELSE
    0 END, CASE WHEN typeof(NEW.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(NEW.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(NEW.raw_output AS BLOB), CAST('"totalToolUseCount":' AS BLOB)) AS
    place)) ELSE 0 END);
END;

-- [trigger] _aggregates_agent_invocations_update_replacing
CREATE TRIGGER _aggregates_agent_invocations_update_replacing AFTER UPDATE OF id, rowid, oid,
    _rowid_ /* and the columns of other unique keys */ ON agent_invocations
WHEN EXISTS (SELECT 1 FROM _aggregates_agent_invocations_replaced)
BEGIN
  UPDATE _aggregates_agent_invocations_replaced SET is_gone = 1
  WHERE (invocation_id = NEW.id AND OLD.id <> NEW.id) OR NOT EXISTS (SELECT 1 FROM agent_invocations
      AS kept WHERE kept.id = _aggregates_agent_invocations_replaced.invocation_id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id IS NOT NULL;
END;

-- [trigger] _aggregates_agent_invocations_touch
CREATE TRIGGER _aggregates_agent_invocations_touch AFTER UPDATE ON agent_invocations
WHEN NEW.updated_at IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
BEGIN
  UPDATE agent_invocations SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- [trigger] _aggregates_agent_invocations_delete
CREATE TRIGGER _aggregates_agent_invocations_delete AFTER DELETE ON agent_invocations
BEGIN
  DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id = OLD.id;
  INSERT INTO agent_invocation_changes (operation, updated_at, invocation_id,
    old_timestamp, old_session_id, old_event_type, old_phase, old_agent_name, old_model,
    old_start_time, old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
  VALUES ('delete', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.id,
    OLD.timestamp, OLD.session_id, OLD.event_type, OLD.phase, OLD.agent_name, OLD.model,
    OLD.start_time, OLD.end_time, OLD.duration_seconds, OLD.status, CASE WHEN typeof(OLD.raw_output)
    = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(OLD.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(OLD.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB)) AS place)) ELSE
    0 END, CASE WHEN typeof(OLD.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(OLD.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(OLD.raw_output AS BLOB), CAST('"totalToolUseCount":' AS BLOB)) AS
    place)) ELSE 0 END);
END;

-- [trigger] _aggregates_agent_invocations_prune
CREATE TRIGGER _aggregates_agent_invocations_prune AFTER INSERT ON agent_invocation_changes
WHEN NEW.seq % 16 = 0
BEGIN
  DELETE FROM agent_invocation_changes WHERE seq <= min(NEW.seq - 100000,
    (SELECT min(seq) FROM agent_invocation_changes) + 64);
END;
