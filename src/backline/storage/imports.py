"""Imports: one row for each file that was read, and the mappings that were used for unknown headers."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select, text

from backline.errors import BadInput, UnknownName
from backline.music import to_date, to_day
from backline.storage import fact_tables as t
from backline.storage.import_lines import DayRange, ImportLine, RejectedRow, Rows, Totals

ImportRow = Row[Any]
_KEEP_MAPPING = """
INSERT INTO backline_mapping (fingerprint, body, created_at, created_by)
VALUES (:fingerprint, :body, {now}, :created_by)
ON CONFLICT (fingerprint) DO UPDATE SET body = excluded.body, created_at = excluded.created_at,
    created_by = excluded.created_by
"""
_COUNT_CLAIMS = """
SELECT count(*), count(CASE WHEN current THEN 1 END) FROM backline_claim WHERE id IN (
    SELECT id FROM backline_claim WHERE import_no = :import_no
    UNION ALL SELECT claim_id FROM backline_claim_echo WHERE import_no = :import_no)
"""


_SUCCESSORS = """
SELECT DISTINCT i.no, i.id FROM backline_claim AS b
JOIN backline_claim AS c ON c.report = b.report AND c.scope = b.scope AND c.day = b.day AND c.current
JOIN backline_import AS i ON i.no = c.import_no
WHERE NOT b.current AND i.undone_at IS NULL AND b.id IN (
    SELECT id FROM backline_claim WHERE import_no = :import_no
    UNION ALL SELECT claim_id FROM backline_claim_echo WHERE import_no = :import_no)
ORDER BY i.no
"""


@dataclass(frozen=True)
class NewImport:
    """A file as it was read: what came of it, and digests of its bytes and of what was said beside them."""

    line: ImportLine
    content_sha: str
    hints_sha: str
    report: str | None
    run_id: str


def new_import_id() -> str:
    """`imp_` and 16 hex digits by chance."""
    return f"imp_{secrets.token_hex(8)}"


def insert_import(connection: Connection, new: NewImport, moment: int) -> int:
    """Write the row and return its number; later imports have higher ones."""
    line = new.line
    values = {
        "id": line.import_id,
        "file": line.file,
        "content_sha": new.content_sha,
        "hints_sha": new.hints_sha,
        "format": line.format,
        "report": new.report,
        "outcome": line.outcome,
        **{f"rows_{name}": count for name, count in line.rows},
        "rejected": json.dumps([bad.model_dump() for bad in line.rejected], ensure_ascii=False),
        "totals": line.totals.model_dump_json(),
        "first_day": count_days(line.days.first),
        "last_day": count_days(line.days.last),
        "days": line.days.count,
        "remedy": line.remedy,
        "run_id": new.run_id,
        "created_at": moment,
    }
    statement = t.report_import.insert().values(values).returning(t.report_import.c.no)
    return int(connection.execute(statement).scalar_one())


def find_same(connection: Connection, content_sha: str, hints_sha: str) -> ImportRow | None:
    """The newest accepted import of these bytes and hints that is not taken back."""
    c = t.report_import.c
    query = select(t.report_import).where(c.content_sha == content_sha, c.hints_sha == hints_sha)
    query = query.where(c.outcome == "accepted", c.undone_at.is_(None)).order_by(c.no.desc()).limit(1)
    return connection.execute(query).first()


def read_import(connection: Connection, import_id: str) -> ImportRow:
    """One import by its id, or by a beginning of it that fits only one. Raises `UnknownName`."""
    c = t.report_import.c
    query = select(t.report_import).where(c.id.startswith(import_id.strip(), autoescape=True)).limit(2)
    rows = connection.execute(query).all()
    exact = [row for row in rows if row.id == import_id.strip()]
    if exact:
        return exact[0]
    if len(rows) != 1 or not import_id.strip():
        known = "more than one import starts so" if rows else "no import starts so"
        raise UnknownName(f"Import {import_id!r}: {known}.", remedy="`backline import list` shows them.")
    return rows[0]


def list_imports(connection: Connection, *, limit: int = 50) -> list[ImportRow]:
    """Newest first."""
    query = select(t.report_import).order_by(t.report_import.c.no.desc()).limit(limit)
    return list(connection.execute(query).all())


def count_claims(connection: Connection, import_no: int) -> tuple[int, int]:
    """How many claims an import brought, written by it or as an echo, and how many of them are current."""
    brought, current = connection.execute(text(_COUNT_CLAIMS), {"import_no": import_no}).one()
    return int(brought), int(current)


def list_successors(connection: Connection, import_no: int) -> list[str]:
    """Ids of the imports whose claims stand in place of those of this one, oldest first."""
    return [row.id for row in connection.execute(text(_SUCCESSORS), {"import_no": import_no})]


def check_undoable(row: ImportRow) -> None:
    """Raises `BadInput` where there is nothing to take back."""
    if row.outcome != "accepted":
        raise BadInput(f"Import {row.id} ({row.file}) was {row.outcome}: it brought nothing to take back.")
    if row.undone_at is not None:
        raise BadInput(f"Import {row.id} ({row.file}) was taken back before, by {row.undone_by}.")


def mark_undone(connection: Connection, import_no: int, *, moment: int, by: str) -> bool:
    """Note that an import is taken back. False where it was before."""
    c = t.report_import.c
    statement = t.report_import.update().where(c.no == import_no, c.undone_at.is_(None))
    return connection.execute(statement.values(undone_at=moment, undone_by=by)).rowcount == 1


def describe_import(row: ImportRow) -> ImportLine:
    """An import as the line of its file."""
    return ImportLine(
        file=row.file,
        format=row.format,
        outcome=row.outcome,
        import_id=row.id,
        rows=Rows(
            read=row.rows_read,
            accepted=row.rows_accepted,
            rejected=row.rows_rejected,
            ignored=row.rows_ignored,
        ),
        rejected=[RejectedRow(**bad) for bad in json.loads(row.rejected)],
        totals=Totals(**json.loads(row.totals)),
        days=DayRange(first=show_day(row.first_day), last=show_day(row.last_day), count=row.days),
        remedy=row.remedy,
    )


def show_day(day: int | None) -> str | None:
    """Days since 1970-01-01 as ISO 8601."""
    return None if day is None else to_date(day).isoformat()


def count_days(day: str | None) -> int | None:
    """An ISO 8601 day as days since 1970-01-01."""
    return None if day is None else to_day(date.fromisoformat(day))


def read_mappings(connection: Connection) -> dict[str, str]:
    """The mappings (TOML) that were used before, by the fingerprint of their header."""
    return {row.fingerprint: row.body for row in connection.execute(select(t.mapping))}


def keep_mapping(
    connection: Connection, now_sql: str, fingerprint: str, body: str, *, created_by: str
) -> None:
    """Remember the mapping of a header; it replaces an earlier one."""
    values = {"fingerprint": fingerprint, "body": body, "created_by": created_by}
    connection.execute(text(_KEEP_MAPPING.format(now=now_sql)), values)
