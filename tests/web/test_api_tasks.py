"""/api/v1/tasks tells the words and the JSON Schema of the job."""

from __future__ import annotations

from tests.web.houses import Add, Caller

TASKS = "/api/v1/tasks"


def test_list_in_the_language_that_was_asked_for(call: Caller) -> None:
    (told,) = call("GET", TASKS).json()["items"]
    assert told == {"task": "probe.add", "version": 1, "queue": "probe", "words": "Adds two numbers."}
    assert call("GET", f"{TASKS}?lang=de").json()["items"][0]["words"] == "Zählt zwei Zahlen zusammen."
    assert call("GET", f"{TASKS}?lang=xx").status_code == 422


def test_the_schema_of_the_job(call: Caller) -> None:
    told = call("GET", f"{TASKS}/probe.add?lang=fr").json()
    assert told["job"] == Add.model_json_schema()
    assert "sum" in told["answer"]["properties"] and told["words"] == "Additionne deux nombres."
    assert (told["limits"]["soft"], told["limits"]["deadline"], told["short"]) == (60.0, None, False)


def test_a_task_that_is_not_there(call: Caller) -> None:
    assert call("GET", f"{TASKS}/probe.fly").status_code == 404
    assert call("GET", f"{TASKS}/fly").status_code == 404
    assert call("GET", f"{TASKS}/probe.").status_code == 422


def test_a_name_without_its_family_will_do(call: Caller) -> None:
    assert call("GET", f"{TASKS}/add").json()["task"] == "probe.add"
