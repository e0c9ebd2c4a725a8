-- table _aggregates_session_tool_uses
CREATE TABLE _aggregates_session_tool_uses (
  session_id TEXT,
  start_time TEXT,
  tool_use_id INTEGER,
  PRIMARY KEY (session_id, start_time, tool_use_id)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN (NEW.old_exists AND NEW.old_start IS NOT NULL) AND (NEW.new_exists AND NEW.new_start IS
    NOT NULL) AND NEW.old_tool_use_id = NEW.new_tool_use_id AND NEW.old_start = NEW.new_start AND
    NEW.old_session = NEW.new_session
    THEN 0 ELSE (NEW.new_exists AND NEW.new_start IS NOT NULL) + 2 * (NEW.old_exists AND
    NEW.old_start IS NOT NULL) END;

-- what adds
INSERT INTO _aggregates_session_tool_uses (session_id, start_time, tool_use_id)
  SELECT NEW.new_session, NEW.new_start, NEW.new_tool_use_id
  WHERE NEW.session_tool_uses_posts NOT IN (0, 2)
  ON CONFLICT (session_id, start_time, tool_use_id) DO NOTHING;
  DELETE FROM _aggregates_session_tool_uses
  WHERE NEW.session_tool_uses_posts = 3 AND NOT (NEW.old_session = NEW.new_session AND NEW.old_start
      = NEW.new_start AND NEW.old_tool_use_id = NEW.new_tool_use_id) AND session_id =
      NEW.old_session AND start_time = NEW.old_start AND tool_use_id = NEW.old_tool_use_id;

-- what subtracts
DELETE FROM _aggregates_session_tool_uses
  WHERE NEW.session_tool_uses_posts = 2 AND session_id = NEW.old_session AND start_time =
      NEW.old_start AND tool_use_id = NEW.old_tool_use_id;

-- recomputation: fold
DELETE FROM _shadow_aggregates_session_tool_uses WHERE (session_id, start_time, tool_use_id) IN (
  SELECT session_id, start_time, tool_use_id FROM (SELECT session AS session_id, start AS
      start_time, tool_use_id AS tool_use_id FROM temp._aggregates_agent_tool_uses_facts WHERE start
      IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) < 0));

-- recomputation: fold
INSERT INTO _shadow_aggregates_session_tool_uses (session_id, start_time, tool_use_id)
SELECT session AS session_id, start AS start_time, tool_use_id AS tool_use_id
FROM temp._aggregates_agent_tool_uses_facts WHERE start IS NOT NULL
GROUP BY 1, 2, 3 HAVING sum(sign) > 0;

-- recomputation: clear
DELETE FROM _shadow_aggregates_session_tool_uses WHERE (session_id, start_time, tool_use_id) IN
    (SELECT session_id, start_time, tool_use_id FROM _shadow_aggregates_session_tool_uses LIMIT 500);

-- comparison: rows
SELECT 1, session_id, start_time, tool_use_id FROM main._aggregates_session_tool_uses AS one
WHERE true AND (session_id, start_time, tool_use_id) > (?, ?, ?) AND (session_id, start_time,
    tool_use_id) <= (?, ?, ?) AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_aggregates_session_tool_uses AS other WHERE other.session_id = one.session_id AND
    other.start_time = one.start_time AND other.tool_use_id = one.tool_use_id)
UNION ALL SELECT 0, session_id, start_time, tool_use_id FROM
    temp._shadow_aggregates_session_tool_uses AS one
WHERE true AND (session_id, start_time, tool_use_id) > (?, ?, ?) AND (session_id, start_time,
    tool_use_id) <= (?, ?, ?) AND NOT EXISTS (SELECT 1 FROM main._aggregates_session_tool_uses AS
    other WHERE other.session_id = one.session_id AND other.start_time = one.start_time AND
    other.tool_use_id = one.tool_use_id);

-- comparison: one
SELECT 1, session_id, start_time, tool_use_id FROM main._aggregates_session_tool_uses AS one
WHERE true AND session_id = ? AND start_time = ? AND tool_use_id = ? AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_aggregates_session_tool_uses AS other WHERE other.session_id = one.session_id AND
    other.start_time = one.start_time AND other.tool_use_id = one.tool_use_id)
UNION ALL SELECT 0, session_id, start_time, tool_use_id FROM
    temp._shadow_aggregates_session_tool_uses AS one
WHERE true AND session_id = ? AND start_time = ? AND tool_use_id = ? AND NOT EXISTS (SELECT 1 FROM
    main._aggregates_session_tool_uses AS other WHERE other.session_id = one.session_id AND
    other.start_time = one.start_time AND other.tool_use_id = one.tool_use_id);

-- comparison: remove
DELETE FROM main._aggregates_session_tool_uses WHERE session_id = ? AND start_time = ? AND
    tool_use_id = ?;

-- comparison: restore
INSERT INTO main._aggregates_session_tool_uses (session_id, start_time, tool_use_id) SELECT
    session_id, start_time, tool_use_id FROM temp._shadow_aggregates_session_tool_uses WHERE true
    AND session_id = ? AND start_time = ? AND tool_use_id = ?;

-- dictionary
