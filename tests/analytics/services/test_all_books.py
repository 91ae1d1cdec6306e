"""All portfolios together: sums of what is stored, and a drawdown that only P&L moves."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db.models import F, Sum
from django.test import Client
from django.urls import reverse

from analytics.services.all_books import all_books
from portfolios.models import Portfolio, PortfolioSnapshot, User
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.demo_fixtures import DemoResults

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]


def test_values_are_the_sums_of_the_snapshots(demo_results: DemoResults) -> None:
    days = all_books()
    stored = PortfolioSnapshot.objects.filter(snapshot_date=demo_results.session).aggregate(Sum("net_asset_value"))
    assert (days[-1].session, days[-1].portfolios) == (demo_results.session, 5)
    assert days[-1].net_asset_value == pytest.approx(float(stored["net_asset_value__sum"]))
    assert [day.session for day in days] == sorted(day.session for day in days)


def test_the_fall_is_that_of_the_chained_return_of_all() -> None:
    days = all_books(10)
    index = highest = 1.0
    for day in days:
        rows = PortfolioSnapshot.objects.filter(snapshot_date=day.session, daily_return__isnull=False)
        base = sum(float(row.net_asset_value - row.daily_pnl - row.daily_capital_flow) for row in rows)
        index *= 1 + sum(float(row.daily_pnl) for row in rows) / base
        highest = max(highest, index)
        assert day.drawdown == pytest.approx(index / highest - 1, abs=1e-12)
    assert min(day.drawdown for day in days) < 0


def test_a_deposit_moves_the_value_and_not_the_fall() -> None:
    before = all_books(5)
    row = snapshot_of(book_of("hedge_fund"))
    PortfolioSnapshot.objects.filter(pk=row.pk).update(
        net_asset_value=F("net_asset_value") + Decimal(1_000_000), daily_capital_flow=F("daily_capital_flow") + Decimal(1_000_000)
    )  # fmt: skip
    after = all_books(5)
    assert after[-1].net_asset_value == pytest.approx(before[-1].net_asset_value + 1_000_000)
    assert after[-1].drawdown == pytest.approx(before[-1].drawdown)


def test_what_is_not_published_or_gone_does_not_count(demo_results: DemoResults) -> None:
    Portfolio.objects.filter(pk=book_of("hedge_fund").pk).update(results_as_of="2025-11-19")
    Portfolio.objects.filter(pk=book_of("individual").pk).update(is_active=False)
    by_day = {day.session: day.portfolios for day in all_books(2)}
    assert list(by_day.values()) == [4, 3]


def test_the_dashboard_shows_them(client: Client) -> None:
    client.force_login(User.objects.get(email="demo_admin@sigmasight.com"))
    text = client.get(reverse("admin:panel", args=["all-portfolios"])).content.decode()
    assert text.count("<svg class=") == 2
    assert "2025-11-20" in text
    PortfolioSnapshot.objects.all().delete()
    assert (
        "No session has been published yet"
        in client.get(reverse("admin:panel", args=["all-portfolios"])).content.decode()
    )
