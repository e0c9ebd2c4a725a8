"""The tables as the hooks create them, and variations of them that a database in use may have."""

SESSIONS = """
CREATE TABLE IF NOT EXISTS sessions (
    session_id TEXT PRIMARY KEY,
    start_time TIMESTAMP,
    end_time TIMESTAMP,
    status TEXT,
    cwd TEXT,
    metadata JSON
);
"""

AGENT_INVOCATIONS = """
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
"""

TOOL_USES = """
CREATE TABLE IF NOT EXISTS tool_uses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TIMESTAMP,
    session_id TEXT,
    tool_name TEXT,
    tool_input JSON,
    tool_output JSON,
    duration_seconds REAL,
    FOREIGN KEY (session_id) REFERENCES sessions(session_id)
);
"""

AGENT_TOOL_USES = """
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
CREATE INDEX IF NOT EXISTS idx_agent_tool_uses_agent ON agent_tool_uses(agent_name, tool_name);
CREATE INDEX IF NOT EXISTS idx_agent_tool_uses_session ON agent_tool_uses(session_id);
"""

HOOK_TABLES = SESSIONS + AGENT_INVOCATIONS + TOOL_USES + AGENT_TOOL_USES

_UNIQUE_TICKET = "CREATE UNIQUE INDEX ux ON agent_invocations(ticket_id);"
_UNIQUE_EXPRESSION = (
    "CREATE UNIQUE INDEX ux_expression ON agent_invocations(lower(parent_agent))"
    " WHERE phase = 'plan';"
)


def _untyped() -> str:
    tables = HOOK_TABLES
    for name in (" TEXT", " TIMESTAMP", " REAL", " JSON"):
        tables = tables.replace(name, "")
    return tables


VARIANTS = {
    "plain": HOOK_TABLES,
    "unique": HOOK_TABLES + _UNIQUE_TICKET,
    "expression": HOOK_TABLES + _UNIQUE_TICKET + _UNIQUE_EXPRESSION,
    "cascade": HOOK_TABLES.replace(
        "REFERENCES sessions(session_id)",
        "REFERENCES sessions(session_id) ON DELETE CASCADE ON UPDATE CASCADE",
    ),
    "untyped": _untyped(),
}
