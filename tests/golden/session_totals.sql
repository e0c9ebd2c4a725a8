-- table _aggregates_session_totals
CREATE TABLE _aggregates_session_totals (
  scope TEXT,
  sessions INTEGER DEFAULT 0,
  PRIMARY KEY (scope)
) WITHOUT ROWID;

-- code of an entry
CASE WHEN NEW.old_exists AND NEW.new_exists AND 'all' = 'all'
    THEN 0 ELSE NEW.new_exists + 2 * NEW.old_exists END;

-- what adds
INSERT INTO _aggregates_session_totals (scope)
  SELECT 'all'
  WHERE NEW.session_totals_posts NOT IN (0, 2)
  ON CONFLICT (scope) DO NOTHING;

-- what subtracts
UPDATE _aggregates_session_totals SET
  WHERE NEW.session_totals_posts IN (2, 3) AND scope = 'all';
  DELETE FROM _aggregates_session_totals WHERE NEW.session_totals_posts IN (2, 3) AND scope = 'all'
    AND sessions = 0;

-- trigger _aggregates_session_totals_of_session_stats_insert
CREATE TRIGGER _aggregates_session_totals_of_session_stats_insert AFTER INSERT ON session_stats
WHEN NEW.session_id <> ''
BEGIN
  INSERT INTO _aggregates_session_totals (scope, sessions) VALUES ('all', 1)
  ON CONFLICT (scope) DO UPDATE SET sessions = sessions + 1;
END;

-- trigger _aggregates_session_totals_of_session_stats_delete
CREATE TRIGGER _aggregates_session_totals_of_session_stats_delete AFTER DELETE ON session_stats
WHEN OLD.session_id <> ''
BEGIN
  INSERT INTO _aggregates_session_totals (scope, sessions) VALUES ('all', -1)
  ON CONFLICT (scope) DO UPDATE SET sessions = sessions + -1;
  DELETE FROM _aggregates_session_totals WHERE (scope) = ('all') AND sessions = 0;
END;

-- recomputation: clear
DELETE FROM _shadow_aggregates_session_totals WHERE (scope) IN (SELECT scope FROM
    _shadow_aggregates_session_totals LIMIT 500);

-- comparison: rows
SELECT 1, scope, sessions FROM main._aggregates_session_totals AS one
WHERE NOT (sessions = 0) AND (scope) > (?) AND (scope) <= (?) AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_aggregates_session_totals AS other WHERE other.scope = one.scope AND other.sessions
    IS one.sessions)
UNION ALL SELECT 0, scope, sessions FROM temp._shadow_aggregates_session_totals AS one
WHERE NOT (sessions = 0) AND (scope) > (?) AND (scope) <= (?) AND NOT EXISTS (SELECT 1 FROM
    main._aggregates_session_totals AS other WHERE other.scope = one.scope AND other.sessions IS
    one.sessions);

-- comparison: one
SELECT 1, scope, sessions FROM main._aggregates_session_totals AS one
WHERE NOT (sessions = 0) AND scope = ? AND NOT EXISTS (SELECT 1 FROM
    temp._shadow_aggregates_session_totals AS other WHERE other.scope = one.scope AND other.sessions
    IS one.sessions)
UNION ALL SELECT 0, scope, sessions FROM temp._shadow_aggregates_session_totals AS one
WHERE NOT (sessions = 0) AND scope = ? AND NOT EXISTS (SELECT 1 FROM main._aggregates_session_totals
    AS other WHERE other.scope = one.scope AND other.sessions IS one.sessions);

-- comparison: remove
DELETE FROM main._aggregates_session_totals WHERE scope = ?;

-- comparison: restore
INSERT INTO main._aggregates_session_totals (scope, sessions) SELECT scope, sessions FROM
    temp._shadow_aggregates_session_totals WHERE NOT (sessions = 0) AND scope = ?;

-- dictionary
