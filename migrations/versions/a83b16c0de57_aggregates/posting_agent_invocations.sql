-- [trigger] _aggregates_run_post_rows
CREATE TRIGGER _aggregates_run_post_rows INSTEAD OF INSERT ON _aggregates_run_facts BEGIN
INSERT INTO agent_hourly (hour, event_type, agent_name, phase, model, status, invocations,
    duration_count, duration_ms_sum, tokens_sum, tool_calls_sum)
  SELECT NEW.hour, NEW.event, NEW.agent, NEW.phase_name, NEW.model_name, NEW.status_name, NEW.sign,
      NEW.sign * ((NEW.duration_ms IS NOT NULL)), NEW.sign * (coalesce(NEW.duration_ms, 0)),
      NEW.sign * NEW.token_count, NEW.sign * NEW.tool_call_count
  UNION ALL SELECT NEW.hour, NEW.event, NEW.agent, NEW.phase_name, '', 'started', -1, 0, 0, 0, 0
      WHERE NEW.step = 0
  ON CONFLICT (hour, event_type, agent_name, phase, model, status) DO UPDATE SET invocations =
      invocations + excluded.invocations, duration_count = duration_count + excluded.duration_count,
      duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum, tokens_sum = tokens_sum +
      excluded.tokens_sum, tool_calls_sum = tool_calls_sum + excluded.tool_calls_sum;
DELETE FROM agent_hourly WHERE NEW.step < 1 AND hour = NEW.hour AND event_type = NEW.event AND
    agent_name = NEW.agent AND phase = NEW.phase_name AND invocations = 0;
INSERT INTO agent_stats (event_type, agent_name, phase, model, status, invocations, duration_count,
    duration_ms_sum, tokens_sum, tool_calls_sum, unreadable_times)
  SELECT NEW.event, NEW.agent, NEW.phase_name, NEW.model_name, NEW.status_name, NEW.sign, NEW.sign *
      ((NEW.duration_ms IS NOT NULL)), NEW.sign * (coalesce(NEW.duration_ms, 0)), NEW.sign *
      NEW.token_count, NEW.sign * NEW.tool_call_count, NEW.sign * ((NEW.unreadable_start OR
      NEW.unreadable_end))
  UNION ALL SELECT NEW.event, NEW.agent, NEW.phase_name, '', 'started', -1, 0, 0, 0, 0,
      -((NEW.unreadable_start OR 0)) WHERE NEW.step = 0
  ON CONFLICT (event_type, agent_name, phase, model, status) DO UPDATE SET invocations = invocations
      + excluded.invocations, duration_count = duration_count + excluded.duration_count,
      duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum, tokens_sum = tokens_sum +
      excluded.tokens_sum, tool_calls_sum = tool_calls_sum + excluded.tool_calls_sum,
      unreadable_times = unreadable_times + excluded.unreadable_times;
END;

-- [trigger] _aggregates_run_post_known
CREATE TRIGGER _aggregates_run_post_known INSTEAD OF INSERT ON _aggregates_run_facts WHEN
    NEW.duration_ms IS NOT NULL BEGIN
INSERT INTO agent_durations (agent_name, le_ms, event_type, phase, model, runs, duration_ms_sum)
  VALUES ( NEW.agent, coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.duration_ms
      ORDER BY le_ms LIMIT 1), max(NEW.duration_ms, 9223372036854775807)), NEW.event,
      NEW.phase_name, NEW.model_name, NEW.sign, NEW.sign * NEW.duration_ms)
  ON CONFLICT (agent_name, le_ms, event_type, phase, model) DO UPDATE SET runs = runs +
      excluded.runs, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
INSERT INTO agent_durations_daily (day, event_type, agent_name, le_ms, runs, duration_ms_sum)
  VALUES ( coalesce(substr(NEW.start, 1, 10), ''), NEW.event, NEW.agent, coalesce((SELECT le_ms FROM
      duration_bounds WHERE le_ms >= NEW.duration_ms ORDER BY le_ms LIMIT 1), max(NEW.duration_ms,
      9223372036854775807)), NEW.sign, NEW.sign * NEW.duration_ms)
  ON CONFLICT (day, event_type, agent_name, le_ms) DO UPDATE SET runs = runs + excluded.runs,
      duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
END;

-- [trigger] _aggregates_run_post_invocations
CREATE TRIGGER _aggregates_run_post_invocations INSTEAD OF INSERT ON _aggregates_run_facts WHEN
    NEW.is_invocation BEGIN
INSERT INTO _aggregates_by_session
  SELECT NEW.session, 1, NEW.agent, 0, NEW.step, 0, 0, 0, 0, 0, NULL WHERE NEW.step
  UNION ALL SELECT NEW.session, 2, NEW.phase_name, 0, NEW.step, 0, 0, 0, 0, 0, NULL WHERE NEW.step
  UNION ALL SELECT NEW.session, 0, '', 0, NEW.step, NEW.sign * NEW.succeeded, NEW.sign * NEW.failed,
      NEW.sign * NEW.in_flight - (NEW.step = 0) * (NEW.start IS NOT NULL), NEW.sign *
      ((NEW.duration_ms IS NOT NULL)), NEW.sign * (coalesce(NEW.duration_ms, 0)), NEW.seq
  UNION ALL SELECT NEW.session, 3, NEW.start, NEW.invocation_id, NEW.step, 0, 0, 0, 0, 0, NULL WHERE
      NEW.start IS NOT NULL AND NEW.step
  UNION ALL SELECT NEW.session, 4, NEW."end", NEW.invocation_id, NEW.sign, 0, 0, 0, 0, 0, NULL WHERE
      NEW."end" IS NOT NULL
  ON CONFLICT (session_id, part, member, id) DO UPDATE SET invocations = invocations +
      excluded.invocations, succeeded = succeeded + excluded.succeeded, failed = failed +
      excluded.failed, in_flight = in_flight + excluded.in_flight, duration_count = duration_count +
      excluded.duration_count, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum,
      changed_seq = coalesce(excluded.changed_seq, changed_seq);
DELETE FROM open_runs WHERE NEW.step < 1 AND start_time = NEW.start AND invocation_id =
    NEW.invocation_id;
INSERT INTO open_runs (start_time, invocation_id, session_id, agent_name, phase)
  SELECT NEW.start, NEW.invocation_id, NEW.session, NEW.agent, NEW.phase_name WHERE NEW.step >= 0
      AND NEW.in_flight
  ON CONFLICT DO NOTHING;
INSERT INTO _aggregates_by_agent
  SELECT NEW.agent, 1, '', 0, NEW.step, NEW.sign * NEW.succeeded, NEW.sign * NEW.failed, NEW.sign *
      NEW.in_flight - (NEW.step = 0) * (NEW.start IS NOT NULL), NEW.step * (NEW.step AND NEW.session
      <> '' AND (SELECT pair.invocations FROM _aggregates_by_session AS pair WHERE pair.part = 1 AND
      pair.id = 0 AND pair.session_id = NEW.session AND pair.member = NEW.agent) IS (NEW.step > 0)),
      NEW.updated_at
  UNION ALL SELECT NEW.agent, 0, NEW.start, NEW.invocation_id, NEW.step, 0, 0, 0, 0, NULL WHERE
      NEW.start IS NOT NULL AND NEW.step
  UNION ALL SELECT '', 2, '', 0, 0, 0, 0, 0, NEW.step, NULL WHERE NEW.step AND NEW.session <> '' AND
      (SELECT pair.invocations FROM _aggregates_by_session AS pair WHERE pair.part = 0 AND
      pair.member = '' AND pair.id = 0 AND pair.session_id = NEW.session) IS (NEW.step > 0)
  ON CONFLICT (agent_name, part, member, id) DO UPDATE SET invocations = invocations +
      excluded.invocations, succeeded = succeeded + excluded.succeeded, failed = failed +
      excluded.failed, in_flight = in_flight + excluded.in_flight, sessions = sessions +
      excluded.sessions, updated_at = coalesce(excluded.updated_at, updated_at);
DELETE FROM _aggregates_by_session WHERE NEW.step < 0 AND session_id = NEW.session AND part BETWEEN
    0 AND 2 AND invocations = 0;
DELETE FROM _aggregates_by_session WHERE NEW.step < 0 AND session_id = NEW.session AND member =
    NEW.start AND id = NEW.invocation_id AND part = 3 AND invocations = 0;
DELETE FROM _aggregates_by_session WHERE NEW.step < 0 AND session_id = NEW.session AND member =
    NEW."end" AND id = NEW.invocation_id AND part = 4 AND invocations = 0;
DELETE FROM _aggregates_by_agent WHERE NEW.step < 0 AND agent_name = NEW.agent AND part = 1 AND
    invocations = 0;
DELETE FROM _aggregates_by_agent WHERE NEW.step < 0 AND agent_name = NEW.agent AND member =
    NEW.start AND id = NEW.invocation_id AND part = 0 AND invocations = 0;
END;
