-- table agent_stats
CREATE TABLE agent_stats (
  event_type TEXT,
  agent_name TEXT,
  phase TEXT,
  model TEXT,
  status TEXT,
  invocations INTEGER DEFAULT 0,
  duration_count INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  tokens_sum INTEGER DEFAULT 0,
  tool_calls_sum INTEGER DEFAULT 0,
  PRIMARY KEY (event_type, agent_name, phase, model, status)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN NEW.old_exists AND NEW.new_exists AND NEW.old_status_name = NEW.new_status_name AND
    NEW.old_model_name = NEW.new_model_name AND NEW.old_phase_name = NEW.new_phase_name AND
    NEW.old_agent = NEW.new_agent AND NEW.old_event = NEW.new_event
    THEN CASE WHEN CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
    (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END OR coalesce(NEW.old_duration_ms, 0) <>
    coalesce(NEW.new_duration_ms, 0) OR NEW.old_token_count <> NEW.new_token_count OR
    NEW.old_tool_call_count <> NEW.new_tool_call_count THEN 4 ELSE 0 END ELSE NEW.new_exists + 2 *
    NEW.old_exists END;

-- what adds
INSERT INTO agent_stats (event_type, agent_name, phase, model, status, invocations, duration_count,
    duration_ms_sum, tokens_sum, tool_calls_sum)
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

-- what subtracts
UPDATE agent_stats SET invocations = invocations - 1, duration_count = duration_count - (CASE WHEN
    (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END), duration_ms_sum = duration_ms_sum -
    coalesce(NEW.old_duration_ms, 0), tokens_sum = tokens_sum - NEW.old_token_count, tool_calls_sum
    = tool_calls_sum - NEW.old_tool_call_count
  WHERE NEW.agent_stats_posts IN (2, 3) AND event_type = NEW.old_event AND agent_name =
      NEW.old_agent AND phase = NEW.old_phase_name AND model = NEW.old_model_name AND status =
      NEW.old_status_name;
  DELETE FROM agent_stats WHERE NEW.agent_stats_posts IN (2, 3) AND event_type = NEW.old_event AND
      agent_name = NEW.old_agent AND phase = NEW.old_phase_name AND model = NEW.old_model_name AND
      status = NEW.old_status_name
    AND invocations = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND
    tool_calls_sum = 0;

-- recomputation: fold
INSERT INTO _shadow_agent_stats (event_type, agent_name, phase, model, status, invocations,
    duration_count, duration_ms_sum, tokens_sum, tool_calls_sum)
SELECT event, agent, phase_name, model_name, status_name, sum(sign * (1)), sum(sign * (CASE WHEN
    (duration_ms IS NOT NULL) THEN 1 ELSE 0 END)), sum(sign * (coalesce(duration_ms, 0))), sum(sign
    * (token_count)), sum(sign * (tool_call_count))
FROM temp._aggregates_agent_invocations_facts WHERE true
GROUP BY 1, 2, 3, 4, 5
HAVING sum(sign * (1)) <> 0 OR sum(sign * (CASE WHEN (duration_ms IS NOT NULL) THEN 1 ELSE 0 END))
    <> 0 OR sum(sign * (coalesce(duration_ms, 0))) <> 0 OR sum(sign * (token_count)) <> 0 OR
    sum(sign * (tool_call_count)) <> 0
ON CONFLICT (event_type, agent_name, phase, model, status) DO UPDATE SET invocations = invocations +
    excluded.invocations, duration_count = duration_count + excluded.duration_count, duration_ms_sum
    = duration_ms_sum + excluded.duration_ms_sum, tokens_sum = tokens_sum + excluded.tokens_sum,
    tool_calls_sum = tool_calls_sum + excluded.tool_calls_sum;

-- recomputation: sweep
DELETE FROM _shadow_agent_stats
WHERE (event_type, agent_name, phase, model, status) IN (
  SELECT event, agent, phase_name, model_name, status_name FROM
      temp._aggregates_agent_invocations_facts WHERE sign < 0 AND true)
AND invocations = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND
    tool_calls_sum = 0;

-- recomputation: clear
DELETE FROM _shadow_agent_stats WHERE (event_type, agent_name, phase, model, status) IN (SELECT
    event_type, agent_name, phase, model, status FROM _shadow_agent_stats LIMIT 500);

-- comparison: rows
SELECT 1, event_type, agent_name, phase, model, status, invocations, duration_count,
    duration_ms_sum, tokens_sum, tool_calls_sum FROM main.agent_stats AS one
WHERE NOT (invocations = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND
    tool_calls_sum = 0) AND (event_type, agent_name, phase, model, status) > (?, ?, ?, ?, ?) AND
    (event_type, agent_name, phase, model, status) <= (?, ?, ?, ?, ?) AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_agent_stats AS other WHERE other.event_type = one.event_type AND other.agent_name =
    one.agent_name AND other.phase = one.phase AND other.model = one.model AND other.status =
    one.status AND other.invocations IS one.invocations AND other.duration_count IS
    one.duration_count AND other.duration_ms_sum IS one.duration_ms_sum AND other.tokens_sum IS
    one.tokens_sum AND other.tool_calls_sum IS one.tool_calls_sum)
UNION ALL SELECT 0, event_type, agent_name, phase, model, status, invocations, duration_count,
    duration_ms_sum, tokens_sum, tool_calls_sum FROM temp._shadow_agent_stats AS one
WHERE NOT (invocations = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND
    tool_calls_sum = 0) AND (event_type, agent_name, phase, model, status) > (?, ?, ?, ?, ?) AND
    (event_type, agent_name, phase, model, status) <= (?, ?, ?, ?, ?) AND NOT EXISTS (SELECT 1 FROM
    main.agent_stats AS other WHERE other.event_type = one.event_type AND other.agent_name =
    one.agent_name AND other.phase = one.phase AND other.model = one.model AND other.status =
    one.status AND other.invocations IS one.invocations AND other.duration_count IS
    one.duration_count AND other.duration_ms_sum IS one.duration_ms_sum AND other.tokens_sum IS
    one.tokens_sum AND other.tool_calls_sum IS one.tool_calls_sum);

-- comparison: one
SELECT 1, event_type, agent_name, phase, model, status, invocations, duration_count,
    duration_ms_sum, tokens_sum, tool_calls_sum FROM main.agent_stats AS one
WHERE NOT (invocations = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND
    tool_calls_sum = 0) AND event_type = ? AND agent_name = ? AND phase = ? AND model = ? AND status
    = ? AND NOT EXISTS (SELECT 1 FROM temp._shadow_agent_stats AS other WHERE other.event_type =
    one.event_type AND other.agent_name = one.agent_name AND other.phase = one.phase AND other.model
    = one.model AND other.status = one.status AND other.invocations IS one.invocations AND
    other.duration_count IS one.duration_count AND other.duration_ms_sum IS one.duration_ms_sum AND
    other.tokens_sum IS one.tokens_sum AND other.tool_calls_sum IS one.tool_calls_sum)
UNION ALL SELECT 0, event_type, agent_name, phase, model, status, invocations, duration_count,
    duration_ms_sum, tokens_sum, tool_calls_sum FROM temp._shadow_agent_stats AS one
WHERE NOT (invocations = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND tokens_sum = 0 AND
    tool_calls_sum = 0) AND event_type = ? AND agent_name = ? AND phase = ? AND model = ? AND status
    = ? AND NOT EXISTS (SELECT 1 FROM main.agent_stats AS other WHERE other.event_type =
    one.event_type AND other.agent_name = one.agent_name AND other.phase = one.phase AND other.model
    = one.model AND other.status = one.status AND other.invocations IS one.invocations AND
    other.duration_count IS one.duration_count AND other.duration_ms_sum IS one.duration_ms_sum AND
    other.tokens_sum IS one.tokens_sum AND other.tool_calls_sum IS one.tool_calls_sum);

-- comparison: remove
DELETE FROM main.agent_stats WHERE event_type = ? AND agent_name = ? AND phase = ? AND model = ? AND
    status = ?;

-- comparison: restore
INSERT INTO main.agent_stats (event_type, agent_name, phase, model, status, invocations,
    duration_count, duration_ms_sum, tokens_sum, tool_calls_sum) SELECT event_type, agent_name,
    phase, model, status, invocations, duration_count, duration_ms_sum, tokens_sum, tool_calls_sum
    FROM temp._shadow_agent_stats WHERE NOT (invocations = 0 AND duration_count = 0 AND
    duration_ms_sum = 0 AND tokens_sum = 0 AND tool_calls_sum = 0) AND event_type = ? AND agent_name
    = ? AND phase = ? AND model = ? AND status = ?;

-- dictionary
-- agent_stats: all rows, all-time
-- agent_stats.event_type: kind of row
-- agent_stats.agent_name: name of the agent
-- agent_stats.phase: phase of the workflow
-- agent_stats.model: model or service tier
-- agent_stats.status: status of the row
-- agent_stats.invocations: rows
-- agent_stats.duration_count: with a known duration
-- agent_stats.duration_ms_sum: milliseconds, where known
-- agent_stats.tokens_sum: tokens
-- agent_stats.tool_calls_sum: tool calls
