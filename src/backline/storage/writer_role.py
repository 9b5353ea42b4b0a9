"""The PostgreSQL role that the product writes with: it may insert audit rows and seals, never change or delete them."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, text

INSERT_ONLY = ("backline_audit", "backline_seal", "backline_seal_epoch", "backline_seal_drop")
log = logging.getLogger("backline.storage")


def grant_writer_role(connection: Connection, role: str) -> bool:
    """Make the role where we may, give it its rights and make us a member. False where we may not."""
    may = connection.execute(
        text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
    ).scalar_one()
    found = text("SELECT pg_has_role(oid, 'member') AS ours FROM pg_roles WHERE rolname = :role")
    exists = connection.execute(found, {"role": role}).first()
    ours = exists is not None and exists.ours
    if not may and not ours:
        log.warning("no right to make the role %s: audit rows are guarded by their trigger alone", role)
        return False
    quoted = '"' + role.replace('"', "") + '"'
    if exists is None:
        connection.execute(
            text(
                f"DO $$ BEGIN CREATE ROLE {quoted} NOLOGIN; "
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        )
    if not ours:
        connection.execute(text(f"GRANT {quoted} TO CURRENT_USER"))
    connection.execute(text(_grants(connection, quoted)))
    return True


def _grants(connection: Connection, role: str) -> str:
    names = connection.execute(
        text(
            "SELECT c.relname, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = current_schema() AND c.relname LIKE 'backline\\_%' AND c.relkind IN ('r', 'S')"
        )
    ).all()
    lines = [
        f"GRANT USAGE ON SCHEMA {connection.execute(text('SELECT current_schema()')).scalar_one()} TO {role}"
    ]
    for name, kind in names:
        if kind == "S":
            lines.append(f"GRANT USAGE, SELECT ON SEQUENCE {name} TO {role}")
        elif name in INSERT_ONLY:
            lines.append(f"REVOKE ALL ON {name} FROM {role}")
            lines.append(f"GRANT SELECT, INSERT ON {name} TO {role}")
        else:
            lines.append(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {role}")
    return "; ".join(lines)
