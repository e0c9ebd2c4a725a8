-- [view] _aggregates_run_image
CREATE VIEW _aggregates_run_image (step, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13,
    x14, x15) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    /* x1 seq, x2 updated_at, x3 invocation_id, x4 session_id, x5 event_type, x6 phase, x7 agent_name, x8 model, x9 start_time, x10 end_time, x11 duration_seconds, x12 status, x13 tokens, x14 tool_calls, x15 nul */;

-- [view] _aggregates_run_times
CREATE VIEW _aggregates_run_times (step, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13,
    x14, x15, x16, x17, x18) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    /* x1 seq, x2 updated_at, x3 invocation_id, x4 is_invocation, x5 session, x6 event, x7 agent, x8 phase_name, x9 model_name, x10 status_name, x11 token_count, x12 tool_call_count, x13 start, x14 end, x15 is_same_clock, x16 measured_ms, x17 start_time, x18 end_time */;

-- [view] _aggregates_run_facts
CREATE VIEW _aggregates_run_facts (step, sign, seq, updated_at, invocation_id, is_invocation,
    session, event, agent, phase_name, model_name, status_name, token_count, tool_call_count, start,
    "end", duration_ms, succeeded, failed, in_flight, unreadable_start, unreadable_end, hour) AS
    SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0;

-- [trigger] _aggregates_run_image_read
CREATE TRIGGER _aggregates_run_image_read INSTEAD OF INSERT ON _aggregates_run_image BEGIN
INSERT INTO _aggregates_run_times VALUES (NEW.step, NEW.x1, NEW.x2, NEW.x3, coalesce(NEW.x7 > '' AND
    NEW.x7 < x'' AND NEW.x7 <> 'unknown', 0) AND NEW.x5 IS NOT 'subagent_stop' AND NEW.x5 IS NOT
    'tool_tracking_start', CASE WHEN NEW.x4 < x'' AND NOT instr(NEW.x4, NEW.x15)
    /* unless "agent_invocations"."session_id" is of text: AND typeof(NEW.x4) <> 'real' */ THEN
    CAST(NEW.x4 AS TEXT) ELSE '' END, CASE WHEN NEW.x5 < x'' AND NOT instr(NEW.x5, NEW.x15)
    /* unless "agent_invocations"."event_type" is of text: AND typeof(NEW.x5) <> 'real' */ THEN
    CAST(NEW.x5 AS TEXT) ELSE '' END, CASE WHEN NEW.x7 < x'' AND NOT instr(NEW.x7, NEW.x15)
    /* unless "agent_invocations"."agent_name" is of text: AND typeof(NEW.x7) <> 'real' */ THEN
    CAST(NEW.x7 AS TEXT) ELSE '' END, CASE WHEN NEW.x6 < x'' AND NOT instr(NEW.x6, NEW.x15)
    /* unless "agent_invocations"."phase" is of text: AND typeof(NEW.x6) <> 'real' */ THEN
    CAST(NEW.x6 AS TEXT) ELSE '' END, CASE WHEN NEW.x8 < x'' AND NOT instr(NEW.x8, NEW.x15)
    /* unless "agent_invocations"."model" is of text: AND typeof(NEW.x8) <> 'real' */ THEN
    CAST(NEW.x8 AS TEXT) ELSE '' END, CASE WHEN NEW.x12 < x'' AND NOT instr(NEW.x12, NEW.x15)
    /* unless "agent_invocations"."status" is of text: AND typeof(NEW.x12) <> 'real' */ THEN
    CAST(NEW.x12 AS TEXT) ELSE '' END, NEW.x13, NEW.x14, CASE WHEN NEW.x9 >= '0001' AND NEW.x9 GLOB
    '*.[0-9][0-9][0-9][0-9][0-9][0-9]' AND NEW.x9 = strftime('%Y-%m-%dT%H:%M:%S', NEW.x9, '+0 days')
    || substr(NEW.x9, 20, 7) THEN substr(NEW.x9, 1, 23) END, CASE WHEN NEW.x10 >= '0001' AND NEW.x10
    GLOB '*.[0-9][0-9][0-9][0-9][0-9][0-9]' AND NEW.x10 = strftime('%Y-%m-%dT%H:%M:%S', NEW.x10,
    '+0 days') || substr(NEW.x10, 20, 7) THEN substr(NEW.x10, 1, 23) END, 1, CASE WHEN NEW.x11
    BETWEEN 0 AND 1000000000000 THEN CAST(NEW.x11 * 1000 + 0.5 AS INTEGER) END, NEW.x9, NEW.x10);
END;

-- [trigger] _aggregates_run_times_odd
CREATE TRIGGER _aggregates_run_times_odd INSTEAD OF INSERT ON _aggregates_run_times WHEN NEW.x15 > 0
    AND (NEW.x13 IS NULL AND NEW.x17 IS NOT NULL OR NEW.x14 IS NULL AND NEW.x18 IS NOT NULL) BEGIN
INSERT INTO _aggregates_parse VALUES (1, NEW.x17);
INSERT INTO _aggregates_parse VALUES (2, NEW.x18);
INSERT INTO _aggregates_run_times SELECT NEW.step, NEW.x1, NEW.x2, NEW.x3, NEW.x4, NEW.x5, NEW.x6,
    NEW.x7, NEW.x8, NEW.x9, NEW.x10, NEW.x11, NEW.x12, p1.time, p2.time, -(p1.has_offset IS
    p2.has_offset), NEW.x16, NEW.x17, NEW.x18 FROM _aggregates_parsed AS p1, _aggregates_parsed AS
    p2 WHERE p1.slot = 1 AND p2.slot = 2;
END;

-- [trigger] _aggregates_run_times_derive
CREATE TRIGGER _aggregates_run_times_derive INSTEAD OF INSERT ON _aggregates_run_times WHEN NOT
    (NEW.x15 > 0 AND (NEW.x13 IS NULL AND NEW.x17 IS NOT NULL OR NEW.x14 IS NULL AND NEW.x18 IS
    NOT NULL)) BEGIN
INSERT INTO _aggregates_run_facts VALUES (NEW.step, CASE WHEN NEW.step < 0 THEN -1 ELSE 1 END,
    NEW.x1, NEW.x2, NEW.x3, NEW.x4, NEW.x5, NEW.x6, NEW.x7, NEW.x8, NEW.x9, NEW.x10, NEW.x11,
    NEW.x12, NEW.x13, NEW.x14, (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN NEW.x16 <= 315360000000 THEN NEW.x16 END
  FROM (SELECT CASE WHEN (NEW.x15 AND NEW.x14 IS NOT NULL) THEN ((strftime('%s', NEW.x14) -
      strftime('%s', NEW.x13)) * 1000 + substr(NEW.x14, 21) - substr(NEW.x13, 21)) END AS one)),
      (NEW.x10 = 'completed'), (NEW.x10 = 'failed' OR NEW.x10 = 'error'), NEW.x13 IS NOT NULL AND
      NEW.x18 IS NULL AND NOT (NEW.x10 = 'completed' OR NEW.x10 = 'failed' OR NEW.x10 = 'error'),
      NEW.x13 IS NULL AND NOT NEW.x17 IS NULL, NEW.x14 IS NULL AND NOT NEW.x18 IS NULL,
      coalesce(substr(NEW.x13, 1, 13) || ':00:00', ''));
END;

-- [trigger] _aggregates_run_adds
CREATE TRIGGER _aggregates_run_adds AFTER INSERT ON agent_invocation_changes WHEN NEW.operation <>
    'delete' BEGIN
INSERT INTO _aggregates_run_image VALUES (NEW.is_ending IS NULL, NEW.seq, NEW.updated_at,
    NEW.invocation_id, NEW.new_session_id, NEW.new_event_type, NEW.new_phase, NEW.new_agent_name,
    NEW.new_model, NEW.new_start_time, NEW.new_end_time, NEW.new_duration_seconds, NEW.new_status,
    NEW.new_tokens, NEW.new_tool_calls, char(0));
END;

-- [trigger] _aggregates_run_subtracts
CREATE TRIGGER _aggregates_run_subtracts AFTER INSERT ON agent_invocation_changes WHEN NEW.operation
    <> 'insert' AND NEW.is_ending IS NULL BEGIN
INSERT INTO _aggregates_run_image VALUES (-1, NEW.seq, NEW.updated_at,
    coalesce(NEW.old_invocation_id, NEW.invocation_id), NEW.old_session_id, NEW.old_event_type,
    NEW.old_phase, NEW.old_agent_name, NEW.old_model, NEW.old_start_time, NEW.old_end_time,
    NEW.old_duration_seconds, NEW.old_status, NEW.old_tokens, NEW.old_tool_calls, char(0));
END;
