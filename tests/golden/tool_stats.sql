-- table tool_stats
CREATE TABLE tool_stats (
  agent_name TEXT,
  tool_name TEXT,
  status TEXT,
  uses INTEGER DEFAULT 0,
  duration_count INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  PRIMARY KEY (agent_name, tool_name, status)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN NEW.old_exists AND NEW.new_exists AND NEW.old_status_name = NEW.new_status_name AND
    NEW.old_tool = NEW.new_tool AND NEW.old_agent = NEW.new_agent
    THEN CASE WHEN CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
    (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END OR coalesce(NEW.old_duration_ms, 0) <>
    coalesce(NEW.new_duration_ms, 0) THEN 4 ELSE 0 END ELSE NEW.new_exists + 2 * NEW.old_exists END;

-- what adds
INSERT INTO tool_stats (agent_name, tool_name, status, uses, duration_count, duration_ms_sum)
  SELECT NEW.new_agent, NEW.new_tool, NEW.new_status_name,
    CASE NEW.tool_stats_posts WHEN 4 THEN 0 ELSE 1 END,
    (CASE WHEN (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) - CASE NEW.tool_stats_posts WHEN
    4 THEN (CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) ELSE 0 END,
    coalesce(NEW.new_duration_ms, 0) - CASE NEW.tool_stats_posts WHEN 4 THEN
    coalesce(NEW.old_duration_ms, 0) ELSE 0 END
  WHERE NEW.tool_stats_posts NOT IN (0, 2)
  ON CONFLICT (agent_name, tool_name, status) DO UPDATE SET
    uses = uses + excluded.uses, duration_count = duration_count + excluded.duration_count,
    duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;

-- what subtracts
UPDATE tool_stats SET uses = uses - 1, duration_count = duration_count - (CASE WHEN
    (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END), duration_ms_sum = duration_ms_sum -
    coalesce(NEW.old_duration_ms, 0)
  WHERE NEW.tool_stats_posts IN (2, 3) AND agent_name = NEW.old_agent AND tool_name = NEW.old_tool
      AND status = NEW.old_status_name;
  DELETE FROM tool_stats WHERE NEW.tool_stats_posts IN (2, 3) AND agent_name = NEW.old_agent AND
      tool_name = NEW.old_tool AND status = NEW.old_status_name
    AND uses = 0 AND duration_count = 0 AND duration_ms_sum = 0;

-- recomputation: fold
INSERT INTO _shadow_tool_stats (agent_name, tool_name, status, uses, duration_count,
    duration_ms_sum)
SELECT agent, tool, status_name, sum(sign * (1)), sum(sign * (CASE WHEN (duration_ms IS NOT NULL)
    THEN 1 ELSE 0 END)), sum(sign * (coalesce(duration_ms, 0)))
FROM temp._aggregates_agent_tool_uses_facts WHERE true
GROUP BY 1, 2, 3
HAVING sum(sign * (1)) <> 0 OR sum(sign * (CASE WHEN (duration_ms IS NOT NULL) THEN 1 ELSE 0 END))
    <> 0 OR sum(sign * (coalesce(duration_ms, 0))) <> 0
ON CONFLICT (agent_name, tool_name, status) DO UPDATE SET uses = uses + excluded.uses,
    duration_count = duration_count + excluded.duration_count, duration_ms_sum = duration_ms_sum +
    excluded.duration_ms_sum;

-- recomputation: sweep
DELETE FROM _shadow_tool_stats
WHERE (agent_name, tool_name, status) IN (
  SELECT agent, tool, status_name FROM temp._aggregates_agent_tool_uses_facts WHERE sign < 0 AND
      true)
AND uses = 0 AND duration_count = 0 AND duration_ms_sum = 0;

-- recomputation: clear
DELETE FROM _shadow_tool_stats WHERE (agent_name, tool_name, status) IN (SELECT agent_name,
    tool_name, status FROM _shadow_tool_stats LIMIT 500);

-- comparison: rows
SELECT 1, agent_name, tool_name, status, uses, duration_count, duration_ms_sum FROM main.tool_stats
    AS one
WHERE NOT (uses = 0 AND duration_count = 0 AND duration_ms_sum = 0) AND (agent_name, tool_name,
    status) > (?, ?, ?) AND (agent_name, tool_name, status) <= (?, ?, ?) AND NOT EXISTS (SELECT 1
    FROM temp._shadow_tool_stats AS other WHERE other.agent_name = one.agent_name AND
    other.tool_name = one.tool_name AND other.status = one.status AND other.uses IS one.uses AND
    other.duration_count IS one.duration_count AND other.duration_ms_sum IS one.duration_ms_sum)
UNION ALL SELECT 0, agent_name, tool_name, status, uses, duration_count, duration_ms_sum FROM
    temp._shadow_tool_stats AS one
WHERE NOT (uses = 0 AND duration_count = 0 AND duration_ms_sum = 0) AND (agent_name, tool_name,
    status) > (?, ?, ?) AND (agent_name, tool_name, status) <= (?, ?, ?) AND NOT EXISTS (SELECT 1
    FROM main.tool_stats AS other WHERE other.agent_name = one.agent_name AND other.tool_name =
    one.tool_name AND other.status = one.status AND other.uses IS one.uses AND other.duration_count
    IS one.duration_count AND other.duration_ms_sum IS one.duration_ms_sum);

-- comparison: one
SELECT 1, agent_name, tool_name, status, uses, duration_count, duration_ms_sum FROM main.tool_stats
    AS one
WHERE NOT (uses = 0 AND duration_count = 0 AND duration_ms_sum = 0) AND agent_name = ? AND tool_name
    = ? AND status = ? AND NOT EXISTS (SELECT 1 FROM temp._shadow_tool_stats AS other WHERE
    other.agent_name = one.agent_name AND other.tool_name = one.tool_name AND other.status =
    one.status AND other.uses IS one.uses AND other.duration_count IS one.duration_count AND
    other.duration_ms_sum IS one.duration_ms_sum)
UNION ALL SELECT 0, agent_name, tool_name, status, uses, duration_count, duration_ms_sum FROM
    temp._shadow_tool_stats AS one
WHERE NOT (uses = 0 AND duration_count = 0 AND duration_ms_sum = 0) AND agent_name = ? AND tool_name
    = ? AND status = ? AND NOT EXISTS (SELECT 1 FROM main.tool_stats AS other WHERE other.agent_name
    = one.agent_name AND other.tool_name = one.tool_name AND other.status = one.status AND
    other.uses IS one.uses AND other.duration_count IS one.duration_count AND other.duration_ms_sum
    IS one.duration_ms_sum);

-- comparison: remove
DELETE FROM main.tool_stats WHERE agent_name = ? AND tool_name = ? AND status = ?;

-- comparison: restore
INSERT INTO main.tool_stats (agent_name, tool_name, status, uses, duration_count, duration_ms_sum)
    SELECT agent_name, tool_name, status, uses, duration_count, duration_ms_sum FROM
    temp._shadow_tool_stats WHERE NOT (uses = 0 AND duration_count = 0 AND duration_ms_sum = 0) AND
    agent_name = ? AND tool_name = ? AND status = ?;

-- dictionary
-- tool_stats: uses of tools by agent, all-time
-- tool_stats.agent_name: name of the agent
-- tool_stats.tool_name: name of the tool
-- tool_stats.status: status of the row
-- tool_stats.uses: rows
-- tool_stats.duration_count: with a known duration
-- tool_stats.duration_ms_sum: milliseconds, where known
