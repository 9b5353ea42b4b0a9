"""A sandbox as a process of its own on a free port, and a client of its control API."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Stand:
    """`facts` is the line that it said; `web` reaches it."""

    facts: dict[str, Any]
    web: httpx.Client
    process: subprocess.Popen[str]

    @property
    def address(self) -> str:
        return str(self.facts["sandbox"])

    def control(self, method: str, place: str, data: Any = None) -> Any:
        reply = self.web.request(method, f"/_sandbox/{place}", json=data)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def edit(self, do: str, **more: Any) -> Any:
        return self.control("POST", "world", {"do": do} | more)[0]

    def sign_in_app(self) -> dict[str, str]:
        """Headers with a token of client credentials."""
        form = {"grant_type": "client_credentials"}
        pair = (self.facts["client_id"], self.facts["client_secret"])
        token = self.web.post("/api/token", data=form, auth=pair).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def open_stand(*options: str) -> Iterator[Stand]:
    """Start it, wait for its line, end it."""
    command = [sys.executable, "-m", "backline.sandbox", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            facts = json.loads(process.stdout.readline())
            with httpx.Client(base_url=facts["sandbox"]) as web:
                yield Stand(facts, web, process)
        finally:
            process.terminate()
            process.wait(timeout=10)
