-- table session_phases
CREATE TABLE session_phases (
  session_id TEXT,
  phase TEXT,
  invocations INTEGER DEFAULT 0,
  PRIMARY KEY (session_id, phase)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_is_invocation) AND (NEW.new_exists AND NEW.new_is_invocation)
    AND NEW.old_phase_name = NEW.new_phase_name AND NEW.old_session = NEW.new_session
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation) END;

-- trigger _aggregates_session_phases_plus
CREATE TRIGGER _aggregates_session_phases_plus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_phases_posts NOT IN (0, 2)
BEGIN
  INSERT INTO session_phases (session_id, phase, invocations)
  VALUES (NEW.new_session, NEW.new_phase_name,
    CASE NEW.session_phases_posts WHEN 4 THEN 0 ELSE 1 END)
  ON CONFLICT (session_id, phase) DO UPDATE SET
    invocations = invocations + excluded.invocations;
END;

-- trigger _aggregates_session_phases_minus
CREATE TRIGGER _aggregates_session_phases_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_phases_posts IN (2, 3)
BEGIN
  UPDATE session_phases SET invocations = invocations - 1
  WHERE session_id = NEW.old_session AND phase = NEW.old_phase_name;
  DELETE FROM session_phases WHERE session_id = NEW.old_session AND phase = NEW.old_phase_name
    AND invocations = 0;
END;

-- recomputation: fold
INSERT INTO _shadow_session_phases (session_id, phase, invocations)
SELECT session, phase_name, sum(sign * (1))
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation
GROUP BY 1, 2
HAVING sum(sign * (1)) <> 0
ON CONFLICT (session_id, phase) DO UPDATE SET invocations = invocations + excluded.invocations;

-- recomputation: sweep
DELETE FROM _shadow_session_phases
WHERE (session_id, phase) IN (
  SELECT session, phase_name FROM temp._aggregates_agent_invocations_facts WHERE sign < 0 AND
      is_invocation)
AND invocations = 0;

-- recomputation: clear
DELETE FROM _shadow_session_phases WHERE (session_id, phase) IN (SELECT session_id, phase FROM
    _shadow_session_phases LIMIT 500);

-- comparison: rows
SELECT 1, session_id, phase, invocations FROM main.session_phases AS one
WHERE NOT (invocations = 0) AND (session_id, phase) > (?, ?) AND (session_id, phase) <= (?, ?) AND
    NOT EXISTS (SELECT 1 FROM temp._shadow_session_phases AS other WHERE other.session_id =
    one.session_id AND other.phase = one.phase AND other.invocations IS one.invocations)
UNION ALL SELECT 0, session_id, phase, invocations FROM temp._shadow_session_phases AS one
WHERE NOT (invocations = 0) AND (session_id, phase) > (?, ?) AND (session_id, phase) <= (?, ?) AND
    NOT EXISTS (SELECT 1 FROM main.session_phases AS other WHERE other.session_id = one.session_id
    AND other.phase = one.phase AND other.invocations IS one.invocations);

-- comparison: one
SELECT 1, session_id, phase, invocations FROM main.session_phases AS one
WHERE NOT (invocations = 0) AND session_id = ? AND phase = ? AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_session_phases AS other WHERE other.session_id = one.session_id AND other.phase =
    one.phase AND other.invocations IS one.invocations)
UNION ALL SELECT 0, session_id, phase, invocations FROM temp._shadow_session_phases AS one
WHERE NOT (invocations = 0) AND session_id = ? AND phase = ? AND NOT EXISTS (SELECT 1 FROM
    main.session_phases AS other WHERE other.session_id = one.session_id AND other.phase = one.phase
    AND other.invocations IS one.invocations);

-- comparison: remove
DELETE FROM main.session_phases WHERE session_id = ? AND phase = ?;

-- comparison: restore
INSERT INTO main.session_phases (session_id, phase, invocations) SELECT session_id, phase,
    invocations FROM temp._shadow_session_phases WHERE NOT (invocations = 0) AND session_id = ? AND
    phase = ?;

-- dictionary
-- session_phases: reference counts behind session_stats.phases
-- session_phases.session_id: session of the run
-- session_phases.phase: phase of the workflow
-- session_phases.invocations: invocations of the phase in the session
