"""Claims and facts written straight into the tables, the way an import leaves them, for tests of reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, text

from backline.music import fold_name
from backline.storage import fact_tables as t
from backline.storage.database import Database


@dataclass(frozen=True)
class Fact:
    """One measure of one artist; day and claim come from the claim it is put into."""

    artist_no: int
    value: int
    measure: str = "streams"
    track_no: int = 0
    country: str = ""
    source: str = ""
    currency: str = ""
    scale: int = 0


@dataclass
class FactWriter:
    """Writes imports with their claims, replaces current claims, takes imports back, marks dirty days."""

    connection: Connection
    imports: list[int] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)

    def add_artist(self, no: int, name: str, *, parts: Sequence[str] = (), confirmed: bool = True) -> None:
        """An artist row; `parts` are the single names of a shared credit."""
        values = {
            "no": no,
            "id": f"art_{no}",
            "name": name,
            "folded": fold_name(name),
            "confirmed": confirmed,
        }
        values |= {"provenance": "report", "created_at": 0, "created_by": "test"}
        self.connection.execute(insert(t.artist).values(values))
        for part in parts:
            values = {"part": fold_name(part), "artist_no": no}
            self.connection.execute(insert(t.credit_part).values(values))

    def add_track(self, no: int, artist_no: int, title: str) -> None:
        """A track row."""
        values: dict[str, Any] = {"no": no, "id": f"trk_{no}", "artist_no": artist_no, "title": title}
        values |= {"folded": fold_name(title), "confirmed": False, "provenance": "report"}
        self.connection.execute(insert(t.track).values(values | {"created_at": 0, "created_by": "test"}))

    def add_import(self, report: str = "table") -> int:
        """An import row; its number rises."""
        no = len(self.imports) + 1
        values: dict[str, Any] = {"no": no, "id": f"imp_{no}", "file": f"{no}.csv", "report": report}
        values |= {"content_sha": str(no), "hints_sha": "", "format": "table", "outcome": "accepted"}
        values |= dict.fromkeys(("rows_read", "rows_accepted", "rows_rejected", "rows_ignored", "days"), 0)
        values |= {"rejected": "[]", "totals": "{}", "run_id": "run", "created_at": no}
        self.connection.execute(insert(t.report_import).values(values))
        self.imports.append(no)
        return no

    def put(
        self,
        day: int,
        facts: Iterable[Fact],
        *,
        report: str = "table",
        kind: str = "artist",
        scope: str = "1",
        span: int = 1,
        rows: tuple[int, int] = (1, 0),
        known_at: int = 0,
        import_no: int | None = None,
    ) -> int:
        """A claim with its facts becomes the current one of its report, scope and day; the claim's id."""
        import_no = import_no or self.add_import(report)
        facts = list(facts)
        self._retire(report, scope, day)
        values: dict[str, Any] = {"import_no": import_no, "report": report, "kind": kind, "scope": scope}
        values |= {"day": day, "span": span, "content": "", "accepted": rows[0], "rejected": rows[1]}
        values |= {"known_at": known_at, "current": True}
        claim_id = self.connection.execute(
            insert(t.claim).values(values).returning(t.claim.c.id)
        ).scalar_one()
        if facts:
            self.connection.execute(
                insert(t.fact), [{"claim_id": claim_id, "day": day, **vars(fact)} for fact in facts]
            )
        self._mark(claim_id)
        return int(claim_id)

    def undo(self, import_no: int) -> None:
        """Take an import back: of each of its scopes the newest other claim becomes current."""
        self.undone.add(import_no)
        claims = self.connection.execute(select(t.claim).where(t.claim.c.import_no == import_no)).all()
        for claim in claims:
            self._retire(claim.report, claim.scope, claim.day)
            heirs = select(t.claim).where(
                t.claim.c.report == claim.report,
                t.claim.c.scope == claim.scope,
                t.claim.c.day == claim.day,
                t.claim.c.import_no.not_in(self.undone),
            )
            heir = self.connection.execute(heirs.order_by(t.claim.c.import_no.desc())).first()
            if heir is not None:
                self._set_current(heir.id, True)
                self._mark(heir.id)

    def _retire(self, report: str, scope: str, day: int) -> None:
        query = select(t.claim.c.id).where(
            t.claim.c.report == report, t.claim.c.scope == scope, t.claim.c.day == day, t.claim.c.current
        )
        for claim_id in self.connection.execute(query).scalars().all():
            self._set_current(claim_id, False)
            self._mark(claim_id)

    def _set_current(self, claim_id: int, current: bool) -> None:
        self.connection.execute(t.claim.update().where(t.claim.c.id == claim_id).values(current=current))

    def _mark(self, claim_id: int) -> None:
        self.connection.execute(
            text(
                "INSERT INTO backline_dirty_day (artist_no, day, marked_at) "
                "SELECT DISTINCT artist_no, day, 1 FROM backline_fact WHERE claim_id = :claim "
                "ON CONFLICT (artist_no, day) DO UPDATE SET marked_at = excluded.marked_at"
            ),
            {"claim": claim_id},
        )


def list_rollup(database: Database) -> list[tuple[Any, ...]]:
    """Every row of the rollup, in order."""
    columns = [*t.rollup.primary_key.columns, t.rollup.c.span, t.rollup.c.value]
    columns += [t.rollup.c.accepted, t.rollup.c.rejected, t.rollup.c.known_at]
    with database.read() as connection:
        return sorted(tuple(row) for row in connection.execute(select(*columns)))
