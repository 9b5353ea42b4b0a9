"""What doctor looks at in the vault: whether every secret can be opened, and where the key is that must be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backline.errors import BacklineError
from backline.settings import Settings
from backline.storage.database import Database
from backline.storage.vault import Vault, count_secrets
from backline.web.readiness import Check
from backline.wiring import make_key_source


def look_at_vault(settings: Settings) -> Iterator[Callable[[Database], Check]]:
    """The one look, for a database that answers."""

    def check_vault(database: Database) -> Check:
        try:
            return _check(settings, database)
        except BacklineError as error:
            return Check("vault", "problem", error.message, error.remedy)

    yield check_vault


def _check(settings: Settings, database: Database) -> Check:
    with database.read() as connection:
        count = count_secrets(connection)
        if not count:
            return Check("vault", "ok", "Nothing is kept in it.")
        source = make_key_source(settings)
        strange = Vault(database, source, lambda _: None).find_strange(connection)
    if strange:
        says = f"Secrets are kept under the key {', '.join(strange)}, which is not in {source.place}."
        remedy = "Put that key back from its copy; nothing was changed."
        return Check("vault", "problem", says, remedy)
    says = f"{count:,} secrets can be opened with the key in {source.place}."
    remedy = "Keep a copy of the key apart from the database: a backup does not hold it."
    return Check("vault", "ok", says, remedy)
