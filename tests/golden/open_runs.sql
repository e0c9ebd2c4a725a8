-- table open_runs
CREATE TABLE open_runs (
  start_time TEXT,
  invocation_id INTEGER,
  session_id TEXT,
  agent_name TEXT,
  phase TEXT,
  PRIMARY KEY (start_time, invocation_id)
) WITHOUT ROWID;

-- code of an entry: insert
CASE WHEN new_is_invocation AND new_in_flight THEN 1 ELSE 0 END;

-- code of an entry: update
CASE WHEN old_is_invocation AND old_in_flight AND new_is_invocation AND new_in_flight AND
    old_phase_name = new_phase_name AND old_agent = new_agent AND old_session = new_session AND
    old_invocation_id = new_invocation_id AND old_start = new_start
  THEN 0 ELSE (new_is_invocation AND new_in_flight) + 2 * (old_is_invocation AND old_in_flight)
  END;

-- code of an entry: delete
CASE WHEN old_is_invocation AND old_in_flight THEN 2 ELSE 0 END;

-- trigger _aggregates_open_runs_plus
CREATE TRIGGER _aggregates_open_runs_plus INSTEAD OF INSERT ON _aggregates_agent_invocations_posting
WHEN NEW.open_runs_posts NOT IN (0, 2)
BEGIN
  INSERT INTO open_runs (start_time, invocation_id, session_id, agent_name, phase)
  VALUES (NEW.new_start, NEW.new_invocation_id, NEW.new_session, NEW.new_agent, NEW.new_phase_name)
  ON CONFLICT (start_time, invocation_id) DO UPDATE SET session_id = excluded.session_id, agent_name
      = excluded.agent_name, phase = excluded.phase;
  DELETE FROM open_runs
  WHERE start_time = NEW.old_start AND invocation_id = NEW.old_invocation_id AND NOT (NEW.old_start
      = NEW.new_start AND NEW.old_invocation_id = NEW.new_invocation_id);
END;

-- trigger _aggregates_open_runs_minus
CREATE TRIGGER _aggregates_open_runs_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.open_runs_posts = 2
BEGIN
  DELETE FROM open_runs
  WHERE start_time = NEW.old_start AND invocation_id = NEW.old_invocation_id;
END;

-- recomputation: fold
DELETE FROM _shadow_open_runs WHERE (start_time, invocation_id) IN (
  SELECT start_time, invocation_id FROM (SELECT start AS start_time, invocation_id AS invocation_id,
      session AS session_id, agent AS agent_name, phase_name AS phase FROM
      temp._aggregates_agent_invocations_facts WHERE is_invocation AND in_flight
GROUP BY 1, 2, 3, 4, 5 HAVING sum(sign) < 0));

-- recomputation: fold
INSERT INTO _shadow_open_runs (start_time, invocation_id, session_id, agent_name, phase)
SELECT start AS start_time, invocation_id AS invocation_id, session AS session_id, agent AS
    agent_name, phase_name AS phase
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation AND in_flight
GROUP BY 1, 2, 3, 4, 5 HAVING sum(sign) > 0;

-- recomputation: clear
DELETE FROM _shadow_open_runs WHERE (start_time, invocation_id) IN (SELECT start_time, invocation_id
    FROM _shadow_open_runs LIMIT 500);

-- comparison: rows
SELECT 1, start_time, invocation_id, session_id, agent_name, phase FROM main.open_runs AS one
WHERE true AND (start_time, invocation_id) > (?, ?) AND (start_time, invocation_id) <= (?, ?) AND
    NOT EXISTS (SELECT 1 FROM temp._shadow_open_runs AS other WHERE other.start_time =
    one.start_time AND other.invocation_id = one.invocation_id AND other.session_id IS
    one.session_id AND other.agent_name IS one.agent_name AND other.phase IS one.phase)
UNION ALL SELECT 0, start_time, invocation_id, session_id, agent_name, phase FROM
    temp._shadow_open_runs AS one
WHERE true AND (start_time, invocation_id) > (?, ?) AND (start_time, invocation_id) <= (?, ?) AND
    NOT EXISTS (SELECT 1 FROM main.open_runs AS other WHERE other.start_time = one.start_time AND
    other.invocation_id = one.invocation_id AND other.session_id IS one.session_id AND
    other.agent_name IS one.agent_name AND other.phase IS one.phase);

-- comparison: one
SELECT 1, start_time, invocation_id, session_id, agent_name, phase FROM main.open_runs AS one
WHERE true AND start_time = ? AND invocation_id = ? AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_open_runs AS other WHERE other.start_time = one.start_time AND other.invocation_id
    = one.invocation_id AND other.session_id IS one.session_id AND other.agent_name IS
    one.agent_name AND other.phase IS one.phase)
UNION ALL SELECT 0, start_time, invocation_id, session_id, agent_name, phase FROM
    temp._shadow_open_runs AS one
WHERE true AND start_time = ? AND invocation_id = ? AND NOT EXISTS (SELECT 1 FROM main.open_runs AS
    other WHERE other.start_time = one.start_time AND other.invocation_id = one.invocation_id AND
    other.session_id IS one.session_id AND other.agent_name IS one.agent_name AND other.phase IS
    one.phase);

-- comparison: remove
DELETE FROM main.open_runs WHERE start_time = ? AND invocation_id = ?;

-- comparison: restore
INSERT INTO main.open_runs (start_time, invocation_id, session_id, agent_name, phase) SELECT
    start_time, invocation_id, session_id, agent_name, phase FROM temp._shadow_open_runs WHERE true
    AND start_time = ? AND invocation_id = ?;

-- dictionary
-- open_runs: invocations that have started and not ended, abandoned ones included
-- open_runs.start_time: start in canonical text
-- open_runs.invocation_id: id of the row
-- open_runs.session_id: session of the run
-- open_runs.agent_name: name of the agent
-- open_runs.phase: phase of the workflow
