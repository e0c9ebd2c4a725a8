-- table agent_invocation_changes
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

-- table _aggregates_agent_invocations_replaced
CREATE TABLE _aggregates_agent_invocations_replaced (
  invocation_id, timestamp, session_id, event_type, phase, agent_name, model, start_time, end_time,
      duration_seconds, status, raw_output,
  is_gone
);

-- trigger _aggregates_agent_invocations_before_insert
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

-- trigger _aggregates_agent_invocations_before_update
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

-- trigger _aggregates_agent_invocations_replaced
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

-- trigger _aggregates_agent_invocations_insert
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

-- trigger _aggregates_agent_invocations_update
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

-- trigger _aggregates_agent_invocations_update_replacing
CREATE TRIGGER _aggregates_agent_invocations_update_replacing AFTER UPDATE OF id, rowid, oid,
    _rowid_ /* and the columns of other unique keys */ ON agent_invocations
WHEN EXISTS (SELECT 1 FROM _aggregates_agent_invocations_replaced)
BEGIN
  UPDATE _aggregates_agent_invocations_replaced SET is_gone = 1
  WHERE (invocation_id = NEW.id AND OLD.id <> NEW.id) OR NOT EXISTS (SELECT 1 FROM agent_invocations
      AS kept WHERE kept.id = _aggregates_agent_invocations_replaced.invocation_id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE invocation_id IS NOT NULL;
END;

-- trigger _aggregates_agent_invocations_touch
CREATE TRIGGER _aggregates_agent_invocations_touch AFTER UPDATE ON agent_invocations
WHEN NEW.updated_at IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
BEGIN
  UPDATE agent_invocations SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = NEW.id;
END;

-- trigger _aggregates_agent_invocations_delete
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

-- trigger _aggregates_agent_invocations_prune
CREATE TRIGGER _aggregates_agent_invocations_prune AFTER INSERT ON agent_invocation_changes
WHEN NEW.seq % 16 = 0
BEGIN
  DELETE FROM agent_invocation_changes WHERE seq <= min(NEW.seq - 100000,
    (SELECT min(seq) FROM agent_invocation_changes) + 64);
END;

-- view _aggregates_agent_invocations_facts_1
CREATE VIEW _aggregates_agent_invocations_facts_1 (
  updated_at, seq, old_exists, old_invocation_id, old_start_time, old_end_time,
      old_duration_seconds, old_status, old_is_invocation, old_session, old_event, old_agent,
      old_phase_name, old_model_name, old_status_name, old_token_count, old_tool_call_count,
      old_start, old_end, old_succeeded, old_failed, new_exists, new_invocation_id, new_start_time,
      new_end_time, new_duration_seconds, new_status, new_is_invocation, new_session, new_event,
      new_agent, new_phase_name, new_model_name, new_status_name, new_token_count,
      new_tool_call_count, new_start, new_end, new_succeeded, new_failed
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- view _aggregates_agent_invocations_facts_2
CREATE VIEW _aggregates_agent_invocations_facts_2 (
  updated_at, seq, old_exists, old_invocation_id, old_is_invocation, old_session, old_event,
      old_agent, old_phase_name, old_model_name, old_status_name, old_token_count,
      old_tool_call_count, old_start, old_end, old_duration_ms, old_succeeded, old_failed,
      old_in_flight, new_exists, new_invocation_id, new_is_invocation, new_session, new_event,
      new_agent, new_phase_name, new_model_name, new_status_name, new_token_count,
      new_tool_call_count, new_start, new_end, new_duration_ms, new_succeeded, new_failed,
      new_in_flight
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL;

-- view _aggregates_agent_invocations_posting
CREATE VIEW _aggregates_agent_invocations_posting (
  updated_at, seq, agent_stats_posts, agent_hourly_posts, agent_durations_posts,
      agent_durations_daily_posts, agent_percentiles_posts, agent_activity_posts,
      session_agents_posts, open_runs_posts, agent_starts_posts, session_phases_posts,
      session_stats_posts, session_starts_posts, session_ends_posts, old_agent, old_duration_ms,
      old_end, old_event, old_failed, old_in_flight, old_invocation_id, old_is_invocation,
      old_le_ms, old_model_name, old_phase_name, old_session, old_start, old_status_name,
      old_succeeded, old_token_count, old_tool_call_count, new_agent, new_duration_ms, new_end,
      new_event, new_failed, new_in_flight, new_invocation_id, new_is_invocation, new_le_ms,
      new_model_name, new_phase_name, new_session, new_start, new_status_name, new_succeeded,
      new_token_count, new_tool_call_count
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL;

-- trigger _aggregates_agent_invocations_post_1
CREATE TRIGGER _aggregates_agent_invocations_post_1 AFTER INSERT ON agent_invocation_changes
BEGIN
  INSERT INTO _aggregates_agent_invocations_facts_1 VALUES (
  NEW.updated_at,
  NEW.seq,
  NEW.operation <> 'insert',
  coalesce(NEW.old_invocation_id, NEW.invocation_id),
  NEW.old_start_time,
  NEW.old_end_time,
  NEW.old_duration_seconds,
  NEW.old_status,
  (typeof(NEW.old_agent_name) = 'text' AND NEW.old_agent_name NOT IN ('', 'unknown')) AND NOT
      (coalesce(NEW.old_event_type, '') = 'subagent_stop' OR coalesce(NEW.old_event_type, '') =
      'tool_tracking_start'),
  CASE typeof(NEW.old_session_id) WHEN 'text' THEN CASE WHEN instr(NEW.old_session_id, char(0)) THEN
      '' ELSE NEW.old_session_id END WHEN 'integer' THEN CAST(NEW.old_session_id AS TEXT) ELSE ''
      END,
  CASE typeof(NEW.old_event_type) WHEN 'text' THEN CASE WHEN instr(NEW.old_event_type, char(0)) THEN
      '' ELSE NEW.old_event_type END WHEN 'integer' THEN CAST(NEW.old_event_type AS TEXT) ELSE ''
      END,
  CASE typeof(NEW.old_agent_name) WHEN 'text' THEN CASE WHEN instr(NEW.old_agent_name, char(0)) THEN
      '' ELSE NEW.old_agent_name END WHEN 'integer' THEN CAST(NEW.old_agent_name AS TEXT) ELSE ''
      END,
  CASE typeof(NEW.old_phase) WHEN 'text' THEN CASE WHEN instr(NEW.old_phase, char(0)) THEN '' ELSE
      NEW.old_phase END WHEN 'integer' THEN CAST(NEW.old_phase AS TEXT) ELSE '' END,
  CASE typeof(NEW.old_model) WHEN 'text' THEN CASE WHEN instr(NEW.old_model, char(0)) THEN '' ELSE
      NEW.old_model END WHEN 'integer' THEN CAST(NEW.old_model AS TEXT) ELSE '' END,
  CASE typeof(NEW.old_status) WHEN 'text' THEN CASE WHEN instr(NEW.old_status, char(0)) THEN '' ELSE
      NEW.old_status END WHEN 'integer' THEN CAST(NEW.old_status AS TEXT) ELSE '' END,
  NEW.old_tokens,
  NEW.old_tool_calls,
  CASE WHEN typeof(NEW.old_start_time) <> 'text' THEN NULL
  WHEN NEW.old_start_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND NEW.old_start_time >= '0001'
    AND substr(NEW.old_start_time, 6, 2) BETWEEN '01' AND '12' AND substr(NEW.old_start_time, 9, 2)
    BETWEEN '01' AND '28'
    AND substr(NEW.old_start_time, 12, 2) < '24' AND NOT substr(NEW.old_start_time, 24) GLOB
    '*[^0-9]*'
    AND NOT instr(NEW.old_start_time, char(0))
  THEN substr(NEW.old_start_time, 1, 23)
  WHEN NEW.old_start_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND NEW.old_start_time >= '0001' AND substr(NEW.old_start_time, 12, 2) < '24' AND NOT
    instr(NEW.old_start_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(NEW.old_start_time, 21, length(NEW.old_start_time) -
        20 - length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(NEW.old_start_time, 1, 10), '+0 days') <>
        substr(NEW.old_start_time, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.old_start_time, 1,
        clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.old_start_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(NEW.old_start_time, 21), '0123456789') ELSE substr(NEW.old_start_time,
          clock + 1) END AS zone
        FROM (SELECT CASE WHEN substr(NEW.old_start_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(NEW.old_start_time, 17, 1) = ':' AND substr(NEW.old_start_time, 20, 2) GLOB
          '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END,
  CASE WHEN typeof(NEW.old_end_time) <> 'text' THEN NULL
  WHEN NEW.old_end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND NEW.old_end_time >= '0001'
    AND substr(NEW.old_end_time, 6, 2) BETWEEN '01' AND '12' AND substr(NEW.old_end_time, 9, 2)
    BETWEEN '01' AND '28'
    AND substr(NEW.old_end_time, 12, 2) < '24' AND NOT substr(NEW.old_end_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(NEW.old_end_time, char(0))
  THEN substr(NEW.old_end_time, 1, 23)
  WHEN NEW.old_end_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND NEW.old_end_time >= '0001' AND substr(NEW.old_end_time, 12, 2) < '24' AND NOT
    instr(NEW.old_end_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(NEW.old_end_time, 21, length(NEW.old_end_time) - 20 -
        length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(NEW.old_end_time, 1, 10), '+0 days') <> substr(NEW.old_end_time,
        9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.old_end_time, 1,
        clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.old_end_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(NEW.old_end_time, 21), '0123456789') ELSE substr(NEW.old_end_time, clock
          + 1) END AS zone
        FROM (SELECT CASE WHEN substr(NEW.old_end_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(NEW.old_end_time, 17, 1) = ':' AND substr(NEW.old_end_time, 20, 2) GLOB '.[0-9]' AS
          fraction))
      LIMIT 1 OFFSET 0)) END,
  CASE WHEN (coalesce(NEW.old_status, '') = 'completed') THEN 1 ELSE 0 END,
  CASE WHEN (coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') = 'error') THEN
      1 ELSE 0 END,
  NEW.operation <> 'delete',
  NEW.invocation_id,
  NEW.new_start_time,
  NEW.new_end_time,
  NEW.new_duration_seconds,
  NEW.new_status,
  (typeof(NEW.new_agent_name) = 'text' AND NEW.new_agent_name NOT IN ('', 'unknown')) AND NOT
      (coalesce(NEW.new_event_type, '') = 'subagent_stop' OR coalesce(NEW.new_event_type, '') =
      'tool_tracking_start'),
  CASE typeof(NEW.new_session_id) WHEN 'text' THEN CASE WHEN instr(NEW.new_session_id, char(0)) THEN
      '' ELSE NEW.new_session_id END WHEN 'integer' THEN CAST(NEW.new_session_id AS TEXT) ELSE ''
      END,
  CASE typeof(NEW.new_event_type) WHEN 'text' THEN CASE WHEN instr(NEW.new_event_type, char(0)) THEN
      '' ELSE NEW.new_event_type END WHEN 'integer' THEN CAST(NEW.new_event_type AS TEXT) ELSE ''
      END,
  CASE typeof(NEW.new_agent_name) WHEN 'text' THEN CASE WHEN instr(NEW.new_agent_name, char(0)) THEN
      '' ELSE NEW.new_agent_name END WHEN 'integer' THEN CAST(NEW.new_agent_name AS TEXT) ELSE ''
      END,
  CASE typeof(NEW.new_phase) WHEN 'text' THEN CASE WHEN instr(NEW.new_phase, char(0)) THEN '' ELSE
      NEW.new_phase END WHEN 'integer' THEN CAST(NEW.new_phase AS TEXT) ELSE '' END,
  CASE typeof(NEW.new_model) WHEN 'text' THEN CASE WHEN instr(NEW.new_model, char(0)) THEN '' ELSE
      NEW.new_model END WHEN 'integer' THEN CAST(NEW.new_model AS TEXT) ELSE '' END,
  CASE typeof(NEW.new_status) WHEN 'text' THEN CASE WHEN instr(NEW.new_status, char(0)) THEN '' ELSE
      NEW.new_status END WHEN 'integer' THEN CAST(NEW.new_status AS TEXT) ELSE '' END,
  NEW.new_tokens,
  NEW.new_tool_calls,
  CASE WHEN typeof(NEW.new_start_time) <> 'text' THEN NULL
  WHEN NEW.new_start_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND NEW.new_start_time >= '0001'
    AND substr(NEW.new_start_time, 6, 2) BETWEEN '01' AND '12' AND substr(NEW.new_start_time, 9, 2)
    BETWEEN '01' AND '28'
    AND substr(NEW.new_start_time, 12, 2) < '24' AND NOT substr(NEW.new_start_time, 24) GLOB
    '*[^0-9]*'
    AND NOT instr(NEW.new_start_time, char(0))
  THEN substr(NEW.new_start_time, 1, 23)
  WHEN NEW.new_start_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND NEW.new_start_time >= '0001' AND substr(NEW.new_start_time, 12, 2) < '24' AND NOT
    instr(NEW.new_start_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(NEW.new_start_time, 21, length(NEW.new_start_time) -
        20 - length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(NEW.new_start_time, 1, 10), '+0 days') <>
        substr(NEW.new_start_time, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.new_start_time, 1,
        clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.new_start_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(NEW.new_start_time, 21), '0123456789') ELSE substr(NEW.new_start_time,
          clock + 1) END AS zone
        FROM (SELECT CASE WHEN substr(NEW.new_start_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(NEW.new_start_time, 17, 1) = ':' AND substr(NEW.new_start_time, 20, 2) GLOB
          '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END,
  CASE WHEN typeof(NEW.new_end_time) <> 'text' THEN NULL
  WHEN NEW.new_end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND NEW.new_end_time >= '0001'
    AND substr(NEW.new_end_time, 6, 2) BETWEEN '01' AND '12' AND substr(NEW.new_end_time, 9, 2)
    BETWEEN '01' AND '28'
    AND substr(NEW.new_end_time, 12, 2) < '24' AND NOT substr(NEW.new_end_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(NEW.new_end_time, char(0))
  THEN substr(NEW.new_end_time, 1, 23)
  WHEN NEW.new_end_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND NEW.new_end_time >= '0001' AND substr(NEW.new_end_time, 12, 2) < '24' AND NOT
    instr(NEW.new_end_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(NEW.new_end_time, 21, length(NEW.new_end_time) - 20 -
        length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(NEW.new_end_time, 1, 10), '+0 days') <> substr(NEW.new_end_time,
        9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.new_end_time, 1,
        clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(NEW.new_end_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(NEW.new_end_time, 21), '0123456789') ELSE substr(NEW.new_end_time, clock
          + 1) END AS zone
        FROM (SELECT CASE WHEN substr(NEW.new_end_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(NEW.new_end_time, 17, 1) = ':' AND substr(NEW.new_end_time, 20, 2) GLOB '.[0-9]' AS
          fraction))
      LIMIT 1 OFFSET 0)) END,
  CASE WHEN (coalesce(NEW.new_status, '') = 'completed') THEN 1 ELSE 0 END,
  CASE WHEN (coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') = 'error') THEN
      1 ELSE 0 END);
END;

-- trigger _aggregates_agent_invocations_post_2
CREATE TRIGGER _aggregates_agent_invocations_post_2 INSTEAD OF INSERT ON
    _aggregates_agent_invocations_facts_1
BEGIN
  INSERT INTO _aggregates_agent_invocations_facts_2 VALUES (
  NEW.updated_at,
  NEW.seq,
  NEW.old_exists,
  NEW.old_invocation_id,
  NEW.old_is_invocation,
  NEW.old_session,
  NEW.old_event,
  NEW.old_agent,
  NEW.old_phase_name,
  NEW.old_model_name,
  NEW.old_status_name,
  NEW.old_token_count,
  NEW.old_tool_call_count,
  NEW.old_start,
  NEW.old_end,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.old_end, 1, 19)) - strftime('%s',
      substr(NEW.old_start, 1, 19))) * 1000 + substr(NEW.old_end, 21) - substr(NEW.old_start, 21))
      END AS one, CASE WHEN typeof(NEW.old_duration_seconds) IN ('integer', 'real') AND
      NEW.old_duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.old_duration_seconds * 1000
      + 0.5 AS INTEGER) END AS other LIMIT 1 OFFSET 0)),
  NEW.old_succeeded,
  NEW.old_failed,
  NEW.old_start IS NOT NULL AND NEW.old_end_time IS NULL AND NOT (coalesce(NEW.old_status, '') =
      'completed' OR coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') =
      'error'),
  NEW.new_exists,
  NEW.new_invocation_id,
  NEW.new_is_invocation,
  NEW.new_session,
  NEW.new_event,
  NEW.new_agent,
  NEW.new_phase_name,
  NEW.new_model_name,
  NEW.new_status_name,
  NEW.new_token_count,
  NEW.new_tool_call_count,
  NEW.new_start,
  NEW.new_end,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.new_end, 1, 19)) - strftime('%s',
      substr(NEW.new_start, 1, 19))) * 1000 + substr(NEW.new_end, 21) - substr(NEW.new_start, 21))
      END AS one, CASE WHEN typeof(NEW.new_duration_seconds) IN ('integer', 'real') AND
      NEW.new_duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.new_duration_seconds * 1000
      + 0.5 AS INTEGER) END AS other LIMIT 1 OFFSET 0)),
  NEW.new_succeeded,
  NEW.new_failed,
  NEW.new_start IS NOT NULL AND NEW.new_end_time IS NULL AND NOT (coalesce(NEW.new_status, '') =
      'completed' OR coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') =
      'error'));
END;

-- trigger _aggregates_agent_invocations_post_3
CREATE TRIGGER _aggregates_agent_invocations_post_3 INSTEAD OF INSERT ON
    _aggregates_agent_invocations_facts_2
BEGIN
  INSERT INTO _aggregates_agent_invocations_posting VALUES (
  NEW.updated_at,
  NEW.seq,
  CASE WHEN NEW.old_exists AND NEW.new_exists AND NEW.old_status_name = NEW.new_status_name AND
      NEW.old_model_name = NEW.new_model_name AND NEW.old_phase_name = NEW.new_phase_name AND
      NEW.old_agent = NEW.new_agent AND NEW.old_event = NEW.new_event
    THEN CASE WHEN CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
    (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END OR coalesce(NEW.old_duration_ms, 0) <>
    coalesce(NEW.new_duration_ms, 0) OR NEW.old_token_count <> NEW.new_token_count OR
    NEW.old_tool_call_count <> NEW.new_tool_call_count THEN 4 ELSE 0 END ELSE NEW.new_exists + 2 *
    NEW.old_exists END,
  CASE WHEN NEW.old_exists AND NEW.new_exists AND NEW.old_status_name = NEW.new_status_name AND
      NEW.old_model_name = NEW.new_model_name AND NEW.old_phase_name = NEW.new_phase_name AND
      NEW.old_agent = NEW.new_agent AND NEW.old_event = NEW.new_event AND
      coalesce(substr(NEW.old_start, 1, 13) || ':00:00', '') = coalesce(substr(NEW.new_start, 1, 13)
      || ':00:00', '')
    THEN CASE WHEN CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
    (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END OR coalesce(NEW.old_duration_ms, 0) <>
    coalesce(NEW.new_duration_ms, 0) OR NEW.old_token_count <> NEW.new_token_count OR
    NEW.old_tool_call_count <> NEW.new_tool_call_count THEN 4 ELSE 0 END ELSE NEW.new_exists + 2 *
    NEW.old_exists END,
  CASE WHEN (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL) AND (NEW.new_exists AND
      NEW.new_duration_ms IS NOT NULL) AND coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms
      >= NEW.old_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN
      9223372036854775807 END) = coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >=
      NEW.new_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN
      9223372036854775807 END) AND NEW.old_model_name = NEW.new_model_name AND NEW.old_phase_name =
      NEW.new_phase_name AND NEW.old_agent = NEW.new_agent AND NEW.old_event = NEW.new_event
    THEN CASE WHEN NEW.old_duration_ms <> NEW.new_duration_ms THEN 4 ELSE 0 END ELSE (NEW.new_exists
    AND NEW.new_duration_ms IS NOT NULL) + 2 * (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL)
    END,
  CASE WHEN (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL) AND (NEW.new_exists AND
      NEW.new_duration_ms IS NOT NULL) AND coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms
      >= NEW.old_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN
      9223372036854775807 END) = coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >=
      NEW.new_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN
      9223372036854775807 END) AND NEW.old_agent = NEW.new_agent AND NEW.old_event = NEW.new_event
      AND coalesce(substr(NEW.old_start, 1, 10), '') = coalesce(substr(NEW.new_start, 1, 10), '')
    THEN CASE WHEN NEW.old_duration_ms <> NEW.new_duration_ms THEN 4 ELSE 0 END ELSE (NEW.new_exists
    AND NEW.new_duration_ms IS NOT NULL) + 2 * (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL)
    END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_duration_ms IS NOT NULL) AND
      (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_duration_ms IS NOT NULL) AND
      coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.old_duration_ms ORDER BY le_ms
      LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN 9223372036854775807 END) =
      coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.new_duration_ms ORDER BY le_ms
      LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN 9223372036854775807 END) AND
      NEW.old_agent = NEW.new_agent
    THEN CASE WHEN NEW.old_duration_ms <> NEW.new_duration_ms THEN 4 ELSE 0 END ELSE (NEW.new_exists
    AND NEW.new_is_invocation AND NEW.new_duration_ms IS NOT NULL) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation AND NEW.old_duration_ms IS NOT NULL) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation) AND (NEW.new_exists AND
      NEW.new_is_invocation) AND NEW.old_agent = NEW.new_agent
    THEN 4 ELSE (NEW.new_exists AND NEW.new_is_invocation) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation) AND (NEW.new_exists AND
      NEW.new_is_invocation) AND NEW.old_agent = NEW.new_agent AND NEW.old_session = NEW.new_session
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_in_flight) AND (NEW.new_exists AND
      NEW.new_is_invocation AND NEW.new_in_flight) AND NEW.old_phase_name = NEW.new_phase_name AND
      NEW.old_agent = NEW.new_agent AND NEW.old_session = NEW.new_session AND NEW.old_invocation_id
      = NEW.new_invocation_id AND NEW.old_start = NEW.new_start
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_in_flight) + 2 *
    (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_in_flight) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_start IS NOT NULL) AND
      (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_start IS NOT NULL) AND
      NEW.old_invocation_id = NEW.new_invocation_id AND NEW.old_start = NEW.new_start AND
      NEW.old_agent = NEW.new_agent
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_start IS NOT NULL) + 2 *
    (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_start IS NOT NULL) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation) AND (NEW.new_exists AND
      NEW.new_is_invocation) AND NEW.old_phase_name = NEW.new_phase_name AND NEW.old_session =
      NEW.new_session
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation) AND (NEW.new_exists AND
      NEW.new_is_invocation) AND NEW.old_session = NEW.new_session
    THEN 4 ELSE (NEW.new_exists AND NEW.new_is_invocation) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_start IS NOT NULL) AND
      (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_start IS NOT NULL) AND
      NEW.old_invocation_id = NEW.new_invocation_id AND NEW.old_start = NEW.new_start AND
      NEW.old_session = NEW.new_session
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_start IS NOT NULL) + 2 *
    (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_start IS NOT NULL) END,
  CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_end IS NOT NULL) AND
      (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_end IS NOT NULL) AND
      NEW.old_invocation_id = NEW.new_invocation_id AND NEW.old_end = NEW.new_end AND
      NEW.old_session = NEW.new_session
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_end IS NOT NULL) + 2 *
    (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_end IS NOT NULL) END,
  NEW.old_agent,
  NEW.old_duration_ms,
  NEW.old_end,
  NEW.old_event,
  NEW.old_failed,
  NEW.old_in_flight,
  NEW.old_invocation_id,
  NEW.old_is_invocation,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.old_duration_ms ORDER BY le_ms
      LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN 9223372036854775807 END),
  NEW.old_model_name,
  NEW.old_phase_name,
  NEW.old_session,
  NEW.old_start,
  NEW.old_status_name,
  NEW.old_succeeded,
  NEW.old_token_count,
  NEW.old_tool_call_count,
  NEW.new_agent,
  NEW.new_duration_ms,
  NEW.new_end,
  NEW.new_event,
  NEW.new_failed,
  NEW.new_in_flight,
  NEW.new_invocation_id,
  NEW.new_is_invocation,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.new_duration_ms ORDER BY le_ms
      LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN 9223372036854775807 END),
  NEW.new_model_name,
  NEW.new_phase_name,
  NEW.new_session,
  NEW.new_start,
  NEW.new_status_name,
  NEW.new_succeeded,
  NEW.new_token_count,
  NEW.new_tool_call_count);
END;

-- trigger _aggregates_agent_invocations_plus
CREATE TRIGGER _aggregates_agent_invocations_plus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
BEGIN
  INSERT INTO agent_stats (event_type, agent_name, phase, model, status, invocations,
      duration_count, duration_ms_sum, tokens_sum, tool_calls_sum)
  SELECT NEW.new_event, NEW.new_agent, NEW.new_phase_name, NEW.new_model_name, NEW.new_status_name,
    CASE NEW.agent_stats_posts WHEN 4 THEN 0 ELSE 1 END,
    (CASE WHEN (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) - CASE NEW.agent_stats_posts
    WHEN 4 THEN (CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) ELSE 0 END,
    coalesce(NEW.new_duration_ms, 0) - CASE NEW.agent_stats_posts WHEN 4 THEN
    coalesce(NEW.old_duration_ms, 0) ELSE 0 END,
    NEW.new_token_count - CASE NEW.agent_stats_posts WHEN 4 THEN NEW.old_token_count ELSE 0 END,
    NEW.new_tool_call_count - CASE NEW.agent_stats_posts WHEN 4 THEN NEW.old_tool_call_count ELSE 0
    END
  WHERE NEW.agent_stats_posts NOT IN (0, 2)
  ON CONFLICT (event_type, agent_name, phase, model, status) DO UPDATE SET
    invocations = invocations + excluded.invocations, duration_count = duration_count +
    excluded.duration_count, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum,
    tokens_sum = tokens_sum + excluded.tokens_sum, tool_calls_sum = tool_calls_sum +
    excluded.tool_calls_sum;
  INSERT INTO agent_hourly (hour, event_type, agent_name, phase, model, status, invocations,
      duration_count, duration_ms_sum, tokens_sum, tool_calls_sum)
  SELECT coalesce(substr(NEW.new_start, 1, 13) || ':00:00', ''), NEW.new_event, NEW.new_agent,
      NEW.new_phase_name, NEW.new_model_name, NEW.new_status_name,
    CASE NEW.agent_hourly_posts WHEN 4 THEN 0 ELSE 1 END,
    (CASE WHEN (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) - CASE NEW.agent_hourly_posts
    WHEN 4 THEN (CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) ELSE 0 END,
    coalesce(NEW.new_duration_ms, 0) - CASE NEW.agent_hourly_posts WHEN 4 THEN
    coalesce(NEW.old_duration_ms, 0) ELSE 0 END,
    NEW.new_token_count - CASE NEW.agent_hourly_posts WHEN 4 THEN NEW.old_token_count ELSE 0 END,
    NEW.new_tool_call_count - CASE NEW.agent_hourly_posts WHEN 4 THEN NEW.old_tool_call_count ELSE 0
    END
  WHERE NEW.agent_hourly_posts NOT IN (0, 2)
  ON CONFLICT (hour, event_type, agent_name, phase, model, status) DO UPDATE SET
    invocations = invocations + excluded.invocations, duration_count = duration_count +
    excluded.duration_count, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum,
    tokens_sum = tokens_sum + excluded.tokens_sum, tool_calls_sum = tool_calls_sum +
    excluded.tool_calls_sum;
  INSERT INTO agent_durations (event_type, agent_name, phase, model, le_ms, runs, duration_ms_sum)
  SELECT NEW.new_event, NEW.new_agent, NEW.new_phase_name, NEW.new_model_name, NEW.new_le_ms,
    CASE NEW.agent_durations_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_duration_ms - CASE NEW.agent_durations_posts WHEN 4 THEN NEW.old_duration_ms ELSE 0 END
  WHERE NEW.agent_durations_posts NOT IN (0, 2)
  ON CONFLICT (event_type, agent_name, phase, model, le_ms) DO UPDATE SET
    runs = runs + excluded.runs, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
  INSERT INTO agent_durations_daily (day, event_type, agent_name, le_ms, runs, duration_ms_sum)
  SELECT coalesce(substr(NEW.new_start, 1, 10), ''), NEW.new_event, NEW.new_agent, NEW.new_le_ms,
    CASE NEW.agent_durations_daily_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_duration_ms - CASE NEW.agent_durations_daily_posts WHEN 4 THEN NEW.old_duration_ms ELSE
    0 END
  WHERE NEW.agent_durations_daily_posts NOT IN (0, 2)
  ON CONFLICT (day, event_type, agent_name, le_ms) DO UPDATE SET
    runs = runs + excluded.runs, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
  INSERT INTO _aggregates_agent_percentiles (agent_name, le_ms, runs, duration_ms_sum)
  SELECT NEW.new_agent, NEW.new_le_ms,
    CASE NEW.agent_percentiles_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_duration_ms - CASE NEW.agent_percentiles_posts WHEN 4 THEN NEW.old_duration_ms ELSE 0
    END
  WHERE NEW.agent_percentiles_posts NOT IN (0, 2)
  ON CONFLICT (agent_name, le_ms) DO UPDATE SET
    runs = runs + excluded.runs, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
  INSERT INTO agent_activity (agent_name, invocations, succeeded, failed, in_flight, first_start,
      last_start, updated_at)
  SELECT NEW.new_agent,
    CASE NEW.agent_activity_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_succeeded - CASE NEW.agent_activity_posts WHEN 4 THEN NEW.old_succeeded ELSE 0 END,
    NEW.new_failed - CASE NEW.agent_activity_posts WHEN 4 THEN NEW.old_failed ELSE 0 END,
    NEW.new_in_flight - CASE NEW.agent_activity_posts WHEN 4 THEN NEW.old_in_flight ELSE 0 END,
    NEW.new_start,
    NEW.new_start,
    NEW.updated_at
  WHERE NEW.agent_activity_posts NOT IN (0, 2)
  ON CONFLICT (agent_name) DO UPDATE SET
    invocations = invocations + excluded.invocations, succeeded = succeeded + excluded.succeeded,
    failed = failed + excluded.failed, in_flight = in_flight + excluded.in_flight, first_start =
    CASE WHEN first_start IS NULL OR excluded.first_start < first_start THEN excluded.first_start
    ELSE first_start END, last_start = CASE WHEN last_start IS NULL OR excluded.last_start >
    last_start THEN excluded.last_start ELSE last_start END, updated_at = coalesce(max(updated_at,
    excluded.updated_at), excluded.updated_at);
  INSERT INTO open_runs (start_time, invocation_id, session_id, agent_name, phase)
  SELECT NEW.new_start, NEW.new_invocation_id,
    NEW.new_session,
    NEW.new_agent,
    NEW.new_phase_name
  WHERE NEW.open_runs_posts NOT IN (0, 2)
  ON CONFLICT (start_time, invocation_id) DO UPDATE SET
    session_id = excluded.session_id, agent_name = excluded.agent_name, phase = excluded.phase;
  DELETE FROM open_runs
  WHERE NEW.open_runs_posts = 3 AND NOT (NEW.old_start = NEW.new_start AND NEW.old_invocation_id =
      NEW.new_invocation_id) AND start_time = NEW.old_start AND invocation_id =
      NEW.old_invocation_id;
END;

-- trigger _aggregates_agent_invocations_minus
CREATE TRIGGER _aggregates_agent_invocations_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.agent_stats_posts IN (2, 3) OR NEW.agent_hourly_posts IN (2, 3) OR
    NEW.agent_durations_posts IN (2, 3) OR NEW.agent_durations_daily_posts IN (2, 3) OR
    NEW.agent_percentiles_posts IN (2, 3) OR NEW.agent_activity_posts IN (2, 3) OR
    NEW.open_runs_posts = 2
BEGIN
  UPDATE agent_stats SET invocations = invocations - 1, duration_count = duration_count - (CASE WHEN
      (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END), duration_ms_sum = duration_ms_sum -
      coalesce(NEW.old_duration_ms, 0), tokens_sum = tokens_sum - NEW.old_token_count,
      tool_calls_sum = tool_calls_sum - NEW.old_tool_call_count
  WHERE NEW.agent_stats_posts IN (2, 3) AND event_type = NEW.old_event AND agent_name =
      NEW.old_agent AND phase = NEW.old_phase_name AND model = NEW.old_model_name AND status =
      NEW.old_status_name;
  DELETE FROM agent_stats WHERE NEW.agent_stats_posts IN (2, 3) AND event_type = NEW.old_event AND
      agent_name = NEW.old_agent AND phase = NEW.old_phase_name AND model = NEW.old_model_name AND
      status = NEW.old_status_name
    AND invocations = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND
    tool_calls_sum = 0;
  UPDATE agent_hourly SET invocations = invocations - 1, duration_count = duration_count - (CASE
      WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END), duration_ms_sum = duration_ms_sum -
      coalesce(NEW.old_duration_ms, 0), tokens_sum = tokens_sum - NEW.old_token_count,
      tool_calls_sum = tool_calls_sum - NEW.old_tool_call_count
  WHERE NEW.agent_hourly_posts IN (2, 3) AND hour = coalesce(substr(NEW.old_start, 1, 13) ||
      ':00:00', '') AND event_type = NEW.old_event AND agent_name = NEW.old_agent AND phase =
      NEW.old_phase_name AND model = NEW.old_model_name AND status = NEW.old_status_name;
  DELETE FROM agent_hourly WHERE NEW.agent_hourly_posts IN (2, 3) AND hour =
      coalesce(substr(NEW.old_start, 1, 13) || ':00:00', '') AND event_type = NEW.old_event AND
      agent_name = NEW.old_agent AND phase = NEW.old_phase_name AND model = NEW.old_model_name AND
      status = NEW.old_status_name
    AND invocations = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND
    tool_calls_sum = 0;
  UPDATE agent_durations SET runs = runs - 1, duration_ms_sum = duration_ms_sum -
      NEW.old_duration_ms
  WHERE NEW.agent_durations_posts IN (2, 3) AND event_type = NEW.old_event AND agent_name =
      NEW.old_agent AND phase = NEW.old_phase_name AND model = NEW.old_model_name AND le_ms =
      NEW.old_le_ms;
  DELETE FROM agent_durations WHERE NEW.agent_durations_posts IN (2, 3) AND event_type =
      NEW.old_event AND agent_name = NEW.old_agent AND phase = NEW.old_phase_name AND model =
      NEW.old_model_name AND le_ms = NEW.old_le_ms
    AND runs = 0 AND duration_ms_sum = 0;
  UPDATE agent_durations_daily SET runs = runs - 1, duration_ms_sum = duration_ms_sum -
      NEW.old_duration_ms
  WHERE NEW.agent_durations_daily_posts IN (2, 3) AND day = coalesce(substr(NEW.old_start, 1, 10),
      '') AND event_type = NEW.old_event AND agent_name = NEW.old_agent AND le_ms = NEW.old_le_ms;
  DELETE FROM agent_durations_daily WHERE NEW.agent_durations_daily_posts IN (2, 3) AND day =
      coalesce(substr(NEW.old_start, 1, 10), '') AND event_type = NEW.old_event AND agent_name =
      NEW.old_agent AND le_ms = NEW.old_le_ms
    AND runs = 0 AND duration_ms_sum = 0;
  UPDATE _aggregates_agent_percentiles SET runs = runs - 1, duration_ms_sum = duration_ms_sum -
      NEW.old_duration_ms
  WHERE NEW.agent_percentiles_posts IN (2, 3) AND agent_name = NEW.old_agent AND le_ms =
      NEW.old_le_ms;
  DELETE FROM _aggregates_agent_percentiles WHERE NEW.agent_percentiles_posts IN (2, 3) AND
      agent_name = NEW.old_agent AND le_ms = NEW.old_le_ms
    AND runs = 0 AND duration_ms_sum = 0;
  UPDATE agent_activity SET invocations = invocations - 1, succeeded = succeeded -
      NEW.old_succeeded, failed = failed - NEW.old_failed, in_flight = in_flight -
      NEW.old_in_flight, updated_at = coalesce(max(updated_at, NEW.updated_at), NEW.updated_at)
  WHERE NEW.agent_activity_posts IN (2, 3) AND agent_name = NEW.old_agent;
  DELETE FROM agent_activity WHERE NEW.agent_activity_posts IN (2, 3) AND agent_name = NEW.old_agent
    AND invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND sessions = 0;
  DELETE FROM open_runs
  WHERE NEW.open_runs_posts = 2 AND start_time = NEW.old_start AND invocation_id =
      NEW.old_invocation_id;
END;

-- recomputation: facts
CREATE TEMP TABLE _aggregates_agent_invocations_facts (sign, updated_at, seq, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", duration_ms, succeeded, failed, in_flight, le_ms);

-- recomputation: slice
INSERT INTO temp._aggregates_agent_invocations_facts (sign, updated_at, seq, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", duration_ms, succeeded, failed, in_flight, le_ms)
SELECT sign, updated_at, seq, invocation_id, is_invocation, session, event, agent, phase_name,
    model_name, status_name, token_count, tool_call_count, start, "end", duration_ms, succeeded,
    failed, in_flight, le_ms
FROM (SELECT *, (typeof(agent_name) = 'text' AND agent_name NOT IN ('', 'unknown')) AND NOT
    (coalesce(event_type, '') = 'subagent_stop' OR coalesce(event_type, '') = 'tool_tracking_start')
    AS is_invocation,
  CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN '' ELSE
      session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(event_type) WHEN 'text' THEN CASE WHEN instr(event_type, char(0)) THEN '' ELSE
      event_type END WHEN 'integer' THEN CAST(event_type AS TEXT) ELSE '' END AS event,
  CASE typeof(agent_name) WHEN 'text' THEN CASE WHEN instr(agent_name, char(0)) THEN '' ELSE
      agent_name END WHEN 'integer' THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE typeof(phase) WHEN 'text' THEN CASE WHEN instr(phase, char(0)) THEN '' ELSE phase END WHEN
      'integer' THEN CAST(phase AS TEXT) ELSE '' END AS phase_name,
  CASE typeof(model) WHEN 'text' THEN CASE WHEN instr(model, char(0)) THEN '' ELSE model END WHEN
      'integer' THEN CAST(model AS TEXT) ELSE '' END AS model_name,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  tokens AS token_count,
  tool_calls AS tool_call_count,
  CASE WHEN (coalesce(status, '') = 'completed') THEN 1 ELSE 0 END AS succeeded,
  CASE WHEN (coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') THEN 1 ELSE 0 END AS
      failed,
  start IS NOT NULL AND end_time IS NULL AND NOT (coalesce(status, '') = 'completed' OR
      coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') AS in_flight,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1),
      CASE WHEN duration_ms IS NOT NULL THEN 9223372036854775807 END) AS le_ms
FROM (SELECT *, (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
      = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
      substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
      substr(start, 21)) END AS one, CASE WHEN typeof(duration_seconds) IN ('integer', 'real') AND
      duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(duration_seconds * 1000 + 0.5 AS
      INTEGER) END AS other LIMIT 1 OFFSET 0)) AS duration_ms
FROM (SELECT *, CASE WHEN typeof(start_time) <> 'text' THEN NULL
  WHEN start_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND start_time >= '0001'
    AND substr(start_time, 6, 2) BETWEEN '01' AND '12' AND substr(start_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(start_time, 12, 2) < '24' AND NOT substr(start_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(start_time, char(0))
  THEN substr(start_time, 1, 23)
  WHEN start_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND start_time >= '0001' AND substr(start_time, 12, 2) < '24' AND NOT instr(start_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(start_time, 21, length(start_time) - 20 -
        length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(start_time, 1, 10), '+0 days') <> substr(start_time, 9, 2) THEN
        NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(start_time, 21), '0123456789') ELSE substr(start_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(start_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(start_time, 17, 1) = ':' AND substr(start_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS start,
  CASE WHEN typeof(end_time) <> 'text' THEN NULL
  WHEN end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND end_time >= '0001'
    AND substr(end_time, 6, 2) BETWEEN '01' AND '12' AND substr(end_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(end_time, 12, 2) < '24' AND NOT substr(end_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(end_time, char(0))
  THEN substr(end_time, 1, 23)
  WHEN end_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND end_time >= '0001' AND substr(end_time, 12, 2) < '24' AND NOT instr(end_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(end_time, 21, length(end_time) - 20 - length(zone)) ||
        '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(end_time, 1, 10), '+0 days') <> substr(end_time, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(end_time, 21), '0123456789') ELSE substr(end_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(end_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(end_time, 17, 1) = ':' AND substr(end_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS "end"
FROM (SELECT 1 AS sign, updated_at AS updated_at, NULL AS seq,
  agent_invocations.id AS invocation_id, +agent_invocations.timestamp COLLATE BINARY AS timestamp,
  +agent_invocations.session_id COLLATE BINARY AS session_id,
  +agent_invocations.event_type COLLATE BINARY AS event_type,
  +agent_invocations.phase COLLATE BINARY AS phase,
  +agent_invocations.agent_name COLLATE BINARY AS agent_name,
  +agent_invocations.model COLLATE BINARY AS model,
  +agent_invocations.start_time COLLATE BINARY AS start_time,
  +agent_invocations.end_time COLLATE BINARY AS end_time,
  +agent_invocations.duration_seconds COLLATE BINARY AS duration_seconds,
  +agent_invocations.status COLLATE BINARY AS status,
  CASE WHEN typeof(agent_invocations.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(agent_invocations.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(agent_invocations.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB))
    AS place)) ELSE 0 END AS tokens,
  CASE WHEN typeof(agent_invocations.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(agent_invocations.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(agent_invocations.raw_output AS BLOB), CAST('"totalToolUseCount":' AS
    BLOB)) AS place)) ELSE 0 END AS tool_calls
FROM main.agent_invocations WHERE agent_invocations.id > :mark ORDER BY agent_invocations.id LIMIT
    :rows OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- recomputation: old side of entries
INSERT INTO temp._aggregates_agent_invocations_facts (sign, updated_at, seq, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", duration_ms, succeeded, failed, in_flight, le_ms)
SELECT sign, updated_at, seq, invocation_id, is_invocation, session, event, agent, phase_name,
    model_name, status_name, token_count, tool_call_count, start, "end", duration_ms, succeeded,
    failed, in_flight, le_ms
FROM (SELECT *, (typeof(agent_name) = 'text' AND agent_name NOT IN ('', 'unknown')) AND NOT
    (coalesce(event_type, '') = 'subagent_stop' OR coalesce(event_type, '') = 'tool_tracking_start')
    AS is_invocation,
  CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN '' ELSE
      session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(event_type) WHEN 'text' THEN CASE WHEN instr(event_type, char(0)) THEN '' ELSE
      event_type END WHEN 'integer' THEN CAST(event_type AS TEXT) ELSE '' END AS event,
  CASE typeof(agent_name) WHEN 'text' THEN CASE WHEN instr(agent_name, char(0)) THEN '' ELSE
      agent_name END WHEN 'integer' THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE typeof(phase) WHEN 'text' THEN CASE WHEN instr(phase, char(0)) THEN '' ELSE phase END WHEN
      'integer' THEN CAST(phase AS TEXT) ELSE '' END AS phase_name,
  CASE typeof(model) WHEN 'text' THEN CASE WHEN instr(model, char(0)) THEN '' ELSE model END WHEN
      'integer' THEN CAST(model AS TEXT) ELSE '' END AS model_name,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  tokens AS token_count,
  tool_calls AS tool_call_count,
  CASE WHEN (coalesce(status, '') = 'completed') THEN 1 ELSE 0 END AS succeeded,
  CASE WHEN (coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') THEN 1 ELSE 0 END AS
      failed,
  start IS NOT NULL AND end_time IS NULL AND NOT (coalesce(status, '') = 'completed' OR
      coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') AS in_flight,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1),
      CASE WHEN duration_ms IS NOT NULL THEN 9223372036854775807 END) AS le_ms
FROM (SELECT *, (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
      = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
      substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
      substr(start, 21)) END AS one, CASE WHEN typeof(duration_seconds) IN ('integer', 'real') AND
      duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(duration_seconds * 1000 + 0.5 AS
      INTEGER) END AS other LIMIT 1 OFFSET 0)) AS duration_ms
FROM (SELECT *, CASE WHEN typeof(start_time) <> 'text' THEN NULL
  WHEN start_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND start_time >= '0001'
    AND substr(start_time, 6, 2) BETWEEN '01' AND '12' AND substr(start_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(start_time, 12, 2) < '24' AND NOT substr(start_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(start_time, char(0))
  THEN substr(start_time, 1, 23)
  WHEN start_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND start_time >= '0001' AND substr(start_time, 12, 2) < '24' AND NOT instr(start_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(start_time, 21, length(start_time) - 20 -
        length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(start_time, 1, 10), '+0 days') <> substr(start_time, 9, 2) THEN
        NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(start_time, 21), '0123456789') ELSE substr(start_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(start_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(start_time, 17, 1) = ':' AND substr(start_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS start,
  CASE WHEN typeof(end_time) <> 'text' THEN NULL
  WHEN end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND end_time >= '0001'
    AND substr(end_time, 6, 2) BETWEEN '01' AND '12' AND substr(end_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(end_time, 12, 2) < '24' AND NOT substr(end_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(end_time, char(0))
  THEN substr(end_time, 1, 23)
  WHEN end_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND end_time >= '0001' AND substr(end_time, 12, 2) < '24' AND NOT instr(end_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(end_time, 21, length(end_time) - 20 - length(zone)) ||
        '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(end_time, 1, 10), '+0 days') <> substr(end_time, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(end_time, 21), '0123456789') ELSE substr(end_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(end_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(end_time, 17, 1) = ':' AND substr(end_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS "end"
FROM (SELECT -1 AS sign, updated_at, seq, coalesce(old_invocation_id, invocation_id) AS
    invocation_id, old_timestamp AS timestamp, old_session_id AS session_id, old_event_type AS
    event_type, old_phase AS phase, old_agent_name AS agent_name, old_model AS model, old_start_time
    AS start_time, old_end_time AS end_time, old_duration_seconds AS duration_seconds, old_status AS
    status, old_tokens AS tokens, old_tool_calls AS tool_calls
FROM main.agent_invocation_changes WHERE seq > :seq AND operation <> 'insert'
AND coalesce(old_invocation_id, invocation_id) > :above AND coalesce(old_invocation_id,
    invocation_id) <= :upto ORDER BY seq LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0)
    LIMIT -1 OFFSET 0);

-- recomputation: new side of entries
INSERT INTO temp._aggregates_agent_invocations_facts (sign, updated_at, seq, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", duration_ms, succeeded, failed, in_flight, le_ms)
SELECT sign, updated_at, seq, invocation_id, is_invocation, session, event, agent, phase_name,
    model_name, status_name, token_count, tool_call_count, start, "end", duration_ms, succeeded,
    failed, in_flight, le_ms
FROM (SELECT *, (typeof(agent_name) = 'text' AND agent_name NOT IN ('', 'unknown')) AND NOT
    (coalesce(event_type, '') = 'subagent_stop' OR coalesce(event_type, '') = 'tool_tracking_start')
    AS is_invocation,
  CASE typeof(session_id) WHEN 'text' THEN CASE WHEN instr(session_id, char(0)) THEN '' ELSE
      session_id END WHEN 'integer' THEN CAST(session_id AS TEXT) ELSE '' END AS session,
  CASE typeof(event_type) WHEN 'text' THEN CASE WHEN instr(event_type, char(0)) THEN '' ELSE
      event_type END WHEN 'integer' THEN CAST(event_type AS TEXT) ELSE '' END AS event,
  CASE typeof(agent_name) WHEN 'text' THEN CASE WHEN instr(agent_name, char(0)) THEN '' ELSE
      agent_name END WHEN 'integer' THEN CAST(agent_name AS TEXT) ELSE '' END AS agent,
  CASE typeof(phase) WHEN 'text' THEN CASE WHEN instr(phase, char(0)) THEN '' ELSE phase END WHEN
      'integer' THEN CAST(phase AS TEXT) ELSE '' END AS phase_name,
  CASE typeof(model) WHEN 'text' THEN CASE WHEN instr(model, char(0)) THEN '' ELSE model END WHEN
      'integer' THEN CAST(model AS TEXT) ELSE '' END AS model_name,
  CASE typeof(status) WHEN 'text' THEN CASE WHEN instr(status, char(0)) THEN '' ELSE status END WHEN
      'integer' THEN CAST(status AS TEXT) ELSE '' END AS status_name,
  tokens AS token_count,
  tool_calls AS tool_call_count,
  CASE WHEN (coalesce(status, '') = 'completed') THEN 1 ELSE 0 END AS succeeded,
  CASE WHEN (coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') THEN 1 ELSE 0 END AS
      failed,
  start IS NOT NULL AND end_time IS NULL AND NOT (coalesce(status, '') = 'completed' OR
      coalesce(status, '') = 'failed' OR coalesce(status, '') = 'error') AS in_flight,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= duration_ms ORDER BY le_ms LIMIT 1),
      CASE WHEN duration_ms IS NOT NULL THEN 9223372036854775807 END) AS le_ms
FROM (SELECT *, (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
      = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
      substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
      substr(start, 21)) END AS one, CASE WHEN typeof(duration_seconds) IN ('integer', 'real') AND
      duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(duration_seconds * 1000 + 0.5 AS
      INTEGER) END AS other LIMIT 1 OFFSET 0)) AS duration_ms
FROM (SELECT *, CASE WHEN typeof(start_time) <> 'text' THEN NULL
  WHEN start_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND start_time >= '0001'
    AND substr(start_time, 6, 2) BETWEEN '01' AND '12' AND substr(start_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(start_time, 12, 2) < '24' AND NOT substr(start_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(start_time, char(0))
  THEN substr(start_time, 1, 23)
  WHEN start_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND start_time >= '0001' AND substr(start_time, 12, 2) < '24' AND NOT instr(start_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(start_time, 21, length(start_time) - 20 -
        length(zone)) || '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(start_time, 1, 10), '+0 days') <> substr(start_time, 9, 2) THEN
        NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(start_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(start_time, 21), '0123456789') ELSE substr(start_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(start_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(start_time, 17, 1) = ':' AND substr(start_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS start,
  CASE WHEN typeof(end_time) <> 'text' THEN NULL
  WHEN end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]*'
      AND end_time >= '0001'
    AND substr(end_time, 6, 2) BETWEEN '01' AND '12' AND substr(end_time, 9, 2) BETWEEN '01' AND
    '28'
    AND substr(end_time, 12, 2) < '24' AND NOT substr(end_time, 24) GLOB '*[^0-9]*'
    AND NOT instr(end_time, char(0))
  THEN substr(end_time, 1, 23)
  WHEN end_time GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND end_time >= '0001' AND substr(end_time, 12, 2) < '24' AND NOT instr(end_time, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(end_time, 21, length(end_time) - 20 - length(zone)) ||
        '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(end_time, 1, 10), '+0 days') <> substr(end_time, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(end_time, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(end_time, 21), '0123456789') ELSE substr(end_time, clock + 1) END AS
          zone
        FROM (SELECT CASE WHEN substr(end_time, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(end_time, 17, 1) = ':' AND substr(end_time, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS "end"
FROM (SELECT 1 AS sign, updated_at, seq, invocation_id AS invocation_id, new_timestamp AS timestamp,
    new_session_id AS session_id, new_event_type AS event_type, new_phase AS phase, new_agent_name
    AS agent_name, new_model AS model, new_start_time AS start_time, new_end_time AS end_time,
    new_duration_seconds AS duration_seconds, new_status AS status, new_tokens AS tokens,
    new_tool_calls AS tool_calls
FROM main.agent_invocation_changes WHERE seq > :seq AND operation <> 'delete'
AND invocation_id > :above AND invocation_id <= :upto ORDER BY seq LIMIT -1 OFFSET 0) LIMIT -1
    OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- dictionary
-- agent_invocation_changes: one row for each change of a row of agent_invocations
-- agent_invocation_changes.seq: position in the log; grows with each entry
-- agent_invocation_changes.operation: insert, update or delete
-- agent_invocation_changes.updated_at: when the change was made: UTC with milliseconds and Z
-- agent_invocation_changes.invocation_id: key of the row after the change; of a deleted row, its
-- agent_invocation_changes.old_invocation_id: key before an update that changed it
-- agent_invocation_changes.old_timestamp: when the hook wrote the row, before the change
-- agent_invocation_changes.new_timestamp: when the hook wrote the row, after the change
-- agent_invocation_changes.old_session_id: session of the run, before the change
-- agent_invocation_changes.new_session_id: session of the run, after the change
-- agent_invocation_changes.old_event_type: kind of row: a run, or a marker that is not one, before the change
-- agent_invocation_changes.new_event_type: kind of row: a run, or a marker that is not one, after the change
-- agent_invocation_changes.old_phase: phase of the workflow, before the change
-- agent_invocation_changes.new_phase: phase of the workflow, after the change
-- agent_invocation_changes.old_agent_name: name of the agent, before the change
-- agent_invocation_changes.new_agent_name: name of the agent, after the change
-- agent_invocation_changes.old_model: model, or service tier, of the run, before the change
-- agent_invocation_changes.new_model: model, or service tier, of the run, after the change
-- agent_invocation_changes.old_start_time: start of the run, before the change
-- agent_invocation_changes.new_start_time: start of the run, after the change
-- agent_invocation_changes.old_end_time: end of the run, before the change
-- agent_invocation_changes.new_end_time: end of the run, after the change
-- agent_invocation_changes.old_duration_seconds: duration as the hook measured it, before the change
-- agent_invocation_changes.new_duration_seconds: duration as the hook measured it, after the change
-- agent_invocation_changes.old_status: started, completed, failed, error, or the writer's own word, before the change
-- agent_invocation_changes.new_status: started, completed, failed, error, or the writer's own word, after the change
-- agent_invocation_changes.old_tokens: tokens, out of raw_output, before the change
-- agent_invocation_changes.new_tokens: tokens, out of raw_output, after the change
-- agent_invocation_changes.old_tool_calls: tool calls, out of raw_output, before the change
-- agent_invocation_changes.new_tool_calls: tool calls, out of raw_output, after the change
-- agent_invocations: one row a run of an agent, and markers, written by the agents' hooks
-- agent_invocations.timestamp: when the hook wrote the row
-- agent_invocations.session_id: session of the run
-- agent_invocations.event_type: kind of row: a run, or a marker that is not one
-- agent_invocations.phase: phase of the workflow
-- agent_invocations.agent_name: name of the agent
-- agent_invocations.model: model, or service tier, of the run
-- agent_invocations.start_time: start of the run
-- agent_invocations.end_time: end of the run
-- agent_invocations.duration_seconds: duration as the hook measured it
-- agent_invocations.status: started, completed, failed, error, or the writer's own word
-- agent_invocations.updated_at: when the row was last inserted or updated, UTC
