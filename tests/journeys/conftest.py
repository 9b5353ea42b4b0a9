"""A stack for each journey, in a folder and a database of its own; journeys on one stack run in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import skip_missing
from tests.journeys.stacks import NAMES, Servers, Stack, make_stack
from tests.services.programs import Missing

Make = Callable[..., Stack]


def on(*names: str, long: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """Run a journey on these stacks; without names on all three. On those of `long` only in `make faults`."""
    chosen = [
        pytest.param(
            name,
            marks=[pytest.mark.xdist_group(f"journeys_{name}")]
            + ([] if name == "embedded" else [pytest.mark.services])
            + ([pytest.mark.long] if name in long else []),
        )
        for name in names or NAMES
    ]
    return pytest.mark.parametrize("stack", chosen, indirect=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Servers of this process that a journey may kill."""
    import os

    from tests.conftest import FOLDER

    folder = Path(os.environ[FOLDER]) / f"journeys-{os.getpid()}"
    folder.mkdir()
    servers = Servers(folder)
    yield servers
    servers.stop()


@pytest.fixture
def stack(request: pytest.FixtureRequest, tmp_path: Path, servers: Servers) -> Iterator[Stack]:
    """The stack that the journey is parametrised with."""
    made, missing = None, ""
    try:
        made = make_stack(request.param, tmp_path, servers)
    except Missing as error:
        missing = str(error)
    if made is None:
        skip_missing(f"{request.param} ({missing})")
    yield made
    if request.session.testsfailed:
        print(made.crew.all_logs())
    made.close()
