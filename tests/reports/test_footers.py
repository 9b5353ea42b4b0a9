"""Total rows against what the rows add up to."""

from __future__ import annotations

from decimal import Decimal

import pytest

from backline.reports.footers import Footers, is_total_row, is_total_word
from backline.reports.format import Refused


@pytest.mark.parametrize(
    "word", ["Total", "TOTALS:", "Summe", "Gesamt", "Total  général", "Sum", "Grand total"]
)
def test_words(word: str) -> None:
    assert is_total_word(word)


def test_a_song_called_so_is_no_total_row() -> None:
    assert is_total_row(["Total", "", "5"], ["Total", ""])
    assert not is_total_row(["Total", "2026-08-01", "5"], ["Total", "2026-08-01"])
    assert not is_total_row(["Totally", "", "5"], ["", ""])


def footers(*cells: str, total: str = "1200") -> Footers:
    """With one told total per cell."""
    found = Footers()
    found.add("streams", Decimal(total))
    found.told = [(9, {"streams": cell, "listeners": "7"}) for cell in cells]
    return found


@pytest.mark.parametrize("cell", ["1200", "1,200", "1.200", "1 200", "1200.00", "", "-"])
def test_what_agrees_passes(cell: str) -> None:
    footers(cell).reconcile({})


@pytest.mark.parametrize("cell", ["1201", "12x"])
def test_what_differs_is_refused(cell: str) -> None:
    with pytest.raises(Refused) as caught:
        footers(cell).reconcile({})
    assert caught.value.kind == "totals"
    assert "line 9" in caught.value.message


def test_a_known_sign_is_the_only_one() -> None:
    with pytest.raises(Refused):
        footers("1.200").reconcile({"streams": "."})


def test_an_unreadable_number_makes_the_total_prove_nothing() -> None:
    found = footers("1200")
    found.unreadable.add("streams")
    with pytest.raises(Refused, match="proves nothing"):
        found.reconcile({})
