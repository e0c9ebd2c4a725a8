-- [table] session_changes
CREATE TABLE session_changes (
seq INTEGER PRIMARY KEY,
operation TEXT,
updated_at TEXT,
session_row INTEGER,
old_session_row INTEGER,
old_session_id,
new_session_id,
old_start_time,
new_start_time,
old_end_time,
new_end_time,
old_status,
new_status
);

-- [table] _aggregates_sessions_replaced
CREATE TABLE _aggregates_sessions_replaced (session_row, session_id, start_time, end_time, status);

-- [view] _aggregates_sessions_gone
CREATE VIEW _aggregates_sessions_gone AS SELECT * FROM _aggregates_sessions_replaced;

-- [trigger] _aggregates_sessions_gone_log
CREATE TRIGGER _aggregates_sessions_gone_log INSTEAD OF INSERT ON _aggregates_sessions_gone BEGIN
INSERT OR ABORT INTO session_changes VALUES (NULL, 'delete', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    NEW.session_row, NULL, NEW.session_id, NULL, NEW.start_time, NULL, NEW.end_time, NULL,
    NEW.status, NULL);
END;

-- [trigger] _aggregates_sessions_before_insert
CREATE TRIGGER _aggregates_sessions_before_insert BEFORE INSERT ON sessions BEGIN
DELETE FROM _aggregates_sessions_replaced WHERE 1;
INSERT INTO _aggregates_sessions_replaced SELECT rowid, session_id, start_time, end_time, status
    FROM sessions AS clash WHERE (clash.rowid = NEW.rowid OR clash.session_id = NEW.session_id
    /* or the same value of another unique key */);
END;

-- [trigger] _aggregates_sessions_before_update
CREATE TRIGGER _aggregates_sessions_before_update BEFORE UPDATE OF rowid, oid, _rowid_, session_id
    /* and the columns of other unique keys */ ON sessions BEGIN
DELETE FROM _aggregates_sessions_replaced WHERE 1;
INSERT INTO _aggregates_sessions_replaced SELECT rowid, session_id, start_time, end_time, status
    FROM sessions AS clash WHERE (clash.rowid = NEW.rowid OR clash.session_id = NEW.session_id
    /* or the same value of another unique key */) AND clash.rowid <> OLD.rowid;
END;

-- [trigger] _aggregates_sessions_insert
CREATE TRIGGER _aggregates_sessions_insert AFTER INSERT ON sessions BEGIN
INSERT OR ABORT INTO _aggregates_sessions_gone SELECT * FROM _aggregates_sessions_replaced WHERE
    session_row = NEW.rowid OR NOT EXISTS (SELECT 1 FROM sessions AS kept WHERE kept.rowid =
    session_row);
DELETE FROM _aggregates_sessions_replaced WHERE 1;
INSERT OR ABORT INTO session_changes VALUES (NULL, 'insert', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    NEW.rowid, NULL, NULL, NEW.session_id, NULL, NEW.start_time, NULL, NEW.end_time, NULL,
    NEW.status);
END;

-- [trigger] _aggregates_sessions_delete
CREATE TRIGGER _aggregates_sessions_delete AFTER DELETE ON sessions BEGIN
DELETE FROM _aggregates_sessions_replaced WHERE session_row = OLD.rowid;
INSERT OR ABORT INTO _aggregates_sessions_gone VALUES (OLD.rowid, OLD.session_id, OLD.start_time,
    OLD.end_time, OLD.status);
END;

-- [trigger] _aggregates_sessions_update
CREATE TRIGGER _aggregates_sessions_update AFTER UPDATE OF session_id, start_time, end_time, status,
    rowid, oid, _rowid_, session_id /* and the columns of other unique keys */ ON sessions WHEN
    OLD.rowid <> NEW.rowid OR (OLD.status COLLATE BINARY, OLD.end_time COLLATE BINARY,
    OLD.start_time COLLATE BINARY, OLD.session_id COLLATE BINARY) IS NOT (NEW.status, NEW.end_time,
    NEW.start_time, NEW.session_id)
    /* or another type, in columns of "sessions" without one: "status", "end_time", "start_time", "session_id" */
    BEGIN
INSERT OR ABORT INTO session_changes VALUES (NULL, 'update', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
    NEW.rowid, nullif(OLD.rowid, NEW.rowid), OLD.session_id, NEW.session_id, OLD.start_time,
    NEW.start_time, OLD.end_time, NEW.end_time, OLD.status, NEW.status);
END;

-- [trigger] _aggregates_sessions_replaced
CREATE TRIGGER _aggregates_sessions_replaced AFTER UPDATE OF rowid, oid, _rowid_, session_id
    /* and the columns of other unique keys */ ON sessions BEGIN
INSERT OR ABORT INTO _aggregates_sessions_gone SELECT * FROM _aggregates_sessions_replaced WHERE
    session_row = NEW.rowid AND OLD.rowid <> NEW.rowid OR NOT EXISTS (SELECT 1 FROM sessions AS kept
    WHERE kept.rowid = session_row);
DELETE FROM _aggregates_sessions_replaced WHERE 1;
END;

-- [trigger] _aggregates_sessions_prune
CREATE TRIGGER _aggregates_sessions_prune AFTER INSERT ON session_changes WHEN NEW.seq % 16 = 0
    BEGIN
DELETE FROM session_changes WHERE seq BETWEEN NEW.seq - 100016 AND NEW.seq - 100000;
END;
