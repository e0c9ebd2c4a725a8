"""The tables as the agents' hooks create them, before a migration has added anything."""

from __future__ import annotations

from typing import Final

HOOK_TABLES: Final[dict[str, str]] = {
    "sessions": """\
CREATE TABLE IF NOT EXISTS sessions (
    session_id TEXT PRIMARY KEY,
    start_time TIMESTAMP,
    end_time TIMESTAMP,
    status TEXT,
    cwd TEXT,
    metadata JSON
)""",
    "agent_invocations": """\
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
)""",
    "tool_uses": """\
CREATE TABLE IF NOT EXISTS tool_uses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp TIMESTAMP,
    session_id TEXT,
    tool_name TEXT,
    tool_input JSON,
    tool_output JSON,
    duration_seconds REAL,
    FOREIGN KEY (session_id) REFERENCES sessions(session_id)
)""",
    "agent_tool_uses": """\
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
)""",
}

HOOK_INDEXES: Final[tuple[str, ...]] = (
    "CREATE INDEX IF NOT EXISTS idx_agent_tool_uses_agent"
    " ON agent_tool_uses(agent_name, tool_name)",
    "CREATE INDEX IF NOT EXISTS idx_agent_tool_uses_session ON agent_tool_uses(session_id)",
)
