"""`python -m backline.sandbox` is `backline sandbox` without the imports of the rest."""

from __future__ import annotations

import sys

from backline.sandbox.launch import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
