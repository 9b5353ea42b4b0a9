"""A listener's own plays on their way into the database: written with their import, and never as anybody's facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection

from backline.storage import report_tables as t
from backline.storage.bulk import insert_columns, make_texts
from backline.storage.spool import SpoolFile


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
