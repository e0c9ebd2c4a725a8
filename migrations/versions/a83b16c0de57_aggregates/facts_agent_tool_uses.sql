-- [view] _aggregates_use_image
CREATE VIEW _aggregates_use_image (step, tool_use_id, session_id, agent_name, tool_name, start_time,
    end_time, duration_seconds, status) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0, 0;

-- [view] _aggregates_use_facts
CREATE VIEW _aggregates_use_facts (step, sign, tool_use_id, session, agent, tool, status_name,
    start, "end", duration_ms, unreadable_start, unreadable_end) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0;

-- [trigger] _aggregates_use_image_read
CREATE TRIGGER _aggregates_use_image_read INSTEAD OF INSERT ON _aggregates_use_image BEGIN
INSERT INTO _aggregates_parse VALUES (1, NEW.start_time);
INSERT INTO _aggregates_parse VALUES (2, NEW.end_time);
INSERT INTO _aggregates_use_facts SELECT NEW.step, CASE WHEN NEW.step < 0 THEN -1 ELSE 1 END,
    NEW.tool_use_id, CASE WHEN NEW.session_id < x'' AND NOT instr(NEW.session_id, char(0)) AND
    typeof(NEW.session_id) <> 'real' THEN CAST(NEW.session_id AS TEXT) ELSE '' END, CASE WHEN
    NEW.agent_name < x'' AND NOT instr(NEW.agent_name, char(0)) AND typeof(NEW.agent_name) <> 'real'
    THEN CAST(NEW.agent_name AS TEXT) ELSE '' END, CASE WHEN NEW.tool_name < x'' AND NOT
    instr(NEW.tool_name, char(0)) AND typeof(NEW.tool_name) <> 'real' THEN CAST(NEW.tool_name AS
    TEXT) ELSE '' END, CASE WHEN NEW.status < x'' AND NOT instr(NEW.status, char(0)) AND
    typeof(NEW.status) <> 'real' THEN CAST(NEW.status AS TEXT) ELSE '' END, p1.time, p2.time,
    (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN measured_ms <= 315360000000 THEN measured_ms END
  FROM (SELECT CASE WHEN -(p1.has_offset IS p2.has_offset) THEN ((strftime('%s', p2.time) -
      strftime('%s', p1.time)) * 1000 + substr(p2.time, 21) - substr(p1.time, 21)) END AS one)),
      p1.time IS NULL AND NOT NEW.start_time IS NULL, p2.time IS NULL AND NOT NEW.end_time IS NULL
      FROM _aggregates_parsed AS p1, _aggregates_parsed AS p2, (SELECT CASE WHEN
      NEW.duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.duration_seconds * 1000 + 0.5
      AS INTEGER) END AS measured_ms) WHERE p1.slot = 1 AND p2.slot = 2;
END;

-- [trigger] _aggregates_use_images
CREATE TRIGGER _aggregates_use_images AFTER INSERT ON agent_tool_use_changes BEGIN
INSERT INTO _aggregates_use_image SELECT -1, coalesce(NEW.old_tool_use_id, NEW.tool_use_id),
    NEW.old_session_id, NEW.old_agent_name, NEW.old_tool_name, NEW.old_start_time, NEW.old_end_time,
    NEW.old_duration_seconds, NEW.old_status WHERE NEW.operation <> 'insert' UNION ALL SELECT 1,
    NEW.tool_use_id, NEW.new_session_id, NEW.new_agent_name, NEW.new_tool_name, NEW.new_start_time,
    NEW.new_end_time, NEW.new_duration_seconds, NEW.new_status WHERE NEW.operation <> 'delete';
END;
