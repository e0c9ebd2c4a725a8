-- [table] duration_bounds
CREATE TABLE duration_bounds (le_ms bigint PRIMARY KEY);

-- [data] duration_bounds
INSERT INTO duration_bounds VALUES (10), (11), (12), (13), (14), (15), (16), (17), (18), (19), (20),
    (21), (22), (23), (24), (25), (26), (27), (28), (29), (30), (31), (32), (33), (34), (35), (36),
    (37), (38), (39), (40), (41), (42), (43), (44), (45), (46), (47), (48), (49), (50), (52), (54),
    (56), (58), (60), (62), (64), (66), (68), (70), (72), (74), (76), (79), (82), (85), (88), (91),
    (94), (97), (100), (104), (108), (112), (116), (120), (124), (128), (133), (138), (143), (148),
    (153), (159), (165), (171), (177), (184), (191), (198), (205), (213), (221), (229), (238),
    (247), (256), (266), (276), (287), (298), (309), (321), (333), (346), (359), (373), (387),
    (402), (418), (434), (451), (469), (487), (500), (506), (526), (547), (568), (590), (613),
    (637), (662), (688), (715), (743), (772), (802), (834), (867), (901), (937), (974), (1000),
    (1012), (1052), (1094), (1137), (1182), (1229), (1278), (1329), (1382), (1437), (1494), (1553),
    (1615), (1679), (1746), (1815), (1887), (1962), (2040), (2121), (2205), (2293), (2384), (2479),
    (2578), (2681), (2788), (2899), (3014), (3134), (3259), (3389), (3524), (3664), (3810), (3962),
    (4120), (4284), (4455), (4633), (4818), (5000), (5010), (5210), (5418), (5634), (5859), (6093),
    (6336), (6589), (6852), (7126), (7411), (7707), (8015), (8335), (8668), (9014), (9374), (9748),
    (10000), (10137), (10542), (10963), (11401), (11857), (12331), (12824), (13336), (13869),
    (14423), (14999), (15598), (16221), (16869), (17543), (18244), (18973), (19731), (20520),
    (21340), (22193), (23080), (24003), (24963), (25961), (26999), (28078), (29201), (30000),
    (30369), (31583), (32846), (34159), (35525), (36946), (38423), (39959), (41557), (43219),
    (44947), (46744), (48613), (50557), (52579), (54682), (56869), (59143), (60000), (61508),
    (63968), (66526), (69187), (71954), (74832), (77825), (80938), (84175), (87542), (91043),
    (94684), (98471), (102409), (106505), (110765), (115195), (119802), (120000), (124594),
    (129577), (134760), (140150), (145756), (151586), (157649), (163954), (170512), (177332),
    (184425), (191802), (199474), (207452), (215750), (224380), (233355), (242689), (252396),
    (262491), (272990), (283909), (295265), (300000), (307075), (319358), (332132), (345417),
    (359233), (373602), (388546), (404087), (420250), (437060), (454542), (472723), (491631),
    (511296), (531747), (553016), (575136), (598141), (600000), (622066), (646948), (672825),
    (699738), (727727), (756836), (787109), (818593), (851336), (885389), (920804), (957636),
    (995941), (1035778), (1077209), (1120297), (1165108), (1200000), (1211712), (1260180),
    (1310587), (1363010), (1417530), (1474231), (1533200), (1594528), (1658309), (1724641),
    (1793626), (1800000), (1865371), (1939985), (2017584), (2098287), (2182218), (2269506),
    (2360286), (2454697), (2552884), (2654999), (2761198), (2871645), (2986510), (3105970),
    (3230208), (3359416), (3493792), (3600000), (3633543), (3778884), (3930039), (4087240),
    (4250729), (4420758), (4597588), (4781491), (4972750), (5171660), (5378526), (5593667),
    (5817413), (6050109), (6292113), (6543797), (6805548), (7077769), (7200000), (7360879),
    (7655314), (7961526), (8279987), (8611186), (8955633), (9313858), (9686412), (10073868),
    (10476822), (10895894), (11331729), (11784998), (12256397), (12746652), (13256518), (13786778),
    (14338249), (14400000), (14911778), (15508249), (16128578), (16773721), (17444669), (18142455),
    (18868153), (19622879), (20407794), (21224105), (22073069), (22955991), (23874230), (24829199),
    (25822366), (26855260), (27929470), (29046648), (30208513), (31416853), (32673527), (33980468),
    (35339686), (36753273), (38223403), (39752339), (41342432), (42996129), (44715974), (46504612),
    (48364796), (50299387), (52311362), (54403816), (56579968), (58843166), (61196892), (63644767),
    (66190557), (68838179), (71591706), (74455374), (77433588), (80530931), (83752168), (86400000),
    (9223372036854775807);

-- [table] _aggregates_posted_agent_stats
CREATE TABLE _aggregates_posted_agent_stats (
event_type text COLLATE "C" NOT NULL,
agent_name text COLLATE "C" NOT NULL,
phase text COLLATE "C" NOT NULL,
model text COLLATE "C" NOT NULL,
status text COLLATE "C" NOT NULL,
invocations bigint NOT NULL,
duration_count bigint NOT NULL,
duration_ms_sum bigint NOT NULL,
tokens_sum bigint NOT NULL,
tool_calls_sum bigint NOT NULL,
unreadable_times bigint NOT NULL,
PRIMARY KEY (event_type, agent_name, phase, model, status)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_agent_hourly
CREATE TABLE _aggregates_posted_agent_hourly (
hour text COLLATE "C" NOT NULL,
event_type text COLLATE "C" NOT NULL,
agent_name text COLLATE "C" NOT NULL,
phase text COLLATE "C" NOT NULL,
model text COLLATE "C" NOT NULL,
status text COLLATE "C" NOT NULL,
invocations bigint NOT NULL,
duration_count bigint NOT NULL,
duration_ms_sum bigint NOT NULL,
tokens_sum bigint NOT NULL,
tool_calls_sum bigint NOT NULL,
PRIMARY KEY (hour, event_type, agent_name, phase, model, status)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_agent_durations
CREATE TABLE _aggregates_posted_agent_durations (
agent_name text COLLATE "C" NOT NULL,
le_ms bigint NOT NULL,
event_type text COLLATE "C" NOT NULL,
phase text COLLATE "C" NOT NULL,
model text COLLATE "C" NOT NULL,
runs bigint NOT NULL,
duration_ms_sum bigint NOT NULL,
PRIMARY KEY (agent_name, le_ms, event_type, phase, model)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_agent_durations_daily
CREATE TABLE _aggregates_posted_agent_durations_daily (
day text COLLATE "C" NOT NULL,
event_type text COLLATE "C" NOT NULL,
agent_name text COLLATE "C" NOT NULL,
le_ms bigint NOT NULL,
runs bigint NOT NULL,
duration_ms_sum bigint NOT NULL,
PRIMARY KEY (day, event_type, agent_name, le_ms)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_agent_activity
CREATE TABLE _aggregates_posted_agent_activity (
agent_name text COLLATE "C" NOT NULL,
invocations bigint NOT NULL,
succeeded bigint NOT NULL,
failed bigint NOT NULL,
in_flight bigint NOT NULL,
sessions bigint NOT NULL,
updated_at timestamptz,
PRIMARY KEY (agent_name)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_session_agents
CREATE TABLE _aggregates_posted_session_agents (
session_id text COLLATE "C" NOT NULL,
agent_name text COLLATE "C" NOT NULL,
invocations bigint NOT NULL,
PRIMARY KEY (session_id, agent_name)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_open_runs
CREATE TABLE _aggregates_posted_open_runs (
start_time text COLLATE "C" NOT NULL,
invocation_id bigint NOT NULL,
session_id text COLLATE "C" NOT NULL,
agent_name text COLLATE "C" NOT NULL,
phase text COLLATE "C" NOT NULL,
rows bigint NOT NULL,
PRIMARY KEY (start_time, invocation_id, session_id, agent_name, phase)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_agent_starts
CREATE TABLE _aggregates_posted_agent_starts (
agent_name text COLLATE "C" NOT NULL,
start_time text COLLATE "C" NOT NULL,
invocation_id bigint NOT NULL,
invocations bigint NOT NULL,
PRIMARY KEY (agent_name, start_time, invocation_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_session_phases
CREATE TABLE _aggregates_posted_session_phases (
session_id text COLLATE "C" NOT NULL,
phase text COLLATE "C" NOT NULL,
invocations bigint NOT NULL,
PRIMARY KEY (session_id, phase)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_session_stats
CREATE TABLE _aggregates_posted_session_stats (
session_id text COLLATE "C" NOT NULL,
invocations bigint NOT NULL,
succeeded bigint NOT NULL,
failed bigint NOT NULL,
in_flight bigint NOT NULL,
duration_count bigint NOT NULL,
duration_ms_sum bigint NOT NULL,
agents bigint NOT NULL,
phases bigint NOT NULL,
changed_seq bigint,
PRIMARY KEY (session_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_session_starts
CREATE TABLE _aggregates_posted_session_starts (
session_id text COLLATE "C" NOT NULL,
start_time text COLLATE "C" NOT NULL,
invocation_id bigint NOT NULL,
invocations bigint NOT NULL,
PRIMARY KEY (session_id, start_time, invocation_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_session_ends
CREATE TABLE _aggregates_posted_session_ends (
session_id text COLLATE "C" NOT NULL,
end_time text COLLATE "C" NOT NULL,
invocation_id bigint NOT NULL,
invocations bigint NOT NULL,
PRIMARY KEY (session_id, end_time, invocation_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_session_totals
CREATE TABLE _aggregates_posted_session_totals (
agent_name text COLLATE "C" NOT NULL,
sessions bigint NOT NULL,
PRIMARY KEY (agent_name)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_sessions_summary
CREATE TABLE _aggregates_posted_sessions_summary (
status text COLLATE "C" NOT NULL,
sessions bigint NOT NULL,
duration_count bigint NOT NULL,
duration_ms_sum bigint NOT NULL,
unreadable_times bigint NOT NULL,
PRIMARY KEY (status)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_sessions_by_start
CREATE TABLE _aggregates_posted_sessions_by_start (
start_time text COLLATE "C" NOT NULL,
session_id text COLLATE "C" NOT NULL,
sessions bigint NOT NULL,
PRIMARY KEY (start_time, session_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_open_sessions
CREATE TABLE _aggregates_posted_open_sessions (
start_time text COLLATE "C" NOT NULL,
session_id text COLLATE "C" NOT NULL,
sessions bigint NOT NULL,
PRIMARY KEY (start_time, session_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_tool_stats
CREATE TABLE _aggregates_posted_tool_stats (
agent_name text COLLATE "C" NOT NULL,
tool_name text COLLATE "C" NOT NULL,
status text COLLATE "C" NOT NULL,
uses bigint NOT NULL,
duration_count bigint NOT NULL,
duration_ms_sum bigint NOT NULL,
unreadable_times bigint NOT NULL,
PRIMARY KEY (agent_name, tool_name, status)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_tool_durations
CREATE TABLE _aggregates_posted_tool_durations (
agent_name text COLLATE "C" NOT NULL,
tool_name text COLLATE "C" NOT NULL,
le_ms bigint NOT NULL,
uses bigint NOT NULL,
duration_ms_sum bigint NOT NULL,
PRIMARY KEY (agent_name, tool_name, le_ms)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] _aggregates_posted_session_tool_uses
CREATE TABLE _aggregates_posted_session_tool_uses (
session_id text COLLATE "C" NOT NULL,
start_time text COLLATE "C" NOT NULL,
tool_use_id bigint NOT NULL,
rows bigint NOT NULL,
PRIMARY KEY (session_id, start_time, tool_use_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

-- [table] aggregate_descriptions
CREATE TABLE aggregate_descriptions (
table_name text NOT NULL,
column_name text NOT NULL,
description text NOT NULL,
PRIMARY KEY (table_name, column_name)
);

-- [data] aggregate_descriptions agent_stats
INSERT INTO aggregate_descriptions VALUES
  ('agent_stats', '', 'all rows, all-time'),
  ('agent_stats', 'event_type', 'kind of row'),
  ('agent_stats', 'agent_name', 'name of the agent'),
  ('agent_stats', 'phase', 'phase of the workflow'),
  ('agent_stats', 'model', 'model or service tier'),
  ('agent_stats', 'status', 'status of the row'),
  ('agent_stats', 'invocations', 'rows'),
  ('agent_stats', 'duration_count', 'with a known duration'),
  ('agent_stats', 'duration_ms_sum', 'milliseconds, where known'),
  ('agent_stats', 'tokens_sum', 'tokens'),
  ('agent_stats', 'tool_calls_sum', 'tool calls'),
  ('agent_stats', 'unreadable_times', 'with a start or an end that is there and does not parse');

-- [data] aggregate_descriptions agent_hourly
INSERT INTO aggregate_descriptions VALUES
  ('agent_hourly', '', 'all rows by the hour of their start; '''' where it does not parse'),
  ('agent_hourly', 'hour', 'hour of the start: 2026-10-01T09:00:00'),
  ('agent_hourly', 'event_type', 'kind of row'),
  ('agent_hourly', 'agent_name', 'name of the agent'),
  ('agent_hourly', 'phase', 'phase of the workflow'),
  ('agent_hourly', 'model', 'model or service tier'),
  ('agent_hourly', 'status', 'status of the row'),
  ('agent_hourly', 'invocations', 'rows'),
  ('agent_hourly', 'duration_count', 'with a known duration'),
  ('agent_hourly', 'duration_ms_sum', 'milliseconds, where known'),
  ('agent_hourly', 'tokens_sum', 'tokens'),
  ('agent_hourly', 'tool_calls_sum', 'tool calls');

-- [data] aggregate_descriptions agent_durations
INSERT INTO aggregate_descriptions VALUES
  ('agent_durations', '', 'histogram of known durations, all-time; buckets are not cumulative'),
  ('agent_durations', 'agent_name', 'name of the agent'),
  ('agent_durations', 'le_ms', 'upper bound of the bucket, in milliseconds, inclusive'),
  ('agent_durations', 'event_type', 'kind of row'),
  ('agent_durations', 'phase', 'phase of the workflow'),
  ('agent_durations', 'model', 'model or service tier'),
  ('agent_durations', 'runs', 'rows whose duration lies in the bucket'),
  ('agent_durations', 'duration_ms_sum', 'sum of their durations, in milliseconds');

-- [data] aggregate_descriptions agent_durations_daily
INSERT INTO aggregate_descriptions VALUES
  ('agent_durations_daily', '',
      'histogram of known durations by the day of the start; '''' where it does not parse'),
  ('agent_durations_daily', 'day', 'day of the start: 2026-10-01'),
  ('agent_durations_daily', 'event_type', 'kind of row'),
  ('agent_durations_daily', 'agent_name', 'name of the agent'),
  ('agent_durations_daily', 'le_ms', 'upper bound of the bucket, in milliseconds, inclusive'),
  ('agent_durations_daily', 'runs', 'rows whose duration lies in the bucket'),
  ('agent_durations_daily', 'duration_ms_sum', 'sum of their durations, in milliseconds');

-- [data] aggregate_descriptions agent_activity
INSERT INTO aggregate_descriptions VALUES
  ('agent_activity', '', 'what each agent did, all-time'),
  ('agent_activity', 'agent_name', 'name of the agent'),
  ('agent_activity', 'invocations', 'invocations'),
  ('agent_activity', 'succeeded', 'that succeeded'),
  ('agent_activity', 'failed', 'that failed'),
  ('agent_activity', 'in_flight', 'that started and have not ended'),
  ('agent_activity', 'sessions', 'distinct sessions, '''' left out'),
  ('agent_activity', 'first_start', 'earliest start'),
  ('agent_activity', 'last_start', 'latest start'),
  ('agent_activity', 'updated_at', 'when a row of the key last changed, UTC');

-- [data] aggregate_descriptions session_agents
INSERT INTO aggregate_descriptions VALUES
  ('session_agents', '', 'reference counts behind agent_activity.sessions'),
  ('session_agents', 'session_id', 'session of the run'),
  ('session_agents', 'agent_name', 'name of the agent'),
  ('session_agents', 'invocations', 'invocations of the agent in the session');

-- [data] aggregate_descriptions open_runs
INSERT INTO aggregate_descriptions VALUES
  ('open_runs', '', 'invocations that have started and not ended, abandoned ones included'),
  ('open_runs', 'start_time', 'start in canonical text'),
  ('open_runs', 'invocation_id', 'id of the row'),
  ('open_runs', 'session_id', 'session of the run'),
  ('open_runs', 'agent_name', 'name of the agent'),
  ('open_runs', 'phase', 'phase of the workflow');

-- [data] aggregate_descriptions session_phases
INSERT INTO aggregate_descriptions VALUES
  ('session_phases', '', 'reference counts behind session_stats.phases'),
  ('session_phases', 'session_id', 'session of the run'),
  ('session_phases', 'phase', 'phase of the workflow'),
  ('session_phases', 'invocations', 'invocations of the phase in the session');

-- [data] aggregate_descriptions session_stats
INSERT INTO aggregate_descriptions VALUES
  ('session_stats', '', 'the invocations of each session, all-time'),
  ('session_stats', 'session_id', 'session of the run'),
  ('session_stats', 'invocations', 'invocations'),
  ('session_stats', 'succeeded', 'that succeeded'),
  ('session_stats', 'failed', 'that failed'),
  ('session_stats', 'in_flight', 'that started and have not ended'),
  ('session_stats', 'duration_count', 'with a known duration'),
  ('session_stats', 'duration_ms_sum', 'milliseconds, where known'),
  ('session_stats', 'agents', 'distinct agents'),
  ('session_stats', 'phases', 'distinct phases, '''' left out'),
  ('session_stats', 'first_start', 'earliest start'),
  ('session_stats', 'last_end', 'latest end'),
  ('session_stats', 'changed_seq', 'newest entry of the change log about a run of it'),
  ('session_stats', 'first_agent',
      'agent of the earliest start; NULL or of an earlier state while pending');

-- [data] aggregate_descriptions sessions_summary
INSERT INTO aggregate_descriptions VALUES
  ('sessions_summary', '',
      'sessions by status, with the durations from their own start to their own end'),
  ('sessions_summary', 'status', 'status of the row'),
  ('sessions_summary', 'sessions', 'rows of the table sessions'),
  ('sessions_summary', 'duration_count', 'with a known duration'),
  ('sessions_summary', 'duration_ms_sum', 'milliseconds, where known'),
  ('sessions_summary', 'unreadable_times',
      'with a start or an end that is there and does not parse');

-- [data] aggregate_descriptions tool_stats
INSERT INTO aggregate_descriptions VALUES
  ('tool_stats', '', 'uses of tools by agent, all-time'),
  ('tool_stats', 'agent_name', 'name of the agent'),
  ('tool_stats', 'tool_name', 'name of the tool'),
  ('tool_stats', 'status', 'status of the row'),
  ('tool_stats', 'uses', 'rows'),
  ('tool_stats', 'duration_count', 'with a known duration'),
  ('tool_stats', 'duration_ms_sum', 'milliseconds, where known'),
  ('tool_stats', 'unreadable_times', 'with a start or an end that is there and does not parse');

-- [data] aggregate_descriptions tool_durations
INSERT INTO aggregate_descriptions VALUES
  ('tool_durations', '',
      'histogram of known durations of tool uses, all-time; buckets are not cumulative'),
  ('tool_durations', 'agent_name', 'name of the agent'),
  ('tool_durations', 'tool_name', 'name of the tool'),
  ('tool_durations', 'le_ms', 'upper bound of the bucket, in milliseconds, inclusive'),
  ('tool_durations', 'uses', 'uses whose duration lies in the bucket'),
  ('tool_durations', 'duration_ms_sum', 'sum of their durations, in milliseconds');

-- [data] aggregate_descriptions duration_bounds
INSERT INTO aggregate_descriptions VALUES
  ('duration_bounds', '', 'upper bounds of all histograms'),
  ('duration_bounds', 'le_ms', 'inclusive upper bound of a bucket, in milliseconds');

-- [data] aggregate_descriptions aggregate_totals
INSERT INTO aggregate_descriptions VALUES
  ('aggregate_totals', '', 'totals over small aggregates'),
  ('aggregate_totals', 'name', 'name of the total'),
  ('aggregate_totals', 'value', 'its value');

-- [data] aggregate_descriptions aggregate_descriptions
INSERT INTO aggregate_descriptions VALUES
  ('aggregate_descriptions', '', 'what every table and column means'),
  ('aggregate_descriptions', 'table_name', 'the table'),
  ('aggregate_descriptions', 'column_name', 'the column; '''' for the table itself'),
  ('aggregate_descriptions', 'description', 'one line');

-- [data] aggregate_descriptions change_consumers
INSERT INTO aggregate_descriptions VALUES
  ('change_consumers', '', 'who reads a change log, and how far it has durably got'),
  ('change_consumers', 'name', 'name of the consumer'),
  ('change_consumers', 'source', 'table whose changes it reads'),
  ('change_consumers', 'seq', 'entry up to which it has taken everything'),
  ('change_consumers', 'last_id', 'key of the row of that entry'),
  ('change_consumers', 'last_timestamp', 'when that change was made, UTC'),
  ('change_consumers', 'saved_at', 'when the checkpoint was saved, UTC'),
  ('change_consumers', 'is_lost', '1 where changes were not logged, so that it has to rebuild');

-- [data] aggregate_descriptions aggregate_verifications
INSERT INTO aggregate_descriptions VALUES
  ('aggregate_verifications', '', 'what verifies, repairs and rebuilds have found'),
  ('aggregate_verifications', 'id', 'number of the proof'),
  ('aggregate_verifications', 'kind', 'verify, repair, rebuild, or reinstall (doubt since)'),
  ('aggregate_verifications', 'started_at', 'when it began, UTC'),
  ('aggregate_verifications', 'seconds', 'how long it took'),
  ('aggregate_verifications', 'rows_read', 'rows of the sources that were read'),
  ('aggregate_verifications', 'drifts', 'values that differed from their recomputation'),
  ('aggregate_verifications', 'is_complete', '1 where every aggregate was compared');

-- [data] aggregate_descriptions session_overlap
INSERT INTO aggregate_descriptions VALUES
  ('session_overlap', '', 'how the runs of a session overlap; brought up to date by a consumer'),
  ('session_overlap', 'session_id', 'the session'),
  ('session_overlap', 'max_parallel', 'most ended runs open at one instant'),
  ('session_overlap', 'busy_ms', 'milliseconds in which at least one ended run was open'),
  ('session_overlap', 'is_pending', '1 where the session has changed since');

-- [data] aggregate_descriptions session_durations
INSERT INTO aggregate_descriptions VALUES
  ('session_durations', '', 'histogram of sessions'' durations; brought up to date by a consumer'),
  ('session_durations', 'first_agent', 'agent of the session''s earliest start'),
  ('session_durations', 'le_ms', 'upper bound of the bucket, in milliseconds, inclusive'),
  ('session_durations', 'sessions', 'sessions whose duration lies in the bucket'),
  ('session_durations', 'duration_ms_sum', 'sum of their durations, in milliseconds');

-- [data] aggregate_descriptions agent_invocation_changes
INSERT INTO aggregate_descriptions VALUES
  ('agent_invocation_changes', '', 'one row for each change of a row of agent_invocations'),
  ('agent_invocation_changes', 'seq', 'position in the log; grows with each entry'),
  ('agent_invocation_changes', 'operation', 'insert, update or delete'),
  ('agent_invocation_changes', 'updated_at',
      'when the change was made: UTC with milliseconds and Z'),
  ('agent_invocation_changes', 'invocation_id',
      'key of the row after the change; of a deleted row, its'),
  ('agent_invocation_changes', 'old_invocation_id', 'key before an update that changed it'),
  ('agent_invocation_changes', 'old_timestamp', 'when the hook wrote the row, before the change'),
  ('agent_invocation_changes', 'new_timestamp', 'when the hook wrote the row, after the change'),
  ('agent_invocation_changes', 'old_session_id', 'session of the run, before the change'),
  ('agent_invocation_changes', 'new_session_id', 'session of the run, after the change'),
  ('agent_invocation_changes', 'old_event_type',
      'kind of row: a run, or a marker that is not one, before the change'),
  ('agent_invocation_changes', 'new_event_type',
      'kind of row: a run, or a marker that is not one, after the change'),
  ('agent_invocation_changes', 'old_phase', 'phase of the workflow, before the change'),
  ('agent_invocation_changes', 'new_phase', 'phase of the workflow, after the change'),
  ('agent_invocation_changes', 'old_agent_name', 'name of the agent, before the change'),
  ('agent_invocation_changes', 'new_agent_name', 'name of the agent, after the change'),
  ('agent_invocation_changes', 'old_model',
      'model, or service tier, of the run, before the change'),
  ('agent_invocation_changes', 'new_model', 'model, or service tier, of the run, after the change'),
  ('agent_invocation_changes', 'old_start_time', 'start of the run, before the change'),
  ('agent_invocation_changes', 'new_start_time', 'start of the run, after the change'),
  ('agent_invocation_changes', 'old_end_time', 'end of the run, before the change'),
  ('agent_invocation_changes', 'new_end_time', 'end of the run, after the change'),
  ('agent_invocation_changes', 'old_duration_seconds',
      'duration as the hook measured it, before the change'),
  ('agent_invocation_changes', 'new_duration_seconds',
      'duration as the hook measured it, after the change'),
  ('agent_invocation_changes', 'old_status',
      'started, completed, failed, error, or the writer''s own word, before the change'),
  ('agent_invocation_changes', 'new_status',
      'started, completed, failed, error, or the writer''s own word, after the change'),
  ('agent_invocation_changes', 'old_tokens', 'tokens, out of raw_output, before the change'),
  ('agent_invocation_changes', 'new_tokens', 'tokens, out of raw_output, after the change'),
  ('agent_invocation_changes', 'old_tool_calls',
      'tool calls, out of raw_output, before the change'),
  ('agent_invocation_changes', 'new_tool_calls', 'tool calls, out of raw_output, after the change');

-- [data] aggregate_descriptions agent_invocations
INSERT INTO aggregate_descriptions VALUES
  ('agent_invocations', '',
      'one row a run of an agent, and markers, written by the agents'' hooks'),
  ('agent_invocations', 'timestamp', 'when the hook wrote the row'),
  ('agent_invocations', 'session_id', 'session of the run'),
  ('agent_invocations', 'event_type', 'kind of row: a run, or a marker that is not one'),
  ('agent_invocations', 'phase', 'phase of the workflow'),
  ('agent_invocations', 'agent_name', 'name of the agent'),
  ('agent_invocations', 'model', 'model, or service tier, of the run'),
  ('agent_invocations', 'start_time', 'start of the run'),
  ('agent_invocations', 'end_time', 'end of the run'),
  ('agent_invocations', 'duration_seconds', 'duration as the hook measured it'),
  ('agent_invocations', 'status', 'started, completed, failed, error, or the writer''s own word'),
  ('agent_invocations', 'updated_at', 'when the row was last inserted or updated, UTC');

-- [data] aggregate_descriptions session_changes
INSERT INTO aggregate_descriptions VALUES
  ('session_changes', '', 'one row for each change of a row of sessions'),
  ('session_changes', 'seq', 'position in the log; grows with each entry'),
  ('session_changes', 'operation', 'insert, update or delete'),
  ('session_changes', 'updated_at', 'when the change was made: UTC with milliseconds and Z'),
  ('session_changes', 'session_row', 'key of the row after the change; of a deleted row, its'),
  ('session_changes', 'old_session_row', 'key before an update that changed it'),
  ('session_changes', 'old_session_id', 'the session, before the change'),
  ('session_changes', 'new_session_id', 'the session, after the change'),
  ('session_changes', 'old_start_time',
      'start of the session, or when it was last resumed, before the change'),
  ('session_changes', 'new_start_time',
      'start of the session, or when it was last resumed, after the change'),
  ('session_changes', 'old_end_time',
      'end of the session, as of its last answer, before the change'),
  ('session_changes', 'new_end_time',
      'end of the session, as of its last answer, after the change'),
  ('session_changes', 'old_status',
      'active, completed, or the writer''s own word, before the change'),
  ('session_changes', 'new_status',
      'active, completed, or the writer''s own word, after the change');

-- [data] aggregate_descriptions sessions
INSERT INTO aggregate_descriptions VALUES
  ('sessions', '', 'one row a session, written again when it is resumed'),
  ('sessions', 'session_id', 'the session'),
  ('sessions', 'start_time', 'start of the session, or when it was last resumed'),
  ('sessions', 'end_time', 'end of the session, as of its last answer'),
  ('sessions', 'status', 'active, completed, or the writer''s own word');

-- [data] aggregate_descriptions agent_tool_use_changes
INSERT INTO aggregate_descriptions VALUES
  ('agent_tool_use_changes', '', 'one row for each change of a row of agent_tool_uses'),
  ('agent_tool_use_changes', 'seq', 'position in the log; grows with each entry'),
  ('agent_tool_use_changes', 'operation', 'insert, update or delete'),
  ('agent_tool_use_changes', 'updated_at', 'when the change was made: UTC with milliseconds and Z'),
  ('agent_tool_use_changes', 'tool_use_id',
      'key of the row after the change; of a deleted row, its'),
  ('agent_tool_use_changes', 'old_tool_use_id', 'key before an update that changed it'),
  ('agent_tool_use_changes', 'old_session_id', 'session of the use, before the change'),
  ('agent_tool_use_changes', 'new_session_id', 'session of the use, after the change'),
  ('agent_tool_use_changes', 'old_agent_name', 'name of the agent, before the change'),
  ('agent_tool_use_changes', 'new_agent_name', 'name of the agent, after the change'),
  ('agent_tool_use_changes', 'old_tool_name', 'name of the tool, before the change'),
  ('agent_tool_use_changes', 'new_tool_name', 'name of the tool, after the change'),
  ('agent_tool_use_changes', 'old_start_time', 'start of the use, before the change'),
  ('agent_tool_use_changes', 'new_start_time', 'start of the use, after the change'),
  ('agent_tool_use_changes', 'old_end_time', 'end of the use, before the change'),
  ('agent_tool_use_changes', 'new_end_time', 'end of the use, after the change'),
  ('agent_tool_use_changes', 'old_duration_seconds',
      'duration as the hook measured it, before the change'),
  ('agent_tool_use_changes', 'new_duration_seconds',
      'duration as the hook measured it, after the change'),
  ('agent_tool_use_changes', 'old_status',
      'started, completed, error, or the writer''s own word, before the change'),
  ('agent_tool_use_changes', 'new_status',
      'started, completed, error, or the writer''s own word, after the change');

-- [data] aggregate_descriptions agent_tool_uses
INSERT INTO aggregate_descriptions VALUES
  ('agent_tool_uses', '', 'one row a use of a tool by an agent'),
  ('agent_tool_uses', 'session_id', 'session of the use'),
  ('agent_tool_uses', 'agent_name', 'name of the agent'),
  ('agent_tool_uses', 'tool_name', 'name of the tool'),
  ('agent_tool_uses', 'start_time', 'start of the use'),
  ('agent_tool_uses', 'end_time', 'end of the use'),
  ('agent_tool_uses', 'duration_seconds', 'duration as the hook measured it'),
  ('agent_tool_uses', 'status', 'started, completed, error, or the writer''s own word');
