"""Results of finished steps of long runs, each committed as it is reached."""

from __future__ import annotations

from sqlalchemy import Connection, select, text

from backline.storage import run_tables as t

_KEEP = """
INSERT INTO backline_step (run_id, name, input_sha, result, made_at)
SELECT r.id, CAST(:name AS TEXT), CAST(:input_sha AS TEXT), CAST(:result AS TEXT), {now}
FROM backline_run AS r WHERE r.id = :run_id AND r.fence = :fence AND r.state = 'running'
ON CONFLICT (run_id, name) DO UPDATE SET input_sha = excluded.input_sha, result = excluded.result,
    made_at = excluded.made_at
RETURNING run_id
"""


def read_step(connection: Connection, run_id: str, name: str, input_sha: str) -> str | None:
    """The kept result of a step with the same input, as JSON; None where it has not been reached."""
    query = select(t.step.c.result).where(
        t.step.c.run_id == run_id, t.step.c.name == name, t.step.c.input_sha == input_sha
    )
    return connection.execute(query).scalar_one_or_none()


def keep_step(
    connection: Connection, now_sql: str, *, run_id: str, fence: int, name: str, input_sha: str, result: str
) -> bool:
    """Keep a result, guarded by the fence; False where the run is no longer ours."""
    values = {"run_id": run_id, "fence": fence, "name": name, "input_sha": input_sha, "result": result}
    return connection.execute(text(_KEEP.format(now=now_sql)), values).first() is not None
