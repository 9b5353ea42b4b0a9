"""How fast providers may be asked, and where that is kept."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from backline.runtime.limits import Policy
from backline.runtime.task import BadTask
from backline.sections import LimitSettings
from backline.wiring_limits import SPOTIFY, find_policies, open_redis_limits
from tests.celery_apps import make_settings


def test_spotify_has_its_pace_without_any_task(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    assert find_policies(settings)["spotify"] == SPOTIFY
    changed = settings.model_copy(update={"limits": {"spotify": LimitSettings(rate=0.5)}})
    assert (find_policies(changed)["spotify"].rate, find_policies(changed)["spotify"].burst) == (0.5, 3)
    assert SPOTIFY.measure(1, interactive=False)[1] < SPOTIFY.measure(1, interactive=True)[1]


def test_policies_are_those_of_the_code_as_the_settings_change_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "paced-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: paced\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[backline.tasks]\none = paced_one\ntwo = paced_two\n")
    text = "from backline.runtime.limits import Policy\nPOST = Policy('post', rate={}, burst=4)\n"
    (tmp_path / "paced_one.py").write_text(text.format(2))
    (tmp_path / "paced_two.py").write_text(text.format(2))
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = make_settings(tmp_path)
    assert find_policies(settings)["post"] == Policy("post", rate=2, burst=4)
    changed = {"post": LimitSettings(rate=7), "mail": LimitSettings(rate=1, burst=2)}
    found = find_policies(settings.model_copy(update={"limits": changed}))
    assert (found["post"], found["mail"]) == (
        Policy("post", rate=7, burst=4),
        Policy("mail", rate=1, burst=2),
    )
    with pytest.raises(BadTask, match=r"limits\.mail\.rate"):
        find_policies(settings.model_copy(update={"limits": {"mail": LimitSettings(burst=2)}}))
    (tmp_path / "paced_two.py").write_text(text.format(33))
    for name in ("paced_one", "paced_two"):
        sys.modules.pop(name)
    importlib.invalidate_caches()
    with pytest.raises(BadTask, match="Two policies"):
        find_policies(settings)
    for name in ("paced_one", "paced_two"):
        sys.modules.pop(name)


def test_limits_live_in_redis_where_the_broker_is_one(tmp_path: Path) -> None:
    kinds = {
        url: type(open_redis_limits(make_settings(tmp_path, url))).__name__
        for url in ("", "redis://h:6379/0", "amqp://h//", "sentinel://h:26379")
    }
    assert list(kinds.values()) == ["NoneType", "RedisLimits", "NoneType", "NoneType"]
