-- table _aggregates_agent_percentiles
CREATE TABLE _aggregates_agent_percentiles (
  agent_name TEXT,
  le_ms INTEGER,
  runs INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  PRIMARY KEY (agent_name, le_ms)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_duration_ms IS NOT NULL) AND
    (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_duration_ms IS NOT NULL) AND
    coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.old_duration_ms ORDER BY le_ms
    LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN 9223372036854775807 END) =
    coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >= NEW.new_duration_ms ORDER BY le_ms
    LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN 9223372036854775807 END) AND
    NEW.old_agent = NEW.new_agent
    THEN CASE WHEN NEW.old_duration_ms <> NEW.new_duration_ms THEN 4 ELSE 0 END ELSE (NEW.new_exists
    AND NEW.new_is_invocation AND NEW.new_duration_ms IS NOT NULL) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation AND NEW.old_duration_ms IS NOT NULL) END;

-- what adds
INSERT INTO _aggregates_agent_percentiles (agent_name, le_ms, runs, duration_ms_sum)
  SELECT NEW.new_agent, NEW.new_le_ms,
    CASE NEW.agent_percentiles_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_duration_ms - CASE NEW.agent_percentiles_posts WHEN 4 THEN NEW.old_duration_ms ELSE 0
    END
  WHERE NEW.agent_percentiles_posts NOT IN (0, 2)
  ON CONFLICT (agent_name, le_ms) DO UPDATE SET
    runs = runs + excluded.runs, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;

-- what subtracts
UPDATE _aggregates_agent_percentiles SET runs = runs - 1, duration_ms_sum = duration_ms_sum -
    NEW.old_duration_ms
  WHERE NEW.agent_percentiles_posts IN (2, 3) AND agent_name = NEW.old_agent AND le_ms =
      NEW.old_le_ms;
  DELETE FROM _aggregates_agent_percentiles WHERE NEW.agent_percentiles_posts IN (2, 3) AND
      agent_name = NEW.old_agent AND le_ms = NEW.old_le_ms
    AND runs = 0 AND duration_ms_sum = 0;

-- recomputation: fold
INSERT INTO _shadow_aggregates_agent_percentiles (agent_name, le_ms, runs, duration_ms_sum)
SELECT agent, le_ms, sum(sign * (1)), sum(sign * (duration_ms))
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation AND duration_ms IS NOT NULL
GROUP BY 1, 2
HAVING sum(sign * (1)) <> 0 OR sum(sign * (duration_ms)) <> 0
ON CONFLICT (agent_name, le_ms) DO UPDATE SET runs = runs + excluded.runs, duration_ms_sum =
    duration_ms_sum + excluded.duration_ms_sum;

-- recomputation: sweep
DELETE FROM _shadow_aggregates_agent_percentiles
WHERE (agent_name, le_ms) IN (
  SELECT agent, le_ms FROM temp._aggregates_agent_invocations_facts WHERE sign < 0 AND is_invocation
      AND duration_ms IS NOT NULL)
AND runs = 0 AND duration_ms_sum = 0;

-- recomputation: clear
DELETE FROM _shadow_aggregates_agent_percentiles WHERE (agent_name, le_ms) IN (SELECT agent_name,
    le_ms FROM _shadow_aggregates_agent_percentiles LIMIT 500);

-- comparison: rows
SELECT 1, agent_name, le_ms, runs, duration_ms_sum FROM main._aggregates_agent_percentiles AS one
WHERE NOT (runs = 0 AND duration_ms_sum = 0) AND (agent_name, le_ms) > (?, ?) AND (agent_name,
    le_ms) <= (?, ?) AND NOT EXISTS (SELECT 1 FROM temp._shadow_aggregates_agent_percentiles AS
    other WHERE other.agent_name = one.agent_name AND other.le_ms = one.le_ms AND other.runs IS
    one.runs AND other.duration_ms_sum IS one.duration_ms_sum)
UNION ALL SELECT 0, agent_name, le_ms, runs, duration_ms_sum FROM
    temp._shadow_aggregates_agent_percentiles AS one
WHERE NOT (runs = 0 AND duration_ms_sum = 0) AND (agent_name, le_ms) > (?, ?) AND (agent_name,
    le_ms) <= (?, ?) AND NOT EXISTS (SELECT 1 FROM main._aggregates_agent_percentiles AS other WHERE
    other.agent_name = one.agent_name AND other.le_ms = one.le_ms AND other.runs IS one.runs AND
    other.duration_ms_sum IS one.duration_ms_sum);

-- comparison: one
SELECT 1, agent_name, le_ms, runs, duration_ms_sum FROM main._aggregates_agent_percentiles AS one
WHERE NOT (runs = 0 AND duration_ms_sum = 0) AND agent_name = ? AND le_ms = ? AND NOT EXISTS (SELECT
    1 FROM temp._shadow_aggregates_agent_percentiles AS other WHERE other.agent_name =
    one.agent_name AND other.le_ms = one.le_ms AND other.runs IS one.runs AND other.duration_ms_sum
    IS one.duration_ms_sum)
UNION ALL SELECT 0, agent_name, le_ms, runs, duration_ms_sum FROM
    temp._shadow_aggregates_agent_percentiles AS one
WHERE NOT (runs = 0 AND duration_ms_sum = 0) AND agent_name = ? AND le_ms = ? AND NOT EXISTS (SELECT
    1 FROM main._aggregates_agent_percentiles AS other WHERE other.agent_name = one.agent_name AND
    other.le_ms = one.le_ms AND other.runs IS one.runs AND other.duration_ms_sum IS
    one.duration_ms_sum);

-- comparison: remove
DELETE FROM main._aggregates_agent_percentiles WHERE agent_name = ? AND le_ms = ?;

-- comparison: restore
INSERT INTO main._aggregates_agent_percentiles (agent_name, le_ms, runs, duration_ms_sum) SELECT
    agent_name, le_ms, runs, duration_ms_sum FROM temp._shadow_aggregates_agent_percentiles WHERE
    NOT (runs = 0 AND duration_ms_sum = 0) AND agent_name = ? AND le_ms = ?;

-- dictionary
