-- table _aggregates_agent_starts
CREATE TABLE _aggregates_agent_starts (
  agent_name TEXT,
  start_time TEXT,
  invocation_id INTEGER,
  PRIMARY KEY (agent_name, start_time, invocation_id)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_start IS NOT NULL) AND
    (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_start IS NOT NULL) AND
    NEW.old_invocation_id = NEW.new_invocation_id AND NEW.old_start = NEW.new_start AND
    NEW.old_agent = NEW.new_agent
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_start IS NOT NULL) + 2 *
    (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_start IS NOT NULL) END;

-- trigger _aggregates_agent_starts_plus
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

-- trigger _aggregates_agent_starts_minus
CREATE TRIGGER _aggregates_agent_starts_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.agent_starts_posts = 2
BEGIN
  DELETE FROM _aggregates_agent_starts
  WHERE agent_name = NEW.old_agent AND start_time = NEW.old_start AND invocation_id =
      NEW.old_invocation_id;
END;

-- recomputation: fold
DELETE FROM _shadow_aggregates_agent_starts WHERE (agent_name, start_time, invocation_id) IN (
  SELECT agent_name, start_time, invocation_id FROM (SELECT agent AS agent_name, start AS
      start_time, invocation_id AS invocation_id FROM temp._aggregates_agent_invocations_facts WHERE
      is_invocation AND start IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) < 0));

-- recomputation: fold
INSERT INTO _shadow_aggregates_agent_starts (agent_name, start_time, invocation_id)
SELECT agent AS agent_name, start AS start_time, invocation_id AS invocation_id
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation AND start IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) > 0;

-- recomputation: clear
DELETE FROM _shadow_aggregates_agent_starts WHERE (agent_name, start_time, invocation_id) IN (SELECT
    agent_name, start_time, invocation_id FROM _shadow_aggregates_agent_starts LIMIT 500);

-- comparison: rows
SELECT 1, agent_name, start_time, invocation_id FROM main._aggregates_agent_starts AS one
WHERE true AND (agent_name, start_time, invocation_id) > (?, ?, ?) AND (agent_name, start_time,
    invocation_id) <= (?, ?, ?) AND NOT EXISTS (SELECT 1 FROM temp._shadow_aggregates_agent_starts
    AS other WHERE other.agent_name = one.agent_name AND other.start_time = one.start_time AND
    other.invocation_id = one.invocation_id)
UNION ALL SELECT 0, agent_name, start_time, invocation_id FROM temp._shadow_aggregates_agent_starts
    AS one
WHERE true AND (agent_name, start_time, invocation_id) > (?, ?, ?) AND (agent_name, start_time,
    invocation_id) <= (?, ?, ?) AND NOT EXISTS (SELECT 1 FROM main._aggregates_agent_starts AS other
    WHERE other.agent_name = one.agent_name AND other.start_time = one.start_time AND
    other.invocation_id = one.invocation_id);

-- comparison: one
SELECT 1, agent_name, start_time, invocation_id FROM main._aggregates_agent_starts AS one
WHERE true AND agent_name = ? AND start_time = ? AND invocation_id = ? AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_aggregates_agent_starts AS other WHERE other.agent_name = one.agent_name AND
    other.start_time = one.start_time AND other.invocation_id = one.invocation_id)
UNION ALL SELECT 0, agent_name, start_time, invocation_id FROM temp._shadow_aggregates_agent_starts
    AS one
WHERE true AND agent_name = ? AND start_time = ? AND invocation_id = ? AND NOT EXISTS (SELECT 1 FROM
    main._aggregates_agent_starts AS other WHERE other.agent_name = one.agent_name AND
    other.start_time = one.start_time AND other.invocation_id = one.invocation_id);

-- comparison: remove
DELETE FROM main._aggregates_agent_starts WHERE agent_name = ? AND start_time = ? AND invocation_id
    = ?;

-- comparison: restore
INSERT INTO main._aggregates_agent_starts (agent_name, start_time, invocation_id) SELECT agent_name,
    start_time, invocation_id FROM temp._shadow_aggregates_agent_starts WHERE true AND agent_name =
    ? AND start_time = ? AND invocation_id = ?;

-- dictionary
