"""From a row of a source, or an entry of its queue, to facts.

Facts stand in levels, each a SELECT behind OFFSET 0: what is behind it is computed once a row,
where the planner would otherwise write it out wherever it is named.
"""

from __future__ import annotations

from collections.abc import Iterable

from aggregates.engines.base import Compiler
from aggregates.engines.postgresql.constructs import BLANKS, TIME
from aggregates.frozen.statements import Statement
from aggregates.model.definition import Source, references

NUMBER = "_aggregates_number"
SETTINGS = (
    "SET search_path FROM CURRENT SET datestyle = 'ISO' SET timezone = 'UTC'"
    " SET extra_float_digits = 1"
)
"""Of functions that read a source: how its times become text, and which tables are meant."""

SIDE = "side"
"""The part of an entry that facts are of, in a row with its `sign`, `seq` and `updated_at`."""


def parsing() -> list[Statement]:
    """What reads a time, and a number out of JSON, whatever type the column has."""
    return [
        _function(
            TIME,
            "value text",
            "text",
            rf"""DECLARE
  part text[] := regexp_match(btrim(value, {BLANKS}), '^([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})[Tt ]'
    '([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:[.,]([0-9]+))?)?'
    '(?:[Zz]|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?)?$');
  year int := part[1];
  month int := part[2];
  day int := part[3];
  minute text := part[1] || '-' || part[2] || '-' || part[3] || 'T' || part[4] || ':' || part[5];
  away interval;
  moment timestamp;
BEGIN
  IF part IS NULL OR year < 1 OR day < 1 OR NOT month BETWEEN 1 AND 12 OR day > (CASE
      WHEN month = 2 THEN 28 + (year % 4 = 0 AND (year % 100 <> 0 OR year % 400 = 0))::int
      WHEN month IN (4, 6, 9, 11) THEN 30 ELSE 31 END) THEN
    RETURN NULL;
  END IF;
  IF part[8] IS NOT NULL THEN
    away := make_interval(hours => part[9]::int, mins => coalesce(part[10], '0')::int);
    moment := make_timestamp(year, month, day, part[4]::int, part[5]::int, 0)
      - CASE part[8] WHEN '+' THEN away ELSE -away END;
    IF moment < '0001-01-01' OR moment >= '10000-01-01' THEN
      RETURN NULL;
    END IF;
    minute := to_char(moment, 'YYYY-MM-DD"T"HH24:MI');
  END IF;
  RETURN minute || ':' || coalesce(part[6], '00') || '.'
    || rpad(left(coalesce(part[7], ''), 3), 3, '0');
END""",
            language="plpgsql",
        ),
        _function(
            f"{NUMBER}_of",
            "digits text",
            "bigint",
            """SELECT CASE WHEN digits ~ '^(0|[1-9][0-9]{0,12})$' THEN
  CASE WHEN digits::bigint <= 1000000000000 THEN digits::bigint ELSE 0 END ELSE 0 END""",
        ),
        _function(
            NUMBER,
            "value jsonb, key text",
            "bigint",
            f"""SELECT CASE jsonb_typeof(value -> key) WHEN 'number' THEN
  {NUMBER}_of(value ->> key) ELSE 0 END""",
        ),
        # An escape that is no character of a text is an error once JSON is read.
        _function(
            NUMBER,
            "value json, key text",
            "bigint",
            rf"""SELECT CASE json_typeof(plain -> key) WHEN 'number' THEN
  {NUMBER}_of(plain ->> key) ELSE 0 END
FROM (SELECT CASE WHEN strpos(value::text, '\u') = 0 THEN value ELSE
  regexp_replace(value::text, '(\\\\)|\\u[0-9A-Fa-f]{{4}}', '\1', 'g')::json END AS plain
) AS one""",
        ),
        _function(
            NUMBER,
            "value text, key text",
            "bigint",
            rf"""SELECT {NUMBER}_of(substring(
  substr(value, nullif(strpos(value, '"' || key || '":'), 0) + length(key) + 3)
  FROM '^ *(0|[1-9][0-9]*)[,}} \r\n]'))""",
        ),
    ]


def _function(
    name: str, arguments: str, returns: str, body: str, *, language: str = "sql"
) -> Statement:
    types = ", ".join(one.split()[1] for one in arguments.split(", "))
    return Statement(
        "function",
        f"{name}({types})",
        f"CREATE FUNCTION {name}({arguments}) RETURNS {returns}\n"
        f"LANGUAGE {language} IMMUTABLE PARALLEL SAFE AS $$\n{body}\n$$",
    )


def _lines(items: Iterable[str]) -> str:
    return ",\n".join(items)


def key_of(source: Source) -> str:
    """The column that tells rows apart."""
    return source.unique or source.key


def key_of_row(compiler: Compiler, source: Source, row: str) -> str:
    """What the log has as the key of a row: a number that tells it apart, where there is none."""
    key = f"{row}.{compiler.quote(key_of(source))}"
    if source.unique:
        return f"hashtextextended(CAST({key} AS text), 0)"
    return f"CAST({key} AS bigint)"


def type_of(source: Source, name: str) -> str:
    """The type of a column of a row image, or of the key."""
    if name in (source.log_key, *(one.name for one in source.extracted)):
        return "bigint"
    return "double precision" if _is_number(source, name) else "text"


def _is_number(source: Source, name: str) -> bool:
    return any(one.name == name and one.type == "REAL" for one in source.tracked)


def of_rows(
    compiler: Compiler, source: Source, table: str, *, also: str = "", condition: str = ""
) -> str:
    """SELECT of the images of the rows of a table like the source, by the name of the log's key."""
    q = compiler.quote
    columns = {source.log_key: key_of_row(compiler, source, "one")}
    for tracked in source.tracked:
        type_ = type_of(source, tracked.name)
        columns[tracked.name] = f"CAST(one.{q(tracked.column)} AS {type_})"
    for extracted in source.extracted:
        columns[extracted.name] = f"{NUMBER}(one.{q(extracted.column)}, '{extracted.key}')"
    listed = [f"{sql} AS {q(name)}" for name, sql in columns.items()]
    where = f"\nWHERE {condition}" if condition else ""
    return f"SELECT {_lines([*listed, *([also] if also else [])])}\nFROM {table} AS one{where}"


def of_entries(compiler: Compiler, source: Source, entries: str) -> str:
    """SELECT of the images that entries tell of: of what went, and of what came."""
    q = compiler.quote
    key, old_key = q(source.log_key), q(f"old_{source.log_key}")
    columns = [q(name) for name in source.image]
    old, new = (", ".join(q(f"{side}_{name}") for name in source.image) for side in ("old", "new"))
    return (
        f"SELECT entry.seq, entry.updated_at, {SIDE}.*\nFROM {entries} AS entry CROSS JOIN LATERAL"
        f" (VALUES\n(-1, entry.operation <> 'insert', coalesce({old_key}, {key}), {old}),\n"
        f"(1, entry.operation <> 'delete', {key}, {new})\n"
        f") AS {SIDE} (sign, is_there, {key}, {', '.join(columns)})\nWHERE {SIDE}.is_there"
    )


def facts(compiler: Compiler, source: Source, images: str) -> str:
    """SELECT of the columns of images, and of all facts."""
    q = compiler.quote
    levels: list[list[str]] = []
    level_of: dict[str, int] = {}
    names = {name: q(name) for name in (source.log_key, *source.image)}
    for fact in source.facts:
        known = references(fact.expression) & level_of.keys()
        level = max((level_of[name] + 1 for name in known), default=0)
        level_of[fact.name] = level
        if level == len(levels):
            levels.append([])
        levels[level].append(f"{compiler.render(fact.expression, names)} AS {q(fact.name)}")
        names[fact.name] = q(fact.name)
    selected = images
    for number, added in enumerate(levels):
        selected = f"SELECT *,\n{_lines(added)}\nFROM (\n{selected}\n) AS level{number} OFFSET 0"
    return selected
