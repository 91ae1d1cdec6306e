"""Sector weights are those the night stored, by hand the same, and follow the book when it changes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from analytics.services.sectors import (
    NoSectorExposure,
    SectorExposure,
    aggregate_sector_exposure,
    benchmark_weights,
    sector_exposure,
)
from marketdata.models import SectorBenchmarkWeight, Security
from portfolios.models import Portfolio, PortfolioSnapshot, Position
from portfolios.services.valued_lots import valued_lots
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.factories import PortfolioFactory, PositionFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = dt.date(2025, 11, 20)


def exposure(book: Portfolio) -> SectorExposure:
    _, found = sector_exposure(book.user, book.id)
    assert isinstance(found, SectorExposure)
    return found


def test_weights_are_those_the_night_stored(demo_book: Portfolio) -> None:
    stored = snapshot_of(demo_book).sector_exposure
    found = exposure(demo_book)
    assert found.portfolio_weights == stored["portfolio_weights"]
    assert found.net_weights == stored["net_weights"]
    assert found.over_underweight == pytest.approx(stored["over_underweight"], abs=2e-6)
    assert found.largest_overweight == stored["largest_overweight"]
    assert found.largest_underweight == stored["largest_underweight"]
    assert found.benchmark_as_of is not None
    assert found.benchmark_as_of.isoformat() == stored["benchmark_as_of"]


def test_a_changed_book_gives_the_same_by_its_lots(demo_book: Portfolio) -> None:
    before = exposure(demo_book)
    Portfolio.objects.filter(pk=demo_book.pk).update(dirty_from=DAY)
    assert exposure(demo_book) == before


def test_by_hand(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    sectors = dict(Security.objects.values_list("id", "sector"))
    dollars: dict[str, Decimal] = defaultdict(Decimal)
    counts: dict[str, int] = defaultdict(int)
    for lot in valued_lots([book.id]):
        name = "Unclassified" if lot.investment_class != "PUBLIC" else sectors[lot.security_id or 0]
        name = {"Financial Services": "Financials", "Consumer Cyclical": "Consumer Discretionary"}.get(name, name)
        dollars[name] += abs(lot.market_value)
        counts[name] += 1
    found = exposure(book)
    nav = snapshot_of(book).net_asset_value
    assert found.portfolio_weights == {name: round(float(value / nav), 6) for name, value in sorted(dollars.items())}
    assert found.positions_by_sector == dict(counts)
    assert Decimal(str(found.unclassified_value)) == dollars["Unclassified"]
    assert found.unclassified_count == counts["Unclassified"] == 8
    assert Decimal(str(found.total_portfolio_value)) == sum(dollars.values())


def test_differences_cover_both_sides(demo_results: Any) -> None:
    found = exposure(book_of("individual"))
    assert found.over_underweight["Energy"] == -round(found.benchmark_weights["Energy"], 6)
    assert found.over_underweight["ETFs"] == found.portfolio_weights["ETFs"]
    assert found.largest_overweight not in ("ETFs", "Unclassified")
    assert sum(found.benchmark_weights.values()) == pytest.approx(1, abs=1e-4)


def test_the_newest_benchmark_not_after_the_day_counts(demo_results: Any) -> None:
    rows = list(SectorBenchmarkWeight.objects.filter(asof_date=dt.date(2025, 11, 18)))
    for asof, weight in (
        (dt.date(2025, 11, 19), "0.09"),
        (dt.date(2025, 11, 21), "0.01"),
        (dt.date(2025, 6, 1), "0.05"),
    ):
        SectorBenchmarkWeight.objects.bulk_create(
            SectorBenchmarkWeight(
                benchmark_code="SP500", asof_date=asof, sector=row.sector, weight=Decimal(weight), data_source="test"
            )
            for row in rows
        )
    found = benchmark_weights(DAY)
    assert found is not None
    assert (found.as_of, set(found.weights.values()), found.stale) == (dt.date(2025, 11, 19), {0.09}, False)
    old = benchmark_weights(dt.date(2025, 10, 1))
    assert old is not None
    assert (old.as_of, old.stale) == (dt.date(2025, 6, 1), True)
    assert benchmark_weights(dt.date(2025, 1, 1)) is None


def test_why_there_is_none(demo_results: Any) -> None:
    book = book_of("individual")
    user, portfolio = book.user, book.id
    SectorBenchmarkWeight.objects.all().delete()
    assert sector_exposure(user, portfolio)[1] == NoSectorExposure("Could not load benchmark sector weights")
    Position.objects.filter(portfolio=book).update(deleted_at=dt.datetime(2025, 11, 20, tzinfo=dt.UTC))
    assert sector_exposure(user, portfolio)[1] == NoSectorExposure("No active positions")
    PortfolioSnapshot.objects.filter(portfolio=book).update(net_asset_value=0)
    assert sector_exposure(user, portfolio)[1] == NoSectorExposure("Portfolio equity balance is zero")


def test_several_are_weighed_by_their_value(demo_results: Any) -> None:
    books = [book_of(name) for name in ("family_office_public", "family_office_private")]
    _, found = aggregate_sector_exposure(books[0].user)
    assert isinstance(found, SectorExposure)
    total = sum(snapshot_of(book).net_asset_value for book in books)
    expected: dict[str, float] = defaultdict(float)
    for book in books:
        for sector, weight in exposure(book).portfolio_weights.items():
            expected[sector] += weight * float(snapshot_of(book).net_asset_value / total)
    assert found.portfolio_weights == pytest.approx(dict(expected), abs=2e-6)


def test_one_of_several_is_as_it_is_alone(demo_book: Portfolio) -> None:
    assert aggregate_sector_exposure(demo_book.user, [demo_book.id])[1] == exposure(demo_book)


def test_several_without_value_or_without_portfolios() -> None:
    assert aggregate_sector_exposure(UserFactory())[1] == NoSectorExposure("No portfolios found")
    lot = PositionFactory(portfolio=PortfolioFactory(opening_equity=0))
    user = lot.portfolio.user
    assert aggregate_sector_exposure(user)[1] == NoSectorExposure("Total portfolio value is zero")


def test_several_without_a_benchmark_have_their_weights_alone() -> None:
    SectorBenchmarkWeight.objects.all().delete()
    lot = PositionFactory(portfolio=PortfolioFactory(opening_equity=1000))
    _, found = aggregate_sector_exposure(lot.portfolio.user)
    assert isinstance(found, SectorExposure)
    assert found.portfolio_weights == {"Technology": 0.5}
    assert (found.benchmark_weights, found.over_underweight, found.largest_overweight) == ({}, {}, None)
