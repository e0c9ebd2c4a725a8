-- table open_runs
CREATE TABLE open_runs (
  start_time TEXT,
  invocation_id INTEGER,
  session_id TEXT,
  agent_name TEXT,
  phase TEXT,
  PRIMARY KEY (start_time, invocation_id)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_in_flight) AND (NEW.new_exists AND
    NEW.new_is_invocation AND NEW.new_in_flight) AND NEW.old_phase_name = NEW.new_phase_name AND
    NEW.old_agent = NEW.new_agent AND NEW.old_session = NEW.new_session AND NEW.old_invocation_id =
    NEW.new_invocation_id AND NEW.old_start = NEW.new_start
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_in_flight) + 2 *
    (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_in_flight) END;

-- what adds
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

-- what subtracts
DELETE FROM open_runs
  WHERE NEW.open_runs_posts = 2 AND start_time = NEW.old_start AND invocation_id =
      NEW.old_invocation_id;

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
