"""Staff refresh market data and profiles, have correlations computed, rebuild tags and drop what was never completed."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from analytics.models import BatchRun
from analytics.services.setup_progress import setup_progress
from portfolios.models import Portfolio, PortfolioSnapshot
from tagging.models import PositionTag
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(demo_results: DemoResults, db: None) -> Client:
    cache.clear()
    return demo_results.client("demo_admin", admin=True)


@pytest.fixture
def book(staff: Client) -> Portfolio:
    return Portfolio.objects.get(user__email="demo_individual@sigmasight.com")


def post(staff: Client, path: str, status: int = 200, **given: Any) -> Any:
    answer = staff.post(f"/api/v1/admin/batch/{path}", given, content_type="application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.mark.parametrize(
    ("path", "collects"),
    [("trigger/market-data", "market data"), ("trigger/company-profiles", "company profiles")],
)
def test_a_refresh_is_a_run(staff: Client, demo_results: DemoResults, path: str, collects: str) -> None:
    told = post(staff, path)
    run = BatchRun.objects.get(pk=told["batch_run_id"])
    assert (run.params["collects"], run.target_to, run.total_jobs) == (collects, demo_results.session, 1)
    assert told["triggered_by"] == "demo_admin@sigmasight.com"
    assert ("info" in told) == (collects == "company profiles")
    for other in ("trigger/market-data", "trigger/company-profiles", "trigger/correlations", "run"):
        assert told["batch_run_id"] in post(staff, other, 409)["detail"]


def test_a_refresh_says_nothing_of_a_portfolio(staff: Client, book: Portfolio) -> None:
    before = setup_progress(book)
    post(staff, "trigger/market-data")
    assert setup_progress(book) == before


def test_correlations_come_with_the_batch(staff: Client, book: Portfolio) -> None:
    run = BatchRun.objects.get(pk=post(staff, "trigger/correlations", portfolio_id=str(book.pk))["batch_run_id"])
    assert (run.kind, run.scope_portfolio_id, run.trigger) == ("portfolio", book.pk, "admin")
    post(staff, "trigger/correlations", 404, portfolio_id=str(uuid4()))


def test_sector_tags_of_one_portfolio(staff: Client, book: Portfolio) -> None:
    PositionTag.objects.filter(position__portfolio=book, tag__is_sector=True).delete()
    told = post(staff, "restore-sector-tags", portfolio_id=str(book.pk))
    counts = [one["position_count"] for one in told["tags_applied"]]
    assert told["portfolio_name"] == book.name
    assert sum(counts) == told["positions_tagged"] > 0
    assert counts == sorted(counts, reverse=True)
    assert told["positions_tagged"] + told["positions_skipped"] == book.positions.filter(deleted_at=None).count()


def test_sector_tags_of_all(staff: Client, book: Portfolio) -> None:
    one = post(staff, "restore-sector-tags", portfolio_id=str(book.pk))
    told = post(staff, "restore-sector-tags")
    count = Portfolio.objects.filter(deleted_at=None).count()
    assert (told["portfolios_processed"], told["total_portfolios"]) == (count, count)
    assert told["positions_tagged"] > one["positions_tagged"]
    assert told["tags_created"] == 0


def begun(book: Portfolio, *, hours: float) -> PortfolioSnapshot:
    snapshot = PortfolioSnapshot.objects.filter(snapshot_date=dt.date(2025, 11, 20)).order_by("id").first()
    assert snapshot is not None
    snapshot.pk, snapshot.portfolio, snapshot.snapshot_date = None, book, dt.date(2025, 11, 21)
    snapshot.is_complete, snapshot._state.adding = False, True
    snapshot.save()
    PortfolioSnapshot.objects.filter(pk=snapshot.pk).update(created_at=timezone.now() - dt.timedelta(hours=hours))
    return snapshot


def test_old_snapshots_that_were_never_completed_are_dropped(staff: Client, book: Portfolio) -> None:
    complete = PortfolioSnapshot.objects.filter(is_complete=True).count()
    old, young = begun(book, hours=3), begun(PortfolioFactory(), hours=1.5)
    told = post(staff, "cleanup-incomplete", age_threshold_hours=2)
    assert (told["incomplete_found"], told["incomplete_deleted"]) == (1, 1)
    assert told["deleted_ids"] == [str(UUID(int=old.pk))]
    assert told["portfolio_id"] == "all"
    assert list(PortfolioSnapshot.objects.filter(is_complete=False)) == [young]
    assert PortfolioSnapshot.objects.filter(is_complete=True).count() == complete


def test_the_snapshots_of_one_portfolio(staff: Client, book: Portfolio) -> None:
    begun(book, hours=3)
    other = PortfolioFactory()
    assert post(staff, "cleanup-incomplete", portfolio_id=str(other.pk))["incomplete_deleted"] == 0
    assert post(staff, "cleanup-incomplete", portfolio_id=str(book.pk))["incomplete_deleted"] == 1
    post(staff, "cleanup-incomplete", 404, portfolio_id=str(uuid4()))
