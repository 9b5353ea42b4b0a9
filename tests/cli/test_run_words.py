"""A run's row in words."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from backline.cli.run_words import explain_end, show_age
from backline.errors import BadInput, NeedsHuman, NotAllowed, TryLater


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (59, "59s"), (60, "1min"), (7_200, "2h"), (200_000, "2d"), (-3, "0s")]
)
def test_ages(seconds: int, words: str) -> None:
    assert show_age(seconds) == words


@pytest.mark.parametrize(
    ("state", "kind", "error", "words"),
    [
        ("failed", "bad_input", BadInput, "Odd."),
        ("failed", "not_allowed", NotAllowed, "Odd."),
        ("failed", "bug", NeedsHuman, "Run r1 is failed: Odd."),
        ("dead", "poison", NeedsHuman, "Run r1 is dead: Odd."),
        ("scheduled", "transient", TryLater, "Run r1 is put off: Odd."),
    ],
)
def test_a_run_ends_in_the_kind_of_its_error(
    state: str, kind: str, error: type[Exception], words: str
) -> None:
    end = explain_end(SimpleNamespace(state=state, error_kind=kind, error_text="Odd."), "r1")
    assert type(end) is error and end.message.startswith(words)
    if error in (TryLater, NeedsHuman):  # another sentence follows
        bare = explain_end(SimpleNamespace(state=state, error_kind=kind, error_text="Odd\n"), "r1")
        assert bare.message == end.message
    assert end.remedy == "`backline runs show r1` tells more."
