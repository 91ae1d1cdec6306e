"""Repairs that staff start over REST are done by the workers: what was deleted is computed again, to the same rows."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from tests.analytics.batch.servers import CoreDatabase, with_worker

pytestmark = [pytest.mark.servers, pytest.mark.timeout(360)]
TARGET = "2025-07-10"
CALLS = """
    import json
    from django.test import Client
    from portfolios.models import User
    from portfolios.services.tokens import issue_admin_token
    token = issue_admin_token(User.objects.get(email="demo_admin@sigmasight.com"), ip_address=None, user_agent="")
    client = Client(headers={{"Authorization": "Bearer " + token}}, SERVER_NAME="localhost")
    for method, path in {calls}:
        answer = client.generic(method, "/api/v1/admin/fix/" + path, content_type="application/json")
        print(json.dumps([answer.status_code, answer.json()]))
"""


@pytest.fixture
def served(seeded: CoreDatabase) -> Iterator[CoreDatabase]:
    with with_worker("rest_repaired", seeded, TARGET) as database:
        yield database


def call(database: CoreDatabase, *calls: tuple[str, str]) -> list[tuple[int, Any]]:
    code = textwrap.dedent(CALLS.format(calls=calls))
    lines = database.manage("shell", "--no-imports", "-c", code).stdout.splitlines()
    return [tuple(json.loads(line)) for line in lines[-len(calls) :]]


def wait_for_end(database: CoreDatabase) -> object:
    """The id of the run that is on, when it has ended."""
    run_id = database.one("SELECT id FROM batch_run_history ORDER BY created_at DESC LIMIT 1")
    database.wait_for(f"SELECT completed_at IS NOT NULL FROM batch_run_history WHERE id = '{run_id}'", 180)
    return run_id


def test_computed_then_repaired_then_as_it_was(served: CoreDatabase) -> None:
    [(status, started)] = call(served, ("POST", "run-batch"))
    assert status == 200, started
    first = wait_for_end(served)
    assert started["details"]["job_id"] == str(first)
    before = served.checksum()

    with served.writes_held_back("portfolio_snapshots"):
        answers = call(served, ("POST", "fix-all?start_date=2025-07-08"), ("POST", "clear-calculations"))
        (status, repair), (refused, why) = answers
        assert (status, refused) == (200, 409), answers
        assert repair["job_id"] in why["detail"]
    second = wait_for_end(served)
    assert repair["job_id"] == str(second)
    assert served.checksum() == before

    (_, computed), (_, job) = call(served, ("GET", f"jobs/{first}"), ("GET", f"jobs/{second}"))
    assert (computed["job_type"], computed["status"]) == ("run-batch", "completed")
    assert computed["result"]["step1_clear"] is None
    assert computed["result"]["step3_batch"]["dates_processed"] == 8
    assert (job["status"], job["error"], job["progress"]) == ("completed", None, None)
    assert job["params"] == {"start_date": "2025-07-08", "end_date": None}
    assert job["result"]["step1_clear"]["portfolio_snapshots"] == 5 * 3
    assert job["result"]["step2_seed"] == {"total_portfolios": 5}
    assert job["result"]["step3_batch"]["success"]
    assert job["result"]["step3_batch"]["dates_processed"] == 3
