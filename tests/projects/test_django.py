"""A generated Django project: its ORM's transaction is the run's, its Celery worker carries it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url

from backline.storage.database import Database
from backline.storage.runs import list_runs
from tests.conftest import Address
from tests.projects.processes import keep_crew, make_env, run_python, wait_for

SETTINGS = """
import os
INSTALLED_APPS += ["shop"]
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": __import__("json").loads(os.environ["PROJECT_DATABASE"])}
CELERY_BROKER_URL = os.environ["PROJECT_BROKER"]
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": os.environ["PROJECT_PREFIX"]}
"""
# As Celery's documentation has it ("First steps with Django"), and one line of ours.
CELERY = """
import os
import backline
from celery import Celery
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
app = Celery("studio")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
backline.attach(app)
"""
FILES = {
    "studio/__init__.py": 'from .celery import app as celery_app\n\n__all__ = ("celery_app",)\n',
    "studio/celery.py": CELERY,
    "studio/urls.py": "from django.urls import path\nfrom shop.views import order\nurlpatterns = [path('order', order)]\n",
    "shop/__init__.py": "",
    "shop/models.py": """
from django.db import models

class Order(models.Model):
    title = models.TextField()

class Receipt(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    run = models.TextField()
""",
    "shop/tasks.py": """
import backline
from celery import shared_task
from shop.models import Receipt

@backline.durable
@shared_task(bind=True)
def send_receipt(self, order):
    Receipt.objects.create(order_id=order, run=backline.current_run().id)
    return {"order": order, "request": self.request.id}
""",
    "shop/orders.py": """
import backline
from django.db import connection, transaction
from shop.models import Order
from shop.tasks import send_receipt

def place(title, fail=False):
    with transaction.atomic():
        order = Order.objects.create(title=title)
        handle = backline.submit(send_receipt.s(order.id), connection=connection, key=f"receipt:{order.id}")
        if fail:
            raise RuntimeError("the order is taken back")
    return handle
""",
    "shop/views.py": """
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt
from shop.orders import place

@csrf_exempt
def order(request):
    return JsonResponse({"run": place(request.POST["title"], "fail" in request.POST).id})
""",
    "shop/management/__init__.py": "",
    "shop/management/commands/__init__.py": "",
    "shop/management/commands/place_order.py": """
from django.core.management.base import BaseCommand
from shop.orders import place

class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("title")
        parser.add_argument("--fail", action="store_true")

    def handle(self, *args, title, fail, **options):
        self.stdout.write(place(title, fail).id)
""",
}
USE = """
import io, django
django.setup()
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client
import backline
from shop.models import Order
from shop.orders import place
call_command("makemigrations", "shop", verbosity=0)
call_command("migrate", verbosity=0)
call_command("place_order", "by command", stdout=io.StringIO())
assert Client().post("/order", {"title": "by view"}).status_code == 200
for use in (lambda: call_command("place_order", "taken back", "--fail"), lambda: place("taken back", True)):
    try:
        use()
        raise SystemExit("it should have failed")
    except RuntimeError:
        pass
assert Client(raise_request_exception=False).post("/order", {"title": "taken back", "fail": "1"}).status_code == 500
with transaction.atomic():
    first = backline.submit({"args": [1]}, task="shop.tasks.send_receipt", connection=connections["default"], key="receipt:1")
    try:
        backline.submit({"args": [2]}, task="shop.tasks.send_receipt", connection=connections["default"], key="receipt:1")
        raise SystemExit("a conflict was expected")
    except backline.errors.Conflict:
        pass
    assert Order.objects.count() == 2  # the transaction goes on
alone = backline.submit({"args": [2]}, task="shop.tasks.send_receipt", connection=connections["default"], key="receipt:2")
print(Order.objects.count(), *Order.objects.values_list("title", flat=True), sep="\\n")
"""


def generate(folder: Path) -> None:
    """A project as django-admin makes it, with Celery as its documentation says, and an app."""
    run_python(folder, {"PATH": ""}, "-m", "django", "startproject", "studio", str(folder))
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    with (folder / "studio/settings.py").open("a") as settings:
        settings.write(SETTINGS)


def name_database(url: str) -> str:
    """The database as Django's settings name it."""
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        return json.dumps({"ENGINE": "django.db.backends.sqlite3", "NAME": parts.database})
    return json.dumps({
        "ENGINE": "django.db.backends.postgresql", "NAME": parts.database, "USER": parts.username,
        "PASSWORD": parts.password, "HOST": parts.host, "PORT": parts.port,
    })  # fmt: skip


def use_project(folder: Path, url: str, broker: str) -> tuple[dict[str, str], Database]:
    """Generate it and use it: two orders are placed, three taken back. Its environment, and its database."""
    generate(folder)
    env = make_env(
        folder, url, broker, DJANGO_SETTINGS_MODULE="studio.settings", PROJECT_DATABASE=name_database(url),
        PROJECT_BROKER=broker, PROJECT_PREFIX=f"{secrets.token_hex(4)}:",
    )  # fmt: skip
    said = run_python(folder, env, "-c", USE).split("\n")
    assert said[:3] == ["2", "by command", "by view"]
    return env, Database(url)


def list_states(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as connection:
        return [
            (row.task, row.idempotency_key, row.state) for row in list_runs(connection, oldest_first=True)
        ]


def test_on_sqlite_what_is_taken_back_leaves_no_run(
    tmp_path: Path, make_database_url: Callable[[str], str]
) -> None:
    _, database = use_project(tmp_path, make_database_url("sqlite"), "memory://")
    assert list_states(database) == [
        ("shop.tasks.send_receipt", "receipt:1", "queued"), ("shop.tasks.send_receipt", "receipt:2", "queued"),
    ]  # fmt: skip
    database.close()


@pytest.mark.services
def test_a_worker_of_the_project_carries_what_was_committed(
    tmp_path: Path, make_database_url: Callable[[str], str], redis: Address
) -> None:
    env, database = use_project(tmp_path, make_database_url("postgresql"), redis.url)
    assert [state for _, _, state in list_states(database)] == ["queued", "queued"]
    with keep_crew(tmp_path, env) as crew:
        crew.start(
            "worker", "celery", "-A", "studio", "worker", "-c1", "--without-mingle", "--without-gossip"
        )
        wait_for("both runs", lambda: [state for _, _, state in list_states(database)] == ["succeeded"] * 2)
        crew.stop("worker")
    with database.read() as connection:
        runs = {row.id: json.loads(row.answer)["returned"] for row in list_runs(connection)}
        receipts = connection.exec_driver_sql("SELECT order_id, run FROM shop_receipt ORDER BY 1").all()
    assert {run: {"order": order, "request": run} for order, run in receipts} == {
        run: {**answer, "request": run} for run, answer in runs.items()
    }
    assert [order for order, _ in receipts] == [1, 2]
    database.close()
