"""A moment is told in UTC."""

from __future__ import annotations

from backline.moments import show_moment


def test_a_moment_is_told_in_utc_to_the_second() -> None:
    assert show_moment(0) == "1970-01-01T00:00:00Z"
    assert show_moment(1_774_746_000_999_999) == "2026-03-29T01:00:00Z"


def test_what_is_no_moment_is_told_as_it_is() -> None:
    assert [show_moment(odd) for odd in (1 << 62, "abc", 1.5e308, b"x", float("nan"))] == [
        str(1 << 62), "'abc'", "1.5e+308", "b'x'", "nan",
    ]  # fmt: skip
