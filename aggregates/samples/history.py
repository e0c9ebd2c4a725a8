"""A history of any length that looks like one of real agents: its rows, in order of time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate, islice
from math import exp
from operator import itemgetter
from random import Random
from statistics import NormalDist
from typing import Final, TypeVar

_SECOND: Final = 1_000_000
_HOUR: Final = 3600 * _SECOND

# Every 60 sessions are dealt from these decks, whose totals are those of a real database:
# 384 runs (358 ended, 26 not), 218 duplicates, and hence 960 rows, with 215 uses of tools.
_SESSION_SIZES: Final = Counter(
    {1: 5, 2: 6, 3: 7, 4: 8, 5: 4, 6: 3, 7: 4, 8: 4, 9: 6, 10: 4, 11: 2, 12: 2, 14: 1, 15: 2, 16: 2}
)
_OUTCOMES: Final = Counter({"completed": 350, "failed": 8, "started": 26})
_NO_DUPLICATE: Final = -1
_TOOL_USES: Final = Counter({_NO_DUPLICATE: 166, 0: 139, 1: 19, 2: 24, 3: 13, 4: 11, 5: 7, 6: 5})

_AGENTS: Final = (
    ("context-analyzer", "requirements", 107),
    ("backend-developer", "development", 40),
    ("architect", "planning", 35),
    ("security-reviewer", "review", 28),
    ("test-developer", "development", 25),
    ("frontend-developer", "development", 23),
    ("requirements-clarifier", "requirements", 21),
    ("duplication-checker", "unknown", 20),
    ("maintainability-reviewer", "review", 16),
    ("performance-reviewer", "review", 16),
    ("general-purpose", "unknown", 14),
    ("jira-analyst", "requirements", 13),
    ("documentation-generator", "finalization", 12),
    ("pr-creator", "finalization", 6),
    ("task-planner", "planning", 6),
)
_AGENT_WEIGHTS: Final = tuple(accumulate(weight for _, _, weight in _AGENTS))
_TOOLS: Final = ("Read", "Bash", "Edit", "Write", "Grep")
_PROJECTS: Final = ("/home/dev/project", "/home/dev/service", "/home/dev/website")
_SOURCES: Final = ("startup", "startup", "resume", "clear", "compact")
_RUN_ERRORS: Final = ("Timed out", "API error: overloaded", "Interrupted by user")
_TOOL_ERRORS: Final = ("exit status 1", "file not found", "permission denied")
# fmt: off
_WORDS: Final = (
    "add", "agent", "branch", "build", "cache", "change", "check", "class", "code", "commit",
    "config", "data", "error", "field", "file", "find", "fix", "function", "index", "input",
    "key", "log", "merge", "method", "model", "module", "name", "note", "number", "output",
    "page", "parse", "path", "plan", "query", "read", "release", "request", "result", "review",
    "row", "run", "schema", "search", "server", "session", "step", "table", "test", "text",
    "time", "token", "type", "update", "user", "value", "view", "write",
)
# fmt: on

_Card = TypeVar("_Card")
Row = tuple[str | int | float | None, ...]
_Agent = tuple[str, str, int]
# A row of `agent_invocations` with its timestamp, its time, and how many tools it uses.
Event = tuple[str, Row, int, int]


# Drawing from a table is several times cheaper than computing a logarithm for each value.
_QUANTILES: Final = tuple(NormalDist().inv_cdf((n + 0.5) / 4096) for n in range(4096))


def _lognormal(median_seconds: float, sigma: float) -> tuple[float, ...]:
    return tuple(median_seconds * _SECOND * exp(sigma * quantile) for quantile in _QUANTILES)


# Half of the real runs take more than 55 s, one in twenty more than 500 s.
_RUN: Final = _lognormal(55, 1.35)
_PAUSE: Final = _lognormal(8, 1.0)
_FAREWELL: Final = _lognormal(5, 0.8)
_TOOL_PAUSE: Final = _lognormal(6, 0.8)
_TOOL_USE: Final = _lognormal(0.45, 0.7)


class History:
    """Sessions, invocations and uses of tools, in order of time.

    Times are integers of microseconds since the first day began.
    """

    def __init__(self, rows: int, days: int, seed: int, row_bytes: int, until: datetime) -> None:
        self.rows = rows
        self._random = Random(seed)
        self._begin = until - timedelta(days=days)
        self._into_minute = self._begin.second * _SECOND + self._begin.microsecond
        self._minutes: dict[int, str] = {}
        self._until = days * 24 * _HOUR
        self._load = [_load(self._begin + timedelta(hours=h)) for h in range(days * 24)]
        self._cumulative_load = list(accumulate(self._load))
        # Of 960 rows 384 hold the prompt twice, 218 once, and 358 an answer, five times as long;
        # 345 bytes a row is all else. A length is even between 20 and 180% of its mean.
        self._prompt_length = max(0, int((row_bytes - 345) * 960 / (384 * 2 + 218 + 358 * 5)))
        self._answer_length = 5 * self._prompt_length
        words = max(16_384, self._answer_length)
        self._words = " ".join(self._random.choices(_WORDS, k=words))
        self._invocations = 0
        self._waiting: list[Event] = []
        self._waiting_uses: list[Row] = []

    def batches(self) -> Iterator[tuple[list[Row], list[Event], list[Row]]]:
        """What to insert next into each of the three tables, a few thousand rows at a time."""
        made = 0
        in_flight = min(4, self.rows // 100)
        last_sessions = self._last_session(in_flight) if in_flight else []
        while made < self.rows - in_flight:
            sessions: list[Row] = []
            runs = self._deal()
            for size in self._shuffled(_SESSION_SIZES):
                left = self.rows - in_flight - made
                if not left:
                    break
                start = self._time((made + self._random.random() * min(16, left)) / self.rows)
                session, events = self._session(start, size, runs)
                sessions.append(session)
                self._waiting += events[:left]
                made += min(left, len(events))
            # What comes next does not start before this, so what lies before it is complete.
            yield sessions, *self._take(self._text(self._time(made / self.rows)))
        yield last_sessions, *self._take(None)

    def _take(self, before: str | None) -> tuple[list[Event], list[Row]]:
        self._waiting.sort(key=itemgetter(0))
        cut = len(self._waiting)
        if before is not None:
            cut = bisect_left(self._waiting, before, key=itemgetter(0))
        events, self._waiting = self._waiting[:cut], self._waiting[cut:]
        for number, event in enumerate(events, self._invocations + 1):
            if event[3]:
                self._waiting_uses += self._uses_of_tools(number, event)
        self._invocations += len(events)

        self._waiting_uses.sort(key=itemgetter(0))
        cut = len(self._waiting_uses)
        if before is not None:
            cut = bisect_left(self._waiting_uses, before, key=itemgetter(0))
        uses, self._waiting_uses = self._waiting_uses[:cut], self._waiting_uses[cut:]
        return events, uses

    def _shuffled(self, deck: Counter[_Card]) -> list[_Card]:
        cards = list(deck.elements())
        self._random.shuffle(cards)
        return cards

    def _deal(self) -> Iterator[tuple[_Agent, str, int]]:
        agents = self._random.choices(_AGENTS, cum_weights=_AGENT_WEIGHTS, k=_OUTCOMES.total())
        return zip(agents, self._shuffled(_OUTCOMES), self._shuffled(_TOOL_USES), strict=True)

    def _session(
        self, start: int, size: int, runs: Iterator[tuple[_Agent, str, int]]
    ) -> tuple[Row, list[Event]]:
        """A session of up to `size` runs: those that had begun by the end of the history."""
        random = self._random.random
        session_id = self._session_id()
        events: list[Event] = []
        last = at = start + int(random() * min(25 * _SECOND, self._until - start))
        for agent, outcome, tool_uses in islice(runs, size):
            if at > self._until:
                break
            ended = self._run(events, session_id, at, agent, outcome, tool_uses)
            last = max(last, ended)
            # Three in ten runs are started beside the one before.
            at = (at if random() < 0.3 else ended) + self._draw(_PAUSE)
        return self._session_row(session_id, start, last + self._draw(_FAREWELL)), events

    def _last_session(self, size: int) -> list[Row]:
        """A session whose runs are in flight as the history ends."""
        session_id = self._session_id()
        starts = sorted(
            self._until - int(self._random.uniform(1, 20) * 60 * _SECOND) for _ in range(size)
        )
        for at, (agent, _, _) in zip(starts, self._deal(), strict=False):
            self._run(self._waiting, session_id, at, agent, "started", _NO_DUPLICATE)
        return [self._session_row(session_id, starts[0] - 9 * _SECOND, None)]

    def _run(
        self,
        events: list[Event],
        session_id: str,
        start: int,
        agent: _Agent,
        outcome: str,
        tool_uses: int,
    ) -> int:
        """Append the rows of a run; says when it ended, or was given up."""
        random = self._random.random
        name, phase, _ = agent
        prompt = self._words_of(self._prompt_length)
        raw_input = f'{{"description": "task", "prompt": "{prompt}", "subagent_type": "{name}"}}'
        duration = min(max(self._draw(_RUN), _SECOND // 2), 3000 * _SECOND)
        end = start + duration
        ended = outcome != "started" and end <= self._until

        begun = min(start + int(random() * 3000), self._until)
        timestamp = self._text(begun)
        end_time = model = seconds = error = raw_output = None
        if ended:
            end_time, model = self._text(end), "standard"
            milliseconds = int(duration * (1 - 0.03 * random())) // 1000
            seconds = milliseconds / 1000
            raw_output = self._answer(milliseconds)
            if outcome == "failed":
                error = _RUN_ERRORS[int(random() * len(_RUN_ERRORS))]
        # fmt: off
        events.append((timestamp, (
            timestamp, session_id, "pre_invocation", phase, name, phase, model, prompt, timestamp,
            end_time, seconds, outcome if ended else "started", error, raw_input, raw_output,
        ), 0, 0))
        duplicated = start + int(random() * 3000)
        if tool_uses != _NO_DUPLICATE and duplicated <= self._until:
            timestamp = self._text(duplicated)
            events.append((timestamp, (
                timestamp, session_id, "tool_tracking_start", None, name, None, None, None,
                timestamp, None, None, "started", None, raw_input, None,
            ), duplicated, tool_uses))
        stopped = end + int((0.1 + 0.4 * random()) * _SECOND)
        if ended and stopped <= self._until:
            timestamp = self._text(stopped)
            events.append((timestamp, (
                timestamp, session_id, "subagent_stop", None, None, None, None, None, None,
                None, None, "completed", None, None, None,
            ), 0, 0))
        # fmt: on
        return end

    def _answer(self, milliseconds: int) -> str:
        random = self._random.random
        fresh, cached, written = int(random() * 60), int(random() * 60_000), int(random() * 2000)
        tokens = fresh + cached + written + int(random() * 90_000)
        return (
            f'{{"content": [{{"type": "text", "text": "{self._words_of(self._answer_length)}"}}], '
            f'"totalDurationMs": {milliseconds}, "totalTokens": {tokens}, '
            f'"totalToolUseCount": {int(random() * 40)}, "usage": {{"input_tokens": {fresh}, '
            f'"cache_read_input_tokens": {cached}, "output_tokens": {written}, '
            f'"service_tier": "standard"}}}}'
        )

    def _uses_of_tools(self, invocation_id: int, event: Event) -> Iterator[Row]:
        random = self._random.random
        _, row, at, tool_uses = event
        session_id, name = row[1], row[4]
        for number in range(tool_uses):
            at += self._draw(_TOOL_PAUSE)
            if at > self._until:
                return
            start = self._text(at)
            tool = _TOOLS[int(random() * len(_TOOLS))]
            end = output = seconds = error = None
            status, fate = "started", random()
            duration = self._draw(_TOOL_USE)
            if fate < 206 / 215 and at + duration <= self._until:
                end, seconds = self._text(at + duration), duration / _SECOND
                status, output = "completed", '{"ok": true}'
                if fate < 16 / 215:
                    status, output = "error", '{"ok": false}'
                    error = _TOOL_ERRORS[int(random() * len(_TOOL_ERRORS))]
            # fmt: off
            yield (
                start, session_id, name, invocation_id, tool, f'{{"x": {number}}}', output,
                seconds, status, error, number + 1, start, end,
            )
            # fmt: on

    def _session_row(self, session_id: str, start: int, end: int | None) -> Row:
        """A session; one in fifteen crashed, and never ends."""
        random = self._random.random
        begun = self._text(start)
        ended = None
        if end is not None and end <= self._until and random() > 1 / 15:
            ended = self._text(end)
        cwd = _PROJECTS[int(random() * len(_PROJECTS))]
        metadata = (
            f'{{"session_id": "{session_id}", "transcript_path": '
            f'"~/.claude/projects/p/{session_id}.jsonl", "cwd": "{cwd}", '
            f'"hook_event_name": "SessionStart", '
            f'"source": "{_SOURCES[int(random() * len(_SOURCES))]}", "captured_at": "{begun}", '
            f'"git_branch": "unknown", "claude_version": "unknown"'
        )
        if ended is not None:
            metadata += (
                f', "stop_hook_active": false, "transcript_path_at_stop": "", "end_time": "{ended}"'
            )
        status = "active" if ended is None else "completed"
        return session_id, begun, ended, status, cwd, metadata + "}"

    def _session_id(self) -> str:
        digits = f"{self._random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _words_of(self, mean_length: int) -> str:
        random = self._random.random
        length = int(mean_length * (0.2 + 1.6 * random()))
        offset = int((len(self._words) - length) * random())
        return self._words[offset : offset + length]

    def _draw(self, spread: tuple[float, ...]) -> int:
        random = self._random.random
        return int(spread[int(random() * 4096)] * (0.99 + 0.02 * random()))

    def _time(self, position: float) -> int:
        """When this part of all rows, from 0 to below 1, has been written."""
        load = position * self._cumulative_load[-1]
        hour = min(bisect_right(self._cumulative_load, load), len(self._load) - 1)
        done = 1 - (self._cumulative_load[hour] - load) / self._load[hour]
        return min(int((hour + done) * _HOUR), self._until)

    def _text(self, at: int) -> str:
        # As isoformat() has it; times come in order, so that most share their minute.
        minute, rest = divmod(at + self._into_minute, 60 * _SECOND)
        prefix = self._minutes.get(minute)
        if prefix is None:
            if len(self._minutes) > 10_000:
                self._minutes.clear()
            whole = self._begin.replace(second=0, microsecond=0) + timedelta(minutes=minute)
            prefix = self._minutes[minute] = whole.isoformat()[:17]
        seconds, fraction = divmod(rest, _SECOND)
        return f"{prefix}{seconds:02d}.{fraction:06d}"


def _load(hour: datetime) -> int:
    """How busy an hour is, relative to a night."""
    load = 6 if 9 <= hour.hour < 18 else 3 if 7 <= hour.hour < 22 else 1
    return load if hour.weekday() < 5 else max(1, load // 2)
