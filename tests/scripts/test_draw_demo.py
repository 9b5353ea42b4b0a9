"""The picture in the README: the same words give the same picture, and it loads nothing from elsewhere."""

from __future__ import annotations

import re

from scripts.draw_demo import PICTURE, draw, even_out

RUN = "01a20ee1-da60-7d73-a879-440613b18b14"
SAID = f"What ran\n  import  succeeded  0.545 s  {RUN}\n  Web: http://127.0.0.1:40475/ready\n  Report: /x/demo-state/{RUN}.csv\n"


def test_what_differs_between_runs_is_evened_out() -> None:
    other = SAID.replace(RUN, RUN[::-1].replace("-", "")[:8] + RUN[8:]).replace("0.545", "1.02")
    other = other.replace("40475", "5").replace("/x/", "/y/")
    assert even_out(SAID, "/x") == even_out(other, "/y")
    assert "demo-state/….csv" in even_out(SAID, "/x")


def test_picture_is_the_same_each_time_and_stands_alone() -> None:
    svg = draw(even_out(SAID, "/x"))
    assert svg == draw(even_out(SAID, "/x"))
    assert "succeeded" in svg
    assert not re.search(r"url\(.?https?:|<image", svg)


def test_shipped_picture_shows_the_demo() -> None:
    svg = PICTURE.read_text(encoding="utf-8").replace("&#160;", " ")
    for words in ("What ran", "What it found", "Where to look", "aggregate_metrics"):
        assert words in svg
