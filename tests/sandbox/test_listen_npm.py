"""The judge in another language: the TypeScript client as it comes, on the profile with extended quota."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.stand import Stand, open_stand

pytestmark = pytest.mark.xdist_group("sandbox")
HERE = Path(__file__).parent / "npm"
NEEDED = 18  # the first Node with fetch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with its packages, by name, version and hash."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        skip("node and npm are not installed; make services brings them where it may")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip("v\n").split(".")[0]) < NEEDED:
        skip(f"node {version.strip()} is older than {NEEDED}")
    place = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json", "judge.mjs"):
        shutil.copy(HERE / name, place)
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
        cwd=place, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    if done.returncode and "EINTEGRITY" not in done.stderr:
        skip(f"npm cannot fetch its one package here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    return place


def skip(words: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(words)
    pytest.skip(words)


def judge(folder: Path, stand: Stand) -> dict[str, Any]:
    orders = {
        "address": stand.address, "client_id": stand.facts["client_id"], "client_secret": stand.facts["client_secret"],
        "redirect": "http://127.0.0.1:39471/callback", "user": stand.control("GET", "")["users"][0]["id"],
    }  # fmt: skip
    done = subprocess.run(
        ["node", "judge.mjs"], cwd=folder, input=json.dumps(orders), capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_a_client_in_another_language_signs_in_reads_and_writes(folder: Path) -> None:
    with open_stand("--artists", "24", "--no-budgets", "--profile", "extended") as stand:
        stand.control("POST", "profile", {"lag": {"items": 0, "third": 0, "snapshot": 0}})
        truth = stand.control("GET", "world")
        seen = judge(folder, stand)
        requests = stand.control("GET", "ledger")["requests"]
    person = next(iter(truth["people"].values()))
    tracks, ids = truth["tracks"], seen["ids"]
    uris = [f"spotify:track:{one}" for one in ids]
    assert set(seen["albums"]) == set(truth["artists"][seen["artist"]]["releases"])
    assert seen["several"] == [[one, tracks[one]["isrc"]] for one in ids]
    assert (seen["markets"], seen["features"]) == (10, ids[0])
    assert seen["me"] == [person["id"], person["account_id"], "premium"]
    assert seen["saved"] == sum(":track:" in uri for uri in person["saved"])
    assert seen["has"] == [True] * len(ids)
    assert seen["hasAfter"] == [False] * len(ids)
    assert seen["played"] == [one["played_at"] for one in person["plays"][:-51:-1]]
    assert seen["rows"] == [*uris[1:], uris[0]]
    assert seen["left"] == len(uris) - 1
    assert "Invalid limit" in seen["limit"]
    assert "Resource not found" in seen["gone"]
    assert not [one for one in requests if one["status"] >= 500 or one["why"] in {"gone", "no route"}]


def test_its_lock_has_hashes_and_no_addresses() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert all("integrity" in one and "resolved" not in one for name, one in packages.items() if name)
