"""`backline user` adds, lists, disables and enables, with audit rows."""

from __future__ import annotations

import re

from tests.cli.conftest import Call


def test_add_list_disable_enable(call: Call) -> None:
    assert call("user", "list", "--json").lines == []
    added = call("user", "add", "ann", "--role", "admin", "--json").one
    assert (added["name"], added["role"], added["created_by"]) == ("ann", "admin", "tester")
    assert call("user", "add", "bob", "--json").one["role"] == "member"
    assert re.search(r"^created +20", call("user", "add", "eva").out, re.MULTILINE)
    assert call("user", "disable", "eva").code == 0
    assert call("user", "add", "bob").code == 2
    assert call("user", "add", "a b").code == 2
    disabled = call("user", "disable", "ann", "--json").one
    assert disabled["disabled_by"] == "tester"
    assert call("user", "disable", "ann", "--json").one == disabled
    assert call("user", "disable", "eve").code == 2
    assert [row["name"] for row in call("user", "list", "--json").lines] == ["ann", "bob", "eva"]
    enabled = call("user", "enable", "ann", "--json").one
    assert enabled == disabled | {"disabled_at": None, "disabled_by": None}
    assert call("user", "enable", "ann").code == 0
    assert call("user", "enable", "eve").code == 2
    rows = call("audit", "list", "--json").lines
    assert [(row["action"], row["object"]) for row in rows] == [
        ("user.enable", "user:ann"),
        ("user.disable", "user:ann"),
        ("user.disable", "user:eva"),
        ("user.add", "user:eva"),
        ("user.add", "user:bob"),
        ("user.add", "user:ann"),
    ]
