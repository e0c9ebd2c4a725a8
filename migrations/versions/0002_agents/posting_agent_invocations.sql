-- [view] _aggregates_agent_invocations_facts_1
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

-- [view] _aggregates_agent_invocations_facts_2
CREATE VIEW _aggregates_agent_invocations_facts_2 (
  updated_at, seq, old_exists, old_invocation_id, old_is_invocation, old_session, old_event,
      old_agent, old_phase_name, old_model_name, old_status_name, old_token_count,
      old_tool_call_count, old_start, old_duration_ms, old_succeeded, old_failed, old_in_flight,
      new_exists, new_invocation_id, new_is_invocation, new_session, new_event, new_agent,
      new_phase_name, new_model_name, new_status_name, new_token_count, new_tool_call_count,
      new_start, new_duration_ms, new_succeeded, new_failed, new_in_flight
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL;

-- [view] _aggregates_agent_invocations_posting
CREATE VIEW _aggregates_agent_invocations_posting (
  updated_at, seq, agent_stats_posts, agent_hourly_posts, agent_durations_posts,
      agent_durations_daily_posts, agent_percentiles_posts, agent_activity_posts,
      session_agents_posts, open_runs_posts, agent_starts_posts, old_agent, old_duration_ms,
      old_event, old_failed, old_in_flight, old_invocation_id, old_is_invocation, old_le_ms,
      old_model_name, old_phase_name, old_session, old_start, old_status_name, old_succeeded,
      old_token_count, old_tool_call_count, new_agent, new_duration_ms, new_event, new_failed,
      new_in_flight, new_invocation_id, new_is_invocation, new_le_ms, new_model_name,
      new_phase_name, new_session, new_start, new_status_name, new_succeeded, new_token_count,
      new_tool_call_count
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- [trigger] _aggregates_agent_invocations_post_1
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

-- [trigger] _aggregates_agent_invocations_post_2
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

-- [trigger] _aggregates_agent_invocations_post_3
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
  NEW.old_agent,
  NEW.old_duration_ms,
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

-- [trigger] _aggregates_agent_invocations_plus
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

-- [trigger] _aggregates_agent_invocations_minus
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

-- [trigger] _aggregates_session_agents_plus
CREATE TRIGGER _aggregates_session_agents_plus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_agents_posts NOT IN (0, 2)
BEGIN
  INSERT INTO session_agents (session_id, agent_name, invocations)
  VALUES (NEW.new_session, NEW.new_agent,
    CASE NEW.session_agents_posts WHEN 4 THEN 0 ELSE 1 END)
  ON CONFLICT (session_id, agent_name) DO UPDATE SET
    invocations = invocations + excluded.invocations;
END;

-- [trigger] _aggregates_session_agents_minus
CREATE TRIGGER _aggregates_session_agents_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_agents_posts IN (2, 3)
BEGIN
  UPDATE session_agents SET invocations = invocations - 1
  WHERE session_id = NEW.old_session AND agent_name = NEW.old_agent;
  DELETE FROM session_agents WHERE session_id = NEW.old_session AND agent_name = NEW.old_agent
    AND invocations = 0;
END;

-- [trigger] _aggregates_agent_starts_plus
CREATE TRIGGER _aggregates_agent_starts_plus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.agent_starts_posts NOT IN (0, 2)
BEGIN
  INSERT INTO _aggregates_agent_starts (agent_name, start_time, invocation_id)
  VALUES (NEW.new_agent, NEW.new_start, NEW.new_invocation_id)
  ON CONFLICT (agent_name, start_time, invocation_id) DO NOTHING;
  DELETE FROM _aggregates_agent_starts
  WHERE NEW.agent_starts_posts = 3 AND NOT (NEW.old_agent = NEW.new_agent AND NEW.old_start =
      NEW.new_start AND NEW.old_invocation_id = NEW.new_invocation_id) AND agent_name =
      NEW.old_agent AND start_time = NEW.old_start AND invocation_id = NEW.old_invocation_id;
END;

-- [trigger] _aggregates_agent_starts_minus
CREATE TRIGGER _aggregates_agent_starts_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.agent_starts_posts = 2
BEGIN
  DELETE FROM _aggregates_agent_starts
  WHERE agent_name = NEW.old_agent AND start_time = NEW.old_start AND invocation_id =
      NEW.old_invocation_id;
END;
