-- table _aggregates_open_sessions
CREATE TABLE _aggregates_open_sessions (
  start_time TEXT,
  session_id TEXT,
  sessions INTEGER DEFAULT 0,
  PRIMARY KEY (start_time, session_id)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_start IS NOT NULL AND NEW.old_end_time IS NULL AND NOT
    (coalesce(NEW.old_status, '') = 'completed' OR coalesce(NEW.old_status, '') = 'failed' OR
    coalesce(NEW.old_status, '') = 'error')) AND (NEW.new_exists AND NEW.new_start IS NOT NULL AND
    NEW.new_end_time IS NULL AND NOT (coalesce(NEW.new_status, '') = 'completed' OR
    coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') = 'error')) AND
    NEW.old_session = NEW.new_session AND NEW.old_start = NEW.new_start
    THEN 0 ELSE (NEW.new_exists AND NEW.new_start IS NOT NULL AND NEW.new_end_time IS NULL AND NOT
    (coalesce(NEW.new_status, '') = 'completed' OR coalesce(NEW.new_status, '') = 'failed' OR
    coalesce(NEW.new_status, '') = 'error')) + 2 * (NEW.old_exists AND NEW.old_start IS NOT NULL AND
    NEW.old_end_time IS NULL AND NOT (coalesce(NEW.old_status, '') = 'completed' OR
    coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') = 'error')) END;

-- what adds
INSERT INTO _aggregates_open_sessions (start_time, session_id, sessions)
  SELECT NEW.new_start, NEW.new_session,
    CASE NEW.open_sessions_posts WHEN 4 THEN 0 ELSE 1 END
  WHERE NEW.open_sessions_posts NOT IN (0, 2)
  ON CONFLICT (start_time, session_id) DO UPDATE SET
    sessions = sessions + excluded.sessions;

-- what subtracts
UPDATE _aggregates_open_sessions SET sessions = sessions - 1
  WHERE NEW.open_sessions_posts IN (2, 3) AND start_time = NEW.old_start AND session_id =
      NEW.old_session;
  DELETE FROM _aggregates_open_sessions WHERE NEW.open_sessions_posts IN (2, 3) AND start_time =
      NEW.old_start AND session_id = NEW.old_session
    AND sessions = 0;

-- recomputation: fold
INSERT INTO _shadow_aggregates_open_sessions (start_time, session_id, sessions)
SELECT start, session, sum(sign * (1))
FROM temp._aggregates_sessions_facts WHERE is_open
GROUP BY 1, 2
HAVING sum(sign * (1)) <> 0
ON CONFLICT (start_time, session_id) DO UPDATE SET sessions = sessions + excluded.sessions;

-- recomputation: sweep
DELETE FROM _shadow_aggregates_open_sessions
WHERE (start_time, session_id) IN (
  SELECT start, session FROM temp._aggregates_sessions_facts WHERE sign < 0 AND is_open)
AND sessions = 0;

-- recomputation: clear
DELETE FROM _shadow_aggregates_open_sessions WHERE (start_time, session_id) IN (SELECT start_time,
    session_id FROM _shadow_aggregates_open_sessions LIMIT 500);

-- comparison: rows
SELECT 1, start_time, session_id, sessions FROM main._aggregates_open_sessions AS one
WHERE NOT (sessions = 0) AND (start_time, session_id) > (?, ?) AND (start_time, session_id) <= (?,
    ?) AND NOT EXISTS (SELECT 1 FROM temp._shadow_aggregates_open_sessions AS other WHERE
    other.start_time = one.start_time AND other.session_id = one.session_id AND other.sessions IS
    one.sessions)
UNION ALL SELECT 0, start_time, session_id, sessions FROM temp._shadow_aggregates_open_sessions AS
    one
WHERE NOT (sessions = 0) AND (start_time, session_id) > (?, ?) AND (start_time, session_id) <= (?,
    ?) AND NOT EXISTS (SELECT 1 FROM main._aggregates_open_sessions AS other WHERE other.start_time
    = one.start_time AND other.session_id = one.session_id AND other.sessions IS one.sessions);

-- comparison: one
SELECT 1, start_time, session_id, sessions FROM main._aggregates_open_sessions AS one
WHERE NOT (sessions = 0) AND start_time = ? AND session_id = ? AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_aggregates_open_sessions AS other WHERE other.start_time = one.start_time AND
    other.session_id = one.session_id AND other.sessions IS one.sessions)
UNION ALL SELECT 0, start_time, session_id, sessions FROM temp._shadow_aggregates_open_sessions AS
    one
WHERE NOT (sessions = 0) AND start_time = ? AND session_id = ? AND NOT EXISTS (SELECT 1 FROM
    main._aggregates_open_sessions AS other WHERE other.start_time = one.start_time AND
    other.session_id = one.session_id AND other.sessions IS one.sessions);

-- comparison: remove
DELETE FROM main._aggregates_open_sessions WHERE start_time = ? AND session_id = ?;

-- comparison: restore
INSERT INTO main._aggregates_open_sessions (start_time, session_id, sessions) SELECT start_time,
    session_id, sessions FROM temp._shadow_aggregates_open_sessions WHERE NOT (sessions = 0) AND
    start_time = ? AND session_id = ?;

-- dictionary
