-- [view] session_overlap
CREATE VIEW session_overlap AS
SELECT stats.session_id AS session_id, max_parallel, busy_ms,
  derived.session_id IS NULL OR stats.first_agent IS NULL
    OR as_of_seq < coalesce(changed_seq, 0) AS is_pending
FROM session_stats AS stats
LEFT JOIN _aggregates_session_derived AS derived ON derived.session_id = stats.session_id;
