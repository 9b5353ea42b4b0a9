"""Every process looks for expired content about once an hour."""

from __future__ import annotations

from backline.runtime.expiry import ACTOR, Expiry
from backline.storage.audits import list_audit
from backline.storage.database import Database
from tests.storage.catalogue_stage import DAY, CatalogueStage, release, track


def test_expired_content_leaves_without_anybody_asking(database: Database) -> None:
    stage = CatalogueStage(database)
    with database.read() as connection:
        stage.now = database.now(connection) - 31 * DAY
    stage.look(release("Dawn", track("One")))
    hourly, eager = Expiry(database), Expiry(database, pause=0)
    assert hourly.turn() == 4
    stage.look(release("Dawn", track("One")))
    assert hourly.turn() == 0  # it has just looked
    assert stage.count("entry") == 3
    assert eager.turn() == 4 and eager.turn() == 0
    with database.read() as connection:
        assert {row.actor for row in list_audit(connection)} == {ACTOR}
