-- table _aggregates_session_starts
CREATE TABLE _aggregates_session_starts (
  session_id TEXT,
  start_time TEXT,
  invocation_id INTEGER,
  PRIMARY KEY (session_id, start_time, invocation_id)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_start IS NOT NULL) AND
    (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_start IS NOT NULL) AND
    NEW.old_invocation_id = NEW.new_invocation_id AND NEW.old_start = NEW.new_start AND
    NEW.old_session = NEW.new_session
    THEN 0 ELSE (NEW.new_exists AND NEW.new_is_invocation AND NEW.new_start IS NOT NULL) + 2 *
    (NEW.old_exists AND NEW.old_is_invocation AND NEW.old_start IS NOT NULL) END;

-- trigger _aggregates_session_starts_plus
CREATE TRIGGER _aggregates_session_starts_plus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_starts_posts NOT IN (0, 2)
BEGIN
  INSERT INTO _aggregates_session_starts (session_id, start_time, invocation_id)
  VALUES (NEW.new_session, NEW.new_start, NEW.new_invocation_id)
  ON CONFLICT (session_id, start_time, invocation_id) DO NOTHING;
  DELETE FROM _aggregates_session_starts
  WHERE NEW.session_starts_posts = 3 AND NOT (NEW.old_session = NEW.new_session AND NEW.old_start =
      NEW.new_start AND NEW.old_invocation_id = NEW.new_invocation_id) AND session_id =
      NEW.old_session AND start_time = NEW.old_start AND invocation_id = NEW.old_invocation_id;
END;

-- trigger _aggregates_session_starts_minus
CREATE TRIGGER _aggregates_session_starts_minus INSTEAD OF INSERT ON
    _aggregates_agent_invocations_posting
WHEN NEW.session_starts_posts = 2
BEGIN
  DELETE FROM _aggregates_session_starts
  WHERE session_id = NEW.old_session AND start_time = NEW.old_start AND invocation_id =
      NEW.old_invocation_id;
END;

-- recomputation: fold
DELETE FROM _shadow_aggregates_session_starts WHERE (session_id, start_time, invocation_id) IN (
  SELECT session_id, start_time, invocation_id FROM (SELECT session AS session_id, start AS
      start_time, invocation_id AS invocation_id FROM temp._aggregates_agent_invocations_facts WHERE
      is_invocation AND start IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) < 0));

-- recomputation: fold
INSERT INTO _shadow_aggregates_session_starts (session_id, start_time, invocation_id)
SELECT session AS session_id, start AS start_time, invocation_id AS invocation_id
FROM temp._aggregates_agent_invocations_facts WHERE is_invocation AND start IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) > 0;

-- recomputation: clear
DELETE FROM _shadow_aggregates_session_starts WHERE (session_id, start_time, invocation_id) IN
    (SELECT session_id, start_time, invocation_id FROM _shadow_aggregates_session_starts LIMIT 500);

-- comparison: rows
SELECT 1, session_id, start_time, invocation_id FROM main._aggregates_session_starts AS one
WHERE true AND (session_id, start_time, invocation_id) > (?, ?, ?) AND (session_id, start_time,
    invocation_id) <= (?, ?, ?) AND NOT EXISTS (SELECT 1 FROM temp._shadow_aggregates_session_starts
    AS other WHERE other.session_id = one.session_id AND other.start_time = one.start_time AND
    other.invocation_id = one.invocation_id)
UNION ALL SELECT 0, session_id, start_time, invocation_id FROM
    temp._shadow_aggregates_session_starts AS one
WHERE true AND (session_id, start_time, invocation_id) > (?, ?, ?) AND (session_id, start_time,
    invocation_id) <= (?, ?, ?) AND NOT EXISTS (SELECT 1 FROM main._aggregates_session_starts AS
    other WHERE other.session_id = one.session_id AND other.start_time = one.start_time AND
    other.invocation_id = one.invocation_id);

-- comparison: one
SELECT 1, session_id, start_time, invocation_id FROM main._aggregates_session_starts AS one
WHERE true AND session_id = ? AND start_time = ? AND invocation_id = ? AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_aggregates_session_starts AS other WHERE other.session_id = one.session_id AND
    other.start_time = one.start_time AND other.invocation_id = one.invocation_id)
UNION ALL SELECT 0, session_id, start_time, invocation_id FROM
    temp._shadow_aggregates_session_starts AS one
WHERE true AND session_id = ? AND start_time = ? AND invocation_id = ? AND NOT EXISTS (SELECT 1 FROM
    main._aggregates_session_starts AS other WHERE other.session_id = one.session_id AND
    other.start_time = one.start_time AND other.invocation_id = one.invocation_id);

-- comparison: remove
DELETE FROM main._aggregates_session_starts WHERE session_id = ? AND start_time = ? AND
    invocation_id = ?;

-- comparison: restore
INSERT INTO main._aggregates_session_starts (session_id, start_time, invocation_id) SELECT
    session_id, start_time, invocation_id FROM temp._shadow_aggregates_session_starts WHERE true AND
    session_id = ? AND start_time = ? AND invocation_id = ?;

-- dictionary
