"""The decimal sign of a measure, told by its column or by what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from backline.reports.decimal_signs import DecimalSigns
from backline.reports.format import Layout, Refused
from backline.reports.records import Block
from backline.reports.scan import Scan


def decide(delimiter: str = "", number_form: str = "auto", **columns: list[str]) -> str:
    """The sign for the revenue in the column `net`, of which the first block is seen first."""
    measures = {"units": "pieces", "revenue": "net"} if "pieces" in columns else {"revenue": "net"}
    layout = Layout(
        report="r",
        kind="statement",
        span=1,
        columns={"artist": "artist"},
        measures=measures,
        amounts=frozenset({"gross"}),
        number_form=number_form,
    )

    def blocks() -> Iterator[Block]:
        for parts in zip(*columns.values(), strict=True):
            yield Block(
                {name: pa.array([part]) for name, part in zip(columns, parts, strict=True)}, np.arange(1)
            )

    return DecimalSigns(layout, Scan(blocks, delimiter)).tell("revenue", "net", [columns["net"][0]])


def test_the_column_tells_itself_also_further_down() -> None:
    assert decide(net=["0,5"]) == ","
    assert decide(net=["3,301", "€ 0.5"]) == "."
    assert decide(net=["5"]) == "."
    assert decide(net=["3,301"], number_form="1.200,5") == ","


def test_other_amounts_tell_before_the_delimiter_and_that_before_other_numbers() -> None:
    assert decide(net=["3,301"], gross=["0.5"], delimiter=";") == "."
    assert decide(net=["3,301"], pieces=["1,250"], delimiter=";") == "."
    assert decide(net=["3,301"], share=["0.5"], delimiter=";") == ","
    assert decide(net=["3,301"], share=["0.5"], delimiter=",") == "."
    assert decide(net=["3.301"], share=["0.5"], delimiter=";") == "."


@pytest.mark.parametrize(
    "columns",
    [
        {"net": ["3,301"]},
        {"net": ["3,301"], "gross": ["0.5"], "pieces": ["1.250"]},
        {"net": ["3,301"], "artist": ["0.5"]},
        {"net": ["3,301"], "a": ["0.5"], "b": ["0,5"]},
    ],
)
def test_what_nothing_tells_or_what_is_contradicted_is_refused(columns: dict[str, list[str]]) -> None:
    with pytest.raises(Refused, match="--number-form") as caught:
        decide(**columns)
    assert caught.value.kind == "ambiguous_number"
