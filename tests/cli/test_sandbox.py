"""`backline sandbox` says where it listens, answers, and ends in order."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request

from tests.cli.conftest import Call


def test_it_serves_until_it_is_told_to_end() -> None:
    command = [sys.executable, "-m", "backline", "sandbox", "--port", "0", "--artists", "3", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        with urllib.request.urlopen(told["control"]) as reply:
            assert json.load(reply)["counts"]["artists"] == 3
        process.terminate()
        assert process.wait(timeout=10) == 0


def test_what_cannot_be_started_has_a_remedy(call: Call) -> None:
    for host in ("0.0.0.0", "example.org"):
        result = call("sandbox", "--host", host)
        assert (result.code, "gives its tokens" in result.err) == (3, True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = call("sandbox", "--port", str(taken.getsockname()[1]), "--artists", "1")
        assert (result.code, "--port" in result.err) == (2, True)
    for options, words in ((("--profile", "golden"), "golden"), (("--clock", "soon", "--port", "0"), "soon")):
        result = call("sandbox", *options)
        assert (result.code, words in result.err) == (2, True)
