"""Draw what the demo says at its end into docs/pictures/demo.svg, for the README: `.venv/bin/python scripts/draw_demo.py`.

The words are the program's own. Only what differs between two runs is evened out (ids, seconds, the port,
the folder), so that the picture changes when the product does and not otherwise.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/pictures/demo.svg"
WIDTH = 116
HEADING = re.compile(r"^\S")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def run_demo() -> str:
    """The whole output of `backline demo --once` in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        # The program's own settings only; nothing of whoever draws.
        env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251 -- no settings of ours
        env |= {"COLUMNS": str(WIDTH), "BACKLINE_LANGUAGE": "en"}
        command = [sys.executable, "-m", "backline", "demo", "--once", "--state", f"{folder}/demo-state"]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    return even_out(done.stdout, folder)


def even_out(words: str, folder: str) -> str:
    """The same words for every run: without ids, seconds, port and folders."""
    words = words.replace(f"{folder}/", "").replace(f"{Path(sys.executable).parent}/", ".venv/bin/")
    words = re.sub(rf" +\d+\.\d+ s  {UUID.pattern}", "", words)
    words = UUID.sub("…", words)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8765", words)


def draw(words: str) -> str:
    """The words as a terminal window, in SVG that loads nothing from elsewhere."""
    console = Console(record=True, width=WIDTH, file=StringIO(), color_system="truecolor")
    console.print(Text("$ make demo", style="bold green"))
    for line in words.strip().splitlines():
        style = "bold cyan" if HEADING.match(line) and len(line) < 40 else ""
        text = Text(line, style=style)
        text.highlight_regex(r"succeeded|✓", "green")
        text.highlight_regex(r"(?<= )-\d+\.\d %", "red")
        text.highlight_regex(r"\+\d+\.\d %", "green")
        text.highlight_regex(r"unknown", "dim")
        console.print(text, soft_wrap=True)
    svg = console.export_svg(title="Backline", unique_id="demo")
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL).rstrip() + "\n"


if __name__ == "__main__":
    PICTURE.write_text(draw(run_demo()), encoding="utf-8")
