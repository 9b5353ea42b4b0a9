"""Samples of an invented artist, made by scripts/make_samples.py: reports that the demo imports, and a catalogue.

`artist.json` tells the sandbox of the artist, with ISRCs and UPCs that stand in the reports too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ARTIST: Final = "Velvet Tramlines"
REPORTS: Final = Path(__file__).parent / "reports"
DOWNLOADED: Final = 1_788_163_200  # 2026-08-31T08:00:00Z: when these reports would have been downloaded
ARTIST_FILE: Final = Path(__file__).parent / "artist.json"
PLATFORM_ID: Final = "SampleVelvetTramlines0"
