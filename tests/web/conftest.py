"""Settings of a state folder of this test, and a house with an API on each kind of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backline.settings import Settings, load_settings
from backline.web.api import make_api
from backline.wiring import House
from tests.web.houses import Caller, CountingBells, add, make_key


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """SQLite and the embedded doorbell in an empty folder."""
    return load_settings({"BACKLINE_STATE": str(tmp_path / "state")}).settings


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.services])])
def house(
    request: pytest.FixtureRequest, tmp_path: Path, make_database_url: Callable[[str], str]
) -> Iterator[House]:
    """One task, bells that count, an empty database."""
    env = {
        "BACKLINE_STATE": str(tmp_path / "state"),
        "BACKLINE_DATABASE_URL": make_database_url(request.param),
        "BACKLINE_WEB_MAX_BODY_KB": "16",
        "BACKLINE_WEB_MAX_STREAMS": "2",
    }
    house = House(load_settings(env).settings, {add.name: add}, CountingBells())
    yield house
    house.close()


@pytest.fixture
def call(house: House) -> Caller:
    """Asks the API with a key that may do everything."""
    return Caller(make_api(house, None), make_key(house.database))
