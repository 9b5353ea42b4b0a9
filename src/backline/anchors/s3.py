"""Anchors as objects in S3 or what speaks like it; with object lock on the bucket nobody can take them back.

Credentials come from where AWS clients look for them (environment, profile, instance), never from settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backline.anchors.anchor import Anchor, read_anchor

TIMEOUT = 10.0  # seconds, to connect and for an answer


class S3Target:
    """One object per anchor under `place`, which is `bucket` or `bucket/prefix`."""

    name = "s3"

    def __init__(self, place: str, endpoint: str = "", region: str = "") -> None:
        self.place = place.removeprefix("s3://").strip("/")
        self._endpoint = endpoint
        self._region = region

    def keep(self, anchor: Anchor) -> str:
        """Write one object, named by time, epoch and seq. Raises `OSError`."""
        path = f"{self.place}/{anchor.at}-{anchor.epoch}-{anchor.seq}.json"
        with self._open().open_output_stream(path) as stream:
            stream.write(anchor.as_line().encode())
        return f"s3://{path}"

    def read(self, bad: list[str]) -> Iterator[Anchor]:
        """Every object's anchor, oldest first. Raises `OSError`."""
        from pyarrow import fs

        system = self._open()
        found = system.get_file_info(fs.FileSelector(self.place, recursive=True, allow_not_found=True))
        for one in sorted(found, key=lambda info: str(info.path)):
            if one.is_file and one.path.endswith(".json"):
                with system.open_input_stream(one.path) as stream:
                    anchor = read_anchor(stream.read().decode(errors="replace"))
                if anchor is None:
                    bad.append(f"s3://{one.path} is not an anchor.")
                else:
                    yield anchor

    def _open(self) -> Any:
        from pyarrow import fs  # takes a while to import

        scheme, _, host = self._endpoint.rpartition("://")
        options: dict[str, Any] = {"connect_timeout": TIMEOUT, "request_timeout": TIMEOUT}
        if self._endpoint:
            options |= {"endpoint_override": host.rstrip("/"), "scheme": scheme or "https"}
        if self._region:
            options["region"] = self._region
        return fs.S3FileSystem(**options)
