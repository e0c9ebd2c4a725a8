-- table session_agents
CREATE TABLE session_agents (
  session_id TEXT,
  agent_name TEXT,
  invocations INTEGER DEFAULT 0,
  PRIMARY KEY (session_id, agent_name)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_is_invocation) AND (NEW.new_exists AND NEW.new_is_invocation)
    AND NEW.old_agent = NEW.new_agent AND NEW.old_session = NEW.new_session
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation) END;

-- trigger _aggregates_session_agents_plus
CREATE TRIGGER _aggregates_session_agents_plus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_agents_posts NOT IN (0, 2)
BEGIN
  INSERT INTO session_agents (session_id, agent_name, invocations)
  VALUES (NEW.new_session, NEW.new_agent,
    CASE NEW.session_agents_posts WHEN 4 THEN 0 ELSE 1 END)
  ON CONFLICT (session_id, agent_name) DO UPDATE SET
    invocations = invocations + excluded.invocations;
END;

-- trigger _aggregates_session_agents_minus
CREATE TRIGGER _aggregates_session_agents_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_agents_posts IN (2, 3)
BEGIN
  UPDATE session_agents SET invocations = invocations - 1
  WHERE session_id = NEW.old_session AND agent_name = NEW.old_agent;
  DELETE FROM session_agents WHERE session_id = NEW.old_session AND agent_name = NEW.old_agent
    AND invocations = 0;
END;

-- recomputation: fold
INSERT INTO _shadow_session_agents (session_id, agent_name, invocations)
SELECT session, agent, sum(sign * (1))
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation
GROUP BY 1, 2
HAVING sum(sign * (1)) <> 0
ON CONFLICT (session_id, agent_name) DO UPDATE SET invocations = invocations + excluded.invocations;

-- recomputation: sweep
DELETE FROM _shadow_session_agents
WHERE (session_id, agent_name) IN (
  SELECT session, agent FROM temp._aggregates_agent_invocations_facts WHERE sign < 0 AND
      is_invocation)
AND invocations = 0;

-- recomputation: clear
DELETE FROM _shadow_session_agents WHERE (session_id, agent_name) IN (SELECT session_id, agent_name
    FROM _shadow_session_agents LIMIT 500);

-- comparison: rows
SELECT 1, session_id, agent_name, invocations FROM main.session_agents AS one
WHERE NOT (invocations = 0) AND (session_id, agent_name) > (?, ?) AND (session_id, agent_name) <=
    (?, ?) AND NOT EXISTS (SELECT 1 FROM temp._shadow_session_agents AS other WHERE other.session_id
    = one.session_id AND other.agent_name = one.agent_name AND other.invocations IS one.invocations)
UNION ALL SELECT 0, session_id, agent_name, invocations FROM temp._shadow_session_agents AS one
WHERE NOT (invocations = 0) AND (session_id, agent_name) > (?, ?) AND (session_id, agent_name) <=
    (?, ?) AND NOT EXISTS (SELECT 1 FROM main.session_agents AS other WHERE other.session_id =
    one.session_id AND other.agent_name = one.agent_name AND other.invocations IS one.invocations);

-- comparison: one
SELECT 1, session_id, agent_name, invocations FROM main.session_agents AS one
WHERE NOT (invocations = 0) AND session_id = ? AND agent_name = ? AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_session_agents AS other WHERE other.session_id = one.session_id AND
    other.agent_name = one.agent_name AND other.invocations IS one.invocations)
UNION ALL SELECT 0, session_id, agent_name, invocations FROM temp._shadow_session_agents AS one
WHERE NOT (invocations = 0) AND session_id = ? AND agent_name = ? AND NOT EXISTS (SELECT 1 FROM
    main.session_agents AS other WHERE other.session_id = one.session_id AND other.agent_name =
    one.agent_name AND other.invocations IS one.invocations);

-- comparison: remove
DELETE FROM main.session_agents WHERE session_id = ? AND agent_name = ?;

-- comparison: restore
INSERT INTO main.session_agents (session_id, agent_name, invocations) SELECT session_id, agent_name,
    invocations FROM temp._shadow_session_agents WHERE NOT (invocations = 0) AND session_id = ? AND
    agent_name = ?;

-- dictionary
-- session_agents: reference counts behind agent_activity.sessions
-- session_agents.session_id: session of the run
-- session_agents.agent_name: name of the agent
-- session_agents.invocations: invocations of the agent in the session
