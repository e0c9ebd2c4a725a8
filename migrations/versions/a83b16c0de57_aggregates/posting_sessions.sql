-- [trigger] _aggregates_sessions_post_rows
CREATE TRIGGER _aggregates_sessions_post_rows INSTEAD OF INSERT ON _aggregates_sessions_facts BEGIN
INSERT INTO sessions_summary (status, sessions, duration_count, duration_ms_sum, unreadable_times)
  VALUES ( NEW.status_name, NEW.step, NEW.sign * ((NEW.duration_ms IS NOT NULL)), NEW.sign *
      (coalesce(NEW.duration_ms, 0)), NEW.sign * ((NEW.unreadable_start OR NEW.unreadable_end)))
  ON CONFLICT (status) DO UPDATE SET sessions = sessions + excluded.sessions, duration_count =
      duration_count + excluded.duration_count, duration_ms_sum = duration_ms_sum +
      excluded.duration_ms_sum, unreadable_times = unreadable_times + excluded.unreadable_times;
DELETE FROM sessions_summary WHERE NEW.step < 1 AND status = NEW.status_name AND sessions = 0;
END;

-- [trigger] _aggregates_sessions_post_started
CREATE TRIGGER _aggregates_sessions_post_started INSTEAD OF INSERT ON _aggregates_sessions_facts
    WHEN NEW.start IS NOT NULL BEGIN
INSERT INTO _aggregates_sessions_by_start (start_time, session_id, sessions)
  VALUES ( NEW.start, NEW.session, NEW.step)
  ON CONFLICT (start_time, session_id) DO UPDATE SET sessions = sessions + excluded.sessions;
DELETE FROM _aggregates_sessions_by_start WHERE NEW.step < 1 AND start_time = NEW.start AND
    session_id = NEW.session AND sessions = 0;
END;

-- [trigger] _aggregates_sessions_post_open
CREATE TRIGGER _aggregates_sessions_post_open INSTEAD OF INSERT ON _aggregates_sessions_facts WHEN
    NEW.is_open BEGIN
INSERT INTO _aggregates_open_sessions (start_time, session_id, sessions)
  VALUES ( NEW.start, NEW.session, NEW.step)
  ON CONFLICT (start_time, session_id) DO UPDATE SET sessions = sessions + excluded.sessions;
DELETE FROM _aggregates_open_sessions WHERE NEW.step < 1 AND start_time = NEW.start AND session_id =
    NEW.session AND sessions = 0;
END;
