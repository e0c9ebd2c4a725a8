-- [view] _aggregates_sessions_facts_1
CREATE VIEW _aggregates_sessions_facts_1 (
  updated_at, seq, old_exists, old_start_time, old_end_time, old_status, old_session,
      old_status_name, old_start, old_end, new_exists, new_start_time, new_end_time, new_status,
      new_session, new_status_name, new_start, new_end
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL;

-- [view] _aggregates_sessions_posting
CREATE VIEW _aggregates_sessions_posting (
  updated_at, seq, sessions_summary_posts, sessions_by_start_posts, open_sessions_posts,
      old_duration_ms, old_is_open, old_session, old_start, old_status_name, new_duration_ms,
      new_is_open, new_session, new_start, new_status_name
) AS SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL;

-- [trigger] _aggregates_sessions_post_2
CREATE TRIGGER _aggregates_sessions_post_2 INSTEAD OF INSERT ON _aggregates_sessions_facts_1
BEGIN
  INSERT INTO _aggregates_sessions_posting VALUES (
  NEW.updated_at,
  NEW.seq,
  CASE WHEN NEW.old_exists AND NEW.new_exists AND NEW.old_status_name = NEW.new_status_name
    THEN CASE WHEN CASE WHEN ((SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.old_end, 1, 19)) - strftime('%s',
      substr(NEW.old_start, 1, 19))) * 1000 + substr(NEW.old_end, 21) - substr(NEW.old_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)) IS NOT NULL) THEN 1 ELSE 0 END <> CASE WHEN
      ((SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.new_end, 1, 19)) - strftime('%s',
      substr(NEW.new_start, 1, 19))) * 1000 + substr(NEW.new_end, 21) - substr(NEW.new_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)) IS NOT NULL) THEN 1 ELSE 0 END OR
      coalesce((SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.old_end, 1, 19)) - strftime('%s',
      substr(NEW.old_start, 1, 19))) * 1000 + substr(NEW.old_end, 21) - substr(NEW.old_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)), 0) <> coalesce((SELECT CASE WHEN one BETWEEN 0
      AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.new_end, 1, 19)) - strftime('%s',
      substr(NEW.new_start, 1, 19))) * 1000 + substr(NEW.new_end, 21) - substr(NEW.new_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)), 0) THEN 4 ELSE 0 END ELSE NEW.new_exists + 2 *
      NEW.old_exists END,
  CASE WHEN (NEW.old_exists AND NEW.old_start IS NOT NULL) AND (NEW.new_exists AND NEW.new_start IS
      NOT NULL) AND NEW.old_session = NEW.new_session AND NEW.old_start = NEW.new_start
    THEN 0 ELSE (NEW.new_exists AND NEW.new_start IS NOT NULL) + 2 * (NEW.old_exists AND
    NEW.old_start IS NOT NULL) END,
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
    coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') = 'error')) END,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.old_start_time, -1) = 'Z' OR substr(NEW.old_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.old_end_time, -1) = 'Z' OR substr(NEW.old_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.old_end, 1, 19)) - strftime('%s',
      substr(NEW.old_start, 1, 19))) * 1000 + substr(NEW.old_end, 21) - substr(NEW.old_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)),
  NEW.old_start IS NOT NULL AND NEW.old_end_time IS NULL AND NOT (coalesce(NEW.old_status, '') =
      'completed' OR coalesce(NEW.old_status, '') = 'failed' OR coalesce(NEW.old_status, '') =
      'error'),
  NEW.old_session,
  NEW.old_start,
  NEW.old_status_name,
  (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN other BETWEEN 0 AND 315360000000 THEN other END
  FROM (SELECT CASE WHEN ((substr(NEW.new_start_time, -1) = 'Z' OR substr(NEW.new_start_time, -6, 1)
      IN ('+', '-')) = (substr(NEW.new_end_time, -1) = 'Z' OR substr(NEW.new_end_time, -6, 1) IN
      ('+', '-'))) THEN ((strftime('%s', substr(NEW.new_end, 1, 19)) - strftime('%s',
      substr(NEW.new_start, 1, 19))) * 1000 + substr(NEW.new_end, 21) - substr(NEW.new_start, 21))
      END AS one, NULL AS other LIMIT 1 OFFSET 0)),
  NEW.new_start IS NOT NULL AND NEW.new_end_time IS NULL AND NOT (coalesce(NEW.new_status, '') =
      'completed' OR coalesce(NEW.new_status, '') = 'failed' OR coalesce(NEW.new_status, '') =
      'error'),
  NEW.new_session,
  NEW.new_start,
  NEW.new_status_name);
END;

-- [trigger] _aggregates_sessions_plus
CREATE TRIGGER _aggregates_sessions_plus INSTEAD OF INSERT ON _aggregates_sessions_posting
BEGIN
  INSERT INTO sessions_summary (status, sessions, duration_count, duration_ms_sum)
  SELECT NEW.new_status_name,
    CASE NEW.sessions_summary_posts WHEN 4 THEN 0 ELSE 1 END,
    (CASE WHEN (NEW.new_duration_ms IS NOT NULL) THEN 1 ELSE 0 END) - CASE
    NEW.sessions_summary_posts WHEN 4 THEN (CASE WHEN (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE
    0 END) ELSE 0 END,
    coalesce(NEW.new_duration_ms, 0) - CASE NEW.sessions_summary_posts WHEN 4 THEN
    coalesce(NEW.old_duration_ms, 0) ELSE 0 END
  WHERE NEW.sessions_summary_posts NOT IN (0, 2)
  ON CONFLICT (status) DO UPDATE SET
    sessions = sessions + excluded.sessions, duration_count = duration_count +
    excluded.duration_count, duration_ms_sum = duration_ms_sum + excluded.duration_ms_sum;
  INSERT INTO _aggregates_sessions_by_start (start_time, session_id, sessions)
  SELECT NEW.new_start, NEW.new_session,
    CASE NEW.sessions_by_start_posts WHEN 4 THEN 0 ELSE 1 END
  WHERE NEW.sessions_by_start_posts NOT IN (0, 2)
  ON CONFLICT (start_time, session_id) DO UPDATE SET
    sessions = sessions + excluded.sessions;
  INSERT INTO _aggregates_open_sessions (start_time, session_id, sessions)
  SELECT NEW.new_start, NEW.new_session,
    CASE NEW.open_sessions_posts WHEN 4 THEN 0 ELSE 1 END
  WHERE NEW.open_sessions_posts NOT IN (0, 2)
  ON CONFLICT (start_time, session_id) DO UPDATE SET
    sessions = sessions + excluded.sessions;
END;

-- [trigger] _aggregates_sessions_minus
CREATE TRIGGER _aggregates_sessions_minus INSTEAD OF INSERT ON _aggregates_sessions_posting
WHEN NEW.sessions_summary_posts IN (2, 3) OR NEW.sessions_by_start_posts IN (2, 3) OR
    NEW.open_sessions_posts IN (2, 3)
BEGIN
  UPDATE sessions_summary SET sessions = sessions - 1, duration_count = duration_count - (CASE WHEN
      (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END), duration_ms_sum = duration_ms_sum -
      coalesce(NEW.old_duration_ms, 0)
  WHERE NEW.sessions_summary_posts IN (2, 3) AND status = NEW.old_status_name;
  DELETE FROM sessions_summary WHERE NEW.sessions_summary_posts IN (2, 3) AND status =
      NEW.old_status_name
    AND sessions = 0 AND duration_count = 0 AND duration_ms_sum = 0;
  UPDATE _aggregates_sessions_by_start SET sessions = sessions - 1
  WHERE NEW.sessions_by_start_posts IN (2, 3) AND start_time = NEW.old_start AND session_id =
      NEW.old_session;
  DELETE FROM _aggregates_sessions_by_start WHERE NEW.sessions_by_start_posts IN (2, 3) AND
      start_time = NEW.old_start AND session_id = NEW.old_session
    AND sessions = 0;
  UPDATE _aggregates_open_sessions SET sessions = sessions - 1
  WHERE NEW.open_sessions_posts IN (2, 3) AND start_time = NEW.old_start AND session_id =
      NEW.old_session;
  DELETE FROM _aggregates_open_sessions WHERE NEW.open_sessions_posts IN (2, 3) AND start_time =
      NEW.old_start AND session_id = NEW.old_session
    AND sessions = 0;
END;
