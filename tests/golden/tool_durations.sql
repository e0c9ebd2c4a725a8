-- table tool_durations
CREATE TABLE tool_durations (
  agent_name TEXT,
  tool_name TEXT,
  le_ms INTEGER,
  uses INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  PRIMARY KEY (agent_name, tool_name, le_ms)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL) AND (NEW.new_exists AND
    NEW.new_duration_ms IS NOT NULL) AND coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >=
    NEW.old_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN
    9223372036854775807 END) = coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >=
    NEW.new_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN
    9223372036854775807 END) AND NEW.old_tool = NEW.new_tool AND NEW.old_agent = NEW.new_agent
    THEN CASE WHEN NEW.old_duration_ms <> NEW.new_duration_ms THEN 4 ELSE 0 END ELSE (NEW.new_exists
    AND NEW.new_duration_ms IS NOT NULL) + 2 * (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL)
    END;

-- what adds
INSERT INTO tool_durations (agent_name, tool_name, le_ms, uses, duration_ms_sum)
  SELECT NEW.new_agent, NEW.new_tool, NEW.new_le_ms,
    CASE NEW.tool_durations_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_duration_ms - CASE NEW.tool_durations_posts WHEN 4 THEN NEW.old_duration_ms ELSE 0 END
  WHERE NEW.tool_durations_posts NOT IN (0, 2)
  ON CONFLICT (agent_name, tool_name, le_ms) DO UPDATE SET
    uses = uses + excluded.uses, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;

-- what subtracts
UPDATE tool_durations SET uses = uses - 1, duration_ms_sum = duration_ms_sum - NEW.old_duration_ms
  WHERE NEW.tool_durations_posts IN (2, 3) AND agent_name = NEW.old_agent AND tool_name =
      NEW.old_tool AND le_ms = NEW.old_le_ms;
  DELETE FROM tool_durations WHERE NEW.tool_durations_posts IN (2, 3) AND agent_name = NEW.old_agent
      AND tool_name = NEW.old_tool AND le_ms = NEW.old_le_ms
    AND uses = 0 AND duration_ms_sum = 0;

-- recomputation: fold
INSERT INTO _shadow_tool_durations (agent_name, tool_name, le_ms, uses, duration_ms_sum)
SELECT agent, tool, le_ms, sum(sign * (1)), sum(sign * (duration_ms))
FROM temp._aggregates_agent_tool_uses_facts WHERE duration_ms IS NOT NULL
GROUP BY 1, 2, 3
HAVING sum(sign * (1)) <> 0 OR sum(sign * (duration_ms)) <> 0
ON CONFLICT (agent_name, tool_name, le_ms) DO UPDATE SET uses = uses + excluded.uses,
    duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;

-- recomputation: sweep
DELETE FROM _shadow_tool_durations
WHERE (agent_name, tool_name, le_ms) IN (
  SELECT agent, tool, le_ms FROM temp._aggregates_agent_tool_uses_facts WHERE sign < 0 AND
      duration_ms IS NOT NULL)
AND uses = 0 AND duration_ms_sum = 0;

-- recomputation: clear
DELETE FROM _shadow_tool_durations WHERE (agent_name, tool_name, le_ms) IN (SELECT agent_name,
    tool_name, le_ms FROM _shadow_tool_durations LIMIT 500);

-- comparison: rows
SELECT 1, agent_name, tool_name, le_ms, uses, duration_ms_sum FROM main.tool_durations AS one
WHERE NOT (uses = 0 AND duration_ms_sum = 0) AND (agent_name, tool_name, le_ms) > (?, ?, ?) AND
    (agent_name, tool_name, le_ms) <= (?, ?, ?) AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_tool_durations AS other WHERE other.agent_name = one.agent_name AND other.tool_name
    = one.tool_name AND other.le_ms = one.le_ms AND other.uses IS one.uses AND other.duration_ms_sum
    IS one.duration_ms_sum)
UNION ALL SELECT 0, agent_name, tool_name, le_ms, uses, duration_ms_sum FROM
    temp._shadow_tool_durations AS one
WHERE NOT (uses = 0 AND duration_ms_sum = 0) AND (agent_name, tool_name, le_ms) > (?, ?, ?) AND
    (agent_name, tool_name, le_ms) <= (?, ?, ?) AND NOT EXISTS (SELECT 1 FROM main.tool_durations AS
    other WHERE other.agent_name = one.agent_name AND other.tool_name = one.tool_name AND
    other.le_ms = one.le_ms AND other.uses IS one.uses AND other.duration_ms_sum IS
    one.duration_ms_sum);

-- comparison: one
SELECT 1, agent_name, tool_name, le_ms, uses, duration_ms_sum FROM main.tool_durations AS one
WHERE NOT (uses = 0 AND duration_ms_sum = 0) AND agent_name = ? AND tool_name = ? AND le_ms = ? AND
    NOT EXISTS (SELECT 1 FROM temp._shadow_tool_durations AS other WHERE other.agent_name =
    one.agent_name AND other.tool_name = one.tool_name AND other.le_ms = one.le_ms AND other.uses IS
    one.uses AND other.duration_ms_sum IS one.duration_ms_sum)
UNION ALL SELECT 0, agent_name, tool_name, le_ms, uses, duration_ms_sum FROM
    temp._shadow_tool_durations AS one
WHERE NOT (uses = 0 AND duration_ms_sum = 0) AND agent_name = ? AND tool_name = ? AND le_ms = ? AND
    NOT EXISTS (SELECT 1 FROM main.tool_durations AS other WHERE other.agent_name = one.agent_name
    AND other.tool_name = one.tool_name AND other.le_ms = one.le_ms AND other.uses IS one.uses AND
    other.duration_ms_sum IS one.duration_ms_sum);

-- comparison: remove
DELETE FROM main.tool_durations WHERE agent_name = ? AND tool_name = ? AND le_ms = ?;

-- comparison: restore
INSERT INTO main.tool_durations (agent_name, tool_name, le_ms, uses, duration_ms_sum) SELECT
    agent_name, tool_name, le_ms, uses, duration_ms_sum FROM temp._shadow_tool_durations WHERE NOT
    (uses = 0 AND duration_ms_sum = 0) AND agent_name = ? AND tool_name = ? AND le_ms = ?;

-- dictionary
-- tool_durations: histogram of known durations of tool uses, all-time; buckets are not cumulative
-- tool_durations.agent_name: name of the agent
-- tool_durations.tool_name: name of the tool
-- tool_durations.le_ms: upper bound of the bucket, in milliseconds, inclusive
-- tool_durations.uses: uses whose duration lies in the bucket
-- tool_durations.duration_ms_sum: sum of their durations, in milliseconds
