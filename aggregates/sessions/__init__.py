"""What triggers cannot keep, brought up to date for just the sessions that changed.

The first agent of a session, how its runs overlap, and the histogram of sessions' durations are
computed again for each session that the change logs name, from its runs alone. Each transaction
replaces what a few sessions had before: killed at any instant, the next round does them again.
"""

from aggregates.sessions.checking import Checker
from aggregates.sessions.deriving import Deriver, Round
from aggregates.sessions.pending import CONSUMER, restart_walk
from aggregates.sessions.ranges import with_runs
from aggregates.sessions.values import STARTS, STATS, TABLES

__all__ = [
    "CONSUMER",
    "STARTS",
    "STATS",
    "TABLES",
    "Checker",
    "Deriver",
    "Round",
    "restart_walk",
    "with_runs",
]
