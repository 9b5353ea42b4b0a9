"""Sample reports of an invented artist, made by scripts/make_samples.py; the demo imports them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ARTIST: Final = "Velvet Tramlines"
REPORTS: Final = Path(__file__).parent / "reports"
DOWNLOADED: Final = 1_788_163_200  # 2026-08-31T08:00:00Z: when these reports would have been downloaded
