"""Read a change log from a durable checkpoint, and be told of edits of history.

A consumer is a name and a checkpoint, in the table `change_consumers` of the database itself. It
takes the rows that were there when it was made as given; from then on every change reaches it, in
the order of the log. A change *edits history* where its row had ended before it: what the consumer
has made of that row is no longer so.
"""

from aggregates.changes.consumers import (
    BATCH,
    Batch,
    Beginning,
    ChangesLost,
    CheckpointMoved,
    Consumer,
    ConsumerStatus,
    consumers,
    has_consumer,
)
from aggregates.changes.log import Change, Checkpoint, Log, Operation, Row, utc_text

__all__ = [
    "BATCH",
    "Batch",
    "Beginning",
    "Change",
    "ChangesLost",
    "Checkpoint",
    "CheckpointMoved",
    "Consumer",
    "ConsumerStatus",
    "Log",
    "Operation",
    "Row",
    "consumers",
    "has_consumer",
    "utc_text",
]
