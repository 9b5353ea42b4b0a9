"""A listener's own plays: written with their import, told by import, and never beside an artist's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, text

from backline.storage import report_tables as t
from backline.storage.bulk import insert_columns, make_texts
from backline.storage.spool import SpoolFile

# A play that several exports bring counts once, as long as one of them is not taken back.
_TOTALS = """
SELECT count(*) AS plays, coalesce(CAST(sum(ms_played) AS BIGINT), 0) AS ms_played,
    min(ended_at) AS first_at, max(ended_at) AS last_at
FROM (
    SELECT p.key, max(p.ms_played) AS ms_played, max(p.ended_at) AS ended_at
    FROM backline_play AS p JOIN backline_import AS i ON i.no = p.import_no
    WHERE {which} GROUP BY p.key
) AS plays
"""


class PlayTotals(NamedTuple):
    """How many plays, how long in milliseconds, and when the first and the last ended (µs since 1970 UTC)."""

    plays: int
    ms_played: int
    first_at: int | None
    last_at: int | None


class PlaySpool:
    """Blocks of plays on their way into the database, beside the facts of other files of the run."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file
        self._places: list[tuple[int, int, pa.Schema]] = []
        file.drop()

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep one block (columns of `backline_play` without `import_no`)."""
        self._places.append((*self._file.append(batch), batch.schema))

    def close(self) -> None:
        """No more blocks."""
        self._file.keep()

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """Everything again, from the start."""
        for place, length, schema in self._places:
            yield self._file.read(place, length, schema)


def write_plays(connection: Connection, spool: PlaySpool, import_no: int) -> None:
    """Insert the plays of one import, in the caller's transaction."""
    for batch in spool.blocks():
        columns: dict[str, Any] = {"import_no": np.full(batch.num_rows, import_no)}
        for name in batch.schema.names:
            column = batch.column(name)
            is_plain = pa.types.is_integer(column.type) and not column.null_count
            columns[name] = column.to_numpy() if is_plain else make_texts(column.to_pylist())
        insert_columns(connection, t.play, columns)


def total_plays(connection: Connection, import_no: int | None = None) -> PlayTotals:
    """Of one import, taken back or not; None: of all that are not taken back, each play once."""
    which = "i.undone_at IS NULL" if import_no is None else "i.no = :import_no"
    values = {} if import_no is None else {"import_no": import_no}
    row = connection.execute(text(_TOTALS.format(which=which)), values).one()
    return PlayTotals(int(row.plays), int(row.ms_played), row.first_at, row.last_at)
