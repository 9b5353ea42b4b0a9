"""A migration that was committed is never changed: databases were made by it."""

from __future__ import annotations

import hashlib
from pathlib import Path

VERSIONS = Path("src/backline/storage/migrations/versions")
HASHES = Path("tests/house/migrations.sha256")  # lines as `sha256sum` prints them


def check_migrations(root: Path) -> list[str]:
    """Every migration has the hash that was written down with it, and every hash its migration."""
    kept = root / HASHES
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    known = {Path(path): digest for digest, _, path in (line.partition("  ") for line in lines)}
    found = {
        path.relative_to(root): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((root / VERSIONS).glob("[0-9]*.py"))
    }
    complaints = [
        f"{path}: has no hash; `sha256sum {path} >> {HASHES}`" for path in found if path not in known
    ]
    complaints += [f"{path}: {HASHES} knows it, and it is gone" for path in known if path not in found]
    changed = [path for path in found if path in known and known[path] != found[path]]
    return complaints + [f"{path}: was changed; write the next migration instead" for path in changed]
