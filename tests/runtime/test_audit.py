"""Secrets and personal data never reach an audit row or an error text."""

from __future__ import annotations

import json
from typing import Annotated

from backline.errors import BadInput
from backline.runtime.submit import Ask, submit_run
from backline.runtime.task import Job, Private
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, declare


def test_secrets_and_private_fields_are_struck_out(stage: MakeStage) -> None:
    def work(job: Personal) -> Done:
        raise BadInput(f"{job.mail} with hunter22 at postgresql://joe:pa55word@db/x: token=abc123")

    task = declare()(work)
    on = stage(task)
    with on.database.write() as connection:
        job = Personal(mail="ann@example.org", api_token="tok-1234", note="hunter22")
        run_id = submit_run(connection, on.database.now_sql, task, job, Ask("t"), 25.0)
    on.run()
    seen = on.row(run_id).error_text + on.attempts(run_id)[0].error_text + on.audits(run_id)[0].body
    for secret in ("ann@example.org", "hunter22", "pa55word", "abc123", "tok-1234"):
        assert secret not in seen
    assert json.loads(on.audits(run_id)[0].body)["job"] == {
        "mail": "[struck out]",
        "api_token": "[struck out]",
        "note": "[struck out]",
    }


class Personal(Job):
    """A job with what nobody else should see."""

    mail: Annotated[str, Private()]
    api_token: str
    note: str
