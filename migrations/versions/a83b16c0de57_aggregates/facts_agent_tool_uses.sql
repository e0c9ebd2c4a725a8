-- [view] _aggregates_agent_tool_uses_image
CREATE VIEW _aggregates_agent_tool_uses_image AS SELECT NULL AS step, NULL AS tool_use_id, NULL AS
    session_id, NULL AS agent_name, NULL AS tool_name, NULL AS start_time, NULL AS end_time, NULL AS
    duration_seconds, NULL AS status;

-- [view] _aggregates_agent_tool_uses_times
CREATE VIEW _aggregates_agent_tool_uses_times AS SELECT NULL AS step, NULL AS tool_use_id, NULL AS
    session, NULL AS agent, NULL AS tool, NULL AS status_name, NULL AS start, NULL AS "end", NULL AS
    is_same_clock, NULL AS measured_ms, NULL AS raw_start, NULL AS raw_end;

-- [view] _aggregates_agent_tool_uses_facts
CREATE VIEW _aggregates_agent_tool_uses_facts AS SELECT NULL AS step, NULL AS sign, NULL AS
    tool_use_id, NULL AS session, NULL AS agent, NULL AS tool, NULL AS status_name, NULL AS start,
    NULL AS "end", NULL AS duration_ms;

-- [trigger] _aggregates_agent_tool_uses_image_read
CREATE TRIGGER _aggregates_agent_tool_uses_image_read INSTEAD OF INSERT ON
    _aggregates_agent_tool_uses_image BEGIN
INSERT OR ABORT INTO _aggregates_agent_tool_uses_times VALUES (NEW.step, NEW.tool_use_id, CASE WHEN
    NEW.session_id >= '' AND NEW.session_id < x'' AND NOT instr(NEW.session_id, char(0)) THEN
    NEW.session_id WHEN typeof(NEW.session_id) = 'integer' THEN CAST(NEW.session_id AS TEXT) ELSE ''
    END, CASE WHEN NEW.agent_name >= '' AND NEW.agent_name < x'' AND NOT instr(NEW.agent_name,
    char(0)) THEN NEW.agent_name WHEN typeof(NEW.agent_name) = 'integer' THEN CAST(NEW.agent_name AS
    TEXT) ELSE '' END, CASE WHEN NEW.tool_name >= '' AND NEW.tool_name < x'' AND NOT
    instr(NEW.tool_name, char(0)) THEN NEW.tool_name WHEN typeof(NEW.tool_name) = 'integer' THEN
    CAST(NEW.tool_name AS TEXT) ELSE '' END, CASE WHEN NEW.status >= '' AND NEW.status < x'' AND NOT
    instr(NEW.status, char(0)) THEN NEW.status WHEN typeof(NEW.status) = 'integer' THEN
    CAST(NEW.status AS TEXT) ELSE '' END, CASE WHEN strftime('%Y-%m-%dT%H:%M:%S', NEW.start_time,
    '+0 days') = substr(NEW.start_time, 1, 19) AND NEW.start_time GLOB
    '*.[0-9][0-9][0-9][0-9][0-9][0-9]' AND substr(NEW.start_time, 1, 26) = NEW.start_time AND
    NEW.start_time >= '0001' THEN substr(NEW.start_time, 1, 23) END, CASE WHEN
    strftime('%Y-%m-%dT%H:%M:%S', NEW.end_time, '+0 days') = substr(NEW.end_time, 1, 19) AND
    NEW.end_time GLOB '*.[0-9][0-9][0-9][0-9][0-9][0-9]' AND substr(NEW.end_time, 1, 26) =
    NEW.end_time AND NEW.end_time >= '0001' THEN substr(NEW.end_time, 1, 23) END, 1, CASE WHEN
    NEW.duration_seconds BETWEEN 0 AND 1000000000000 THEN CAST(NEW.duration_seconds * 1000 + 0.5 AS
    INTEGER) END, NEW.start_time, NEW.end_time);
END;

-- [trigger] _aggregates_agent_tool_uses_times_odd
CREATE TRIGGER _aggregates_agent_tool_uses_times_odd INSTEAD OF INSERT ON
    _aggregates_agent_tool_uses_times WHEN NEW.start IS NULL AND NEW.raw_start IS NOT NULL OR
    NEW."end" IS NULL AND NEW.raw_end IS NOT NULL BEGIN
INSERT OR ABORT INTO _aggregates_parse VALUES (1, NEW.raw_start);
INSERT OR ABORT INTO _aggregates_parse VALUES (2, NEW.raw_end);
INSERT OR ABORT INTO _aggregates_agent_tool_uses_times VALUES (NEW.step, NEW.tool_use_id,
    NEW.session, NEW.agent, NEW.tool, NEW.status_name, (SELECT time FROM _aggregates_parsed WHERE
    slot = 1), (SELECT time FROM _aggregates_parsed WHERE slot = 2), (SELECT has_offset FROM
    _aggregates_parsed WHERE slot = 1) = (SELECT has_offset FROM _aggregates_parsed WHERE slot = 2),
    NEW.measured_ms, NULL, NULL);
END;

-- [trigger] _aggregates_agent_tool_uses_times_derive
CREATE TRIGGER _aggregates_agent_tool_uses_times_derive INSTEAD OF INSERT ON
    _aggregates_agent_tool_uses_times WHEN NOT (NEW.start IS NULL AND NEW.raw_start IS NOT NULL OR
    NEW."end" IS NULL AND NEW.raw_end IS NOT NULL) BEGIN
INSERT OR ABORT INTO _aggregates_agent_tool_uses_facts VALUES (NEW.step, CASE WHEN NEW.step < 0 THEN
    -1 ELSE 1 END, NEW.tool_use_id, NEW.session, NEW.agent, NEW.tool, NEW.status_name, NEW.start,
    NEW."end", (SELECT CASE WHEN one BETWEEN 0 AND 315360000000 THEN one
    WHEN NEW.measured_ms <= 315360000000 THEN NEW.measured_ms END
  FROM (SELECT CASE WHEN NEW.is_same_clock THEN ((strftime('%s', NEW."end") - strftime('%s',
      NEW.start)) * 1000 + substr(NEW."end", 21) - substr(NEW.start, 21)) END AS one)));
END;

-- [trigger] _aggregates_agent_tool_uses_adds
CREATE TRIGGER _aggregates_agent_tool_uses_adds AFTER INSERT ON agent_tool_use_changes WHEN
    NEW.operation <> 'delete' BEGIN
INSERT OR ABORT INTO _aggregates_agent_tool_uses_image VALUES (NEW.is_ending IS NULL,
    NEW.tool_use_id, NEW.new_session_id, NEW.new_agent_name, NEW.new_tool_name, NEW.new_start_time,
    NEW.new_end_time, NEW.new_duration_seconds, NEW.new_status);
END;

-- [trigger] _aggregates_agent_tool_uses_subtracts
CREATE TRIGGER _aggregates_agent_tool_uses_subtracts AFTER INSERT ON agent_tool_use_changes WHEN
    NEW.operation <> 'insert' AND NEW.is_ending IS NULL BEGIN
INSERT OR ABORT INTO _aggregates_agent_tool_uses_image VALUES (-1, coalesce(NEW.old_tool_use_id,
    NEW.tool_use_id), NEW.old_session_id, NEW.old_agent_name, NEW.old_tool_name, NEW.old_start_time,
    NEW.old_end_time, NEW.old_duration_seconds, NEW.old_status);
END;
