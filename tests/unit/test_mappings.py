"""What a mapping may say, and how it is told what it may not."""

import re

import pytest

from aggregates.errors import MappingError
from aggregates.model.mapping import named, parsed, shipped

RUNS = 'table = "runs"\nkey = "id"\n'
RUN = '[run]\nagent_name = "agent"\nend_time = "ended"\n'
EVENTS = '[events]\nkind = "kind"\nbegin = ["a"]\nsucceed = ["b"]\nsame = ["session"]\n'


def test_every_mapping_that_ships_is_understood() -> None:
    names = [one.name for one in shipped()]
    assert names == ["invocation-outcomes", "subagent-events", "subagent-sessions", "task-events"]
    assert [named(name) for name in names] == shipped()


def test_a_mapping_says_which_columns_it_reads() -> None:
    assert named("subagent-events").columns == (
        *("id", "payload", "session_id", "timestamp", "hook_event_type", "source_app"),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("table =", "this is not TOML"),
        ('key = "id"\n' + RUN, "it has to name its table"),
        ('table = "runs"\n' + RUN, "it has to name its key"),
        (RUNS, "it has no [run]"),
        (RUNS + 'runs = "x"\n' + RUN, "it has runs; there are table, key, run, where, events"),
        (RUNS + '[run]\nend_time = "ended"\n', "[run] does not say what agent_name is"),
        (RUNS + '[run]\nagent_name = "agent"\n', "[run] does not say how a run ends"),
        (RUNS + RUN + 'agent = "agent"\n', "[run] has agent; there are agent_name, session_id"),
        (RUNS + RUN + "status = 5\n", "status of [run] is the name of a column"),
        (RUNS + RUN + "status = {}\n", "status of [run] has to name its column"),
        (
            RUNS + RUN + 'model = { column = "m", unit = "seconds" }\n',
            "model of [run] has unit; there are column, json",
        ),
        (RUNS + RUN + 'duration = "d"\n', "duration of [run] needs a unit"),
        (
            RUNS + RUN + 'start_time = { column = "s", unit = "hours" }\n',
            "start_time of [run] has the unit hours; there are text, seconds, milliseconds",
        ),
        (RUNS + RUN + 'model = { column = "m", json = "a.b" }\n', "json in model of [run] is one"),
        (
            RUNS + RUN + 'status = { column = "s", succeeded = "ok" }\n',
            "succeeded in status of [run] has to be a list",
        ),
        (
            RUNS + RUN + 'status = { column = "s", succeeded = [true] }\n',
            "succeeded in status of [run] holds True: words and integers only",
        ),
        (
            RUNS + RUN + 'status = { column = "s", succeeded = [1, "a"], failed = ["1"] }\n',
            "status of [run] names 1 twice",
        ),
        (RUNS + RUN + '[[where]]\ncolumn = "t"\nis = []\n', "is of [[where]] names no words, so"),
        (RUNS + RUN + EVENTS + 'status = "s"\n', "[events] has status; there are kind"),
        (
            RUNS + RUN + 'status = "s"\n' + EVENTS,
            "[run] says what status is, but [events] does already",
        ),
        (RUNS + RUN + EVENTS.replace('"b"', '"a"'), "[events] names a twice"),
        (RUNS + RUN + EVENTS.replace('["b"]', "[]"), "[events] needs words in begin and succeed"),
        (RUNS + RUN + '[[where]]\ncolumn = "tag"\n', "is of [[where]] has to be a list"),
        (
            RUNS.replace("runs", "Agent_Invocations") + RUN + EVENTS,
            "[events] and [[where]] cannot be of Agent_Invocations",
        ),
    ],
)
def test_what_is_wrong_in_a_mapping_is_named(text: str, told: str) -> None:
    with pytest.raises(MappingError, match=re.escape(f"mapping mine: {told}")):
        parsed("mine", text)


def test_an_unknown_mapping_is_told_which_there_are() -> None:
    with pytest.raises(MappingError, match="there is no mapping nothing: there are invocation-"):
        named("nothing")
