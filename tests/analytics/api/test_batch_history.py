"""Staff look at past runs: the list, its figures, one run and its log."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analytics.batch.runs import finish_run, log
from analytics.models import BatchRun, RunStatus
from portfolios.models import User
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(demo_results: DemoResults, db: None) -> Client:
    BatchRun.objects.all().delete()
    return demo_results.client("demo_admin", admin=True)


def past(status: str, *, days: float = 0, seconds: float | None = 10, **values: Any) -> BatchRun:
    begun = timezone.now() - dt.timedelta(days=days, minutes=1)
    ended = None if seconds is None else begun + dt.timedelta(seconds=seconds)
    given = {"kind": "nightly", "trigger": "beat", "source": "simulated", **values}
    return BatchRun.objects.create(status=status, started_at=begun, completed_at=ended, heartbeat_at=begun, **given)


def get(staff: Client, path: str, **query: Any) -> Any:
    answer = staff.get(f"/api/v1/admin/batch/history{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_no_runs_at_all(staff: Client) -> None:
    assert get(staff, "") == {"success": True, "total_count": 0, "days": 30, "status_filter": None, "runs": []}
    assert get(staff, "/summary") == {
        "period_days": 30,
        "total_runs": 0,
        "status_breakdown": {"running": 0, "completed": 0, "partial": 0, "failed": 0},
        "success_rate_percent": 100,
        "avg_duration_seconds": None,
        "most_recent": None,
    }


def test_latest_first_within_the_period(staff: Client) -> None:
    old, middle, new = past("completed", days=29), past("failed", days=3), past("partial")
    past("completed", days=31)
    assert [run["id"] for run in get(staff, "")["runs"]] == [str(new.pk), str(middle.pk), str(old.pk)]
    assert [run["id"] for run in get(staff, "", days=7, limit=1)["runs"]] == [str(new.pk)]
    assert get(staff, "", days=90)["total_count"] == 4


@pytest.mark.parametrize(
    ("wanted", "stored"),
    [("running", {"queued", "running"}), ("failed", {"failed", "cancelled"}), ("partial", {"partial"}),
     ("completed", {"completed"})],
)  # fmt: skip
def test_one_status(staff: Client, wanted: str, stored: set[str]) -> None:
    # A queued run and a running one cannot have the same scope.
    made = {status: past(status, scope_portfolio=PortfolioFactory()) for status in RunStatus.values}
    runs = get(staff, "", status=wanted)["runs"]
    assert {run["id"] for run in runs} == {str(made[status].pk) for status in stored}
    assert {run["status"] for run in runs} == {wanted}


def test_who_started_a_run(staff: Client, demo_results: DemoResults) -> None:
    admin = User.objects.get(email="demo_admin@sigmasight.com")
    past("completed", trigger="admin", requested_by=admin, days=1)
    past("completed", trigger="cli", days=2)
    past("completed", trigger="beat", days=3)
    assert [run["triggered_by"] for run in get(staff, "")["runs"]] == [admin.email, "manual", "cron"]


def test_figures_over_a_period(staff: Client) -> None:
    past("completed", seconds=10, days=1)
    past("completed", seconds=25, days=2)
    past("partial", seconds=600, days=3)
    past("cancelled", seconds=600, days=4)
    past("completed", seconds=9_000, days=40)
    running = past("running", seconds=None)
    found = get(staff, "/summary")
    assert found["status_breakdown"] == {"running": 1, "completed": 2, "partial": 1, "failed": 1}
    assert (found["total_runs"], found["success_rate_percent"], found["avg_duration_seconds"]) == (5, 40, 17.5)
    assert found["most_recent"]["batch_run_id"] == str(running.pk)
    assert found["most_recent"]["status"] == "running"


def test_the_latest_run_may_be_older_than_the_period(staff: Client) -> None:
    old = past("failed", days=60)
    found = get(staff, "/summary", days=7)
    assert (found["total_runs"], found["most_recent"]["batch_run_id"]) == (0, str(old.pk))


def test_one_run_with_its_errors(staff: Client) -> None:
    run = past("running", seconds=None, total_jobs=8, completed_jobs=6, failed_jobs=2)
    finish_run(run, RunStatus.PARTIAL, errors=[f"ValueError: book {n}" for n in range(12)], durations={"phase_1": 2.5})
    found = get(staff, f"/{run.pk}")
    assert found["jobs"] == {"total": 8, "completed": 6, "failed": 2, "success_rate": 75}
    assert found["status"] == "partial"
    assert (found["error_summary"]["count"], found["error_summary"]["types"]) == (12, ["ValueError"])
    assert len(found["error_summary"]["details"]) == 10
    assert found["phase_durations"] == {"phase_1": 2.5}
    assert found["duration_seconds"] == pytest.approx(60, abs=5)
    assert get(staff, "")["runs"][0]["has_errors"] is True


def test_a_run_without_errors_or_jobs(staff: Client) -> None:
    found = get(staff, f"/{past('completed').pk}")
    assert (found["error_summary"], found["jobs"]["success_rate"], found["duration_seconds"]) == (None, 100, 10)


def test_the_log_of_a_run(staff: Client) -> None:
    run = past("completed", total_jobs=2, completed_jobs=2)
    log(run, "2 portfolios")
    log(run, "no price of XYZ", level="warning")
    found = get(staff, f"/{run.pk}/logs")
    assert [(line["level"], line["message"]) for line in found["activity_log"]] == [
        ("info", "2 portfolios"), ("warning", "no price of XYZ"),
    ]  # fmt: skip
    assert found["log_entry_count"] == 2
    assert get(staff, f"/{run.pk}/logs", count_only="true") == {"batch_run_id": str(run.pk), "log_entry_count": 2}


def test_the_log_as_text(staff: Client) -> None:
    run = past("failed")
    log(run, "no worker", level="error")
    answer = staff.get(f"/api/v1/admin/batch/history/{run.pk}/logs", {"format": "txt"})
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="batch-run-{run.pk}.txt"'
    first, *_, last = answer.content.decode().splitlines()
    assert first == f"Run {run.pk}, failed, started by cron"
    assert last.endswith("ERROR   no worker")
