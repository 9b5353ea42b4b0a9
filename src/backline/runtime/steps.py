"""Results kept on the way: a long task resumes after its last finished step."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from backline.errors import LeaseLost
from backline.runtime.audit import canonical_json, digest
from backline.runtime.claim import Watch
from backline.storage.database import Database
from backline.storage.steps import keep_step, read_step


class Steps:
    """`keep(name, inputs, work)` does the work once per run and input, and remembers its JSON result."""

    def __init__(self, database: Database, watch: Watch) -> None:
        self._database = database
        self._watch = watch

    def keep(self, name: str, inputs: Any, work: Callable[[], Any]) -> Any:
        """The kept result where there is one, else `work()`, committed before it is returned.

        Results are JSON. Raises `LeaseLost` where another worker owns the run by now.
        """
        input_sha = digest(canonical_json(inputs)) or ""
        with self._database.read() as connection:
            kept = read_step(connection, self._watch.run_id, name, input_sha)
        if kept is not None:
            return json.loads(kept)
        self._watch.checkpoint()
        result = json.dumps(work())
        with self._database.write() as connection:
            ours = keep_step(
                connection,
                self._database.now_sql,
                run_id=self._watch.run_id,
                fence=self._watch.fence,
                name=name,
                input_sha=input_sha,
                result=result,
            )
        if not ours:
            raise LeaseLost
        return json.loads(result)
