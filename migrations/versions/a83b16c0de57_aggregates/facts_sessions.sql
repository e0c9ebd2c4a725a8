-- [view] _aggregates_sessions_image
CREATE VIEW _aggregates_sessions_image AS SELECT NULL AS step, NULL AS session_row, NULL AS
    session_id, NULL AS start_time, NULL AS end_time, NULL AS status;

-- [view] _aggregates_sessions_times
CREATE VIEW _aggregates_sessions_times AS SELECT NULL AS step, NULL AS session_row, NULL AS session,
    NULL AS status_name, NULL AS start, NULL AS "end", NULL AS is_same_clock, NULL AS has_no_end,
    NULL AS raw_start, NULL AS raw_end;

-- [view] _aggregates_sessions_facts
CREATE VIEW _aggregates_sessions_facts AS SELECT NULL AS step, NULL AS sign, NULL AS session_row,
    NULL AS session, NULL AS status_name, NULL AS start, NULL AS "end", NULL AS duration_ms, NULL AS
    is_open;

-- [trigger] _aggregates_sessions_image_read
CREATE TRIGGER _aggregates_sessions_image_read INSTEAD OF INSERT ON _aggregates_sessions_image BEGIN
INSERT OR ABORT INTO _aggregates_sessions_times VALUES (NEW.step, NEW.session_row, CASE WHEN
    NEW.session_id >= '' AND NEW.session_id < x'' AND NOT instr(NEW.session_id, char(0)) THEN
    NEW.session_id WHEN typeof(NEW.session_id) = 'integer' THEN CAST(NEW.session_id AS TEXT) ELSE ''
    END, CASE WHEN NEW.status >= '' AND NEW.status < x'' AND NOT instr(NEW.status, char(0)) THEN
    NEW.status WHEN typeof(NEW.status) = 'integer' THEN CAST(NEW.status AS TEXT) ELSE '' END, CASE
    WHEN strftime('%Y-%m-%dT%H:%M:%S', NEW.start_time, '+0 days') = substr(NEW.start_time, 1, 19)
    AND NEW.start_time GLOB '*.[0-9][0-9][0-9][0-9][0-9][0-9]' AND substr(NEW.start_time, 1, 26) =
    NEW.start_time AND NEW.start_time >= '0001' THEN substr(NEW.start_time, 1, 23) END, CASE WHEN
    strftime('%Y-%m-%dT%H:%M:%S', NEW.end_time, '+0 days') = substr(NEW.end_time, 1, 19) AND
    NEW.end_time GLOB '*.[0-9][0-9][0-9][0-9][0-9][0-9]' AND substr(NEW.end_time, 1, 26) =
    NEW.end_time AND NEW.end_time >= '0001' THEN substr(NEW.end_time, 1, 23) END, 1, NEW.end_time IS
    NULL, NEW.start_time, NEW.end_time);
END;

-- [trigger] _aggregates_sessions_times_odd
CREATE TRIGGER _aggregates_sessions_times_odd INSTEAD OF INSERT ON _aggregates_sessions_times WHEN
    NEW.start IS NULL AND NEW.raw_start IS NOT NULL OR NEW."end" IS NULL AND NEW.raw_end IS NOT NULL
    BEGIN
INSERT OR ABORT INTO _aggregates_parse VALUES (1, NEW.raw_start);
INSERT OR ABORT INTO _aggregates_parse VALUES (2, NEW.raw_end);
INSERT OR ABORT INTO _aggregates_sessions_times VALUES (NEW.step, NEW.session_row, NEW.session,
    NEW.status_name, (SELECT time FROM _aggregates_parsed WHERE slot = 1), (SELECT time FROM
    _aggregates_parsed WHERE slot = 2), (SELECT has_offset FROM _aggregates_parsed WHERE slot = 1) =
    (SELECT has_offset FROM _aggregates_parsed WHERE slot = 2), NEW.has_no_end, NULL, NULL);
END;

-- [trigger] _aggregates_sessions_times_derive
CREATE TRIGGER _aggregates_sessions_times_derive INSTEAD OF INSERT ON _aggregates_sessions_times
    WHEN NOT (NEW.start IS NULL AND NEW.raw_start IS NOT NULL OR NEW."end" IS NULL AND NEW.raw_end
    IS NOT NULL) BEGIN
INSERT OR ABORT INTO _aggregates_sessions_facts VALUES (NEW.step, CASE WHEN NEW.step < 0 THEN -1
    ELSE 1 END, NEW.session_row, NEW.session, NEW.status_name, NEW.start, NEW."end", (SELECT CASE
    WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN NULL <= 315360000000 THEN NULL END
  FROM (SELECT CASE WHEN NEW.is_same_clock THEN ((strftime('%s', NEW."end") - strftime('%s',
      NEW.start)) * 1000 + substr(NEW."end", 21) - substr(NEW.start, 21)) END AS one)), NEW.start IS
      NOT NULL AND NEW.has_no_end AND NOT (NEW.status_name = 'completed' OR NEW.status_name =
      'failed' OR NEW.status_name = 'error'));
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
