"""Anchors as objects of a real S3 interface (moto's server), and one that is not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs

from backline.anchors.anchor import Anchor
from backline.anchors.s3 import S3Target

ANCHORS = [Anchor(1, seq, "00" * 32, seq, 5 + seq, "k", "s") for seq in (1, 2, 3)]


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    system = fs.S3FileSystem(
        endpoint_override=f"{host}:{port}", scheme="http", region="us-east-1", allow_bucket_creation=True
    )
    system.create_dir("vault")
    yield url
    server.stop()


def test_each_anchor_is_an_object(endpoint: str) -> None:
    target = S3Target("s3://vault/team/audit/", endpoint, "us-east-1")
    assert list(target.read([])) == []
    places = [target.keep(anchor) for anchor in ANCHORS]
    assert places[0] == "s3://vault/team/audit/6-1-1.json"
    assert list(target.read([])) == ANCHORS
    system = target._open()
    with system.open_output_stream("vault/team/audit/9-9-9.json") as stream:
        stream.write(b"nonsense")
    bad: list[str] = []
    assert list(target.read(bad)) == ANCHORS
    assert bad == ["s3://vault/team/audit/9-9-9.json is not an anchor."]
    with pytest.raises(OSError, match=r"(?i)bucket"):
        S3Target("no-such-bucket", endpoint, "us-east-1").keep(ANCHORS[0])
