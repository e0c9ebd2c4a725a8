-- [trigger] _aggregates_use_post_rows
CREATE TRIGGER _aggregates_use_post_rows INSTEAD OF INSERT ON _aggregates_use_facts BEGIN
INSERT INTO tool_stats (agent_name, tool_name, status, uses, duration_count, duration_ms_sum,
    unreadable_times)
  VALUES ( NEW.agent, NEW.tool, NEW.status_name, NEW.step, NEW.sign * ((NEW.duration_ms IS
      NOT NULL)), NEW.sign * (coalesce(NEW.duration_ms, 0)), NEW.sign * ((NEW.unreadable_start OR
      NEW.unreadable_end)))
  ON CONFLICT (agent_name, tool_name, status) DO UPDATE SET uses = uses + excluded.uses,
      duration_count = duration_count + excluded.duration_count, duration_ms_sum = duration_ms_sum +
      excluded.duration_ms_sum, unreadable_times = unreadable_times + excluded.unreadable_times;
DELETE FROM tool_stats WHERE NEW.step < 1 AND agent_name = NEW.agent AND tool_name = NEW.tool AND
    status = NEW.status_name AND uses = 0;
END;

-- [trigger] _aggregates_use_post_known
CREATE TRIGGER _aggregates_use_post_known INSTEAD OF INSERT ON _aggregates_use_facts WHEN
    NEW.duration_ms IS NOT NULL BEGIN
INSERT INTO tool_durations (agent_name, tool_name, le_ms, uses, duration_ms_sum)
  VALUES ( NEW.agent, NEW.tool, coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >=
      NEW.duration_ms ORDER BY le_ms LIMIT 1), max(NEW.duration_ms, 9223372036854775807)), NEW.step,
      NEW.sign * NEW.duration_ms)
  ON CONFLICT (agent_name, tool_name, le_ms) DO UPDATE SET uses = uses + excluded.uses,
      duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
END;

-- [trigger] _aggregates_use_post_started
CREATE TRIGGER _aggregates_use_post_started INSTEAD OF INSERT ON _aggregates_use_facts WHEN
    NEW.start IS NOT NULL BEGIN
DELETE FROM _aggregates_session_tool_uses WHERE NEW.step < 0 AND session_id = NEW.session AND
    start_time = NEW.start AND tool_use_id = NEW.tool_use_id;
INSERT INTO _aggregates_session_tool_uses (session_id, start_time, tool_use_id)
  SELECT NEW.session, NEW.start, NEW.tool_use_id WHERE NEW.step > 0
  ON CONFLICT DO NOTHING;
END;
