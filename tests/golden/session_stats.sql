-- table session_stats
CREATE TABLE session_stats (
  session_id TEXT,
  invocations INTEGER DEFAULT 0,
  succeeded INTEGER DEFAULT 0,
  failed INTEGER DEFAULT 0,
  in_flight INTEGER DEFAULT 0,
  duration_count INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  agents INTEGER DEFAULT 0,
  phases INTEGER DEFAULT 0,
  first_start TEXT,
  last_end TEXT,
  changed_seq INTEGER,
  first_agent TEXT,
  PRIMARY KEY (session_id)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_is_invocation) AND (NEW.new_exists AND NEW.new_is_invocation)
    AND NEW.old_session = NEW.new_session
    THEN 4 ELSE (NEW.new_exists AND NEW.new_is_invocation) + 2 * (NEW.old_exists AND
    NEW.old_is_invocation) END;

-- trigger _aggregates_session_stats_of_session_agents_insert
CREATE TRIGGER _aggregates_session_stats_of_session_agents_insert AFTER INSERT ON session_agents
WHEN NEW.agent_name <> ''
BEGIN
  INSERT INTO session_stats (session_id, agents) VALUES (NEW.session_id, 1)
  ON CONFLICT (session_id) DO UPDATE SET agents = agents + 1;
END;

-- trigger _aggregates_session_stats_of_session_agents_delete
CREATE TRIGGER _aggregates_session_stats_of_session_agents_delete AFTER DELETE ON session_agents
WHEN OLD.agent_name <> ''
BEGIN
  INSERT INTO session_stats (session_id, agents) VALUES (OLD.session_id, -1)
  ON CONFLICT (session_id) DO UPDATE SET agents = agents + -1;
  DELETE FROM session_stats WHERE (session_id) = (OLD.session_id) AND invocations = 0 AND succeeded
      = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND agents
      = 0 AND phases = 0;
END;

-- trigger _aggregates_session_stats_of_session_phases_insert
CREATE TRIGGER _aggregates_session_stats_of_session_phases_insert AFTER INSERT ON session_phases
WHEN NEW.phase <> ''
BEGIN
  INSERT INTO session_stats (session_id, phases) VALUES (NEW.session_id, 1)
  ON CONFLICT (session_id) DO UPDATE SET phases = phases + 1;
END;

-- trigger _aggregates_session_stats_of_session_phases_delete
CREATE TRIGGER _aggregates_session_stats_of_session_phases_delete AFTER DELETE ON session_phases
WHEN OLD.phase <> ''
BEGIN
  INSERT INTO session_stats (session_id, phases) VALUES (OLD.session_id, -1)
  ON CONFLICT (session_id) DO UPDATE SET phases = phases + -1;
  DELETE FROM session_stats WHERE (session_id) = (OLD.session_id) AND invocations = 0 AND succeeded
      = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0 AND duration_ms_sum = 0 AND agents
      = 0 AND phases = 0;
END;

-- trigger _aggregates_session_stats_of__aggregates_session_starts_delete
CREATE TRIGGER _aggregates_session_stats_of__aggregates_session_starts_delete AFTER DELETE ON
    _aggregates_session_starts
BEGIN
  UPDATE session_stats SET first_start = (SELECT min(listed.start_time) FROM
      _aggregates_session_starts AS listed WHERE listed.session_id = session_stats.session_id)
  WHERE session_id = OLD.session_id AND (first_start = OLD.start_time);
END;

-- trigger _aggregates_session_stats_of__aggregates_session_ends_delete
CREATE TRIGGER _aggregates_session_stats_of__aggregates_session_ends_delete AFTER DELETE ON
    _aggregates_session_ends
BEGIN
  UPDATE session_stats SET last_end = (SELECT max(listed.end_time) FROM _aggregates_session_ends AS
      listed WHERE listed.session_id = session_stats.session_id)
  WHERE session_id = OLD.session_id AND (last_end = OLD.end_time);
END;

-- trigger _aggregates_session_stats_plus
CREATE TRIGGER _aggregates_session_stats_plus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_stats_posts NOT IN (0, 2)
BEGIN
  INSERT INTO session_stats (session_id, invocations, succeeded, failed, in_flight, duration_count,
      duration_ms_sum, first_start, last_end, changed_seq)
  VALUES (NEW.new_session,
    CASE NEW.session_stats_posts WHEN 4 THEN 0 ELSE 1 END,
    NEW.new_succeeded - CASE NEW.session_stats_posts WHEN 4 THEN NEW.old_succeeded ELSE 0 END,
    NEW.new_failed - CASE NEW.session_stats_posts WHEN 4 THEN NEW.old_failed ELSE 0 END,
    NEW.new_in_flight - CASE NEW.session_stats_posts WHEN 4 THEN NEW.old_in_flight ELSE 0 END,
    (CASE WHEN (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) - CASE NEW.session_stats_posts
    WHEN 4 THEN (CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) ELSE 0 END,
    coalesce(NEW.new_duration_ms, 0) - CASE NEW.session_stats_posts WHEN 4 THEN
    coalesce(NEW.old_duration_ms, 0) ELSE 0 END,
    NEW.new_start,
    NEW.new_end,
    NEW.seq)
  ON CONFLICT (session_id) DO UPDATE SET
    invocations = invocations + excluded.invocations, succeeded = succeeded + excluded.succeeded,
    failed = failed + excluded.failed, in_flight = in_flight + excluded.in_flight, duration_count =
    duration_count + excluded.duration_count, duration_ms_sum = duration_ms_sum +
    excluded.duration_ms_sum, first_start = CASE WHEN first_start IS NULL OR excluded.first_start <
    first_start THEN excluded.first_start ELSE first_start END, last_end = CASE WHEN last_end IS
    NULL OR excluded.last_end > last_end THEN excluded.last_end ELSE last_end END, changed_seq =
    coalesce(max(changed_seq, excluded.changed_seq), excluded.changed_seq);
END;

-- trigger _aggregates_session_stats_minus
CREATE TRIGGER _aggregates_session_stats_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_stats_posts IN (2, 3)
BEGIN
  UPDATE session_stats SET invocations = invocations - 1, succeeded = succeeded - NEW.old_succeeded,
      failed = failed - NEW.old_failed, in_flight = in_flight - NEW.old_in_flight, duration_count =
      duration_count - (CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END),
      duration_ms_sum = duration_ms_sum - coalesce(NEW.old_duration_ms, 0), changed_seq =
      coalesce(max(changed_seq, NEW.seq), NEW.seq)
  WHERE session_id = NEW.old_session;
  DELETE FROM session_stats WHERE session_id = NEW.old_session
    AND invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0
    AND duration_ms_sum = 0 AND agents = 0 AND phases = 0;
END;

-- recomputation: fold
INSERT INTO _shadow_session_stats (session_id, invocations, succeeded, failed, in_flight,
    duration_count, duration_ms_sum, changed_seq)
SELECT session, sum(sign * (1)), sum(sign * (succeeded)), sum(sign * (failed)), sum(sign *
    (in_flight)), sum(sign * (CASE WHEN (duration_ms IS NOT NULL) THEN 1 ELSE 0 END)), sum(sign *
    (coalesce(duration_ms, 0))), max(seq)
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation
GROUP BY 1
ON CONFLICT (session_id) DO UPDATE SET invocations = invocations + excluded.invocations, succeeded =
    succeeded + excluded.succeeded, failed = failed + excluded.failed, in_flight = in_flight +
    excluded.in_flight, duration_count = duration_count + excluded.duration_count, duration_ms_sum =
    duration_ms_sum + excluded.duration_ms_sum, changed_seq = CASE WHEN changed_seq IS NULL OR
    excluded.changed_seq > changed_seq THEN excluded.changed_seq ELSE changed_seq END;

-- recomputation: fold
UPDATE _shadow_session_stats SET first_start = (SELECT min(listed.start_time) FROM
    _shadow_aggregates_session_starts AS listed WHERE listed.session_id =
    _shadow_session_stats.session_id)
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- recomputation: fold
UPDATE _shadow_session_stats SET last_end = (SELECT max(listed.end_time) FROM
    _shadow_aggregates_session_ends AS listed WHERE listed.session_id =
    _shadow_session_stats.session_id)
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- recomputation: fold
UPDATE _shadow_session_stats SET agents = (
  SELECT count(*) FROM _shadow_session_agents AS pair
  WHERE pair.session_id = _shadow_session_stats.session_id AND pair.agent_name <> '')
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- recomputation: fold
UPDATE _shadow_session_stats SET phases = (
  SELECT count(*) FROM _shadow_session_phases AS pair
  WHERE pair.session_id = _shadow_session_stats.session_id AND pair.phase <> '')
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- recomputation: sweep
UPDATE _shadow_session_stats SET agents = (
  SELECT count(*) FROM _shadow_session_agents AS pair
  WHERE pair.session_id = _shadow_session_stats.session_id AND pair.agent_name <> '')
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- recomputation: sweep
UPDATE _shadow_session_stats SET phases = (
  SELECT count(*) FROM _shadow_session_phases AS pair
  WHERE pair.session_id = _shadow_session_stats.session_id AND pair.phase <> '')
WHERE (session_id) IN (
  SELECT DISTINCT session FROM temp._aggregates_agent_invocations_facts WHERE is_invocation);

-- recomputation: sweep
DELETE FROM _shadow_session_stats
WHERE (session_id) IN (
  SELECT session FROM temp._aggregates_agent_invocations_facts WHERE sign < 0 AND is_invocation)
AND invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0 AND
    duration_ms_sum = 0 AND agents = 0 AND phases = 0;

-- recomputation: clear
DELETE FROM _shadow_session_stats WHERE (session_id) IN (SELECT session_id FROM
    _shadow_session_stats LIMIT 500);

-- comparison: rows
SELECT 1, session_id, invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum,
    agents, phases, first_start, last_end FROM main.session_stats AS one
WHERE NOT (invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0
    AND duration_ms_sum = 0 AND agents = 0 AND phases = 0) AND (session_id) > (?) AND (session_id)
    <= (?) AND NOT EXISTS (SELECT 1 FROM temp._shadow_session_stats AS other WHERE other.session_id
    = one.session_id AND other.invocations IS one.invocations AND other.succeeded IS one.succeeded
    AND other.failed IS one.failed AND other.in_flight IS one.in_flight AND other.duration_count IS
    one.duration_count AND other.duration_ms_sum IS one.duration_ms_sum AND other.agents IS
    one.agents AND other.phases IS one.phases AND other.first_start IS one.first_start AND
    other.last_end IS one.last_end)
UNION ALL SELECT 0, session_id, invocations, succeeded, failed, in_flight, duration_count,
    duration_ms_sum, agents, phases, first_start, last_end FROM temp._shadow_session_stats AS one
WHERE NOT (invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0
    AND duration_ms_sum = 0 AND agents = 0 AND phases = 0) AND (session_id) > (?) AND (session_id)
    <= (?) AND NOT EXISTS (SELECT 1 FROM main.session_stats AS other WHERE other.session_id =
    one.session_id AND other.invocations IS one.invocations AND other.succeeded IS one.succeeded AND
    other.failed IS one.failed AND other.in_flight IS one.in_flight AND other.duration_count IS
    one.duration_count AND other.duration_ms_sum IS one.duration_ms_sum AND other.agents IS
    one.agents AND other.phases IS one.phases AND other.first_start IS one.first_start AND
    other.last_end IS one.last_end);

-- comparison: one
SELECT 1, session_id, invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum,
    agents, phases, first_start, last_end FROM main.session_stats AS one
WHERE NOT (invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0
    AND duration_ms_sum = 0 AND agents = 0 AND phases = 0) AND session_id = ? AND NOT EXISTS (SELECT
    1 FROM temp._shadow_session_stats AS other WHERE other.session_id = one.session_id AND
    other.invocations IS one.invocations AND other.succeeded IS one.succeeded AND other.failed IS
    one.failed AND other.in_flight IS one.in_flight AND other.duration_count IS one.duration_count
    AND other.duration_ms_sum IS one.duration_ms_sum AND other.agents IS one.agents AND other.phases
    IS one.phases AND other.first_start IS one.first_start AND other.last_end IS one.last_end)
UNION ALL SELECT 0, session_id, invocations, succeeded, failed, in_flight, duration_count,
    duration_ms_sum, agents, phases, first_start, last_end FROM temp._shadow_session_stats AS one
WHERE NOT (invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0
    AND duration_ms_sum = 0 AND agents = 0 AND phases = 0) AND session_id = ? AND NOT EXISTS (SELECT
    1 FROM main.session_stats AS other WHERE other.session_id = one.session_id AND other.invocations
    IS one.invocations AND other.succeeded IS one.succeeded AND other.failed IS one.failed AND
    other.in_flight IS one.in_flight AND other.duration_count IS one.duration_count AND
    other.duration_ms_sum IS one.duration_ms_sum AND other.agents IS one.agents AND other.phases IS
    one.phases AND other.first_start IS one.first_start AND other.last_end IS one.last_end);

-- comparison: remove
DELETE FROM main.session_stats WHERE session_id = ?;

-- comparison: restore
INSERT INTO main.session_stats (session_id, invocations, succeeded, failed, in_flight,
    duration_count, duration_ms_sum, agents, phases, first_start, last_end, changed_seq) SELECT
    session_id, invocations, succeeded, failed, in_flight, duration_count, duration_ms_sum, agents,
    phases, first_start, last_end, changed_seq FROM temp._shadow_session_stats WHERE NOT
    (invocations = 0 AND succeeded = 0 AND failed = 0 AND in_flight = 0 AND duration_count = 0 AND
    duration_ms_sum = 0 AND agents = 0 AND phases = 0) AND session_id = ?;

-- dictionary
-- session_stats: the invocations of each session, all-time
-- session_stats.session_id: session of the run
-- session_stats.invocations: invocations
-- session_stats.succeeded: that succeeded
-- session_stats.failed: that failed
-- session_stats.in_flight: that started and have not ended
-- session_stats.duration_count: with a known duration
-- session_stats.duration_ms_sum: milliseconds, where known
-- session_stats.agents: distinct agents
-- session_stats.phases: distinct phases, '' left out
-- session_stats.first_start: earliest start
-- session_stats.last_end: latest end
-- session_stats.changed_seq: newest entry of the change log about a run of it
-- session_stats.first_agent: agent of the earliest start; NULL while pending
