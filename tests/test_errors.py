"""An error's docstring is its default message, also where a subclass has none."""

from __future__ import annotations

import pytest

from backline import errors
from backline.errors import BacklineError, BadInput, TryLater


@pytest.mark.parametrize(
    "kind",
    [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BacklineError)],
)
def test_every_error_says_something_and_stands_on_the_ladder(kind: type[BacklineError]) -> None:
    error = kind(5) if issubclass(kind, TryLater) else kind()
    assert str(error) == (kind.__doc__ or "").strip().splitlines()[0]
    assert kind.__name__ in (errors.__doc__ or "") or kind is BacklineError


def test_a_subclass_without_words_has_its_parent_s() -> None:
    class Odd(BadInput):
        pass

    assert str(Odd()) == "The input cannot be used as it is."


def test_the_remedy_is_kept() -> None:
    error = BadInput("Wrong.", remedy="Do this.")
    assert (str(error), error.message, error.remedy) == ("Wrong. Do this.", "Wrong.", "Do this.")
    later = TryLater("7.5", remedy="Wait.")
    assert later.seconds == 7.5 and later.remedy == "Wait."
