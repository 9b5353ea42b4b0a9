"""Facts as a report gives them, from short tuples, and what the database then counts as current."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
from sqlalchemy import Connection, text

from backline.reports.format import FACT_SCHEMA
from backline.storage.claims import Source
from backline.storage.database import Database
from backline.storage.facts import write_facts
from backline.storage.import_lines import ImportLine
from backline.storage.imports import NewImport, insert_import, new_import_id
from backline.storage.spool import Spool, SpoolFile


class Told(NamedTuple):
    """One fact. `day` counts from 1970-01-01."""

    artist: str
    day: int
    value: int
    track: str | None = None
    country: str = ""
    measure: str = "streams"
    isrc: str | None = None
    upc: str | None = None
    released: str | None = None
    line: int = 0
    scale: int = 0


def make_batch(facts: Sequence[Told]) -> pa.RecordBatch:
    """A block of facts; lines count up where they are not told."""
    rows = [
        {
            **fact._asdict(),
            "day": date(1970, 1, 1) + timedelta(days=fact.day),
            "line": fact.line or number,
            "source": "",
            "statement": "",
            "currency": "EUR" if fact.measure == "revenue" else "",
        }
        for number, fact in enumerate(facts, start=2)
    ]
    plain = pa.schema(
        [
            pa.field(field.name, pa.string() if pa.types.is_dictionary(field.type) else field.type)
            for field in FACT_SCHEMA
        ]
    )
    batch = pa.RecordBatch.from_pylist(rows, schema=plain)
    columns = [
        column.dictionary_encode() if pa.types.is_string(column.type) else column for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=FACT_SCHEMA)


def make_spool(folder: Path, kind: str, *blocks: Sequence[Told]) -> Spool:
    """A closed spool of these blocks."""
    folder.mkdir(parents=True, exist_ok=True)
    spool = Spool(SpoolFile(folder), kind)
    for block in blocks:
        spool.add(make_batch(block))
    spool.close()
    return spool


class Stored(NamedTuple):
    """An import that was written."""

    no: int
    id: str


def store(database: Database, spool: Spool, report: str = "table", span: int = 1) -> Stored:
    """Write one import in a transaction of its own."""
    with database.write() as connection:
        return store_in(connection, database, spool, report, span)


def store_in(
    connection: Connection, database: Database, spool: Spool, report: str = "table", span: int = 1
) -> Stored:
    """Write one import."""
    moment = database.now(connection)
    line = ImportLine(file="x.csv", format="table", outcome="accepted", import_id=new_import_id())
    number = insert_import(connection, NewImport(line, "bytes", "hints", report, "run"), moment)
    source = Source(number, report, spool.kind, span, moment)
    write_facts(connection, spool, source, region=None, import_id=line.import_id)
    return Stored(number, line.import_id)


def list_current(connection: Connection) -> list[tuple[Any, ...]]:
    """(report, scope's kind, artist, track, country, day, measure, value) of current facts, sorted."""
    rows = connection.execute(
        text(
            "SELECT c.report, c.kind, a.folded, coalesce(k.folded, ''), f.country, f.day, f.measure, f.value "
            "FROM backline_fact AS f JOIN backline_claim AS c ON c.id = f.claim_id "
            "JOIN backline_artist AS a ON a.no = f.artist_no LEFT JOIN backline_track AS k ON k.no = f.track_no "
            "WHERE c.current"
        )
    )
    return sorted(tuple(row) for row in rows)


def take_dirty(connection: Connection) -> set[tuple[str, int]]:
    """(folded artist, day) of dirty days, which are clean then."""
    rows = connection.execute(
        text(
            "SELECT a.folded, d.day FROM backline_dirty_day AS d JOIN backline_artist AS a ON a.no = d.artist_no"
        )
    )
    found = {(row.folded, row.day) for row in rows}
    connection.execute(text("DELETE FROM backline_dirty_day"))
    return found


def count_rows(connection: Connection, table: str) -> int:
    """How many rows a table has."""
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
