-- [view] _aggregates_sessions_image
CREATE VIEW _aggregates_sessions_image (step, session_row, session_id, start_time, end_time, status)
    AS SELECT 0, 0, 0, 0, 0, 0;

-- [view] _aggregates_sessions_facts
CREATE VIEW _aggregates_sessions_facts (step, sign, session_row, session, status_name, start, "end",
    duration_ms, is_open, unreadable_start, unreadable_end) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0;

-- [trigger] _aggregates_sessions_image_read
CREATE TRIGGER _aggregates_sessions_image_read INSTEAD OF INSERT ON _aggregates_sessions_image BEGIN
INSERT OR ABORT INTO _aggregates_parse VALUES (1, NEW.start_time);
INSERT OR ABORT INTO _aggregates_parse VALUES (2, NEW.end_time);
INSERT OR ABORT INTO _aggregates_sessions_facts SELECT NEW.step, CASE WHEN NEW.step < 0 THEN -1 ELSE
    1 END, NEW.session_row, CASE WHEN NEW.session_id < x'' AND NOT instr(NEW.session_id, char(0))
    AND typeof(NEW.session_id) <> 'real' THEN CAST(NEW.session_id AS TEXT) ELSE '' END, status_name,
    parsed_1.time, parsed_2.time, (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN NULL <= 315360000000 THEN NULL END
  FROM (SELECT CASE WHEN parsed_1.has_offset = parsed_2.has_offset THEN ((strftime('%s',
      parsed_2.time) - strftime('%s', parsed_1.time)) * 1000 + substr(parsed_2.time, 21) -
      substr(parsed_1.time, 21)) END AS one)), parsed_1.time IS NOT NULL AND has_no_end AND NOT
      (status_name = 'completed' OR status_name = 'failed' OR status_name = 'error'), parsed_1.time
      IS NULL AND NOT has_no_start, parsed_2.time IS NULL AND NOT has_no_end FROM _aggregates_parsed
      AS parsed_1, _aggregates_parsed AS parsed_2, (SELECT CASE WHEN NEW.status < x'' AND NOT
      instr(NEW.status, char(0)) AND typeof(NEW.status) <> 'real' THEN CAST(NEW.status AS TEXT) ELSE
      '' END AS status_name, NEW.start_time IS NULL AS has_no_start, NEW.end_time IS NULL AS
      has_no_end) WHERE parsed_1.slot = 1 AND parsed_2.slot = 2;
END;

-- [trigger] _aggregates_sessions_adds
CREATE TRIGGER _aggregates_sessions_adds AFTER INSERT ON session_changes WHEN NEW.operation <>
    'delete' BEGIN
INSERT OR ABORT INTO _aggregates_sessions_image VALUES (1, NEW.session_row, NEW.new_session_id,
    NEW.new_start_time, NEW.new_end_time, NEW.new_status);
END;

-- [trigger] _aggregates_sessions_subtracts
CREATE TRIGGER _aggregates_sessions_subtracts AFTER INSERT ON session_changes WHEN NEW.operation <>
    'insert' BEGIN
INSERT OR ABORT INTO _aggregates_sessions_image VALUES (-1, coalesce(NEW.old_session_row,
    NEW.session_row), NEW.old_session_id, NEW.old_start_time, NEW.old_end_time, NEW.old_status);
END;
