"""Compute aggregates again beside writers, and compare them with what is stored.

The shadows that they are computed into lie outside the database: in temporary tables, or, where a
proof is to go on over many short runs, in a file beside it. They are filled in slices and kept up
to date from the change log until they are compared: so a concurrent write explains no difference.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from aggregates.engines.base import Comparison, Database, DriverConnection, TableWalk
from aggregates.model.definition import Catalogue, Definition
from aggregates.progress import Progress
from aggregates.recomputing import pace
from aggregates.recomputing.drift import Drift, Key, Window, drifts_of
from aggregates.recomputing.slices import Position, Recomputer, StaleError, key_range, progress_of


def shadow(name: str) -> str:
    """The table that an aggregate is computed into."""
    return f"_shadow{name}" if name.startswith("_") else f"_shadow_{name}"


class Verification:
    """Shadows of aggregates, computed from the source and kept up to date from the log.

    `computed` are the same definitions, of which some may have more measures in their shadows.
    """

    def __init__(
        self,
        connection: DriverConnection,
        catalogue: Catalogue,
        schema: str,
        computed: Catalogue | None = None,
    ) -> None:
        compiler = connection.compiler
        self.connection = connection
        self.catalogue = catalogue
        self._computed = computed or catalogue
        self.schema = schema
        self.comparisons = {
            definition.name: compiler.comparison(catalogue, definition, shadow, schema)
            for definition in catalogue.definitions
        }
        if not connection.has_table(schema, "positions"):
            with connection.snapshot():
                for statement in compiler.shadows(self._computed, shadow, schema):
                    connection.execute(statement.sql)
                connection.execute(
                    f"CREATE TABLE {schema}.positions"
                    " (source PRIMARY KEY, mark, seq, rows_read, schema_version, logged_at)"
                )
        self.recomputers = [
            Recomputer(
                connection, compiler.recomputation(self._computed, source, shadow), Position()
            )
            for source in catalogue.sources
        ]
        for recomputer in self.recomputers:
            self._go_on(recomputer)

    @property
    def rows_read(self) -> int:
        """Rows of the sources."""
        return sum(recomputer.position.rows for recomputer in self.recomputers)

    @property
    def positions(self) -> dict[str, int]:
        """Source -> entry of its change log as of which its shadows are."""
        return {one.rows.source: one.position.seq for one in self.recomputers}

    @property
    def is_complete(self) -> bool:
        """Whether every row has been read."""
        return all(recomputer.is_complete for recomputer in self.recomputers)

    def read(self, progress: Progress | None, deadline: float = math.inf) -> None:
        """Read the sources until all is read, or the deadline of the monotonic clock has come.

        A slice is read in any case: so that short runs, too, come to the end.
        """
        has_read = False
        self._approach()
        for recomputer in self.recomputers:
            keys = key_range(self.connection, recomputer.rows)
            while not recomputer.is_complete:
                if has_read and time.monotonic() >= deadline:
                    return
                has_read = True
                try:
                    recomputer.private_round(partial(self._save, recomputer))
                except StaleError:
                    self._start_again(recomputer)
                if progress is not None:
                    progress(*progress_of(recomputer.position, keys))

    def drifts(
        self,
        names: Sequence[str],
        window: Window | None = None,
        progress: Progress | None = None,
    ) -> list[Drift]:
        """All differences; each range of keys is compared in a snapshot of its own.

        Raises StaleError where the shadows cannot be brought up to date any more.
        """
        found: dict[str, list[Drift]] = {name: [] for name in names}
        self._approach()
        chosen = [self.catalogue[name] for name in names]
        for walk in self.connection.compiler.walks(self.catalogue, chosen, shadow, self.schema):
            lower: Key | None = None
            is_last = False
            while not is_last:
                started = time.monotonic()
                with self.connection.snapshot(), self.connection.any_text():
                    self.catch_up()
                    upper = self._key_after(walk, lower, pace.ROWS_OF_A_SNAPSHOT)
                    bounds = (lower or ()) + (upper or ())
                    which = lower is not None, upper is not None
                    differs = self.connection.execute_any_text(walk.differs[which], bounds * 4)
                    if differs.fetchone()[0]:
                        for name in walk.names:
                            found[name] += self._differing(name, which, bounds, window)
                lower, is_last = upper, upper is None
                self.rest(started)
                if progress is not None:
                    progress(self.rows_read, self.rows_read)
        return [drift for name in names for drift in found[name]]

    def _differing(
        self, name: str, which: tuple[bool, bool], bounds: Key, window: Window | None
    ) -> Iterator[Drift]:
        """What differs of a definition, in a range of the rows of its table and in a window."""
        comparison = self.comparisons[name]
        rows = self.connection.execute_any_text(comparison.rows[which], bounds * 2)
        when = None if window is None else window.column(self.catalogue[name])
        for drift in drifts_of(comparison, rows):
            if window is None or when is None or window.holds(str(drift.key[when])):
                yield drift

    def mend(self, drifts: Sequence[Drift]) -> None:
        """Make the keys of drifts right.

        Raises StaleError as `drifts` does.
        """
        self._approach()
        for definition in self.catalogue.definitions:
            keys = list(
                dict.fromkeys(
                    tuple(drift.key.values()) for drift in drifts if drift.table == definition.name
                )
            )
            for first in range(0, len(keys), pace.KEYS_OF_A_LOCK):
                with self.connection.snapshot():
                    self.catch_up()  # so that little of it is left to do under the lock
                with self.connection.write_lock():
                    started = time.monotonic()
                    self.catch_up()
                    for key in keys[first : first + pace.KEYS_OF_A_LOCK]:
                        self._mend_key(definition, key)
                time.sleep(time.monotonic() - started)

    def shadow_of(self, name: str) -> str:
        """A table, or SELECT in parentheses, of the rows that an aggregate should hold."""
        definition = self._computed[name]
        return self.connection.compiler.selected(self._computed, definition, shadow, self.schema)

    def restart(self) -> None:
        """Begin with the first row again."""
        for recomputer in self.recomputers:
            self._start_again(recomputer)

    def close(self) -> None:
        """Drop what a connection would keep."""
        for recomputer in self.recomputers:
            recomputer.close()

    def catch_up(self) -> None:
        """Inside a transaction: make the shadows what they should be as of it.

        Raises StaleError where the log does not reach back so far.
        """
        for recomputer in self.recomputers:
            before = recomputer.position.seq
            recomputer.catch_up()
            if recomputer.position.seq != before:
                self._save(recomputer, recomputer.position)

    def rest(self, started: float) -> None:
        """Where readers block writers, leave them half of the time."""
        if self.recomputers and self.recomputers[0].readers_block():
            time.sleep(time.monotonic() - started)

    def _approach(self) -> None:
        """Take in what has waited in the log for long, a little at a time."""
        for recomputer in self.recomputers:
            save = partial(self._save, recomputer)
            try:
                while recomputer.is_far_behind():
                    recomputer.private_entries(save)
            except StaleError:
                self._start_again(recomputer)

    def _go_on(self, recomputer: Recomputer) -> None:
        """Where an earlier run has left off, if the log is still the one that it has read."""
        found = self.connection.execute(
            f"SELECT mark, seq, rows_read, schema_version, logged_at FROM {self.schema}.positions"
            " WHERE source = ?",
            (recomputer.rows.source,),
        ).fetchone()
        if found is None:
            recomputer.position = Position(seq=recomputer.last_entry())
            return
        *position, logged_at = found
        recomputer.position = Position(*position)
        if logged_at != self._logged_at(recomputer, recomputer.position.seq):
            self._start_again(recomputer)

    def _logged_at(self, recomputer: Recomputer, seq: int) -> str | None:
        found = self.connection.execute(
            f"SELECT updated_at FROM main.{recomputer.rows.log} WHERE seq = ?", (seq,)
        ).fetchone()
        return found[0] if found else None

    def _save(self, recomputer: Recomputer, position: Position) -> None:
        self.connection.execute(
            f"INSERT OR REPLACE INTO {self.schema}.positions VALUES (?, ?, ?, ?, ?, ?)",
            (
                recomputer.rows.source,
                position.mark,
                position.seq,
                position.rows,
                position.schema,
                self._logged_at(recomputer, position.seq),
            ),
        )

    def _start_again(self, recomputer: Recomputer) -> None:
        # At once: what is half empty would be taken for whole by whoever goes on after a kill.
        with self.connection.snapshot():
            for clear in recomputer.sql.folding.clears:
                while self.connection.execute(clear).rowcount:
                    pass
            recomputer.position = Position(seq=recomputer.last_entry())
            self._save(recomputer, recomputer.position)

    def _key_after(self, walk: TableWalk, key: Key | None, distance: int) -> Key | None:
        if key is None:
            found = self.connection.execute(walk.first_key, (distance,))
        else:
            found = self.connection.execute_any_text(walk.next_key, (*key, distance))
        row: Key | None = found.fetchone()
        return row

    def _mend_key(self, definition: Definition, key: Key) -> None:
        comparison = self.comparisons[definition.name]
        # A write since may have changed or removed the key.
        with self.connection.any_text():
            if self.connection.execute_any_text(comparison.one, key * 2).fetchone() is None:
                return
        with self._kept(comparison, key):
            self.connection.execute_any_text(comparison.remove, key)
            self.connection.execute_any_text(comparison.restore, key)

    @contextmanager
    def _kept(self, comparison: Comparison, key: Key) -> Iterator[None]:
        """Keep what verify does not compare, as shadows know nothing older than the log."""
        if not comparison.latest:
            yield
            return
        with self.connection.any_text():
            before = self.connection.execute_any_text(comparison.read_latest, key).fetchone()
        yield
        for keep, value in zip(comparison.latest, before or (), strict=False):
            if value is not None:
                self.connection.execute_any_text(keep, (value, *key, value))


@contextmanager
def verification(
    database: Database,
    catalogue: Catalogue,
    computed: Catalogue | None = None,
    *,
    is_kept: bool = False,
) -> Iterator[Verification]:
    """A verification over a connection of its own; one that is kept goes on from run to run."""
    with database.own_connection() as connection:
        schema = "temp"
        if is_kept and database.proof_file is not None:
            names = ",".join(
                f"{definition.name}({','.join(definition.values)})"
                for definition in (computed or catalogue).definitions
            )
            schema = connection.attach_proof(database.proof_file, names)
        found = Verification(connection, catalogue, schema, computed)
        try:
            yield found
        finally:
            found.close()
