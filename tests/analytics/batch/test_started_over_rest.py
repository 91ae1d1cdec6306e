"""A run that an owner starts over REST is done by the workers, and he reads the end of it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from tests.analytics.batch.servers import CoreDatabase, with_worker

pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]
CALL = """
    import json
    from django.conf import settings
    from django.test import Client
    from portfolios.models import Portfolio, User
    from portfolios.services.tokens import issue_admin_token, issue_user_token
    settings.ALLOWED_HOSTS = ["*"]
    owner = User.objects.get(email="demo_individual@sigmasight.com")
    staff = User.objects.get(email="demo_admin@sigmasight.com")
    book = Portfolio.objects.get(user=owner)
    token = issue_admin_token(staff, ip_address=None, user_agent="") if {admin} else issue_user_token(owner)[0]
    client = Client(headers={{"Authorization": "Bearer " + token}})
    answer = client.{method}("/api/v1/{path}".format(book=book.pk))
    print(json.dumps([answer.status_code, answer.json()]))
"""

IN_THE_CONSOLE = """
    import json, time
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from analytics.models import BatchRun
    from portfolios.models import Portfolio, User
    settings.ALLOWED_HOSTS = ["*"]
    book = Portfolio.objects.get(user__email="demo_hnw@sigmasight.com")
    client = Client()
    client.force_login(User.objects.get(email="demo_admin@sigmasight.com"))
    def ended(path, **given):
        assert client.post("/admin/console/batch/" + path, given).status_code == 302
        run = BatchRun.objects.latest("created_at")
        while run.is_active:
            time.sleep(0.1)
            run.refresh_from_db()
        return run
    def execute(statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)
    execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room for this book'; END $$; "
        "CREATE TRIGGER refuse BEFORE INSERT ON portfolio_snapshots FOR EACH ROW WHEN (NEW.portfolio_id = '" + str(book.pk) + "') "
        "EXECUTE FUNCTION refuse()"
    )
    failed = ended("start/", portfolio=str(book.pk), phase="")
    execute("DROP TRIGGER refuse ON portfolio_snapshots")
    again = ended(str(failed.pk) + "/retry/")
    phase = ended("start/", portfolio=str(book.pk), phase="3")
    book.refresh_from_db()
    told = [run.status for run in (failed, again, phase)]
    print(json.dumps([told, again.params["retry_of"] == str(failed.pk), str(book.results_as_of), sorted(phase.phase_durations)]))
"""


@pytest.fixture(scope="module")
def served(seeded: CoreDatabase) -> Iterator[CoreDatabase]:
    with with_worker("rest_started", seeded) as database:
        yield database


def call(database: CoreDatabase, method: str, path: str, *, admin: bool = False) -> Any:
    code = textwrap.dedent(CALL.format(method=method, path=path, admin=admin))
    status, body = json.loads(database.manage("shell", "--no-imports", "-c", code).stdout.splitlines()[-1])
    assert status == 200, body
    return body


def ended(database: CoreDatabase, run_id: str) -> object:
    database.wait_for(f"SELECT completed_at IS NOT NULL FROM batch_run_history WHERE id = '{run_id}'", 180)
    return database.one(f"SELECT concat(status, error_summary) FROM batch_run_history WHERE id = '{run_id}'")


def test_an_owner_starts_and_polls(served: CoreDatabase) -> None:
    run_id = call(served, "post", "portfolios/{book}/calculate")["batch_run_id"]
    assert ended(served, run_id) == "completed"
    state = call(served, "get", f"portfolios/{{book}}/batch-status/{run_id}")
    assert (state["status"], state["triggered_by"]) == ("completed", "demo_individual@sigmasight.com")
    done = served.one(f"SELECT completed_jobs = total_jobs FROM batch_run_history WHERE id = '{run_id}'")
    assert done
    published = served.one(
        "SELECT array_agg(u.email) FROM portfolios p JOIN users u ON u.id = p.user_id WHERE p.results_as_of IS NOT NULL"
    )
    assert published == ["demo_individual@sigmasight.com"]


def test_staff_refresh_what_is_held(served: CoreDatabase) -> None:
    run_id = call(served, "post", "admin/batch/trigger/company-profiles", admin=True)["batch_run_id"]
    assert ended(served, run_id) == "completed"
    assert served.one(f"SELECT count(*) FROM batch_steps WHERE run_id = '{run_id}' AND status = 'completed'") == 1
    run_id = call(served, "post", "admin/batch/trigger/market-data", admin=True)["batch_run_id"]
    assert ended(served, run_id) == "completed"
    names = served.one(f"SELECT array_agg(name ORDER BY name) FROM batch_steps WHERE run_id = '{run_id}'")
    assert names == ["fundamentals", "option quotes", "prices", "profiles", "yields"]
    listed = call(served, "get", f"admin/batch/history/{run_id}", admin=True)
    assert (listed["status"], listed["jobs"]["completed"]) == ("completed", 1)
    assert call(served, "get", "admin/batch/run/current", admin=True)["status"] == "idle"
    quality = call(served, "get", "admin/batch/data-quality", admin=True)
    assert (quality["status"], quality["quality_score"]) == ("passed", 1)


def test_staff_start_a_portfolio_and_a_phase_and_retry_what_failed_in_the_console(served: CoreDatabase) -> None:
    code = textwrap.dedent(IN_THE_CONSOLE)
    told = json.loads(served.manage("shell", "--no-imports", "-c", code).stdout.splitlines()[-1])
    assert told == [["partial", "completed", "completed"], True, "2025-07-15", ["phase_3", "total_duration"]]
