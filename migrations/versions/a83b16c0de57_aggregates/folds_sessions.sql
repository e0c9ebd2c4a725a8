-- [group] sessions 1
INSERT INTO temp._aggregates_grouped_sessions_summary (status, sessions, duration_count,
    duration_ms_sum, unreadable_times)
SELECT status_name, sum(sign), sum(sign * ((duration_ms IS NOT NULL))), sum(sign *
    (coalesce(duration_ms, 0))), sum(sign * ((unreadable_start OR unreadable_end)))
FROM temp._aggregates_sessions_read
GROUP BY 1 HAVING sum(sign) <> 0 OR sum(sign * ((duration_ms IS NOT NULL))) <> 0 OR sum(sign *
    (coalesce(duration_ms, 0))) <> 0 OR sum(sign * ((unreadable_start OR unreadable_end))) <> 0;

-- [group] sessions 2
INSERT INTO temp._aggregates_grouped__aggregates_sessions_by_start (start_time, session_id,
    sessions)
SELECT start, session, sum(sign)
FROM temp._aggregates_sessions_read WHERE start IS NOT NULL
GROUP BY 1, 2 HAVING sum(sign) <> 0;

-- [group] sessions 3
INSERT INTO temp._aggregates_grouped__aggregates_open_sessions (start_time, session_id, sessions)
SELECT start, session, sum(sign)
FROM temp._aggregates_sessions_read WHERE is_open
GROUP BY 1, 2 HAVING sum(sign) <> 0;

-- [fold] sessions 1
INSERT INTO sessions_summary (status, sessions, duration_count, duration_ms_sum, unreadable_times)
SELECT status, sessions, duration_count, duration_ms_sum, unreadable_times FROM
    temp._aggregates_grouped_sessions_summary WHERE true
ON CONFLICT (status) DO UPDATE SET sessions = sessions + excluded.sessions, duration_count =
    duration_count + excluded.duration_count, duration_ms_sum = duration_ms_sum +
    excluded.duration_ms_sum, unreadable_times = unreadable_times + excluded.unreadable_times;

-- [fold] sessions 2
INSERT INTO _aggregates_sessions_by_start (start_time, session_id, sessions)
SELECT start_time, session_id, sessions FROM temp._aggregates_grouped__aggregates_sessions_by_start
    WHERE true
ON CONFLICT (start_time, session_id) DO UPDATE SET sessions = sessions + excluded.sessions;

-- [fold] sessions 3
INSERT INTO _aggregates_open_sessions (start_time, session_id, sessions)
SELECT start_time, session_id, sessions FROM temp._aggregates_grouped__aggregates_open_sessions
    WHERE true
ON CONFLICT (start_time, session_id) DO UPDATE SET sessions = sessions + excluded.sessions;

-- [sweep] sessions 1
DELETE FROM sessions_summary WHERE (status) IN (
  SELECT status_name FROM temp._aggregates_sessions_read WHERE true AND sign < 0) AND sessions = 0
      AND duration_count = 0 AND duration_ms_sum = 0 AND unreadable_times = 0;

-- [sweep] sessions 2
DELETE FROM _aggregates_sessions_by_start WHERE (start_time, session_id) IN (
  SELECT start, session FROM temp._aggregates_sessions_read WHERE start IS NOT NULL AND sign < 0)
      AND sessions = 0;

-- [sweep] sessions 3
DELETE FROM _aggregates_open_sessions WHERE (start_time, session_id) IN (
  SELECT start, session FROM temp._aggregates_sessions_read WHERE is_open AND sign < 0) AND sessions
      = 0;

-- [clear] sessions 1
DELETE FROM sessions_summary WHERE (status) IN (SELECT status FROM sessions_summary LIMIT 500);

-- [clear] sessions 2
DELETE FROM _aggregates_sessions_by_start WHERE (start_time, session_id) IN (SELECT start_time,
    session_id FROM _aggregates_sessions_by_start LIMIT 500);

-- [clear] sessions 3
DELETE FROM _aggregates_open_sessions WHERE (start_time, session_id) IN (SELECT start_time,
    session_id FROM _aggregates_open_sessions LIMIT 500);
