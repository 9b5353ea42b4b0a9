"""A FastAPI application: a run belongs to the request's transaction, in a sync and in an async endpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backline.storage.database import Database
from backline.storage.runs import list_runs
from tests.projects.processes import keep_crew, make_env, run_python, wait_for

APPLICATION = """
import os
from collections.abc import Iterator
from typing import Annotated

import backline
import psycopg
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from celery import shared_task

URL = os.environ["PROJECT_DATABASE"]
engine = create_engine(URL)
app = FastAPI()

@backline.durable
@shared_task(name="shop.greet")
def greet(name):
    return f"hello {name}"

def open_session() -> Iterator[Session]:
    with Session(engine) as session, session.begin():
        yield session

async def open_connection():
    async with await psycopg.AsyncConnection.connect(URL.replace("+psycopg", "")) as connection:
        yield connection

@app.post("/guests/{name}")
def add_guest(name: str, session: Annotated[Session, Depends(open_session)], fail: bool = False):
    session.execute(text("INSERT INTO guest (name) VALUES (:name)"), {"name": name})
    handle = backline.submit(greet.s(name), connection=session, key=f"greet:{name}")
    if fail:
        raise HTTPException(409)
    return {"run": handle.id}

@app.post("/async/guests/{name}")
async def add_guest_async(name: str, connection=Depends(open_connection), fail: bool = False):
    await connection.execute("INSERT INTO guest (name) VALUES (%s)", (name,))
    handle = await backline.submit_async(greet.s(name), connection=connection, key=f"greet:{name}")
    if fail:
        raise HTTPException(409)
    return {"run": handle.id}

@app.get("/runs/{run}")
def show(run: str):
    from backline.celery_app import app as own
    return {"state": own.backline_desk.find_result(run).state}
"""
USE = """
from fastapi.testclient import TestClient
from main import app, engine
from sqlalchemy import text
import sys
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE guest (name TEXT NOT NULL)"))
with TestClient(app) as client:
    for path in sys.argv[1:]:
        run = client.post(f"{path}/ann{len(path)}")
        assert run.status_code == 200, run.text
        assert client.get("/runs/" + run.json()["run"]).json() == {"state": "PENDING"}
        assert client.post(f"{path}/bob", params={"fail": True}).status_code == 409
with engine.connect() as connection:
    print(*connection.execute(text("SELECT name FROM guest ORDER BY 1")).scalars())
"""


def use_application(folder: Path, url: str, *paths: str) -> tuple[dict[str, str], str]:
    """Post to each path once well and once to be taken back; the environment, and whom the database knows then."""
    (folder / "main.py").write_text(APPLICATION)
    env = make_env(folder, url, "", PROJECT_DATABASE=url, BACKLINE_DURABLE_MODULES="main")
    return env, run_python(folder, env, "-c", USE, *paths)


def list_keys(database: Database) -> list[tuple[str | None, str]]:
    with database.read() as connection:
        return [(row.idempotency_key, row.state) for row in list_runs(connection, oldest_first=True)]


def test_a_session_of_the_request(tmp_path: Path, make_database_url: Callable[[str], str]) -> None:
    url = make_database_url("sqlite")
    env, guests = use_application(tmp_path, url, "/guests")
    assert guests.split() == ["ann7"]
    database = Database(url)
    assert list_keys(database) == [("greet:ann7", "queued")]
    with keep_crew(tmp_path, env) as crew:  # `backline worker` carries the module that the settings name
        crew.worker(concurrency=1)
        wait_for("the run", lambda: list_keys(database) == [("greet:ann7", "succeeded")])
        crew.stop("worker")
    database.close()


@pytest.mark.services
def test_an_asynchronous_connection_too(tmp_path: Path, make_database_url: Callable[[str], str]) -> None:
    url = make_database_url("postgresql")
    _, guests = use_application(tmp_path, url, "/guests", "/async/guests")
    assert guests.split() == ["ann13", "ann7"]
    database = Database(url)
    assert list_keys(database) == [("greet:ann7", "queued"), ("greet:ann13", "queued")]
    database.close()
