"""Who may repair what, and what has to be said twice."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from analytics.models import BatchRun
from portfolios.models import Portfolio, PortfolioSnapshot, User
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
STAFF = "demo_admin"


def post(client: Client, path: str, **given: Any) -> Any:
    return client.post(f"/api/v1/admin/fix/{path}", given, content_type="application/json")


@pytest.mark.parametrize("path", ["clear-calculations", "seed-portfolios", "run-batch", "fix-all"])
def test_other_staff_may_not_repair(demo_results: DemoResults, path: str) -> None:
    User.objects.filter(email=f"{STAFF}@sigmasight.com").update(is_superuser=False)
    assert post(demo_results.client(STAFF, admin=True), path).status_code == 403
    assert not BatchRun.objects.filter(kind="fix").exists()


@pytest.mark.parametrize("path", ["clear-calculations", "fix-all"])
@pytest.mark.parametrize("confirm", [None, "yes", "delete all results"])
def test_everybodys_results_need_a_confirmation(demo_results: DemoResults, path: str, confirm: str | None) -> None:
    given = {"all_portfolios": True} | ({"confirm": confirm} if confirm else {})
    answer = post(demo_results.client(STAFF, admin=True), path, **given)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "confirm"]
    assert PortfolioSnapshot.objects.exists()


def test_a_try_needs_none_and_deletes_nothing(demo_results: DemoResults) -> None:
    before = PortfolioSnapshot.objects.count()
    done = post(demo_results.client(STAFF, admin=True), "clear-calculations", all_portfolios=True, dry_run=True).json()
    assert done["details"]["portfolio_snapshots"] == before == PortfolioSnapshot.objects.count()
    assert done["details"]["position_greeks"] > 0
    assert done["message"].startswith("Nothing was changed")


def test_the_demo_as_seeded(demo_results: DemoResults) -> None:
    details = post(demo_results.client(STAFF, admin=True), "seed-portfolios").json()["details"]
    assert details["expected_positions"] == {
        "demo_individual": 16, "demo_hnw": 17, "demo_hedgefundstyle": 30, "demo_familyoffice_public": 12,
        "demo_familyoffice_private": 9,
    }  # fmt: skip
    assert details["total_portfolios"] == 5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"end_date": "2025-11-21"}, "not complete yet"),
        ({"start_date": "2025-11-20", "end_date": "2025-11-19"}, "no session to compute"),
    ],
)
def test_days_that_cannot_be_computed_are_refused(demo_results: DemoResults, given: dict[str, str], said: str) -> None:
    answer = post(demo_results.client(STAFF, admin=True), "fix-all", **given)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert not BatchRun.objects.filter(kind="fix").exists()


def test_nobody_elses_results_are_taken_back(demo_results: DemoResults) -> None:
    PortfolioFactory(results_as_of=demo_results.session)
    client = demo_results.client(STAFF, admin=True)
    answer = post(client, "fix-all", end_date="2025-11-18")
    assert answer.status_code == 400
    assert "beyond 2025-11-18" in answer.json()["detail"]
    started = post(client, "fix-all", end_date="2025-11-18", all_portfolios=True, confirm="DELETE ALL RESULTS")
    assert started.status_code == 200
    job = client.get(started.json()["status_url"]).json()
    assert (job["status"], job["params"]) == ("pending", {"start_date": None, "end_date": "2025-11-18"})
    assert Portfolio.objects.filter(results_as_of=demo_results.session).count() == 6


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"job_type": "run-batch"}, "run-batch"),
        ({"job_type": "apply-split"}, "apply-split"),
        ({"collects": "prices of single symbols"}, "refetch-symbols"),
        ({"phase": "2", "retry_of": "0" * 32}, "retry"),
        ({"phase": "2"}, "phase"),
    ],
)
def test_a_job_is_called_what_was_run(demo_results: DemoResults, params: dict[str, str], name: str) -> None:
    run = BatchRun.objects.create(kind="fix", trigger="admin", source="simulated", status="completed", params=params)
    job = demo_results.client(STAFF, admin=True).get(f"/api/v1/admin/fix/jobs/{run.pk}").json()
    assert (job["job_type"], job["status"]) == (name, "completed")
