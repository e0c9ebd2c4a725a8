-- [view] _aggregates_use_image
CREATE VIEW _aggregates_use_image (step, x1, x2, x3, x4, x5, x6, x7, x8, x9) AS SELECT 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0
    /* x1 tool_use_id, x2 session_id, x3 agent_name, x4 tool_name, x5 start_time, x6 end_time, x7 duration_seconds, x8 status, x9 nul */;

-- [view] _aggregates_use_facts
CREATE VIEW _aggregates_use_facts (step, sign, tool_use_id, session, agent, tool, status_name,
    start, "end", duration_ms, unreadable_start, unreadable_end) AS SELECT 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0;

-- [trigger] _aggregates_use_image_read
CREATE TRIGGER _aggregates_use_image_read INSTEAD OF INSERT ON _aggregates_use_image BEGIN
INSERT INTO _aggregates_parse VALUES (1, NEW.x5);
INSERT INTO _aggregates_parse VALUES (2, NEW.x6);
INSERT INTO _aggregates_use_facts SELECT NEW.step, CASE WHEN NEW.step < 0 THEN -1 ELSE 1 END,
    NEW.x1, CASE WHEN NEW.x2 < x'' AND NOT instr(NEW.x2, NEW.x9)
    /* unless "agent_tool_uses"."session_id" is of text: AND typeof(NEW.x2) <> 'real' */ THEN
    CAST(NEW.x2 AS TEXT) ELSE '' END, CASE WHEN NEW.x3 < x'' AND NOT instr(NEW.x3, NEW.x9)
    /* unless "agent_tool_uses"."agent_name" is of text: AND typeof(NEW.x3) <> 'real' */ THEN
    CAST(NEW.x3 AS TEXT) ELSE '' END, CASE WHEN NEW.x4 < x'' AND NOT instr(NEW.x4, NEW.x9)
    /* unless "agent_tool_uses"."tool_name" is of text: AND typeof(NEW.x4) <> 'real' */ THEN
    CAST(NEW.x4 AS TEXT) ELSE '' END, CASE WHEN NEW.x8 < x'' AND NOT instr(NEW.x8, NEW.x9)
    /* unless "agent_tool_uses"."status" is of text: AND typeof(NEW.x8) <> 'real' */ THEN
    CAST(NEW.x8 AS TEXT) ELSE '' END, p1.time, p2.time, (SELECT CASE WHEN one BETWEEN 0 AND
    315360000000 THEN one
    WHEN measured_ms <= 315360000000 THEN measured_ms END
  FROM (SELECT CASE WHEN (-(p1.has_offset IS p2.has_offset) AND p2.time IS NOT NULL) THEN
      ((strftime('%s', p2.time) - strftime('%s', p1.time)) * 1000 + substr(p2.time, 21) -
      substr(p1.time, 21)) END AS one)), p1.time IS NULL AND NOT NEW.x5 IS NULL, p2.time IS NULL AND
      NOT NEW.x6 IS NULL FROM _aggregates_parsed AS p1, _aggregates_parsed AS p2, (SELECT CASE WHEN
      NEW.x7 BETWEEN 0 AND 1000000000000 THEN CAST(NEW.x7 * 1000 + 0.5 AS INTEGER) END AS
      measured_ms) WHERE p1.slot = 1 AND p2.slot = 2;
END;

-- [trigger] _aggregates_use_images
CREATE TRIGGER _aggregates_use_images AFTER INSERT ON agent_tool_use_changes BEGIN
INSERT INTO _aggregates_use_image SELECT -1, coalesce(NEW.old_tool_use_id, NEW.tool_use_id),
    NEW.old_session_id, NEW.old_agent_name, NEW.old_tool_name, NEW.old_start_time, NEW.old_end_time,
    NEW.old_duration_seconds, NEW.old_status, char(0) WHERE NEW.operation <> 'insert' UNION ALL
    SELECT 1, NEW.tool_use_id, NEW.new_session_id, NEW.new_agent_name, NEW.new_tool_name,
    NEW.new_start_time, NEW.new_end_time, NEW.new_duration_seconds, NEW.new_status, char(0) WHERE
    NEW.operation <> 'delete';
END;
