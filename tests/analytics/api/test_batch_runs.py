"""Staff start the batch and watch it."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from analytics.models import BatchRun, RunStatus
from portfolios.models import Portfolio
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(demo_results: DemoResults, db: None) -> Client:
    cache.clear()
    return demo_results.client("demo_admin", admin=True)


def run(staff: Client, **given: Any) -> Any:
    return staff.post("/api/v1/admin/batch/run", given, content_type="application/json")


def current(staff: Client) -> Any:
    return staff.get("/api/v1/admin/batch/run/current").json()


def test_a_run_of_all_is_started_and_seen(staff: Client, demo_results: DemoResults) -> None:
    assert current(staff) == {"status": "idle", "batch_run_id": None, "message": "No batch run is active."}
    told = run(staff).json()
    assert (told["status"], told["portfolio_id"]) == ("started", "all")
    started = BatchRun.objects.get(pk=told["batch_run_id"])
    assert (started.trigger, started.target_from) == ("admin", demo_results.session)
    BatchRun.objects.filter(pk=started.pk).update(
        total_jobs=9, completed_jobs=3, failed_jobs=1, current_job="market data",
        started_at=timezone.now() - dt.timedelta(seconds=65),
    )  # fmt: skip
    seen = current(staff)
    assert (seen["batch_run_id"], seen["triggered_by"]) == (told["batch_run_id"], "demo_admin@sigmasight.com")
    assert seen["jobs"] == {"total": 9, "completed": 3, "failed": 1, "pending": 5}
    assert (seen["progress_percent"], seen["current_job"], seen["current_portfolio"]) == (33.3, "market data", None)
    assert 65 <= seen["elapsed_seconds"] < 70


def test_one_run_at_a_time_unless_forced(staff: Client) -> None:
    first = run(staff).json()["batch_run_id"]
    book = Portfolio.objects.filter(is_active=True).first()
    assert book is not None
    for refused in (run(staff), run(staff, portfolio_id=str(book.pk))):
        assert refused.status_code == 409
        assert first in refused.json()["detail"]
    second = run(staff, force=True).json()["batch_run_id"]
    assert BatchRun.objects.get(pk=first).status == RunStatus.CANCELLED
    assert current(staff)["batch_run_id"] == second


def test_past_sessions_are_computed_again(staff: Client, demo_results: DemoResults) -> None:
    told = run(staff, force_rerun=True, start_date="2025-11-10").json()
    started = BatchRun.objects.get(pk=told["batch_run_id"])
    assert (started.target_from, started.target_to) == (dt.date(2025, 11, 10), demo_results.session)
    assert started.params["recompute_from"] == "2025-11-10"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"force_rerun": True}, "start_date"),
        ({"start_date": "2025-11-10"}, "force_rerun"),
        ({"end_date": "2025-11-10"}, "force_rerun"),
        ({"force_rerun": True, "start_date": "2025-11-10", "end_date": "2025-11-14"}, "2025-11-20"),
        ({"force_rerun": True, "start_date": "2025-11-10", "end_date": "2025-11-07"}, "no session"),
        ({"force_rerun": True, "start_date": "2025-11-10", "end_date": "9999-12-31"}, "not complete"),
        ({"force_rerun": True, "start_date": "9999-12-31"}, "no session"),
    ],
)
def test_dates_that_cannot_be_served(staff: Client, given: dict[str, Any], word: str) -> None:
    answer = run(staff, **given)
    assert answer.status_code == 400
    assert word in answer.json()["detail"]
    assert not BatchRun.objects.filter(trigger="admin").exists()


def test_a_start_before_the_calendar_is_everything(staff: Client) -> None:
    told = run(staff, force_rerun=True, start_date="1900-01-01").json()
    assert BatchRun.objects.get(pk=told["batch_run_id"]).target_from == dt.date(2025, 6, 30)


def test_an_unknown_portfolio(staff: Client) -> None:
    assert run(staff, portfolio_id=str(uuid4())).status_code == 404


def test_a_dead_run_is_not_current(staff: Client) -> None:
    long_ago = timezone.now() - dt.timedelta(minutes=6)
    BatchRun.objects.create(
        kind="nightly", trigger="beat", source="simulated", status="running", started_at=long_ago, heartbeat_at=long_ago
    )
    assert current(staff)["status"] == "idle"
    assert run(staff).status_code == 200


def test_investors_do_not_start_it(demo_results: DemoResults) -> None:
    assert run(demo_results.client()).status_code == 401
