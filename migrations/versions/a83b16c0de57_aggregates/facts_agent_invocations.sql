-- [view] _aggregates_run_image
CREATE VIEW _aggregates_run_image (step, seq, updated_at, invocation_id, session_id, event_type,
    phase, agent_name, model, start_time, end_time, duration_seconds, status, tokens, tool_calls) AS
    SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0;

-- [view] _aggregates_run_times
CREATE VIEW _aggregates_run_times (step, seq, updated_at, invocation_id, is_invocation, session,
    event, agent, phase_name, model_name, status_name, token_count, tool_call_count, start, "end",
    is_same_clock, measured_ms, start_time, end_time) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0;

-- [view] _aggregates_run_facts
CREATE VIEW _aggregates_run_facts (step, sign, seq, updated_at, invocation_id, is_invocation,
    session, event, agent, phase_name, model_name, status_name, token_count, tool_call_count, start,
    "end", duration_ms, succeeded, failed, in_flight, unreadable_start, unreadable_end) AS SELECT 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0;

-- [trigger] _aggregates_run_image_read
CREATE TRIGGER _aggregates_run_image_read INSTEAD OF INSERT ON _aggregates_run_image BEGIN
INSERT INTO _aggregates_run_times VALUES (NEW.step, NEW.seq, NEW.updated_at, NEW.invocation_id,
    coalesce(NEW.agent_name > '' AND NEW.agent_name < x'' AND NEW.agent_name <> 'unknown', 0) AND
    NOT (coalesce(NEW.event_type, '') = 'subagent_stop' OR coalesce(NEW.event_type, '') =
    'tool_tracking_start'), CASE WHEN NEW.session_id < x'' AND NOT instr(NEW.session_id, char(0))
    AND typeof(NEW.session_id) <> 'real' THEN CAST(NEW.session_id AS TEXT) ELSE '' END, CASE WHEN
    NEW.event_type < x'' AND NOT instr(NEW.event_type, char(0)) AND typeof(NEW.event_type) <> 'real'
    THEN CAST(NEW.event_type AS TEXT) ELSE '' END, CASE WHEN NEW.agent_name < x'' AND NOT
    instr(NEW.agent_name, char(0)) AND typeof(NEW.agent_name) <> 'real' THEN CAST(NEW.agent_name AS
    TEXT) ELSE '' END, CASE WHEN NEW.phase < x'' AND NOT instr(NEW.phase, char(0)) AND
    typeof(NEW.phase) <> 'real' THEN CAST(NEW.phase AS TEXT) ELSE '' END, CASE WHEN NEW.model < x''
    AND NOT instr(NEW.model, char(0)) AND typeof(NEW.model) <> 'real' THEN CAST(NEW.model AS TEXT)
    ELSE '' END, CASE WHEN NEW.status < x'' AND NOT instr(NEW.status, char(0)) AND
    typeof(NEW.status) <> 'real' THEN CAST(NEW.status AS TEXT) ELSE '' END, NEW.tokens,
    NEW.tool_calls, CASE WHEN NEW.start_time = strftime('%Y-%m-%dT%H:%M:%S', NEW.start_time,
    '+0 days') || substr(NEW.start_time, 20, 7) AND NEW.start_time GLOB
    '*.[0-9][0-9][0-9][0-9][0-9][0-9]' AND NEW.start_time >= '0001' THEN substr(NEW.start_time, 1,
    23) END, CASE WHEN NEW.end_time = strftime('%Y-%m-%dT%H:%M:%S', NEW.end_time, '+0 days') ||
    substr(NEW.end_time, 20, 7) AND NEW.end_time GLOB '*.[0-9][0-9][0-9][0-9][0-9][0-9]' AND
    NEW.end_time >= '0001' THEN substr(NEW.end_time, 1, 23) END, 1, CASE WHEN NEW.duration_seconds
    BETWEEN 0 AND 1000000000000 THEN CAST(NEW.duration_seconds * 1000 + 0.5 AS INTEGER) END,
    NEW.start_time, NEW.end_time);
END;

-- [trigger] _aggregates_run_times_odd
CREATE TRIGGER _aggregates_run_times_odd INSTEAD OF INSERT ON _aggregates_run_times WHEN
    NEW.is_same_clock > 0 AND (NEW.start IS NULL AND NEW.start_time IS NOT NULL OR NEW."end" IS NULL
    AND NEW.end_time IS NOT NULL) BEGIN
INSERT INTO _aggregates_parse VALUES (1, NEW.start_time);
INSERT INTO _aggregates_parse VALUES (2, NEW.end_time);
INSERT INTO _aggregates_run_times SELECT NEW.step, NEW.seq, NEW.updated_at, NEW.invocation_id,
    NEW.is_invocation, NEW.session, NEW.event, NEW.agent, NEW.phase_name, NEW.model_name,
    NEW.status_name, NEW.token_count, NEW.tool_call_count, p1.time, p2.time, -(p1.has_offset IS
    p2.has_offset), NEW.measured_ms, NEW.start_time, NEW.end_time FROM _aggregates_parsed AS p1,
    _aggregates_parsed AS p2 WHERE p1.slot = 1 AND p2.slot = 2;
END;

-- [trigger] _aggregates_run_times_derive
CREATE TRIGGER _aggregates_run_times_derive INSTEAD OF INSERT ON _aggregates_run_times WHEN NOT
    (NEW.is_same_clock > 0 AND (NEW.start IS NULL AND NEW.start_time IS NOT NULL OR NEW."end" IS
    NULL AND NEW.end_time IS NOT NULL)) BEGIN
INSERT INTO _aggregates_run_facts VALUES (NEW.step, CASE WHEN NEW.step < 0 THEN -1 ELSE 1 END,
    NEW.seq, NEW.updated_at, NEW.invocation_id, NEW.is_invocation, NEW.session, NEW.event,
    NEW.agent, NEW.phase_name, NEW.model_name, NEW.status_name, NEW.token_count,
    NEW.tool_call_count, NEW.start, NEW."end", (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN
    one
    WHEN NEW.measured_ms <= 315360000000 THEN NEW.measured_ms END
  FROM (SELECT CASE WHEN NEW.is_same_clock THEN ((strftime('%s', NEW."end") - strftime('%s',
      NEW.start)) * 1000 + substr(NEW."end", 21) - substr(NEW.start, 21)) END AS one)),
      (NEW.status_name = 'completed'), (NEW.status_name = 'failed' OR NEW.status_name = 'error'),
      NEW.start IS NOT NULL AND NEW.end_time IS NULL AND NOT (NEW.status_name = 'completed' OR
      NEW.status_name = 'failed' OR NEW.status_name = 'error'), NEW.start IS NULL AND NOT
      NEW.start_time IS NULL, NEW."end" IS NULL AND NOT NEW.end_time IS NULL);
END;

-- [trigger] _aggregates_run_adds
CREATE TRIGGER _aggregates_run_adds AFTER INSERT ON agent_invocation_changes WHEN NEW.operation <>
    'delete' BEGIN
INSERT INTO _aggregates_run_image VALUES (NEW.is_ending IS NULL, NEW.seq, NEW.updated_at,
    NEW.invocation_id, NEW.new_session_id, NEW.new_event_type, NEW.new_phase, NEW.new_agent_name,
    NEW.new_model, NEW.new_start_time, NEW.new_end_time, NEW.new_duration_seconds, NEW.new_status,
    NEW.new_tokens, NEW.new_tool_calls);
END;

-- [trigger] _aggregates_run_subtracts
CREATE TRIGGER _aggregates_run_subtracts AFTER INSERT ON agent_invocation_changes WHEN NEW.operation
    <> 'insert' AND NEW.is_ending IS NULL BEGIN
INSERT INTO _aggregates_run_image VALUES (-1, NEW.seq, NEW.updated_at,
    coalesce(NEW.old_invocation_id, NEW.invocation_id), NEW.old_session_id, NEW.old_event_type,
    NEW.old_phase, NEW.old_agent_name, NEW.old_model, NEW.old_start_time, NEW.old_end_time,
    NEW.old_duration_seconds, NEW.old_status, NEW.old_tokens, NEW.old_tool_calls);
END;
