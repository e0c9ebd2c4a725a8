-- [table] sessions
CREATE TABLE IF NOT EXISTS sessions (
    session_id TEXT PRIMARY KEY,
    start_time TIMESTAMP,
    end_time TIMESTAMP,
    status TEXT,
    cwd TEXT,
    metadata JSON
);

-- [table] agent_invocations
CREATE TABLE IF NOT EXISTS agent_invocations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TIMESTAMP,
    session_id TEXT,
    event_type TEXT,
    phase TEXT,
    agent_name TEXT,
    agent_type TEXT,
    model TEXT,
    prompt TEXT,
    parent_agent TEXT,
    ticket_id TEXT,
    start_time TIMESTAMP,
    end_time TIMESTAMP,
    duration_seconds REAL,
    status TEXT,
    error TEXT,
    result_summary TEXT,
    raw_input JSON,
    raw_output JSON,
    FOREIGN KEY (session_id) REFERENCES sessions(session_id)
);

-- [table] agent_tool_uses
CREATE TABLE IF NOT EXISTS agent_tool_uses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TIMESTAMP,
    session_id TEXT,
    agent_name TEXT,
    agent_invocation_id INTEGER,
    tool_name TEXT,
    tool_input JSON,
    tool_output JSON,
    duration_seconds REAL,
    status TEXT,
    error TEXT,
    sequence_number INTEGER,
    start_time TIMESTAMP,
    end_time TIMESTAMP,
    FOREIGN KEY (session_id) REFERENCES sessions(session_id)
);
