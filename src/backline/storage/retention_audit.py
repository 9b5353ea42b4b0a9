"""How old audit rows leave: by whole sealed epochs, exported into a file and the file checked before.

While the audit has a term, the open epoch is closed from time to time: else nothing would ever be whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Connection

from backline.disk import name_draft, sync_folder
from backline.storage.clock import from_micros
from backline.storage.database import Database
from backline.storage.retention import DAY, Author, RetentionPlan
from backline.storage.seals import read_epoch, seal_batch
from backline.storage.seals_epochs import begin_epoch, list_drops, list_epochs
from backline.storage.seals_export import write_lines
from backline.storage.seals_retention import drop_epoch, prove_export


def list_due_epochs(connection: Connection, plan: RetentionPlan, now: int) -> list[int]:
    """Closed epochs that ended before the term and are still there, oldest first; none where it is kept."""
    if not plan.audit:
        return []
    gone = {drop.epoch for drop in list_drops(connection)}
    epochs = list_epochs(connection)
    ends = pairwise(epochs)
    return [
        one.epoch for one, after in ends if one.epoch not in gone and after.began_at < now - plan.audit * DAY
    ]


def remove_old_epochs(database: Database, plan: RetentionPlan, author: Author) -> Iterator[int]:
    """Close the open epoch where it is old enough, export what is due, take it out; rows that left, by epoch.

    Raises `NotAllowed` where the chain is not as it was sealed: then nothing leaves.
    """
    if not plan.audit:
        return
    with database.write() as connection:
        now = database.now(connection)
        newest = read_epoch(connection)
        if newest is not None and newest.began_at < now - plan.epoch * DAY:
            begin_epoch(connection, f"closed after {plan.epoch} days", actor=author.actor)
        due = list_due_epochs(connection, plan, now)
    if not due:
        return
    export = prove_export(write_export(database, plan), due)
    owner = Database(database.url.render_as_string(hide_password=False), busy_seconds=database.busy_seconds)
    try:
        for number in due:
            with owner.write() as connection:
                left = drop_epoch(
                    connection, number, export, by=author.actor, why=f"older than {plan.audit} days"
                )
            _seal(database)  # else what it told, told again, would stand there without a seal
            yield left
    finally:
        owner.close()


def _seal(database: Database) -> None:
    """Seal what waits, in batches of one transaction each."""
    sealed = 1
    while sealed:
        with database.write() as connection:
            sealed = seal_batch(connection, least_age=0.0)


def write_export(database: Database, plan: RetentionPlan) -> Path:
    """The whole chain as a file of its own, named by the database's clock, that only its owner reads."""
    folder, signer = plan.exports, plan.find_signer()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with database.read(snapshot=True) as connection:
        moment = from_micros(database.now(connection))
        path = folder / f"audit-{moment:%Y%m%dT%H%M%S.%fZ}.jsonl"
        draft = name_draft(path)
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                for line in write_lines(connection, signer=signer):
                    file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)
    sync_folder(folder)
    return path
