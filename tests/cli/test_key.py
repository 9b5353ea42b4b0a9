"""`backline key` creates, lists and revokes; the key is shown once."""

from __future__ import annotations

import pytest

from backline.cli.key import read_seconds
from backline.errors import BadInput
from tests.cli.conftest import Call


def test_create_list_revoke(call: Call) -> None:
    call("user", "add", "ann")
    made = call("key", "create", "--user", "ann", "--scope", "runs:write", "--scope", "runs:read", "--expires", "90d", "--note", "laptop", "--json")  # fmt: skip
    key = made.one["key"]
    assert key.startswith(f"bl_{made.one['id']}_") and "this once" in made.err
    assert (
        made.one["scopes"] == ["runs:read", "runs:write"] and made.one["expires_at"] > made.one["created_at"]
    )
    (listed,) = call("key", "list", "--json").lines
    assert listed == {name: value for name, value in made.one.items() if name != "key"}
    revoked = call("key", "revoke", made.one["id"], "--json").one
    assert revoked["revoked_by"] == "tester"
    assert call("key", "revoke", made.one["id"], "--json").one == revoked
    trail = call("audit", "list", "--json")
    assert [row["action"] for row in trail.lines] == ["key.revoke", "key.create", "user.add"]
    assert trail.lines[1]["body"]["note"] == "laptop"
    assert key.rpartition("_")[2] not in trail.out + call("key", "list").out


def test_what_cannot_be_made(call: Call) -> None:
    assert call("key", "create", "--user", "ann", "--scope", "runs:read").code == 2
    call("user", "add", "ann", "--role", "viewer")
    assert call("key", "create", "--user", "ann", "--scope", "runs:fly").code == 2
    assert call("key", "create", "--user", "ann", "--scope", "runs:write").code == 3
    assert call("key", "revoke", "0").code == 2
    assert call("key", "list", "--json").lines == []


def test_spans_of_time() -> None:
    assert [read_seconds(words) for words in ("12h", "90d", "2w", "1y")] == [
        43_200, 7_776_000, 1_209_600, 31_536_000,
    ]  # fmt: skip
    for words in ("", "0d", "-1d", "90", "1.5d", "999999y", "d"):
        with pytest.raises(BadInput):
            read_seconds(words)
