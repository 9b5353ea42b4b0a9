"""Who is measured: one module each, with `prepare`, `work` and `open_door`."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

EMBEDDED, REDIS, RABBITMQ = "embedded", "redis", "rabbitmq"
ON_POSTGRESQL = (REDIS, RABBITMQ)
EVERYWHERE = (EMBEDDED, REDIS, RABBITMQ)


@dataclass(frozen=True)
class Contender:
    """One way of doing the same work. `needs` must be importable; `processes` are started side by side."""

    key: str
    title: str
    module: str
    stacks: tuple[str, ...]
    needs: str
    processes: int = 1

    @property
    def is_installed(self) -> bool:
        """Whether what it needs is in this environment."""
        return find_spec(self.needs) is not None


CONTENDERS = {
    contender.key: contender
    for contender in (
        Contender("plain", "plain Celery, one commit", "plain", EVERYWHERE, "celery"),
        Contender("short", "Backline, one commit", "ours", EVERYWHERE, "backline"),
        Contender("claimed", "Backline, two commits", "ours", EVERYWHERE, "backline"),
        Contender("dbos", "DBOS, transactional step", "dbos_app", ON_POSTGRESQL, "dbos", processes=2),
        Contender("dbos_bare", "DBOS, bare workflow", "dbos_app", ON_POSTGRESQL, "dbos", processes=2),
        Contender(
            "procrastinate", "Procrastinate", "procrastinate_app", ON_POSTGRESQL, "procrastinate", processes=2
        ),
    )
}
REFERENCE = "plain"
RIVALS = ("dbos", "dbos_bare", "procrastinate")
