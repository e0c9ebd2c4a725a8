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
  id,
  timestamp, session_id, event_type, phase, agent_name, model, start_time, end_time,
      duration_seconds, status, tokens, tool_calls
);

-- view _aggregates_agent_invocations_entry_insert
CREATE VIEW _aggregates_agent_invocations_entry_insert (
  updated_at, invocation_id, new_timestamp, new_session_id, new_event_type, new_phase,
      new_agent_name, new_model, new_start_time, new_end_time, new_duration_seconds, new_status,
      new_tokens, new_tool_calls
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- trigger _aggregates_agent_invocations_log_insert
CREATE TRIGGER _aggregates_agent_invocations_log_insert INSTEAD OF INSERT ON
    _aggregates_agent_invocations_entry_insert
BEGIN
  INSERT INTO agent_invocation_changes (operation, updated_at, invocation_id, new_timestamp,
      new_session_id, new_event_type, new_phase, new_agent_name, new_model, new_start_time,
      new_end_time, new_duration_seconds, new_status, new_tokens, new_tool_calls)
  VALUES ('insert', NEW.updated_at, NEW.invocation_id, NEW.new_timestamp, NEW.new_session_id,
      NEW.new_event_type, NEW.new_phase, NEW.new_agent_name, NEW.new_model, NEW.new_start_time,
      NEW.new_end_time, NEW.new_duration_seconds, NEW.new_status, NEW.new_tokens,
      NEW.new_tool_calls);
END;

-- view _aggregates_agent_invocations_entry_update
CREATE VIEW _aggregates_agent_invocations_entry_update (
  updated_at, invocation_id, old_invocation_id, old_timestamp, old_session_id, old_event_type,
      old_phase, old_agent_name, old_model, old_start_time, old_end_time, old_duration_seconds,
      old_status, old_tokens, old_tool_calls, new_timestamp, new_session_id, new_event_type,
      new_phase, new_agent_name, new_model, new_start_time, new_end_time, new_duration_seconds,
      new_status, new_tokens, new_tool_calls
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- trigger _aggregates_agent_invocations_log_update
CREATE TRIGGER _aggregates_agent_invocations_log_update INSTEAD OF INSERT ON
    _aggregates_agent_invocations_entry_update
BEGIN
  INSERT INTO agent_invocation_changes (operation, updated_at, invocation_id, old_invocation_id,
      old_timestamp, old_session_id, old_event_type, old_phase, old_agent_name, old_model,
      old_start_time, old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls,
      new_timestamp, new_session_id, new_event_type, new_phase, new_agent_name, new_model,
      new_start_time, new_end_time, new_duration_seconds, new_status, new_tokens, new_tool_calls)
  VALUES ('update', NEW.updated_at, NEW.invocation_id, NEW.old_invocation_id, NEW.old_timestamp,
      NEW.old_session_id, NEW.old_event_type, NEW.old_phase, NEW.old_agent_name, NEW.old_model,
      NEW.old_start_time, NEW.old_end_time, NEW.old_duration_seconds, NEW.old_status,
      NEW.old_tokens, NEW.old_tool_calls, NEW.new_timestamp, NEW.new_session_id, NEW.new_event_type,
      NEW.new_phase, NEW.new_agent_name, NEW.new_model, NEW.new_start_time, NEW.new_end_time,
      NEW.new_duration_seconds, NEW.new_status, NEW.new_tokens, NEW.new_tool_calls);
END;

-- view _aggregates_agent_invocations_entry_delete
CREATE VIEW _aggregates_agent_invocations_entry_delete (
  updated_at, invocation_id, old_timestamp, old_session_id, old_event_type, old_phase,
      old_agent_name, old_model, old_start_time, old_end_time, old_duration_seconds, old_status,
      old_tokens, old_tool_calls
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- trigger _aggregates_agent_invocations_log_delete
CREATE TRIGGER _aggregates_agent_invocations_log_delete INSTEAD OF INSERT ON
    _aggregates_agent_invocations_entry_delete
BEGIN
  INSERT INTO agent_invocation_changes (operation, updated_at, invocation_id, old_timestamp,
      old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time,
      old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
  VALUES ('delete', NEW.updated_at, NEW.invocation_id, NEW.old_timestamp, NEW.old_session_id,
      NEW.old_event_type, NEW.old_phase, NEW.old_agent_name, NEW.old_model, NEW.old_start_time,
      NEW.old_end_time, NEW.old_duration_seconds, NEW.old_status, NEW.old_tokens,
      NEW.old_tool_calls);
END;

-- trigger _aggregates_agent_invocations_before_insert
CREATE TRIGGER _aggregates_agent_invocations_before_insert BEFORE INSERT ON agent_invocations
WHEN EXISTS (SELECT 1 FROM agent_invocations AS clash WHERE clash.id = NEW.id
    /* or the same value of another unique key */)
  OR EXISTS (SELECT 1 FROM _aggregates_agent_invocations_replaced)
BEGIN
  INSERT INTO _aggregates_agent_invocations_entry_delete (updated_at, invocation_id, old_timestamp,
      old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time,
      old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
  SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), * FROM _aggregates_agent_invocations_replaced AS
      copy
  WHERE NOT EXISTS (SELECT 1 FROM agent_invocations AS kept WHERE kept.id = copy.id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE id IS NOT NULL;
  INSERT INTO _aggregates_agent_invocations_replaced SELECT clash.id,
    clash.timestamp,
    clash.session_id,
    clash.event_type,
    clash.phase,
    clash.agent_name,
    clash.model,
    clash.start_time,
    clash.end_time,
    clash.duration_seconds,
    clash.status,
    CASE WHEN typeof(clash.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(clash.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(clash.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB)) AS place))
    ELSE 0 END,
    CASE WHEN typeof(clash.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(clash.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(clash.raw_output AS BLOB), CAST('"totalToolUseCount":' AS BLOB)) AS
    place)) ELSE 0 END
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
  INSERT INTO _aggregates_agent_invocations_entry_delete (updated_at, invocation_id, old_timestamp,
      old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time,
      old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
  SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), * FROM _aggregates_agent_invocations_replaced AS
      copy
  WHERE NOT EXISTS (SELECT 1 FROM agent_invocations AS kept WHERE kept.id = copy.id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE id IS NOT NULL;
  INSERT INTO _aggregates_agent_invocations_replaced SELECT clash.id,
    clash.timestamp,
    clash.session_id,
    clash.event_type,
    clash.phase,
    clash.agent_name,
    clash.model,
    clash.start_time,
    clash.end_time,
    clash.duration_seconds,
    clash.status,
    CASE WHEN typeof(clash.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(clash.raw_output AS BLOB), place +
      length(CAST('"totalTokens":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(clash.raw_output AS BLOB), CAST('"totalTokens":' AS BLOB)) AS place))
    ELSE 0 END,
    CASE WHEN typeof(clash.raw_output) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(clash.raw_output AS BLOB), place +
      length(CAST('"totalToolUseCount":' AS BLOB))) AS TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(clash.raw_output AS BLOB), CAST('"totalToolUseCount":' AS BLOB)) AS
    place)) ELSE 0 END
  FROM agent_invocations AS clash WHERE (clash.id = NEW.id
      /* or the same value of another unique key */) AND clash.id <> OLD.id;
END;

-- trigger _aggregates_agent_invocations_insert
CREATE TRIGGER _aggregates_agent_invocations_insert AFTER INSERT ON agent_invocations
BEGIN
  INSERT INTO _aggregates_agent_invocations_entry_delete (updated_at, invocation_id, old_timestamp,
      old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time,
      old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
  SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), * FROM _aggregates_agent_invocations_replaced AS
      copy
  WHERE copy.id = NEW.id OR NOT EXISTS (SELECT 1 FROM agent_invocations AS kept WHERE kept.id =
      copy.id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE id IS NOT NULL;
  INSERT INTO _aggregates_agent_invocations_entry_insert (updated_at, invocation_id,
    new_timestamp, new_session_id, new_event_type, new_phase, new_agent_name, new_model,
    new_start_time, new_end_time, new_duration_seconds, new_status, new_tokens, new_tool_calls)
  SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id,
    NEW.timestamp, NEW.session_id, NEW.event_type, NEW.phase, NEW.agent_name, NEW.model,
    NEW.start_time, NEW.end_time, NEW.duration_seconds, NEW.status, new_tokens, new_tool_calls
  FROM (SELECT max(CASE number WHEN 1 THEN parsed END) AS new_tokens,
  max(CASE number WHEN 2 THEN parsed END) AS new_tool_calls
FROM (SELECT number, CASE WHEN typeof(value) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(value AS BLOB), place + length(CAST(key AS BLOB))) AS
      TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(value AS BLOB), CAST(key AS BLOB)) AS place)) ELSE 0 END AS parsed
  FROM (SELECT 1 AS number, NEW.raw_output AS value, '"totalTokens":' AS key
  UNION ALL SELECT 2 AS number, NEW.raw_output AS value, '"totalToolUseCount":' AS key LIMIT -1
      OFFSET 0) LIMIT -1 OFFSET 0));
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
  OR OLD.raw_output COLLATE BINARY IS NOT NEW.raw_output
BEGIN
  INSERT INTO _aggregates_agent_invocations_entry_delete (updated_at, invocation_id, old_timestamp,
      old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time,
      old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
  SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), * FROM _aggregates_agent_invocations_replaced AS
      copy
  WHERE (copy.id = NEW.id AND OLD.id <> NEW.id) OR NOT EXISTS (SELECT 1 FROM agent_invocations AS
      kept WHERE kept.id = copy.id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE id IS NOT NULL;
  INSERT INTO _aggregates_agent_invocations_entry_update (updated_at, invocation_id,
      old_invocation_id,
    old_timestamp, old_session_id, old_event_type, old_phase, old_agent_name, old_model,
    old_start_time, old_end_time, old_duration_seconds, old_status, new_timestamp, new_session_id,
    new_event_type, new_phase, new_agent_name, new_model, new_start_time, new_end_time,
    new_duration_seconds, new_status, old_tokens, old_tool_calls, new_tokens, new_tool_calls)
  SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NEW.id, nullif(OLD.id, NEW.id),
    OLD.timestamp, OLD.session_id, OLD.event_type, OLD.phase, OLD.agent_name, OLD.model,
    OLD.start_time, OLD.end_time, OLD.duration_seconds, OLD.status, NEW.timestamp, NEW.session_id,
    NEW.event_type, NEW.phase, NEW.agent_name, NEW.model, NEW.start_time, NEW.end_time,
    NEW.duration_seconds, NEW.status, old_tokens, old_tool_calls, new_tokens, new_tool_calls
  FROM (SELECT max(CASE number WHEN 1 THEN parsed END) AS old_tokens,
  max(CASE number WHEN 2 THEN parsed END) AS old_tool_calls,
  max(CASE number WHEN 3 THEN parsed END) AS new_tokens,
  max(CASE number WHEN 4 THEN parsed END) AS new_tool_calls
FROM (SELECT number, CASE WHEN typeof(value) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(value AS BLOB), place + length(CAST(key AS BLOB))) AS
      TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(value AS BLOB), CAST(key AS BLOB)) AS place)) ELSE 0 END AS parsed
  FROM (SELECT 1 AS number, OLD.raw_output AS value, '"totalTokens":' AS key
  UNION ALL SELECT 2 AS number, OLD.raw_output AS value, '"totalToolUseCount":' AS key
  UNION ALL SELECT 3 AS number, NEW.raw_output AS value, '"totalTokens":' AS key
  UNION ALL SELECT 4 AS number, NEW.raw_output AS value, '"totalToolUseCount":' AS key LIMIT -1
      OFFSET 0) LIMIT -1 OFFSET 0)) WHERE old_tokens <> new_tokens
  OR old_tool_calls <> new_tool_calls
  OR OLD.status COLLATE BINARY IS NOT NEW.status
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
  OR typeof(OLD.timestamp) <> typeof(NEW.timestamp);
END;

-- trigger _aggregates_agent_invocations_update_replacing
CREATE TRIGGER _aggregates_agent_invocations_update_replacing AFTER UPDATE OF id, rowid, oid,
    _rowid_ /* and the columns of other unique keys */ ON agent_invocations
WHEN EXISTS (SELECT 1 FROM _aggregates_agent_invocations_replaced)
BEGIN
  INSERT INTO _aggregates_agent_invocations_entry_delete (updated_at, invocation_id, old_timestamp,
      old_session_id, old_event_type, old_phase, old_agent_name, old_model, old_start_time,
      old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
  SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), * FROM _aggregates_agent_invocations_replaced AS
      copy
  WHERE (copy.id = NEW.id AND OLD.id <> NEW.id) OR NOT EXISTS (SELECT 1 FROM agent_invocations AS
      kept WHERE kept.id = copy.id);
  DELETE FROM _aggregates_agent_invocations_replaced WHERE id IS NOT NULL;
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
  DELETE FROM _aggregates_agent_invocations_replaced WHERE id = OLD.id;
  INSERT INTO _aggregates_agent_invocations_entry_delete (updated_at, invocation_id,
    old_timestamp, old_session_id, old_event_type, old_phase, old_agent_name, old_model,
    old_start_time, old_end_time, old_duration_seconds, old_status, old_tokens, old_tool_calls)
  SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), OLD.id,
    OLD.timestamp, OLD.session_id, OLD.event_type, OLD.phase, OLD.agent_name, OLD.model,
    OLD.start_time, OLD.end_time, OLD.duration_seconds, OLD.status, old_tokens, old_tool_calls
  FROM (SELECT max(CASE number WHEN 1 THEN parsed END) AS old_tokens,
  max(CASE number WHEN 2 THEN parsed END) AS old_tool_calls
FROM (SELECT number, CASE WHEN typeof(value) = 'text' THEN
    (SELECT CASE WHEN place = 0 THEN 0 ELSE
      (SELECT CASE WHEN rest GLOB '[0-9]*' AND CAST(rest AS INTEGER) <= 1000000000000
          AND substr(rest, 1 + length(CAST(rest AS INTEGER)), 1) GLOB '[,} ' || char(10) || char(13)
          || ']'
        THEN CAST(rest AS INTEGER) ELSE 0 END
      FROM (SELECT ltrim(CAST(substr(CAST(value AS BLOB), place + length(CAST(key AS BLOB))) AS
      TEXT), ' ') AS rest)) END
    FROM (SELECT instr(CAST(value AS BLOB), CAST(key AS BLOB)) AS place)) ELSE 0 END AS parsed
  FROM (SELECT 1 AS number, OLD.raw_output AS value, '"totalTokens":' AS key
  UNION ALL SELECT 2 AS number, OLD.raw_output AS value, '"totalToolUseCount":' AS key LIMIT -1
      OFFSET 0) LIMIT -1 OFFSET 0));
END;

-- trigger _aggregates_agent_invocations_prune
CREATE TRIGGER _aggregates_agent_invocations_prune AFTER INSERT ON agent_invocation_changes
WHEN NEW.seq % 256 = 0
BEGIN
  DELETE FROM agent_invocation_changes WHERE seq <= min(NEW.seq - 100000,
    (SELECT min(seq) FROM agent_invocation_changes) + 1024);
END;

-- view _aggregates_agent_invocations_posting
CREATE VIEW _aggregates_agent_invocations_posting (
  updated_at,
  agent_stats_posts,
  agent_hourly_posts,
  agent_durations_posts,
  agent_durations_daily_posts,
  agent_percentiles_posts,
  agent_activity_posts,
  session_agents_posts,
  open_runs_posts,
  agent_starts_posts,
  old_invocation_id,
  old_is_invocation,
  old_session,
  old_event,
  old_agent,
  old_phase_name,
  old_model_name,
  old_status_name,
  old_token_count,
  old_tool_call_count,
  old_start,
  old_end,
  old_elapsed_ms,
  old_duration_ms,
  old_succeeded,
  old_failed,
  old_in_flight,
  old_le_ms,
  new_invocation_id,
  new_is_invocation,
  new_session,
  new_event,
  new_agent,
  new_phase_name,
  new_model_name,
  new_status_name,
  new_token_count,
  new_tool_call_count,
  new_start,
  new_end,
  new_elapsed_ms,
  new_duration_ms,
  new_succeeded,
  new_failed,
  new_in_flight,
  new_le_ms
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- trigger _aggregates_agent_invocations_post_insert
CREATE TRIGGER _aggregates_agent_invocations_post_insert INSTEAD OF INSERT ON
    _aggregates_agent_invocations_entry_insert
BEGIN
  INSERT INTO _aggregates_agent_invocations_posting (updated_at,
  agent_stats_posts, agent_hourly_posts, agent_durations_posts, agent_durations_daily_posts,
      agent_percentiles_posts, agent_activity_posts, session_agents_posts, open_runs_posts,
      agent_starts_posts,
  new_invocation_id, new_is_invocation, new_session, new_event, new_agent, new_phase_name,
      new_model_name, new_status_name, new_token_count, new_tool_call_count, new_start, new_end,
      new_elapsed_ms, new_duration_ms, new_succeeded, new_failed, new_in_flight, new_le_ms)
  SELECT NEW.updated_at,
  1,
  1,
  CASE WHEN new_duration_ms IS NOT NULL THEN 1 ELSE 0 END,
  CASE WHEN new_duration_ms IS NOT NULL THEN 1 ELSE 0 END,
  CASE WHEN new_is_invocation AND new_duration_ms IS NOT NULL THEN 1 ELSE 0 END,
  CASE WHEN new_is_invocation THEN 1 ELSE 0 END,
  CASE WHEN new_is_invocation THEN 1 ELSE 0 END,
  CASE WHEN new_is_invocation AND new_in_flight THEN 1 ELSE 0 END,
  CASE WHEN new_is_invocation AND new_start IS NOT NULL THEN 1 ELSE 0 END,
  new_invocation_id, new_is_invocation, new_session, new_event, new_agent, new_phase_name,
      new_model_name, new_status_name, new_token_count, new_tool_call_count, new_start, new_end,
      new_elapsed_ms, new_duration_ms, new_succeeded, new_failed, new_in_flight, new_le_ms
  FROM (SELECT NEW.invocation_id AS new_invocation_id,
  (typeof(NEW.new_agent_name) = 'text' AND NEW.new_agent_name NOT IN ('', 'unknown')) AND NOT
      (coalesce(NEW.new_event_type, '') = 'subagent_stop' OR coalesce(NEW.new_event_type, '') =
      'tool_tracking_start') AS new_is_invocation,
  CASE typeof(NEW.new_session_id) WHEN 'text' THEN CASE WHEN instr(NEW.new_session_id, char(0)) THEN
      '' ELSE NEW.new_session_id END WHEN 'integer' THEN CAST(NEW.new_session_id AS TEXT) ELSE ''
      END AS new_session,
  CASE typeof(NEW.new_event_type) WHEN 'text' THEN CASE WHEN instr(NEW.new_event_type, char(0)) THEN
      '' ELSE NEW.new_event_type END WHEN 'integer' THEN CAST(NEW.new_event_type AS TEXT) ELSE ''
      END AS new_event,
  CASE typeof(NEW.new_agent_name) WHEN 'text' THEN CASE WHEN instr(NEW.new_agent_name, char(0)) THEN
      '' ELSE NEW.new_agent_name END WHEN 'integer' THEN CAST(NEW.new_agent_name AS TEXT) ELSE ''
      END AS new_agent,
  CASE typeof(NEW.new_phase) WHEN 'text' THEN CASE WHEN instr(NEW.new_phase, char(0)) THEN '' ELSE
      NEW.new_phase END WHEN 'integer' THEN CAST(NEW.new_phase AS TEXT) ELSE '' END AS
      new_phase_name,
  CASE typeof(NEW.new_model) WHEN 'text' THEN CASE WHEN instr(NEW.new_model, char(0)) THEN '' ELSE
      NEW.new_model END WHEN 'integer' THEN CAST(NEW.new_model AS TEXT) ELSE '' END AS
      new_model_name,
  CASE typeof(NEW.new_status) WHEN 'text' THEN CASE WHEN instr(NEW.new_status, char(0)) THEN '' ELSE
      NEW.new_status END WHEN 'integer' THEN CAST(NEW.new_status AS TEXT) ELSE '' END AS
      new_status_name,
  NEW.new_tokens AS new_token_count,
  NEW.new_tool_calls AS new_tool_call_count,
  new_start,
  new_end,
  new_elapsed_ms,
  new_duration_ms,
  CASE WHEN (coalesce(NEW.new_status, '') = 'completed') THEN 1 ELSE 0 END AS new_succeeded,
  CASE WHEN (coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') = 'error') THEN
      1 ELSE 0 END AS new_failed,
  new_start IS NOT NULL AND NEW.new_end_time IS NULL AND NOT (coalesce(NEW.new_status, '') =
      'completed' OR coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') =
      'error') AS new_in_flight,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= new_duration_ms ORDER BY le_ms LIMIT
      1), CASE WHEN new_duration_ms IS NOT NULL THEN 9223372036854775807 END) AS new_le_ms
FROM (SELECT new_start,
  new_end,
  new_elapsed_ms,
  CASE WHEN (new_elapsed_ms BETWEEN 0 AND 315360000000) THEN new_elapsed_ms WHEN (CASE WHEN
      typeof(NEW.new_duration_seconds) IN ('integer', 'real') AND NEW.new_duration_seconds BETWEEN 0
      AND 1000000000000 THEN CAST(NEW.new_duration_seconds * 1000 + 0.5 AS INTEGER) END <=
      315360000000) THEN CASE WHEN typeof(NEW.new_duration_seconds) IN ('integer', 'real') AND
      NEW.new_duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.new_duration_seconds * 1000
      + 0.5 AS INTEGER) END END AS new_duration_ms
FROM (SELECT new_start,
  new_end,
  CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1) IN ('+',
      '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN ('+', '-')))
      THEN ((strftime('%s', substr(new_end, 1, 19)) - strftime('%s', substr(new_start, 1, 19))) *
      1000 + substr(new_end, 21) - substr(new_start, 21)) END AS new_elapsed_ms
FROM (SELECT new_start,
  new_end
FROM (SELECT max(CASE number WHEN 1 THEN parsed END) AS new_start,
  max(CASE number WHEN 2 THEN parsed END) AS new_end
FROM (SELECT number, CASE WHEN typeof(value) = 'text' AND value GLOB
    '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND value >= '0001' AND substr(value, 12, 2) < '24' AND NOT instr(value, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(value, 21, length(value) - 20 - length(zone)) ||
        '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(value, 1, 10), '+0 days') <> substr(value, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(value, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(value, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(value, 21), '0123456789') ELSE substr(value, clock + 1) END AS zone
        FROM (SELECT CASE WHEN substr(value, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(value, 17, 1) = ':' AND substr(value, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS parsed
  FROM (SELECT 1 AS number, NEW.new_start_time AS value
  UNION ALL SELECT 2 AS number, NEW.new_end_time AS value LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0)
      LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT 1 OFFSET 0);
END;

-- trigger _aggregates_agent_invocations_post_update
CREATE TRIGGER _aggregates_agent_invocations_post_update INSTEAD OF INSERT ON
    _aggregates_agent_invocations_entry_update
BEGIN
  INSERT INTO _aggregates_agent_invocations_posting (updated_at,
  agent_stats_posts, agent_hourly_posts, agent_durations_posts, agent_durations_daily_posts,
      agent_percentiles_posts, agent_activity_posts, session_agents_posts, open_runs_posts,
      agent_starts_posts,
  old_invocation_id, old_is_invocation, old_session, old_event, old_agent, old_phase_name,
      old_model_name, old_status_name, old_token_count, old_tool_call_count, old_start, old_end,
      old_elapsed_ms, old_duration_ms, old_succeeded, old_failed, old_in_flight, old_le_ms,
      new_invocation_id, new_is_invocation, new_session, new_event, new_agent, new_phase_name,
      new_model_name, new_status_name, new_token_count, new_tool_call_count, new_start, new_end,
      new_elapsed_ms, new_duration_ms, new_succeeded, new_failed, new_in_flight, new_le_ms)
  SELECT NEW.updated_at,
  CASE WHEN old_status_name = new_status_name AND old_model_name = new_model_name AND old_phase_name
      = new_phase_name AND old_agent = new_agent AND old_event = new_event
    THEN CASE WHEN CASE WHEN (old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
    (new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END OR coalesce(old_duration_ms, 0) <>
    coalesce(new_duration_ms, 0) OR old_token_count <> new_token_count OR old_tool_call_count <>
    new_tool_call_count THEN 4 ELSE 0 END ELSE 3 END,
  CASE WHEN old_status_name = new_status_name AND old_model_name = new_model_name AND old_phase_name
      = new_phase_name AND old_agent = new_agent AND old_event = new_event AND
      coalesce(substr(old_start, 1, 13) || ':00:00', '') = coalesce(substr(new_start, 1, 13) ||
      ':00:00', '')
    THEN CASE WHEN CASE WHEN (old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
    (new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END OR coalesce(old_duration_ms, 0) <>
    coalesce(new_duration_ms, 0) OR old_token_count <> new_token_count OR old_tool_call_count <>
    new_tool_call_count THEN 4 ELSE 0 END ELSE 3 END,
  CASE WHEN old_duration_ms IS NOT NULL AND new_duration_ms IS NOT NULL AND old_le_ms = new_le_ms
      AND old_model_name = new_model_name AND old_phase_name = new_phase_name AND old_agent =
      new_agent AND old_event = new_event
    THEN CASE WHEN old_duration_ms <> new_duration_ms THEN 4 ELSE 0 END ELSE (new_duration_ms IS
    NOT NULL) + 2 * (old_duration_ms IS NOT NULL) END,
  CASE WHEN old_duration_ms IS NOT NULL AND new_duration_ms IS NOT NULL AND old_le_ms = new_le_ms
      AND old_agent = new_agent AND old_event = new_event AND coalesce(substr(old_start, 1, 10), '')
      = coalesce(substr(new_start, 1, 10), '')
    THEN CASE WHEN old_duration_ms <> new_duration_ms THEN 4 ELSE 0 END ELSE (new_duration_ms IS
    NOT NULL) + 2 * (old_duration_ms IS NOT NULL) END,
  CASE WHEN old_is_invocation AND old_duration_ms IS NOT NULL AND new_is_invocation AND
      new_duration_ms IS NOT NULL AND old_le_ms = new_le_ms AND old_agent = new_agent
    THEN CASE WHEN old_duration_ms <> new_duration_ms THEN 4 ELSE 0 END ELSE (new_is_invocation AND
    new_duration_ms IS NOT NULL) + 2 * (old_is_invocation AND old_duration_ms IS NOT NULL) END,
  CASE WHEN old_is_invocation AND new_is_invocation AND old_agent = new_agent
    THEN 4 ELSE (new_is_invocation) + 2 * (old_is_invocation) END,
  CASE WHEN old_is_invocation AND new_is_invocation AND old_agent = new_agent AND old_session =
      new_session
    THEN 0 ELSE (new_is_invocation) + 2 * (old_is_invocation) END,
  CASE WHEN old_is_invocation AND old_in_flight AND new_is_invocation AND new_in_flight AND
      old_phase_name = new_phase_name AND old_agent = new_agent AND old_session = new_session AND
      old_invocation_id = new_invocation_id AND old_start = new_start
    THEN 0 ELSE (new_is_invocation AND new_in_flight) + 2 * (old_is_invocation AND old_in_flight)
    END,
  CASE WHEN old_is_invocation AND old_start IS NOT NULL AND new_is_invocation AND new_start IS
      NOT NULL AND old_invocation_id = new_invocation_id AND old_start = new_start AND old_agent =
      new_agent
    THEN 0 ELSE (new_is_invocation AND new_start IS NOT NULL) + 2 * (old_is_invocation AND old_start
    IS NOT NULL) END,
  old_invocation_id, old_is_invocation, old_session, old_event, old_agent, old_phase_name,
      old_model_name, old_status_name, old_token_count, old_tool_call_count, old_start, old_end,
      old_elapsed_ms, old_duration_ms, old_succeeded, old_failed, old_in_flight, old_le_ms,
      new_invocation_id, new_is_invocation, new_session, new_event, new_agent, new_phase_name,
      new_model_name, new_status_name, new_token_count, new_tool_call_count, new_start, new_end,
      new_elapsed_ms, new_duration_ms, new_succeeded, new_failed, new_in_flight, new_le_ms
  FROM (SELECT coalesce(NEW.old_invocation_id, NEW.invocation_id) AS old_invocation_id,
  (typeof(NEW.old_agent_name) = 'text' AND NEW.old_agent_name NOT IN ('', 'unknown')) AND NOT
      (coalesce(NEW.old_event_type, '') = 'subagent_stop' OR coalesce(NEW.old_event_type, '') =
      'tool_tracking_start') AS old_is_invocation,
  CASE typeof(NEW.old_session_id) WHEN 'text' THEN CASE WHEN instr(NEW.old_session_id, char(0)) THEN
      '' ELSE NEW.old_session_id END WHEN 'integer' THEN CAST(NEW.old_session_id AS TEXT) ELSE ''
      END AS old_session,
  CASE typeof(NEW.old_event_type) WHEN 'text' THEN CASE WHEN instr(NEW.old_event_type, char(0)) THEN
      '' ELSE NEW.old_event_type END WHEN 'integer' THEN CAST(NEW.old_event_type AS TEXT) ELSE ''
      END AS old_event,
  CASE typeof(NEW.old_agent_name) WHEN 'text' THEN CASE WHEN instr(NEW.old_agent_name, char(0)) THEN
      '' ELSE NEW.old_agent_name END WHEN 'integer' THEN CAST(NEW.old_agent_name AS TEXT) ELSE ''
      END AS old_agent,
  CASE typeof(NEW.old_phase) WHEN 'text' THEN CASE WHEN instr(NEW.old_phase, char(0)) THEN '' ELSE
      NEW.old_phase END WHEN 'integer' THEN CAST(NEW.old_phase AS TEXT) ELSE '' END AS
      old_phase_name,
  CASE typeof(NEW.old_model) WHEN 'text' THEN CASE WHEN instr(NEW.old_model, char(0)) THEN '' ELSE
      NEW.old_model END WHEN 'integer' THEN CAST(NEW.old_model AS TEXT) ELSE '' END AS
      old_model_name,
  CASE typeof(NEW.old_status) WHEN 'text' THEN CASE WHEN instr(NEW.old_status, char(0)) THEN '' ELSE
      NEW.old_status END WHEN 'integer' THEN CAST(NEW.old_status AS TEXT) ELSE '' END AS
      old_status_name,
  NEW.old_tokens AS old_token_count,
  NEW.old_tool_calls AS old_tool_call_count,
  old_start,
  old_end,
  old_elapsed_ms,
  old_duration_ms,
  CASE WHEN (coalesce(NEW.old_status, '') = 'completed') THEN 1 ELSE 0 END AS old_succeeded,
  CASE WHEN (coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') = 'error') THEN
      1 ELSE 0 END AS old_failed,
  old_start IS NOT NULL AND NEW.old_end_time IS NULL AND NOT (coalesce(NEW.old_status, '') =
      'completed' OR coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') =
      'error') AS old_in_flight,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= old_duration_ms ORDER BY le_ms LIMIT
      1), CASE WHEN old_duration_ms IS NOT NULL THEN 9223372036854775807 END) AS old_le_ms,
  NEW.invocation_id AS new_invocation_id,
  (typeof(NEW.new_agent_name) = 'text' AND NEW.new_agent_name NOT IN ('', 'unknown')) AND NOT
      (coalesce(NEW.new_event_type, '') = 'subagent_stop' OR coalesce(NEW.new_event_type, '') =
      'tool_tracking_start') AS new_is_invocation,
  CASE typeof(NEW.new_session_id) WHEN 'text' THEN CASE WHEN instr(NEW.new_session_id, char(0)) THEN
      '' ELSE NEW.new_session_id END WHEN 'integer' THEN CAST(NEW.new_session_id AS TEXT) ELSE ''
      END AS new_session,
  CASE typeof(NEW.new_event_type) WHEN 'text' THEN CASE WHEN instr(NEW.new_event_type, char(0)) THEN
      '' ELSE NEW.new_event_type END WHEN 'integer' THEN CAST(NEW.new_event_type AS TEXT) ELSE ''
      END AS new_event,
  CASE typeof(NEW.new_agent_name) WHEN 'text' THEN CASE WHEN instr(NEW.new_agent_name, char(0)) THEN
      '' ELSE NEW.new_agent_name END WHEN 'integer' THEN CAST(NEW.new_agent_name AS TEXT) ELSE ''
      END AS new_agent,
  CASE typeof(NEW.new_phase) WHEN 'text' THEN CASE WHEN instr(NEW.new_phase, char(0)) THEN '' ELSE
      NEW.new_phase END WHEN 'integer' THEN CAST(NEW.new_phase AS TEXT) ELSE '' END AS
      new_phase_name,
  CASE typeof(NEW.new_model) WHEN 'text' THEN CASE WHEN instr(NEW.new_model, char(0)) THEN '' ELSE
      NEW.new_model END WHEN 'integer' THEN CAST(NEW.new_model AS TEXT) ELSE '' END AS
      new_model_name,
  CASE typeof(NEW.new_status) WHEN 'text' THEN CASE WHEN instr(NEW.new_status, char(0)) THEN '' ELSE
      NEW.new_status END WHEN 'integer' THEN CAST(NEW.new_status AS TEXT) ELSE '' END AS
      new_status_name,
  NEW.new_tokens AS new_token_count,
  NEW.new_tool_calls AS new_tool_call_count,
  new_start,
  new_end,
  new_elapsed_ms,
  new_duration_ms,
  CASE WHEN (coalesce(NEW.new_status, '') = 'completed') THEN 1 ELSE 0 END AS new_succeeded,
  CASE WHEN (coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') = 'error') THEN
      1 ELSE 0 END AS new_failed,
  new_start IS NOT NULL AND NEW.new_end_time IS NULL AND NOT (coalesce(NEW.new_status, '') =
      'completed' OR coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') =
      'error') AS new_in_flight,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= new_duration_ms ORDER BY le_ms LIMIT
      1), CASE WHEN new_duration_ms IS NOT NULL THEN 9223372036854775807 END) AS new_le_ms
FROM (SELECT old_start,
  new_start,
  old_end,
  new_end,
  old_elapsed_ms,
  new_elapsed_ms,
  CASE WHEN (old_elapsed_ms BETWEEN 0 AND 315360000000) THEN old_elapsed_ms WHEN (CASE WHEN
      typeof(NEW.old_duration_seconds) IN ('integer', 'real') AND NEW.old_duration_seconds BETWEEN 0
      AND 1000000000000 THEN CAST(NEW.old_duration_seconds * 1000 + 0.5 AS INTEGER) END <=
      315360000000) THEN CASE WHEN typeof(NEW.old_duration_seconds) IN ('integer', 'real') AND
      NEW.old_duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.old_duration_seconds * 1000
      + 0.5 AS INTEGER) END END AS old_duration_ms,
  CASE WHEN (new_elapsed_ms BETWEEN 0 AND 315360000000) THEN new_elapsed_ms WHEN (CASE WHEN
      typeof(NEW.new_duration_seconds) IN ('integer', 'real') AND NEW.new_duration_seconds BETWEEN 0
      AND 1000000000000 THEN CAST(NEW.new_duration_seconds * 1000 + 0.5 AS INTEGER) END <=
      315360000000) THEN CASE WHEN typeof(NEW.new_duration_seconds) IN ('integer', 'real') AND
      NEW.new_duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.new_duration_seconds * 1000
      + 0.5 AS INTEGER) END END AS new_duration_ms
FROM (SELECT old_start,
  new_start,
  old_end,
  new_end,
  CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1) IN ('+',
      '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN ('+', '-')))
      THEN ((strftime('%s', substr(old_end, 1, 19)) - strftime('%s', substr(old_start, 1, 19))) *
      1000 + substr(old_end, 21) - substr(old_start, 21)) END AS old_elapsed_ms,
  CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1) IN ('+',
      '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN ('+', '-')))
      THEN ((strftime('%s', substr(new_end, 1, 19)) - strftime('%s', substr(new_start, 1, 19))) *
      1000 + substr(new_end, 21) - substr(new_start, 21)) END AS new_elapsed_ms
FROM (SELECT CASE WHEN typeof(NEW.new_start_time) = 'text' AND NEW.old_start_time =
    NEW.new_start_time THEN new_start ELSE old_start END AS old_start,
  new_start,
  CASE WHEN typeof(NEW.new_end_time) = 'text' AND NEW.old_end_time = NEW.new_end_time THEN new_end
      ELSE old_end END AS old_end,
  new_end
FROM (SELECT max(CASE number WHEN 1 THEN parsed END) AS old_start,
  max(CASE number WHEN 2 THEN parsed END) AS new_start,
  max(CASE number WHEN 3 THEN parsed END) AS old_end,
  max(CASE number WHEN 4 THEN parsed END) AS new_end
FROM (SELECT number, CASE WHEN typeof(value) = 'text' AND value GLOB
    '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND value >= '0001' AND substr(value, 12, 2) < '24' AND NOT instr(value, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(value, 21, length(value) - 20 - length(zone)) ||
        '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(value, 1, 10), '+0 days') <> substr(value, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(value, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(value, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(value, 21), '0123456789') ELSE substr(value, clock + 1) END AS zone
        FROM (SELECT CASE WHEN substr(value, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(value, 17, 1) = ':' AND substr(value, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS parsed
  FROM (SELECT 1 AS number, CASE WHEN typeof(NEW.new_start_time) = 'text' AND NEW.old_start_time =
      NEW.new_start_time THEN NULL ELSE NEW.old_start_time END AS value
  UNION ALL SELECT 2 AS number, NEW.new_start_time AS value
  UNION ALL SELECT 3 AS number, CASE WHEN typeof(NEW.new_end_time) = 'text' AND NEW.old_end_time =
      NEW.new_end_time THEN NULL ELSE NEW.old_end_time END AS value
  UNION ALL SELECT 4 AS number, NEW.new_end_time AS value LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0)
      LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT 1 OFFSET 0);
END;

-- trigger _aggregates_agent_invocations_post_delete
CREATE TRIGGER _aggregates_agent_invocations_post_delete INSTEAD OF INSERT ON
    _aggregates_agent_invocations_entry_delete
BEGIN
  INSERT INTO _aggregates_agent_invocations_posting (updated_at,
  agent_stats_posts, agent_hourly_posts, agent_durations_posts, agent_durations_daily_posts,
      agent_percentiles_posts, agent_activity_posts, session_agents_posts, open_runs_posts,
      agent_starts_posts,
  old_invocation_id, old_is_invocation, old_session, old_event, old_agent, old_phase_name,
      old_model_name, old_status_name, old_token_count, old_tool_call_count, old_start, old_end,
      old_elapsed_ms, old_duration_ms, old_succeeded, old_failed, old_in_flight, old_le_ms)
  SELECT NEW.updated_at,
  2,
  2,
  CASE WHEN old_duration_ms IS NOT NULL THEN 2 ELSE 0 END,
  CASE WHEN old_duration_ms IS NOT NULL THEN 2 ELSE 0 END,
  CASE WHEN old_is_invocation AND old_duration_ms IS NOT NULL THEN 2 ELSE 0 END,
  CASE WHEN old_is_invocation THEN 2 ELSE 0 END,
  CASE WHEN old_is_invocation THEN 2 ELSE 0 END,
  CASE WHEN old_is_invocation AND old_in_flight THEN 2 ELSE 0 END,
  CASE WHEN old_is_invocation AND old_start IS NOT NULL THEN 2 ELSE 0 END,
  old_invocation_id, old_is_invocation, old_session, old_event, old_agent, old_phase_name,
      old_model_name, old_status_name, old_token_count, old_tool_call_count, old_start, old_end,
      old_elapsed_ms, old_duration_ms, old_succeeded, old_failed, old_in_flight, old_le_ms
  FROM (SELECT NEW.invocation_id AS old_invocation_id,
  (typeof(NEW.old_agent_name) = 'text' AND NEW.old_agent_name NOT IN ('', 'unknown')) AND NOT
      (coalesce(NEW.old_event_type, '') = 'subagent_stop' OR coalesce(NEW.old_event_type, '') =
      'tool_tracking_start') AS old_is_invocation,
  CASE typeof(NEW.old_session_id) WHEN 'text' THEN CASE WHEN instr(NEW.old_session_id, char(0)) THEN
      '' ELSE NEW.old_session_id END WHEN 'integer' THEN CAST(NEW.old_session_id AS TEXT) ELSE ''
      END AS old_session,
  CASE typeof(NEW.old_event_type) WHEN 'text' THEN CASE WHEN instr(NEW.old_event_type, char(0)) THEN
      '' ELSE NEW.old_event_type END WHEN 'integer' THEN CAST(NEW.old_event_type AS TEXT) ELSE ''
      END AS old_event,
  CASE typeof(NEW.old_agent_name) WHEN 'text' THEN CASE WHEN instr(NEW.old_agent_name, char(0)) THEN
      '' ELSE NEW.old_agent_name END WHEN 'integer' THEN CAST(NEW.old_agent_name AS TEXT) ELSE ''
      END AS old_agent,
  CASE typeof(NEW.old_phase) WHEN 'text' THEN CASE WHEN instr(NEW.old_phase, char(0)) THEN '' ELSE
      NEW.old_phase END WHEN 'integer' THEN CAST(NEW.old_phase AS TEXT) ELSE '' END AS
      old_phase_name,
  CASE typeof(NEW.old_model) WHEN 'text' THEN CASE WHEN instr(NEW.old_model, char(0)) THEN '' ELSE
      NEW.old_model END WHEN 'integer' THEN CAST(NEW.old_model AS TEXT) ELSE '' END AS
      old_model_name,
  CASE typeof(NEW.old_status) WHEN 'text' THEN CASE WHEN instr(NEW.old_status, char(0)) THEN '' ELSE
      NEW.old_status END WHEN 'integer' THEN CAST(NEW.old_status AS TEXT) ELSE '' END AS
      old_status_name,
  NEW.old_tokens AS old_token_count,
  NEW.old_tool_calls AS old_tool_call_count,
  old_start,
  old_end,
  old_elapsed_ms,
  old_duration_ms,
  CASE WHEN (coalesce(NEW.old_status, '') = 'completed') THEN 1 ELSE 0 END AS old_succeeded,
  CASE WHEN (coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') = 'error') THEN
      1 ELSE 0 END AS old_failed,
  old_start IS NOT NULL AND NEW.old_end_time IS NULL AND NOT (coalesce(NEW.old_status, '') =
      'completed' OR coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') =
      'error') AS old_in_flight,
  coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= old_duration_ms ORDER BY le_ms LIMIT
      1), CASE WHEN old_duration_ms IS NOT NULL THEN 9223372036854775807 END) AS old_le_ms
FROM (SELECT old_start,
  old_end,
  old_elapsed_ms,
  CASE WHEN (old_elapsed_ms BETWEEN 0 AND 315360000000) THEN old_elapsed_ms WHEN (CASE WHEN
      typeof(NEW.old_duration_seconds) IN ('integer', 'real') AND NEW.old_duration_seconds BETWEEN 0
      AND 1000000000000 THEN CAST(NEW.old_duration_seconds * 1000 + 0.5 AS INTEGER) END <=
      315360000000) THEN CASE WHEN typeof(NEW.old_duration_seconds) IN ('integer', 'real') AND
      NEW.old_duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.old_duration_seconds * 1000
      + 0.5 AS INTEGER) END END AS old_duration_ms
FROM (SELECT old_start,
  old_end,
  CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1) IN ('+',
      '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN ('+', '-')))
      THEN ((strftime('%s', substr(old_end, 1, 19)) - strftime('%s', substr(old_start, 1, 19))) *
      1000 + substr(old_end, 21) - substr(old_start, 21)) END AS old_elapsed_ms
FROM (SELECT old_start,
  old_end
FROM (SELECT max(CASE number WHEN 1 THEN parsed END) AS old_start,
  max(CASE number WHEN 2 THEN parsed END) AS old_end
FROM (SELECT number, CASE WHEN typeof(value) = 'text' AND value GLOB
    '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
    AND value >= '0001' AND substr(value, 12, 2) < '24' AND NOT instr(value, char(0))
  THEN (SELECT CASE WHEN seconds >= '0001' THEN seconds || '.' ||
        CASE WHEN fraction THEN substr(substr(value, 21, length(value) - 20 - length(zone)) ||
        '000',
          1, 3) ELSE '000' END END
    FROM (SELECT zone, fraction, CASE
        WHEN strftime('%d', substr(value, 1, 10), '+0 days') <> substr(value, 9, 2) THEN NULL
        WHEN zone IN ('', 'Z') THEN strftime('%Y-%m-%dT%H:%M:%S', substr(value, 1, clock))
        WHEN zone GLOB '[+-][0-2][0-9]:[0-5][0-9]' AND substr(zone, 2, 2) < '24'
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(value, 1, clock),
          CASE substr(zone, 1, 1) WHEN '+' THEN '-' ELSE '+' END || substr(zone, 2))
        END AS seconds
      FROM (SELECT clock, fraction, CASE WHEN fraction
          THEN ltrim(substr(value, 21), '0123456789') ELSE substr(value, clock + 1) END AS zone
        FROM (SELECT CASE WHEN substr(value, 17, 1) = ':' THEN 19 ELSE 16 END AS clock,
          substr(value, 17, 1) = ':' AND substr(value, 20, 2) GLOB '.[0-9]' AS fraction))
      LIMIT 1 OFFSET 0)) END AS parsed
  FROM (SELECT 1 AS number, NEW.old_start_time AS value
  UNION ALL SELECT 2 AS number, NEW.old_end_time AS value LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0)
      LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT 1 OFFSET 0);
END;

-- recomputation: facts
CREATE TEMP TABLE _aggregates_agent_invocations_facts (sign, updated_at, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", elapsed_ms, duration_ms, succeeded, failed, in_flight, le_ms);

-- recomputation: slice
INSERT INTO temp._aggregates_agent_invocations_facts (sign, updated_at, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", elapsed_ms, duration_ms, succeeded, failed, in_flight, le_ms)
SELECT sign, updated_at, invocation_id, is_invocation, session, event, agent, phase_name,
    model_name, status_name, token_count, tool_call_count, start, "end", elapsed_ms, duration_ms,
    succeeded, failed, in_flight, le_ms
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
FROM (SELECT *, CASE WHEN (elapsed_ms BETWEEN 0 AND 315360000000) THEN elapsed_ms WHEN (CASE WHEN
    typeof(duration_seconds) IN ('integer', 'real') AND duration_seconds BETWEEN 0 AND 1000000000000
    THEN CAST(duration_seconds * 1000 + 0.5 AS INTEGER) END <= 315360000000) THEN CASE WHEN
    typeof(duration_seconds) IN ('integer', 'real') AND duration_seconds BETWEEN 0 AND 1000000000000
    THEN CAST(duration_seconds * 1000 + 0.5 AS INTEGER) END END AS duration_ms
FROM (SELECT *, CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
    = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
    substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
    substr(start, 21)) END AS elapsed_ms
FROM (SELECT *, CASE WHEN typeof(start_time) = 'text' AND start_time GLOB
    '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
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
  CASE WHEN typeof(end_time) = 'text' AND end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
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
FROM (SELECT 1 AS sign, updated_at, agent_invocations.id AS invocation_id,
  +agent_invocations.timestamp COLLATE BINARY AS timestamp,
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
    :rows OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- recomputation: old side of entries
INSERT INTO temp._aggregates_agent_invocations_facts (sign, updated_at, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", elapsed_ms, duration_ms, succeeded, failed, in_flight, le_ms)
SELECT sign, updated_at, invocation_id, is_invocation, session, event, agent, phase_name,
    model_name, status_name, token_count, tool_call_count, start, "end", elapsed_ms, duration_ms,
    succeeded, failed, in_flight, le_ms
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
FROM (SELECT *, CASE WHEN (elapsed_ms BETWEEN 0 AND 315360000000) THEN elapsed_ms WHEN (CASE WHEN
    typeof(duration_seconds) IN ('integer', 'real') AND duration_seconds BETWEEN 0 AND 1000000000000
    THEN CAST(duration_seconds * 1000 + 0.5 AS INTEGER) END <= 315360000000) THEN CASE WHEN
    typeof(duration_seconds) IN ('integer', 'real') AND duration_seconds BETWEEN 0 AND 1000000000000
    THEN CAST(duration_seconds * 1000 + 0.5 AS INTEGER) END END AS duration_ms
FROM (SELECT *, CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
    = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
    substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
    substr(start, 21)) END AS elapsed_ms
FROM (SELECT *, CASE WHEN typeof(start_time) = 'text' AND start_time GLOB
    '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
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
  CASE WHEN typeof(end_time) = 'text' AND end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
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
FROM (SELECT -1 AS sign, updated_at, coalesce(old_invocation_id, invocation_id) AS invocation_id,
    old_timestamp AS timestamp, old_session_id AS session_id, old_event_type AS event_type,
    old_phase AS phase, old_agent_name AS agent_name, old_model AS model, old_start_time AS
    start_time, old_end_time AS end_time, old_duration_seconds AS duration_seconds, old_status AS
    status, old_tokens AS tokens, old_tool_calls AS tool_calls
FROM main.agent_invocation_changes WHERE seq > :seq AND operation <> 'insert'
AND coalesce(old_invocation_id, invocation_id) > :above AND coalesce(old_invocation_id,
    invocation_id) <= :upto ORDER BY seq LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0)
    LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

-- recomputation: new side of entries
INSERT INTO temp._aggregates_agent_invocations_facts (sign, updated_at, invocation_id,
    is_invocation, session, event, agent, phase_name, model_name, status_name, token_count,
    tool_call_count, start, "end", elapsed_ms, duration_ms, succeeded, failed, in_flight, le_ms)
SELECT sign, updated_at, invocation_id, is_invocation, session, event, agent, phase_name,
    model_name, status_name, token_count, tool_call_count, start, "end", elapsed_ms, duration_ms,
    succeeded, failed, in_flight, le_ms
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
FROM (SELECT *, CASE WHEN (elapsed_ms BETWEEN 0 AND 315360000000) THEN elapsed_ms WHEN (CASE WHEN
    typeof(duration_seconds) IN ('integer', 'real') AND duration_seconds BETWEEN 0 AND 1000000000000
    THEN CAST(duration_seconds * 1000 + 0.5 AS INTEGER) END <= 315360000000) THEN CASE WHEN
    typeof(duration_seconds) IN ('integer', 'real') AND duration_seconds BETWEEN 0 AND 1000000000000
    THEN CAST(duration_seconds * 1000 + 0.5 AS INTEGER) END END AS duration_ms
FROM (SELECT *, CASE WHEN ((substr(start_time, -1) = 'Z' OR substr(start_time, -6, 1) IN ('+', '-'))
    = (substr(end_time, -1) = 'Z' OR substr(end_time, -6, 1) IN ('+', '-'))) THEN ((strftime('%s',
    substr("end", 1, 19)) - strftime('%s', substr(start, 1, 19))) * 1000 + substr("end", 21) -
    substr(start, 21)) END AS elapsed_ms
FROM (SELECT *, CASE WHEN typeof(start_time) = 'text' AND start_time GLOB
    '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
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
  CASE WHEN typeof(end_time) = 'text' AND end_time GLOB
      '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-2][0-9]:*'
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
FROM (SELECT 1 AS sign, updated_at, invocation_id AS invocation_id, new_timestamp AS timestamp,
    new_session_id AS session_id, new_event_type AS event_type, new_phase AS phase, new_agent_name
    AS agent_name, new_model AS model, new_start_time AS start_time, new_end_time AS end_time,
    new_duration_seconds AS duration_seconds, new_status AS status, new_tokens AS tokens,
    new_tool_calls AS tool_calls
FROM main.agent_invocation_changes WHERE seq > :seq AND operation <> 'delete'
AND invocation_id > :above AND invocation_id <= :upto ORDER BY seq LIMIT -1 OFFSET 0) LIMIT -1
    OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0) LIMIT -1 OFFSET 0);

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
-- agent_invocations.updated_at: when the row was last inserted or updated, UTC
