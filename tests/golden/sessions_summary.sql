-- table sessions_summary
CREATE TABLE sessions_summary (
  status TEXT,
  sessions INTEGER DEFAULT 0,
  duration_count INTEGER DEFAULT 0,
  duration_ms_sum INTEGER DEFAULT 0,
  PRIMARY KEY (status)
) WITHOUT ROWID;

-- code of an entry
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
      NEW.old_exists END;

-- what adds
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

-- what subtracts
UPDATE sessions_summary SET sessions = sessions - 1, duration_count = duration_count - (CASE WHEN
    (NEW.old_duration_ms IS NOT NULL) THEN 1 ELSE 0 END), duration_ms_sum = duration_ms_sum -
    coalesce(NEW.old_duration_ms, 0)
  WHERE NEW.sessions_summary_posts IN (2, 3) AND status = NEW.old_status_name;
  DELETE FROM sessions_summary WHERE NEW.sessions_summary_posts IN (2, 3) AND status =
      NEW.old_status_name
    AND sessions = 0 AND duration_count = 0 AND duration_ms_sum = 0;

-- recomputation: fold
INSERT INTO _shadow_sessions_summary (status, sessions, duration_count, duration_ms_sum)
SELECT status_name, sum(sign * (1)), sum(sign * (CASE WHEN (duration_ms IS NOT NULL) THEN 1 ELSE 0
    END)), sum(sign * (coalesce(duration_ms, 0)))
FROM temp._aggregates_sessions_facts WHERE true
GROUP BY 1
HAVING sum(sign * (1)) <> 0 OR sum(sign * (CASE WHEN (duration_ms IS NOT NULL) THEN 1 ELSE 0 END))
    <> 0 OR sum(sign * (coalesce(duration_ms, 0))) <> 0
ON CONFLICT (status) DO UPDATE SET sessions = sessions + excluded.sessions, duration_count =
    duration_count + excluded.duration_count, duration_ms_sum = duration_ms_sum +
    excluded.duration_ms_sum;

-- recomputation: sweep
DELETE FROM _shadow_sessions_summary
WHERE (status) IN (
  SELECT status_name FROM temp._aggregates_sessions_facts WHERE sign < 0 AND true)
AND sessions = 0 AND duration_count = 0 AND duration_ms_sum = 0;

-- recomputation: clear
DELETE FROM _shadow_sessions_summary WHERE (status) IN (SELECT status FROM _shadow_sessions_summary
    LIMIT 500);

-- comparison: rows
SELECT 1, status, sessions, duration_count, duration_ms_sum FROM main.sessions_summary AS one
WHERE NOT (sessions = 0 AND duration_count = 0 AND duration_ms_sum = 0) AND (status) > (?) AND
    (status) <= (?) AND NOT EXISTS (SELECT 1 FROM temp._shadow_sessions_summary AS other WHERE
    other.status = one.status AND other.sessions IS one.sessions AND other.duration_count IS
    one.duration_count AND other.duration_ms_sum IS one.duration_ms_sum)
UNION ALL SELECT 0, status, sessions, duration_count, duration_ms_sum FROM
    temp._shadow_sessions_summary AS one
WHERE NOT (sessions = 0 AND duration_count = 0 AND duration_ms_sum = 0) AND (status) > (?) AND
    (status) <= (?) AND NOT EXISTS (SELECT 1 FROM main.sessions_summary AS other WHERE other.status
    = one.status AND other.sessions IS one.sessions AND other.duration_count IS one.duration_count
    AND other.duration_ms_sum IS one.duration_ms_sum);

-- comparison: one
SELECT 1, status, sessions, duration_count, duration_ms_sum FROM main.sessions_summary AS one
WHERE NOT (sessions = 0 AND duration_count = 0 AND duration_ms_sum = 0) AND status = ? AND NOT
    EXISTS (SELECT 1 FROM temp._shadow_sessions_summary AS other WHERE other.status = one.status AND
    other.sessions IS one.sessions AND other.duration_count IS one.duration_count AND
    other.duration_ms_sum IS one.duration_ms_sum)
UNION ALL SELECT 0, status, sessions, duration_count, duration_ms_sum FROM
    temp._shadow_sessions_summary AS one
WHERE NOT (sessions = 0 AND duration_count = 0 AND duration_ms_sum = 0) AND status = ? AND NOT
    EXISTS (SELECT 1 FROM main.sessions_summary AS other WHERE other.status = one.status AND
    other.sessions IS one.sessions AND other.duration_count IS one.duration_count AND
    other.duration_ms_sum IS one.duration_ms_sum);

-- comparison: remove
DELETE FROM main.sessions_summary WHERE status = ?;

-- comparison: restore
INSERT INTO main.sessions_summary (status, sessions, duration_count, duration_ms_sum) SELECT status,
    sessions, duration_count, duration_ms_sum FROM temp._shadow_sessions_summary WHERE NOT (sessions
    = 0 AND duration_count = 0 AND duration_ms_sum = 0) AND status = ?;

-- dictionary
-- sessions_summary: sessions by status, with the durations from their own start to their own end
-- sessions_summary.status: status of the row
-- sessions_summary.sessions: rows of the table sessions
-- sessions_summary.duration_count: with a known duration
-- sessions_summary.duration_ms_sum: milliseconds, where known
