"""`python -m backline` is the same program as `backline`."""

from __future__ import annotations

from backline.cli import main

if __name__ == "__main__":
    main()
