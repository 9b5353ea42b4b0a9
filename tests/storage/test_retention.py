"""What is old enough leaves, in batches that each tell the audit; what somebody still needs stays."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from backline.storage.attempts import insert_attempt
from backline.storage.audits import list_audit
from backline.storage.database import Database
from backline.storage.retention import DAY, KINDS, Author, RetentionPlan, count_old, remove_old
from tests.storage.backups import count
from tests.storage.rows import make_run

PLAN = RetentionPlan(runs=30, results=30, lines=30, plays=30, keys=30)
OLD, YOUNG = 31, 29


def ago(database: Database, days: int) -> int:
    return count(database, f"SELECT {database.now_sql}") - days * DAY


def make_ended(database: Database, days: int, **values: object) -> str:
    return make_run(database, **{"state": "succeeded", "finished_at": ago(database, days)} | values)


def sweep(database: Database, plan: RetentionPlan = PLAN, batch: int = 1000) -> dict[str, int]:
    removed = dict.fromkeys((kind.name for kind in KINDS), 0)
    for kind, number in remove_old(database, plan, Author("ann", "r", 3), batch):
        removed[kind] += number
    return removed


def list_runs(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(text("SELECT id FROM backline_run")).scalars())


def test_ended_runs_leave_with_what_hangs_on_them(database: Database) -> None:
    gone = [make_ended(database, OLD), make_ended(database, OLD, state="cancelled")]
    gone.append(make_ended(database, OLD, state="dead", answered_at=5))
    gone.append(make_run(database, state="blocked", answered_at=ago(database, OLD)))
    stays = make_ended(database, YOUNG)
    with database.write() as connection:
        for run_id in (*gone, stays):
            values = {
                "run_id": run_id, "fence": 1, "number": 1, "worker": "w", "started_at": 1, "outcome": "succeeded",
                "error_kind": None, "error_text": None, "trace_id": "t",
            }  # fmt: skip
            insert_attempt(connection, database.now_sql, values)
            connection.execute(
                text("INSERT INTO backline_step VALUES (:id, 'a', 's', '1', 5)"), {"id": run_id}
            )
            connection.execute(
                text(
                    "INSERT INTO backline_intent (run_id, name, input_sha, request, state, at_most_once, fence, tries, "
                    "made_at) VALUES (:id, 'a', 's', '{}', 'done', :once, 1, 1, 5)"
                ),
                {"id": run_id, "once": False},
            )
    assert count_old(database, PLAN)["runs"] == 4
    assert sweep(database)["runs"] == 4
    assert list_runs(database) == {stays}
    for table in ("attempt", "step", "intent"):
        assert count(database, f"SELECT count(*) FROM backline_{table}") == 1, table


@pytest.mark.parametrize("state", ["failed", "dead", "needs_attention", "expired", "blocked"])
def test_failures_without_an_answer_stay(database: Database, state: str) -> None:
    run_id = make_ended(database, 9999, state=state)
    assert sweep(database)["runs"] == 0
    assert list_runs(database) == {run_id}


def test_open_runs_and_open_calls_stay(database: Database) -> None:
    stay = {
        make_run(database, state=state, due_at=5, created_at=5)
        for state in ("queued", "running", "scheduled")
    }
    for state in ("open", "unclear"):
        run_id = make_ended(database, OLD)
        stay.add(run_id)
        with database.write() as connection:
            connection.execute(
                text(
                    "INSERT INTO backline_intent (run_id, name, input_sha, request, state, at_most_once, fence, tries, "
                    "made_at) VALUES (:id, 'a', 's', '{}', :state, :once, 1, 1, 5)"
                ),
                {"id": run_id, "once": True, "state": state},
            )
    assert sweep(database)["runs"] == 0
    assert list_runs(database) == stay


def test_runs_and_results_of_a_canvas_stay_while_one_is_open(database: Database) -> None:
    member = make_ended(database, OLD, canvas='{"queue":"q"}')
    with database.write() as connection:
        connection.execute(text("INSERT INTO backline_result VALUES ('c', 'SUCCESS', '1', 5)"))
    other = make_ended(database, OLD)
    waiting = make_run(database, state="dead", canvas='{"queue":"q"}')
    assert (sweep(database)["runs"], list_runs(database)) == (1, {member, waiting})
    assert other not in list_runs(database)
    with database.write() as connection:
        connection.execute(text("UPDATE backline_run SET answered_at = 5 WHERE id = :id"), {"id": waiting})
    found = sweep(database)
    assert (found["runs"], found["results"]) == (2, 1)


def test_results_have_a_term_of_their_own(database: Database) -> None:
    run_id = make_ended(database, OLD)
    with database.write() as connection:
        for name, days in (("old", 11), ("young", 9)):
            values = {"id": name, "at": ago(database, days)}
            connection.execute(text("INSERT INTO backline_result VALUES (:id, 'SUCCESS', '1', :at)"), values)
    plan = RetentionPlan(results=10)
    assert count_old(database, plan) == dict.fromkeys((kind.name for kind in KINDS), 0) | {"results": 1}
    assert sweep(database, plan)["results"] == 1
    with database.read() as connection:
        assert connection.execute(text("SELECT id FROM backline_result")).scalars().all() == ["young"]
    assert sweep(database, RetentionPlan(runs=30))["results"] == 0
    assert run_id not in list_runs(database)


def test_batches_commit_one_by_one_and_tell_the_audit(database: Database) -> None:
    for _ in range(5):
        make_ended(database, OLD)
    left = []
    for kind, number in remove_old(database, PLAN, Author("ann", "r", 3), 2):
        left.append((kind, number, len(list_runs(database))))
        with database.read() as connection:
            (row, *_) = list_audit(connection, object="retention:runs")
        assert (row.actor, row.action, row.run_id, row.fence) == ("ann", "retention.runs", "r", 3)
        assert json.loads(row.body)["count"] == number
    assert left == [("runs", 2, 3), ("runs", 2, 1), ("runs", 1, 0)]


def test_rejected_lines_leave_and_their_counts_stay(database: Database) -> None:
    insert = text(
        "INSERT INTO backline_import (id, file, content_sha, hints_sha, outcome, rows_read, rows_accepted, "
        "rows_rejected, rows_ignored, rejected, totals, days, run_id, created_at) VALUES (:id, 'f', 's', 'h', "
        "'accepted', 9, 7, 2, 0, :rejected, '{}', 0, 'r', :at)"
    )
    with database.write() as connection:
        for name, rejected, days in (("a", '[{"line": 1}]', OLD), ("b", "[]", OLD), ("c", "[2]", YOUNG)):
            connection.execute(
                insert, {"id": name, "rejected": rejected, "at": _now(connection, database) - days * DAY}
            )
    assert count_old(database, PLAN)["lines"] == 1
    assert sweep(database)["lines"] == 1
    with database.read() as connection:
        rows = connection.execute(
            text("SELECT rejected, rows_rejected FROM backline_import ORDER BY id")
        ).all()
    assert [tuple(row) for row in rows] == [("[]", 2), ("[]", 2), ("[2]", 2)]


def _now(connection: object, database: Database) -> int:
    return database.now(connection)  # type: ignore[arg-type] # a connection, here and there


def test_plays_and_ended_keys_leave(database: Database) -> None:
    play = text(
        "INSERT INTO backline_play (import_no, line, key, ended_at, ms_played, kind, uri, title, creator, collection, "
        "country, platform, reason_start, reason_end) VALUES (:no, :line, 1, :at, 1, '', '', '', '', '', '', '', '', '')"
    )
    key = text(
        "INSERT INTO backline_api_key (id, secret_sha, user_name, scopes, note, created_at, created_by, expires_at, "
        "revoked_at) VALUES (:id, 's', 'u', '', '', 5, 'ann', :expires, :revoked)"
    )
    old, young = ago(database, OLD), ago(database, YOUNG)
    with database.write() as connection:
        for number in range(6):
            connection.execute(
                play, {"no": number // 3, "line": number % 3, "at": old if number % 2 else young}
            )
        for name, expires, revoked in (
            ("a", old, None),
            ("b", young, old),
            ("c", young, None),
            ("d", None, None),
        ):
            connection.execute(key, {"id": name, "expires": expires, "revoked": revoked})
    found = sweep(database, batch=2)
    assert (found["plays"], found["keys"]) == (3, 2)
    assert count(database, f"SELECT count(*) FROM backline_play WHERE ended_at = {young}") == 3
    with database.read() as connection:
        assert set(connection.execute(text("SELECT id FROM backline_api_key")).scalars()) == {"c", "d"}


def test_without_a_term_everything_is_kept(database: Database) -> None:
    make_ended(database, 9999)
    assert set(count_old(database, RetentionPlan()).values()) == {0}
    assert set(sweep(database, RetentionPlan()).values()) == {0}
    assert len(list_runs(database)) == 1
