"""The web process: a real one, asked over HTTP, ended by a signal."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from backline.web.loopback import open_socket
from backline.web.server import start_listening


def test_real_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        ["env", f"BACKLINE_STATE={tmp_path}", sys.executable, "-m", "backline", "web", "--port", "0"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert address is not None
        assert httpx.get(f"{address[0]}/health").json()["status"] == "alive"
        assert httpx.get(f"{address[0]}/ready").status_code == 200
        assert httpx.get(f"{address[0]}/health", headers={"host": "evil.example"}).status_code == 403
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
    finally:
        process.kill()


def test_connections_send_at_once() -> None:
    with open_socket("127.0.0.1", 0) as listener:
        start_listening(listener)
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
