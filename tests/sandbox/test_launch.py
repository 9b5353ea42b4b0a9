"""Options become a sandbox; mistakes become words."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from backline.sandbox.launch import Options, build, describe, launch, main, read_options


def test_options_are_read() -> None:
    options = read_options(
        ["--port", "0", "--profile", "extended", "--artists", "5", "--no-budgets", "--seed", "x"]
    )
    assert options == Options(port=0, profile="extended", artists=5, budgets=False, seed="x")
    with pytest.raises(SystemExit):
        read_options(["--profile", "golden"])


def test_without_budgets_nothing_ends() -> None:
    limits = build(Options(artists=1, playlists=0, budgets=False)).stage.ledger.limits
    assert set(limits.budgets.values()) == {None}
    assert limits.most is None
    assert build(Options(artists=1, playlists=0)).stage.ledger.limits.most


def test_the_line_says_who_may_come() -> None:
    app = build(Options(artists=1, playlists=0, clock="2026-11-22"))
    told = describe(app, "http://127.0.0.1:1")
    assert told["api"] == "http://127.0.0.1:1/v1"
    assert told["client_id"] in app.stage.world.apps
    assert "http://127.0.0.1/callback" in told["redirect_uris"]


@pytest.mark.parametrize(
    "options", [Options(profile="golden"), Options(host="0.0.0.0"), Options(port=0, clock="soon")]
)
def test_what_cannot_be_started(options: Options) -> None:
    told: list[Any] = []
    with pytest.raises(ValueError, match=r"golden|does not listen|isoformat"):
        launch(options, told.append)
    assert told == []


def test_a_taken_port_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["--port", str(taken.getsockname()[1])]) == 2
    assert "error:" in capsys.readouterr().err
