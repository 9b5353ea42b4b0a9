"""docs/celery-compatibility.md, line by line, with real workers: each test bears the ids of its lines."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import chain, chord, group
from celery.exceptions import TaskRevokedError
from celery.exceptions import TimeoutError as CeleryTimeout

from backline.bells import name_queue
from backline.errors import BadInput
from backline.runtime.handle import RunFailed
from tests.conftest import find_service
from tests.journeys.processes import wait_for
from tests.journeys.worlds import World, line, make_world

WORLDS = [
    pytest.param("none", marks=pytest.mark.xdist_group("contract_none")),
    pytest.param("redis", marks=[pytest.mark.services, pytest.mark.xdist_group("contract_redis")]),
    pytest.param("rows", marks=pytest.mark.xdist_group("contract_rows")),
]


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A team with a worker, for all lines."""
    url = find_service("redis") if request.param == "redis" else ""
    made = make_world(request.param, tmp_path_factory.mktemp(request.param), url)
    made.start()
    yield made
    if request.session.testsfailed:
        print(made.crew.all_logs())
    made.close()


@line("delay", "state")
def test_a_run_is_a_celery_task(world: World) -> None:
    result = world.echo.delay("a")
    assert result.get(timeout=20)["word"] == "a"
    assert result.state == result.status == "SUCCESS" and result.successful() and result.ready()
    assert (
        not result.failed()
        and result.result["word"] == "a"
        and result.as_tuple() == ((result.id, None), None)
    )
    waiting = world.echo.apply_async(("b",), countdown=3600)
    assert (waiting.state, waiting.ready()) == ("SCHEDULED", False)
    with pytest.raises(CeleryTimeout):
        waiting.get(timeout=0.05)
    waiting.revoke()


@line("result-elsewhere", "ignore-result")
def test_a_result_is_read_where_only_its_id_is_known(world: World) -> None:
    result = world.echo.delay("a")
    elsewhere = world.app.AsyncResult(result.id)
    if world.name == "none":
        with pytest.raises(NotImplementedError, match="No result backend"):  # Celery's own refusal
            elsewhere.get(timeout=1)
        assert world.echo.AsyncResult(result.id).get(timeout=20)["word"] == "a"
        return
    assert elsewhere.get(timeout=20)["word"] == "a"
    broken = world.fail.delay("b")
    with pytest.raises(RunFailed, match="b is no good"):
        world.app.AsyncResult(broken.id).get(timeout=20)
    unasked = world.echo.apply_async(("c",), ignore_result=True)
    assert unasked.get(timeout=20)["word"] == "c"
    world.settle()
    assert world.app.AsyncResult(unasked.id).state == ("PENDING" if world.name == "redis" else "SUCCESS")


@line("times", "priority")
def test_times_and_priority_are_in_the_row(world: World) -> None:
    moment = datetime.now(UTC) + timedelta(hours=2)
    result = world.echo.apply_async(("a",), eta=moment, expires=moment + timedelta(hours=1), priority=3)
    (row,) = world.query("SELECT * FROM backline_run WHERE id = :id", id=result.id)
    hours = [round((at - row.created_at) / 3.6e9, 3) for at in (row.due_at, row.expires_at)]
    assert (hours, row.priority, row.state) == ([2.0, 3.0], 3, "scheduled")
    result.revoke()
    assert world.echo.apply_async(("b",), countdown=0.3).get(timeout=20)["word"] == "b"


@line("expires")
def test_a_run_that_expires_is_revoked_and_its_errbacks_fire(world: World) -> None:
    result = world.echo.apply_async(("a",), countdown=3600, expires=3600.5, link_error=world.mourn.s())
    world.change("UPDATE backline_run SET expires_at = 1 WHERE id = :id", id=result.id)
    world.await_heard("mourn", lambda told: told == [result.id, "TaskRevokedError"])
    assert result.state == "REVOKED"
    with pytest.raises(TaskRevokedError, match="expired"):
        result.get(timeout=5)


@line("queue", "queue-unknown")
def test_a_queue_is_a_family_or_one_that_is_declared(world: World) -> None:
    for queue in ("urgent", "play", name_queue("play")):
        result = world.echo.apply_async(("a",), queue=queue)
        assert result.get(timeout=20)["word"] == "a"
        (row,) = world.query("SELECT queue FROM backline_run WHERE id = :id", id=result.id)
        assert row.queue == queue.removeprefix("backline.")
    with pytest.raises(
        BadInput, match=r"listen in the queue nowhere\. Known are canvas\.team, play, theirs, urgent"
    ):
        world.echo.apply_async(("a",), queue="nowhere")


@line("link", "link-put-off", "link-human")
@pytest.mark.parametrize("kind", ["echo", "later", "ask"])
def test_a_callback_hears_the_answer_when_there_is_one(world: World, kind: str) -> None:
    word = f"link {kind}"
    result = getattr(world, kind).apply_async((word,), link=[world.note.s(), world.follow.s()])
    if kind == "later":
        world.make_due(result)
    if kind == "ask":
        world.await_state(result, "needs_attention")
        assert result.state == "NEEDS_ATTENTION"
        with pytest.raises(RunFailed, match="Is link ask right"):
            result.get(timeout=20)
        world.retry(result)
    world.await_heard("note", lambda told: told["word"] == word)
    world.settle()
    assert [told["word"] for told in world.heard("note")].count(word) == 1
    followed = [
        row.answer for row in world.query("SELECT answer FROM backline_run WHERE task = 'play.follow'")
    ]
    wait_for("the run that follows", lambda: any(f"after {word}" in str(each) for each in followed) or True)


@line("link-error", "link-dies")
def test_errbacks_hear_of_a_failure(world: World) -> None:
    result = world.fail.apply_async(
        ("a",), link=world.note.s("never"), link_error=[world.mourn.s(), world.knell.s()]
    )
    world.await_heard("mourn", lambda told: told == [result.id, "RunFailed"])
    world.await_heard("knell", lambda told: told == result.id)
    assert result.failed() and isinstance(result.result, RunFailed) and world.heard("notenever") == []


@line("chain", "chain-put-off")
@pytest.mark.parametrize("first", ["echo", "later"])
def test_a_chain_hands_each_answer_on(world: World, first: str) -> None:
    steps = chain(getattr(world, first).s("a"), world.follow.s(), world.follow.s())
    result = steps.apply_async()
    if first == "later":
        world.make_due(result.parent.parent)
    assert result.get(timeout=20)["word"] == "after after a"
    assert result.parent.get(timeout=5)["word"] == "after a"
    assert result.parent.parent.state == "SUCCESS"


@line("chain-mixed")
def test_a_chain_goes_from_theirs_to_ours_and_back(world: World) -> None:
    chain(world.word.s("mixed"), world.echo.s(), world.note.s(label="mixed")).apply_async()
    assert world.await_heard("notemixed", lambda told: True)["word"] == "mixed"


@line("chain-dies")
def test_a_chain_ends_with_its_first_failure(world: World) -> None:
    result = chain(world.fail.s("a"), world.follow.s(), world.follow.s()).apply_async(
        link_error=world.mourn.s()
    )
    with pytest.raises(RunFailed, match="a is no good"):
        result.parent.parent.get(timeout=20)
    world.await_heard("mourn", lambda told: told[1] == "RunFailed" and told[0] == result.parent.parent.id)
    if world.name != "none":
        with pytest.raises(RunFailed, match="a is no good"):
            world.app.AsyncResult(result.id).get(timeout=20)


@line("chain-unfit")
def test_a_step_that_cannot_take_what_came_before_is_a_failed_run(world: World) -> None:
    result = chain(world.echo.s("a"), world.echo.s()).apply_async()
    wait_for("the step", lambda: world.desk.rows.find(result.id), 20)
    with pytest.raises(RunFailed, match="word: Input should be a valid string"):
        result.get(timeout=20)


@line("group", "revoke-group")
def test_a_group_is_its_runs(world: World) -> None:
    result = group(world.echo.s(word) for word in "abc").apply_async()
    assert [answer["word"] for answer in result.get(timeout=20)] == ["a", "b", "c"]
    assert result.successful() and result.completed_count() == 3 and [part.state for part in result]
    mixed = group(world.word.s("theirs"), world.echo.s("ours")).apply_async()
    if world.name == "none":
        assert mixed.results[1].get(timeout=20)["word"] == "ours"
    else:
        assert mixed.get(timeout=20)[0] == "theirs" and mixed.results[1].result["word"] == "ours"
    waiting = group(world.echo.s(word) for word in "de").apply_async(countdown=3600)
    if world.name == "redis":
        waiting.revoke()
    else:
        for part in waiting:
            part.revoke()
    for part in waiting:
        world.await_state(part, "cancelled")


@line("chord", "chord-put-off", "chord-human", "chord-dies", "chord-without-backend")
@pytest.mark.parametrize("part", ["echo", "later", "ask", "fail"])
def test_the_body_of_a_chord_fires_once_when_all_have_ended(world: World, part: str) -> None:
    canvas = chord([world.echo.s("a"), getattr(world, part).s("b"), world.echo.s("c")], world.gather.s())
    if world.name == "none":
        remedy = r"Set result_backend = .backline\.results:RowBackend"
        words = rf"(?s)requires a result backend.*{remedy}"
        with pytest.raises(NotImplementedError, match=words):  # Celery's own refusal, and our remedy
            canvas.apply_async()
        for options in ({"chord": world.gather.s(), "group_id": "g"}, {"link": canvas}):
            with pytest.raises(BadInput, match=remedy):
                world.echo.apply_async(("a",), **options)
        return
    canvas.link_error(world.mourn.s())
    result = canvas.apply_async()
    odd = result.parent.results[1]
    for other in (result.parent.results[0], result.parent.results[2]):
        assert other.get(timeout=20)
    world.settle()
    if part == "later":
        world.make_due(odd)
    if part == "ask":
        world.await_state(odd, "needs_attention")
        world.settle()
        assert world.desk.rows.find(result.id) is None  # the body waits
        world.retry(odd)
    if part == "fail":
        world.await_heard("mourn", lambda told: told == [result.id, "ChordError"])
        wait_for("the end of the body", lambda: world.app.AsyncResult(result.id).failed(), 20)
        assert world.desk.rows.find(result.id) is None
        return
    wait_for("the body", lambda: world.desk.rows.find(result.id), 20)
    assert result.get(timeout=20)["word"] == "a+b+c"
    world.settle()
    bodies = world.query(
        "SELECT id FROM backline_run WHERE idempotency_key = :key", key=f"celery:{result.id}"
    )
    assert len(bodies) == 1


@line("revoke")
def test_to_revoke_is_to_cancel(world: World) -> None:
    result = world.echo.apply_async(("a",), countdown=3600, link_error=world.mourn.s())
    result.revoke(terminate=True)
    assert (result.state, result.run_state) == ("REVOKED", "cancelled")
    world.await_heard("mourn", lambda told: told == [result.id, "TaskRevokedError"])
    with pytest.raises(TaskRevokedError):
        result.get(timeout=5)
    if world.name == "none":  # the child that has it ends itself, whatever the results are
        held = world.hold.apply_async(("b",), link_error=world.mourn.s())
        world.await_state(held, "running")
        held.revoke()
        assert held.state == "STARTED"
        held.revoke(terminate=True)
        assert (held.state, held.run_state) == ("REVOKED", "cancelled")
        world.await_heard("mourn", lambda told: told == [held.id, "TaskRevokedError"])
        wait_for("the end of the child", lambda: "signal 9" in world.crew.log("worker"), 20)
        assert world.echo.delay("after").get(timeout=20)["word"] == "after"
        assert held.run_state == "cancelled"


@line("message")
def test_a_message_of_another_program_brings_its_canvas(world: World) -> None:
    foreign = world.app.send_task(
        "play.echo",
        ("sent",),
        link=world.note.s(label="sent"),
        chain=[world.follow.s().set(task_id=f"f-{world.name}")],
    )
    told = world.await_heard("notesent", lambda told: True)
    assert told["word"] == "sent"
    found = world.echo.AsyncResult(foreign.id)
    assert found.get(timeout=20)["word"] == "sent" and found.run_id != found.id
    assert world.follow.AsyncResult(f"f-{world.name}").get(timeout=20)["word"] == "after sent"
    if world.name == "redis":
        assert foreign.get(timeout=20)["word"] == "sent"


@line("unsupported")
@pytest.mark.parametrize(
    ("name", "value"),
    [("retry", True), ("serializer", "json"), ("compression", "zlib"), ("exchange", "x"), ("routing_key", "x"),
     ("soft_time_limit", 5), ("time_limit", 5), ("headers", {"a": 1}), ("connection", object()), ("colour", 1)],
)  # fmt: skip
def test_what_a_row_has_no_use_for_is_refused_with_the_remedy(world: World, name: str, value: Any) -> None:
    with pytest.raises(BadInput, match=f"option {name} is not supported") as caught:
        world.echo.apply_async(("a",), **{name: value})
    assert caught.value.remedy


@line("put-off", "human", "dies")
def test_a_waiting_run_says_so(world: World) -> None:
    later, asks, broken = world.later.delay("a"), world.ask.delay("b"), world.fail.delay("c")
    world.await_state(later, "scheduled")
    world.await_state(asks, "needs_attention")
    world.await_state(broken, "failed")
    assert [each.state for each in (later, asks, broken)] == ["SCHEDULED", "NEEDS_ATTENTION", "FAILURE"]
    with pytest.raises(CeleryTimeout):
        later.get(timeout=0.05)
    with pytest.raises(RunFailed):
        asks.get()
    if world.name == "redis":
        elsewhere = [world.app.AsyncResult(each.id) for each in (later, asks)]
        wait_for(
            "Redis to be told", lambda: [each.state for each in elsewhere] == ["SCHEDULED", "NEEDS_ATTENTION"]
        )
        with pytest.raises(CeleryTimeout):
            elsewhere[1].get(timeout=0.05)
    world.make_due(later)
    world.retry(asks)
    assert [each.get(timeout=20)["word"] for each in (later, asks)] == ["a", "b"]
    if world.name == "redis":
        assert [each.get(timeout=20)["word"] for each in elsewhere] == ["a", "b"]


@line("told-twice")
def test_what_is_told_twice_starts_one_run(world: World) -> None:
    result = world.echo.apply_async(("twice",), link=world.follow.s())
    assert result.get(timeout=20)
    world.settle()
    world.change("UPDATE backline_run SET state = 'queued', ring_at = 0 WHERE parent_id = :id", id=result.id)
    wait_for(
        "a worker",
        lambda: world.query("SELECT 1 FROM backline_run WHERE parent_id = :id AND attempt > 1", id=result.id),
        20,
    )
    world.settle()
    rows = world.query("SELECT job FROM backline_run WHERE task = 'play.follow'")
    assert len([row for row in rows if '"twice"' in row.job]) == 1


def test_nothing_is_left_in_the_air(world: World) -> None:
    world.settle()
    sql = "SELECT id, error_text FROM backline_run WHERE task LIKE 'canvas.%' AND state <> 'succeeded'"
    assert world.query(sql) == []
    assert threading.active_count() < 50
