"""Effects, audit trail and follow-ups commit with the answer, or not at all."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from backline.runtime.effects import AuditTrail, Effects, FollowUps
from backline.runtime.task import Reason
from backline.storage.database import Database
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare, write_word

BOTH_FORMS = pytest.mark.parametrize("short", [True, False], ids=["one commit", "two commits"])


def say(job: Word, effects: Effects) -> Done:
    effects.add(write_word(job.word))
    return Done(word=job.word, reasons=[Reason(rule="probe", decision="said")])


@BOTH_FORMS
def test_an_effect_that_raises_leaves_no_trace_of_any(stage: MakeStage, short: bool) -> None:
    def fall(connection: Connection) -> None:
        raise ValueError("the second effect")

    def work(job: Word, effects: Effects, follow_ups: FollowUps, trail: AuditTrail) -> Done:
        effects.add(write_word("first"))
        trail.add("song.change", "song:1")
        follow_ups.add(task, Word(word="next"))
        effects.add(fall)
        return Done()

    task = declare(short=short)(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    row = on.row(run_id)
    assert (row.state, row.attempt, row.bugs, row.answer) == ("scheduled", 1, 1, None)
    assert "the second effect" in row.error_text
    assert on.words() == []
    assert [audit.action for audit in on.audits(run_id)] == ["run.scheduled"]
    assert [attempt.outcome for attempt in on.attempts(run_id)] == ["bug"]
    with on.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM backline_run")).scalar_one() == 1


@BOTH_FORMS
def test_follow_ups_and_audit_trail_are_part_of_the_commit(stage: MakeStage, short: bool) -> None:
    then = declare("second.step", short=True)(say)

    def work(job: Word, follow_ups: FollowUps, trail: AuditTrail) -> Done:
        follow_ups.add(then, Word(word="now"))
        follow_ups.add(then, Word(word="later"), key="own key", delay=60)
        trail.add("song.change", "song:1", before="b4", after="af", token="sesame", fine="yes")
        return Done()

    task = declare(short=short)(work)
    on = stage(task, then)
    run_id = on.submit(task, by="ann")
    on.run()
    assert on.broker.rung == ["second"]
    with on.database.read() as connection:
        children = connection.execute(
            text(
                "SELECT state, parent_id, trace_id, asked_by FROM backline_run WHERE task = 'second.step' ORDER BY due_at"
            )
        ).all()
    trace = on.row(run_id).trace_id
    assert [tuple(child) for child in children] == [
        ("queued", run_id, trace, "ann"),
        ("scheduled", run_id, trace, "ann"),
    ]
    changed = next(audit for audit in on.audits(run_id) if audit.object == "song:1")
    assert (changed.before_sha, changed.after_sha, changed.run_id) == ("b4", "af", run_id)
    assert json.loads(changed.body) == {"fine": "yes", "token": "[struck out]"}


def test_a_database_that_is_away_at_the_finish_is_asked_again(stage: MakeStage) -> None:
    times: list[int] = []

    def fall_twice(connection: Connection) -> None:
        times.append(1)
        if len(times) < 3:
            raise OperationalError(
                "INSERT", {}, ConnectionError("server closed the connection"), connection_invalidated=True
            )

    def work(job: Word, effects: Effects) -> Done:
        effects.add(write_word("once"))
        effects.add(fall_twice)
        return Done()

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    assert len(times) == 3 and on.words() == ["once"]
    assert (on.row(run_id).state, on.row(run_id).attempt) == ("succeeded", 1)


def test_a_run_is_asked_for_by_name() -> None:
    wanted = FollowUps()
    wanted.ask("family.other", {"paths": ["a"]}, key="k")
    assert [(one.task, one.job, one.key, one.delay) for one in wanted.wanted] == [
        ("family.other", {"paths": ["a"]}, "k", 0.0)
    ]


@BOTH_FORMS
@pytest.mark.parametrize(
    ("statement", "grant"),
    [
        ("UPDATE backline_audit SET actor = 'x'", "SELECT, INSERT, UPDATE, DELETE ON backline_audit"),
        ("SELECT nextval('shop_no')", "USAGE ON SEQUENCE shop_no"),
        ("SELECT 1 FROM hidden.shop", "USAGE ON SCHEMA hidden"),
    ],
)
def test_an_effect_that_may_not_write_there_asks_for_the_grant(
    stage: MakeStage, database: Database, short: bool, statement: str, grant: str
) -> None:
    if not database.is_sqlite:
        owner = Database(database.url.render_as_string(hide_password=False))
        with owner.write() as connection:
            connection.execute(text("CREATE SEQUENCE shop_no"))
            connection.execute(text("CREATE SCHEMA hidden"))
        owner.close()

    def work(job: Word, effects: Effects) -> Done:
        effects.add(write_word("first"))
        effects.add(lambda connection: connection.execute(text(statement)))
        return Done()

    task = declare(short=short)(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    row = on.row(run_id)
    assert on.words() == []
    if database.is_sqlite:  # it knows no privileges: what it refuses is a bug
        assert (row.state, row.error_kind) == ("scheduled", "bug")
        return
    assert (row.state, row.error_kind, row.bugs) == ("needs_attention", "needs_human", 0)
    assert f"As its owner: GRANT {grant} TO backline_writer; then `backline runs retry`." in row.error_text
    assert "permission denied for" in row.error_text
