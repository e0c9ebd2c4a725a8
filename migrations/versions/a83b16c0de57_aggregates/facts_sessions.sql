-- [view] _aggregates_sessions_image
CREATE VIEW _aggregates_sessions_image (step, x1, x2, x3, x4, x5, x6) AS SELECT 0, 0, 0, 0, 0, 0, 0
    /* x1 session_row, x2 session_id, x3 start_time, x4 end_time, x5 status, x6 nul */;

-- [view] _aggregates_sessions_facts
CREATE VIEW _aggregates_sessions_facts (step, sign, session_row, session, status_name, start, "end",
    duration_ms, is_open, unreadable_start, unreadable_end) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0;

-- [trigger] _aggregates_sessions_image_read
CREATE TRIGGER _aggregates_sessions_image_read INSTEAD OF INSERT ON _aggregates_sessions_image BEGIN
INSERT INTO _aggregates_parse VALUES (1, NEW.x3);
INSERT INTO _aggregates_parse VALUES (2, NEW.x4);
INSERT INTO _aggregates_sessions_facts SELECT NEW.step, CASE WHEN NEW.step < 0 THEN -1 ELSE 1 END,
    NEW.x1, CASE WHEN NEW.x2 < x'' AND NOT instr(NEW.x2, NEW.x6)
    /* unless "sessions"."session_id" is of text: AND typeof(NEW.x2) <> 'real' */ THEN CAST(NEW.x2
    AS TEXT) ELSE '' END, status_name, p1.time, p2.time, (SELECT CASE WHEN one BETWEEN 0 AND
    315360000000 THEN one
    WHEN NULL <= 315360000000 THEN NULL END
  FROM (SELECT CASE WHEN (-(p1.has_offset IS p2.has_offset) AND p2.time IS NOT NULL) THEN
      ((strftime('%s', p2.time) - strftime('%s', p1.time)) * 1000 + substr(p2.time, 21) -
      substr(p1.time, 21)) END AS one)), p1.time IS NOT NULL AND NEW.x4 IS NULL AND NOT (status_name
      = 'completed' OR status_name = 'failed' OR status_name = 'error'), p1.time IS NULL AND NOT
      NEW.x3 IS NULL, p2.time IS NULL AND NOT NEW.x4 IS NULL FROM _aggregates_parsed AS p1,
      _aggregates_parsed AS p2, (SELECT CASE WHEN NEW.x5 < x'' AND NOT instr(NEW.x5, NEW.x6)
      /* unless "sessions"."status" is of text: AND typeof(NEW.x5) <> 'real' */ THEN CAST(NEW.x5 AS
      TEXT) ELSE '' END AS status_name) WHERE p1.slot = 1 AND p2.slot = 2;
END;

-- [trigger] _aggregates_sessions_images
CREATE TRIGGER _aggregates_sessions_images AFTER INSERT ON session_changes BEGIN
INSERT INTO _aggregates_sessions_image SELECT -1, coalesce(NEW.old_session_row, NEW.session_row),
    NEW.old_session_id, NEW.old_start_time, NEW.old_end_time, NEW.old_status, char(0) WHERE
    NEW.operation <> 'insert' UNION ALL SELECT 1, NEW.session_row, NEW.new_session_id,
    NEW.new_start_time, NEW.new_end_time, NEW.new_status, char(0) WHERE NEW.operation <> 'delete';
END;
