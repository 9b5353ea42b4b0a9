"""Blocks into facts."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backline.reports.format import FACT_SCHEMA, REJECTION_KINDS, Hints
from backline.reports.mapping import Mappings
from backline.reports.read import open_report
from backline.reports.records import ROWS
from tests.reports.conftest import Read

HEAD = "date,artist,track,country,streams\n"
CELLS = [
    st.sampled_from(["2026-08-01", "2026-08-02", "", "x", "Total"]),
    st.sampled_from(["A", "B", "", "Total"]),
    st.sampled_from(["T", "U", ""]),
    st.sampled_from(["DE", "fr", "", "Germany"]),
    st.sampled_from(["5", "1,200", "-3", "", "x", "1e5"]),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.tuples(*CELLS), max_size=30), quoted=st.booleans())
def test_every_row_is_accepted_rejected_or_ignored(
    read: Read, rows: list[tuple[str, ...]], *, quoted: bool
) -> None:
    rows = [("2026-08-01", "A", "T", "DE", "7"), *(row for row in rows if row[0] != "Total" and any(row))]
    cell = '"{}"' if quoted else "{}"
    text = HEAD.replace(",", ";") + "\n".join(";".join(cell.format(part) for part in row) for row in rows)
    try:
        found = read(text)
    except Exception as error:
        assert getattr(error, "kind", "") == "totals"
        return
    read_rows, accepted, rejected, ignored = found.counts
    assert read_rows == accepted + rejected + ignored == len(rows)
    assert len(found.reading.rejected) == rejected
    assert {item.kind for item in found.reading.rejected} <= set(REJECTION_KINDS)
    assert found.reading.totals["units"] == sum(found.values())
    assert len(found.facts) == accepted
    lines = {item.line for item in found.reading.rejected} | set(found.column("line"))
    assert len(lines) == accepted + rejected


def test_blank_rows_are_no_rows_and_totals_are_ignored(read: Read) -> None:
    found = read(HEAD + "2026-08-01,A,T,DE,5\n\n,,,,\n   \nTotal,,,,5\n")
    assert found.counts == (2, 1, 0, 1)


def test_a_rejected_row_counts_in_the_total(read: Read) -> None:
    found = read(HEAD + "2026-08-01,A,T,DE,5\nx,A,T,DE,7\nGesamt:,,,,12\n")
    assert found.counts == (3, 1, 1, 1)


def test_every_block_has_the_schema(tmp_path, read: Read) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEAD + "2026-08-01,A,T,,5\n", encoding="utf-8")
    reading = open_report(path, "x.csv", Hints(), Mappings())
    assert [block.schema for block in reading.blocks()] == [FACT_SCHEMA]


def test_a_row_is_a_repetition_also_where_a_fine_number_stands_in_its_block(read: Read) -> None:
    row = "2026-08-01,A,T,5,EUR,1.5\n"
    filler = "".join(f"2026-08-01,A,{number},5,EUR,1.5\n" for number in range(ROWS))
    fine = "2026-08-01,A,U,5,EUR,0.0000000000000015\n"
    found = read(f"date,artist,track,listeners,currency,revenue\n{row}{filler}{fine}{row}")
    assert (found.rejected, found.counts[3]) == ([], 1)
