-- table agent_durations_daily
CREATE TABLE agent_durations_daily (
  day TEXT,
  event_type TEXT,
  agent_name TEXT,
  le_ms INTEGER,
  runs INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  PRIMARY KEY (day, event_type, agent_name, le_ms)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL) AND (NEW.new_exists AND
    NEW.new_duration_ms IS NOT NULL) AND coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >=
    NEW.old_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.old_duration_ms IS NOT NULL THEN
    9223372036854775807 END) = coalesce((SELECT le_ms FROM duration_bounds WHERE le_ms >=
    NEW.new_duration_ms ORDER BY le_ms LIMIT 1), CASE WHEN NEW.new_duration_ms IS NOT NULL THEN
    9223372036854775807 END) AND NEW.old_agent = NEW.new_agent AND NEW.old_event = NEW.new_event AND
    coalesce(substr(NEW.old_start, 1, 10), '') = coalesce(substr(NEW.new_start, 1, 10), '')
    THEN CASE WHEN NEW.old_duration_ms <> NEW.new_duration_ms THEN 4 ELSE 0 END ELSE (NEW.new_exists
    AND NEW.new_duration_ms IS NOT NULL) + 2 * (NEW.old_exists AND NEW.old_duration_ms IS NOT NULL)
    END;

-- what adds
INSERT INTO agent_durations_daily (day, event_type, agent_name, le_ms, runs, duration_ms_sum)
  SELECT coalesce(substr(NEW.new_start, 1, 10), ''), NEW.new_event, NEW.new_agent, NEW.new_le_ms,
    CASE NEW.agent_durations_daily_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_duration_ms - CASE NEW.agent_durations_daily_posts WHEN 4 THEN NEW.old_duration_ms ELSE
    0 END
  WHERE NEW.agent_durations_daily_posts NOT IN (0, 2)
  ON CONFLICT (day, event_type, agent_name, le_ms) DO UPDATE SET
    runs = runs + excluded.runs, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;

-- what subtracts
UPDATE agent_durations_daily SET runs = runs - 1, duration_ms_sum = duration_ms_sum -
    NEW.old_duration_ms
  WHERE NEW.agent_durations_daily_posts IN (2, 3) AND day = coalesce(substr(NEW.old_start, 1, 10),
      '') AND event_type = NEW.old_event AND agent_name = NEW.old_agent AND le_ms = NEW.old_le_ms;
  DELETE FROM agent_durations_daily WHERE NEW.agent_durations_daily_posts IN (2, 3) AND day =
      coalesce(substr(NEW.old_start, 1, 10), '') AND event_type = NEW.old_event AND agent_name =
      NEW.old_agent AND le_ms = NEW.old_le_ms
    AND runs = 0 AND duration_ms_sum = 0;

-- recomputation: fold
INSERT INTO _shadow_agent_durations_daily (day, event_type, agent_name, le_ms, runs,
    duration_ms_sum)
SELECT coalesce(substr(start, 1, 10), ''), event, agent, le_ms, sum(sign * (1)), sum(sign *
    (duration_ms))
FROM temp._aggregates_agent_invocations_facts WHERE duration_ms IS NOT NULL
GROUP BY 1, 2, 3, 4
HAVING sum(sign * (1)) <> 0 OR sum(sign * (duration_ms)) <> 0
ON CONFLICT (day, event_type, agent_name, le_ms) DO UPDATE SET runs = runs + excluded.runs,
    duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;

-- recomputation: sweep
DELETE FROM _shadow_agent_durations_daily
WHERE (day, event_type, agent_name, le_ms) IN (
  SELECT coalesce(substr(start, 1, 10), ''), event, agent, le_ms FROM
      temp._aggregates_agent_invocations_facts WHERE sign < 0 AND duration_ms IS NOT NULL)
AND runs = 0 AND duration_ms_sum = 0;

-- recomputation: clear
DELETE FROM _shadow_agent_durations_daily WHERE (day, event_type, agent_name, le_ms) IN (SELECT day,
    event_type, agent_name, le_ms FROM _shadow_agent_durations_daily LIMIT 500);

-- comparison: rows
SELECT 1, day, event_type, agent_name, le_ms, runs, duration_ms_sum FROM main.agent_durations_daily
    AS one
WHERE NOT (runs = 0 AND duration_ms_sum = 0) AND (day, event_type, agent_name, le_ms) > (?, ?, ?, ?)
    AND (day, event_type, agent_name, le_ms) <= (?, ?, ?, ?) AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_agent_durations_daily AS other WHERE other.day = one.day AND other.event_type =
    one.event_type AND other.agent_name = one.agent_name AND other.le_ms = one.le_ms AND other.runs
    IS one.runs AND other.duration_ms_sum IS one.duration_ms_sum)
UNION ALL SELECT 0, day, event_type, agent_name, le_ms, runs, duration_ms_sum FROM
    temp._shadow_agent_durations_daily AS one
WHERE NOT (runs = 0 AND duration_ms_sum = 0) AND (day, event_type, agent_name, le_ms) > (?, ?, ?, ?)
    AND (day, event_type, agent_name, le_ms) <= (?, ?, ?, ?) AND NOT EXISTS (SELECT 1 FROM
    main.agent_durations_daily AS other WHERE other.day = one.day AND other.event_type =
    one.event_type AND other.agent_name = one.agent_name AND other.le_ms = one.le_ms AND other.runs
    IS one.runs AND other.duration_ms_sum IS one.duration_ms_sum);

-- comparison: one
SELECT 1, day, event_type, agent_name, le_ms, runs, duration_ms_sum FROM main.agent_durations_daily
    AS one
WHERE NOT (runs = 0 AND duration_ms_sum = 0) AND day = ? AND event_type = ? AND agent_name = ? AND
    le_ms = ? AND NOT EXISTS (SELECT 1 FROM temp._shadow_agent_durations_daily AS other WHERE
    other.day = one.day AND other.event_type = one.event_type AND other.agent_name = one.agent_name
    AND other.le_ms = one.le_ms AND other.runs IS one.runs AND other.duration_ms_sum IS
    one.duration_ms_sum)
UNION ALL SELECT 0, day, event_type, agent_name, le_ms, runs, duration_ms_sum FROM
    temp._shadow_agent_durations_daily AS one
WHERE NOT (runs = 0 AND duration_ms_sum = 0) AND day = ? AND event_type = ? AND agent_name = ? AND
    le_ms = ? AND NOT EXISTS (SELECT 1 FROM main.agent_durations_daily AS other WHERE other.day =
    one.day AND other.event_type = one.event_type AND other.agent_name = one.agent_name AND
    other.le_ms = one.le_ms AND other.runs IS one.runs AND other.duration_ms_sum IS
    one.duration_ms_sum);

-- comparison: remove
DELETE FROM main.agent_durations_daily WHERE day = ? AND event_type = ? AND agent_name = ? AND le_ms
    = ?;

-- comparison: restore
INSERT INTO main.agent_durations_daily (day, event_type, agent_name, le_ms, runs, duration_ms_sum)
    SELECT day, event_type, agent_name, le_ms, runs, duration_ms_sum FROM
    temp._shadow_agent_durations_daily WHERE NOT (runs = 0 AND duration_ms_sum = 0) AND day = ? AND
    event_type = ? AND agent_name = ? AND le_ms = ?;

-- dictionary
-- agent_durations_daily: histogram of known durations by the day of the start; '' where it does not parse
-- agent_durations_daily.day: day of the start: 2026-10-01
-- agent_durations_daily.event_type: kind of row
-- agent_durations_daily.agent_name: name of the agent
-- agent_durations_daily.le_ms: upper bound of the bucket, in milliseconds, inclusive
-- agent_durations_daily.runs: rows whose duration lies in the bucket
-- agent_durations_daily.duration_ms_sum: sum of their durations, in milliseconds
