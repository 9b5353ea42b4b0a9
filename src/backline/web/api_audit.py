"""/api/v1/audit: who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from backline.storage.audits import list_audit
from backline.web.descriptions import describe_audit
from backline.web.gate import API, allow
from backline.web.models import AuditPage
from backline.web.paging import CursorQuery, LimitQuery, read_number_cursor, write_cursor
from backline.web.problems import document
from backline.wiring import House

Object = Annotated[
    str | None, Query(max_length=300, pattern=r"^[^\x00]+$", description="Only this object, e.g. run:<id>.")
]
Run = Annotated[str | None, Query(pattern="^[0-9a-f-]{36}$", description="Only what this run is or did.")]
READ = allow("audit:read")


def make_router(house: House) -> APIRouter:
    """The routes of the audit trail."""
    router = APIRouter(prefix=f"{API}/audit", tags=["audit"])

    @router.get("", dependencies=[READ], responses=document(422))
    def list_some(
        object: Object = None,
        run: Run = None,
        limit: LimitQuery = 50,
        cursor: CursorQuery = None,
    ) -> AuditPage:
        """Audit rows, newest first."""
        before = read_number_cursor(cursor, "audit")
        with house.database.read() as connection:
            rows = list_audit(connection, object=object, run_id=run, before=before, limit=limit + 1)
        upcoming = write_cursor("audit", int(rows[limit - 1].id)) if len(rows) > limit else None
        items = [describe_audit(row) for row in rows[:limit]]
        return AuditPage.model_validate({"items": items, "next": upcoming})

    return router
