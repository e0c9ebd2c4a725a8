-- [table] agent_tool_use_changes
CREATE TABLE agent_tool_use_changes (
seq INTEGER PRIMARY KEY,
operation TEXT,
updated_at TEXT,
tool_use_id INTEGER,
old_tool_use_id INTEGER,
old_session_id,
new_session_id,
old_agent_name,
new_agent_name,
old_tool_name,
new_tool_name,
old_start_time,
new_start_time,
old_end_time,
new_end_time,
old_duration_seconds,
new_duration_seconds,
old_status,
new_status
);

-- [table] _aggregates_use_replaced
CREATE TABLE _aggregates_use_replaced (tool_use_id, session_id, agent_name, tool_name, start_time,
    end_time, duration_seconds, status);

-- [view] _aggregates_use_gone
CREATE VIEW _aggregates_use_gone AS SELECT * FROM _aggregates_use_replaced;

-- [trigger] _aggregates_use_gone_log
CREATE TRIGGER _aggregates_use_gone_log INSTEAD OF INSERT ON _aggregates_use_gone BEGIN
INSERT OR ABORT INTO agent_tool_use_changes VALUES (NULL, 'delete', strftime('%Y-%m-%dT%H:%M:%fZ',
    'now'), NEW.tool_use_id, NULL, NEW.session_id, NULL, NEW.agent_name, NULL, NEW.tool_name, NULL,
    NEW.start_time, NULL, NEW.end_time, NULL, NEW.duration_seconds, NULL, NEW.status, NULL);
END;

-- [trigger] _aggregates_use_before_insert
CREATE TRIGGER _aggregates_use_before_insert BEFORE INSERT ON agent_tool_uses BEGIN
DELETE FROM _aggregates_use_replaced WHERE 1;
INSERT INTO _aggregates_use_replaced SELECT id, session_id, agent_name, tool_name, start_time,
    end_time, duration_seconds, status FROM agent_tool_uses AS clash WHERE (clash.id = NEW.id
    /* or the same value of another unique key */);
END;

-- [trigger] _aggregates_use_before_update
CREATE TRIGGER _aggregates_use_before_update BEFORE UPDATE OF id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_tool_uses BEGIN
DELETE FROM _aggregates_use_replaced WHERE 1;
INSERT INTO _aggregates_use_replaced SELECT id, session_id, agent_name, tool_name, start_time,
    end_time, duration_seconds, status FROM agent_tool_uses AS clash WHERE (clash.id = NEW.id
    /* or the same value of another unique key */) AND clash.id <> OLD.id;
END;

-- [trigger] _aggregates_use_insert
CREATE TRIGGER _aggregates_use_insert AFTER INSERT ON agent_tool_uses BEGIN
INSERT OR ABORT INTO _aggregates_use_gone SELECT * FROM _aggregates_use_replaced WHERE tool_use_id =
    NEW.id /* or the row tool_use_id is gone */;
DELETE FROM _aggregates_use_replaced WHERE 1;
INSERT OR ABORT INTO agent_tool_use_changes VALUES (NULL, 'insert', strftime('%Y-%m-%dT%H:%M:%fZ',
    'now'), NEW.id, NULL, NULL, NEW.session_id, NULL, NEW.agent_name, NULL, NEW.tool_name, NULL,
    NEW.start_time, NULL, NEW.end_time, NULL, NEW.duration_seconds, NULL, NEW.status);
END;

-- [trigger] _aggregates_use_delete
CREATE TRIGGER _aggregates_use_delete AFTER DELETE ON agent_tool_uses BEGIN
DELETE FROM _aggregates_use_replaced WHERE tool_use_id = OLD.id;
INSERT OR ABORT INTO _aggregates_use_gone VALUES (OLD.id, OLD.session_id, OLD.agent_name,
    OLD.tool_name, OLD.start_time, OLD.end_time, OLD.duration_seconds, OLD.status);
END;

-- [trigger] _aggregates_use_update
CREATE TRIGGER _aggregates_use_update AFTER UPDATE OF session_id, agent_name, tool_name, start_time,
    end_time, duration_seconds, status, id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_tool_uses WHEN OLD.id <> NEW.id OR
    (OLD.status COLLATE BINARY, OLD.duration_seconds COLLATE BINARY, OLD.end_time COLLATE BINARY,
    OLD.start_time COLLATE BINARY, OLD.tool_name COLLATE BINARY, OLD.agent_name COLLATE BINARY,
    OLD.session_id COLLATE BINARY) IS NOT (NEW.status, NEW.duration_seconds, NEW.end_time,
    NEW.start_time, NEW.tool_name, NEW.agent_name, NEW.session_id)
    /* or another type, in columns of "agent_tool_uses" without one: "status", "duration_seconds", "end_time", "start_time", "tool_name", "agent_name", "session_id" */
    BEGIN
INSERT OR ABORT INTO agent_tool_use_changes VALUES (NULL, 'update', strftime('%Y-%m-%dT%H:%M:%fZ',
    'now'), NEW.id, nullif(OLD.id, NEW.id), OLD.session_id, NEW.session_id, OLD.agent_name,
    NEW.agent_name, OLD.tool_name, NEW.tool_name, OLD.start_time, NEW.start_time, OLD.end_time,
    NEW.end_time, OLD.duration_seconds, NEW.duration_seconds, OLD.status, NEW.status);
END;

-- [trigger] _aggregates_use_replaced
CREATE TRIGGER _aggregates_use_replaced AFTER UPDATE OF id, rowid, oid, _rowid_
    /* and the columns of other unique keys */ ON agent_tool_uses BEGIN
INSERT OR ABORT INTO _aggregates_use_gone SELECT * FROM _aggregates_use_replaced WHERE tool_use_id =
    NEW.id AND OLD.id <> NEW.id OR NOT EXISTS (SELECT 1 FROM agent_tool_uses AS kept WHERE kept.id =
    tool_use_id);
DELETE FROM _aggregates_use_replaced WHERE 1;
END;

-- [trigger] _aggregates_use_prune
CREATE TRIGGER _aggregates_use_prune AFTER INSERT ON agent_tool_use_changes WHEN NEW.seq % 16 = 0
    BEGIN
DELETE FROM agent_tool_use_changes WHERE seq BETWEEN NEW.seq - 100016 AND NEW.seq - 100000;
END;
