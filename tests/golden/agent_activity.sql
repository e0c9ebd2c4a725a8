-- table agent_activity
CREATE TABLE agent_activity (
  agent_name TEXT,
  invocations INTEGER DEFAULT 0,
  succeeded INTEGER DEFAULT 0,
  failed INTEGER DEFAULT 0,
  in_flight INTEGER DEFAULT 0,
  sessions INTEGER DEFAULT 0,
  first_start TEXT,
  last_start TEXT,
  updated_at TEXT,
  PRIMARY KEY (agent_name)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_is_invocation) AND (NEW.new_exists AND NEW.new_is_invocation)
    AND NEW.old_agent = NEW.new_agent
    THEN 4 ELSE (NEW.new_exists AND NEW.new_is_invocation) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation) END;

-- what adds
INSERT INTO agent_activity (agent_name, invocations, succeeded, failed, in_flight, first_start,
    last_start, updated_at)
  SELECT NEW.new_agent,
    CASE NEW.agent_activity_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_succeeded - CASE NEW.agent_activity_posts WHEN 4 THEN NEW.old_succeeded ELSE 0 END,
    NEW.new_failed - CASE NEW.agent_activity_posts WHEN 4 THEN NEW.old_failed ELSE 0 END,
    NEW.new_in_flight - CASE NEW.agent_activity_posts WHEN 4 THEN NEW.old_in_flight ELSE 0 END,
    NEW.new_start,
    NEW.new_start,
    NEW.updated_at
  WHERE NEW.agent_activity_posts NOT IN (0, 2)
  ON CONFLICT (agent_name) DO UPDATE SET
    invocations = invocations + excluded.invocations, succeeded = succeeded + excluded.succeeded,
    failed = failed + excluded.failed, in_flight = in_flight + excluded.in_flight, first_start =
    CASE WHEN first_start IS NULL OR excluded.first_start < first_start THEN excluded.first_start
    ELSE first_start END, last_start = CASE WHEN last_start IS NULL OR excluded.last_start >
    last_start THEN excluded.last_start ELSE last_start END, updated_at = coalesce(max(updated_at,
    excluded.updated_at), excluded.updated_at);

-- what subtracts
UPDATE agent_activity SET invocations = invocations - 1, succeeded = succeeded - NEW.old_succeeded,
    failed = failed - NEW.old_failed, in_flight = in_flight - NEW.old_in_flight, updated_at =
    coalesce(max(updated_at, NEW.updated_at), NEW.updated_at)
  WHERE NEW.agent_activity_posts IN (2, 3) AND agent_name = NEW.old_agent;
  DELETE FROM agent_activity WHERE NEW.agent_activity_posts IN (2, 3) AND agent_name = NEW.old_agent
    AND invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND sessions = 0;

-- trigger _aggregates_agent_activity_of_session_agents_insert
CREATE TRIGGER _aggregates_agent_activity_of_session_agents_insert AFTER INSERT ON session_agents
WHEN NEW.session_id <> ''
BEGIN
  INSERT INTO agent_activity (agent_name, sessions) VALUES (NEW.agent_name, 1)
  ON CONFLICT (agent_name) DO UPDATE SET sessions = sessions + 1;
END;

-- trigger _aggregates_agent_activity_of_session_agents_delete
CREATE TRIGGER _aggregates_agent_activity_of_session_agents_delete AFTER DELETE ON session_agents
WHEN OLD.session_id <> ''
BEGIN
  INSERT INTO agent_activity (agent_name, sessions) VALUES (OLD.agent_name, -1)
  ON CONFLICT (agent_name) DO UPDATE SET sessions = sessions + -1;
  DELETE FROM agent_activity WHERE (agent_name) = (OLD.agent_name) AND invocations = 0 AND succeeded
      = 0 AND failed = 0 AND in_flight = 0 AND sessions = 0;
END;

-- trigger _aggregates_agent_activity_of__aggregates_agent_starts_delete
CREATE TRIGGER _aggregates_agent_activity_of__aggregates_agent_starts_delete AFTER DELETE ON
    _aggregates_agent_starts
BEGIN
  UPDATE agent_activity SET first_start = (SELECT min(listed.start_time) FROM
      _aggregates_agent_starts AS listed WHERE listed.agent_name = agent_activity.agent_name),
    last_start = (SELECT max(listed.start_time) FROM _aggregates_agent_starts AS listed WHERE
    listed.agent_name = agent_activity.agent_name)
  WHERE agent_name = OLD.agent_name AND (first_start = OLD.start_time OR last_start =
      OLD.start_time);
END;

-- recomputation: fold
INSERT INTO _shadow_agent_activity (agent_name, invocations, succeeded, failed, in_flight,
    updated_at)
SELECT agent, sum(sign * (1)), sum(sign * (succeeded)), sum(sign * (failed)), sum(sign *
    (in_flight)), max(updated_at)
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation
GROUP BY 1
ON CONFLICT (agent_name) DO UPDATE SET invocations = invocations + excluded.invocations, succeeded =
    succeeded + excluded.succeeded, failed = failed + excluded.failed, in_flight = in_flight +
    excluded.in_flight, updated_at = CASE WHEN updated_at IS NULL OR excluded.updated_at >
    updated_at THEN excluded.updated_at ELSE updated_at END;

-- recomputation: fold
UPDATE _shadow_agent_activity SET first_start = (SELECT min(listed.start_time) FROM
    _shadow_aggregates_agent_starts AS listed WHERE listed.agent_name =
    _shadow_agent_activity.agent_name),
    last_start = (SELECT max(listed.start_time) FROM _shadow_aggregates_agent_starts AS listed WHERE
    listed.agent_name = _shadow_agent_activity.agent_name)
WHERE (agent_name) IN (
  SELECT DISTINCT agent FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- recomputation: sweep
DELETE FROM _shadow_agent_activity
WHERE (agent_name) IN (
  SELECT agent FROM temp._aggregates_agent_invocations_facts WHERE sign < 0 AND is_invocation)
AND invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND sessions = 0;

-- recomputation: clear
DELETE FROM _shadow_agent_activity WHERE (agent_name) IN (SELECT agent_name FROM
    _shadow_agent_activity LIMIT 500);

-- comparison: rows
SELECT 1, agent_name, invocations, succeeded, failed, in_flight, sessions, first_start, last_start
    FROM main.agent_activity AS one
WHERE NOT (invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND sessions = 0) AND
    (agent_name) > (?) AND (agent_name) <= (?) AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_agent_activity AS other WHERE other.agent_name = one.agent_name AND
    other.invocations IS one.invocations AND other.succeeded IS one.succeeded AND other.failed IS
    one.failed AND other.in_flight IS one.in_flight AND other.sessions IS one.sessions AND
    other.first_start IS one.first_start AND other.last_start IS one.last_start)
UNION ALL SELECT 0, agent_name, invocations, succeeded, failed, in_flight, sessions, first_start,
    last_start FROM temp._shadow_agent_activity AS one
WHERE NOT (invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND sessions = 0) AND
    (agent_name) > (?) AND (agent_name) <= (?) AND NOT EXISTS (SELECT 1 FROM main.agent_activity AS
    other WHERE other.agent_name = one.agent_name AND other.invocations IS one.invocations AND
    other.succeeded IS one.succeeded AND other.failed IS one.failed AND other.in_flight IS
    one.in_flight AND other.sessions IS one.sessions AND other.first_start IS one.first_start AND
    other.last_start IS one.last_start);

-- comparison: one
SELECT 1, agent_name, invocations, succeeded, failed, in_flight, sessions, first_start, last_start
    FROM main.agent_activity AS one
WHERE NOT (invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND sessions = 0) AND
    agent_name = ? AND NOT EXISTS (SELECT 1 FROM temp._shadow_agent_activity AS other WHERE
    other.agent_name = one.agent_name AND other.invocations IS one.invocations AND other.succeeded
    IS one.succeeded AND other.failed IS one.failed AND other.in_flight IS one.in_flight AND
    other.sessions IS one.sessions AND other.first_start IS one.first_start AND other.last_start IS
    one.last_start)
UNION ALL SELECT 0, agent_name, invocations, succeeded, failed, in_flight, sessions, first_start,
    last_start FROM temp._shadow_agent_activity AS one
WHERE NOT (invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND sessions = 0) AND
    agent_name = ? AND NOT EXISTS (SELECT 1 FROM main.agent_activity AS other WHERE other.agent_name
    = one.agent_name AND other.invocations IS one.invocations AND other.succeeded IS one.succeeded
    AND other.failed IS one.failed AND other.in_flight IS one.in_flight AND other.sessions IS
    one.sessions AND other.first_start IS one.first_start AND other.last_start IS one.last_start);

-- comparison: remove
DELETE FROM main.agent_activity WHERE agent_name = ?;

-- comparison: restore
INSERT INTO main.agent_activity (agent_name, invocations, succeeded, failed, in_flight, sessions,
    first_start, last_start, updated_at) SELECT agent_name, invocations, succeeded, failed,
    in_flight, sessions, first_start, last_start, updated_at FROM temp._shadow_agent_activity WHERE
    NOT (invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND sessions = 0) AND
    agent_name = ?;

-- dictionary
-- agent_activity: what each agent did, all-time
-- agent_activity.agent_name: name of the agent
-- agent_activity.invocations: invocations
-- agent_activity.succeeded: that succeeded
-- agent_activity.failed: that failed
-- agent_activity.in_flight: that started and have not ended
-- agent_activity.sessions: distinct sessions, '' left out
-- agent_activity.first_start: earliest start
-- agent_activity.last_start: latest start
-- agent_activity.updated_at: when a row of the key last changed, UTC
