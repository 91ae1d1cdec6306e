"""Which sectors made the difference to the S&P 500, on the demo's books, recomputed from the rows one by one."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.report.attribution import attribution
from analytics.services.factsheet import factsheet
from analytics.services.performance import performance_report
from analytics.services.sector_attribution import CASH, SectorAttribution
from marketdata.models import DailyPrice, SectorBenchmarkWeight
from marketdata.services.history import rebuild_histories
from marketdata.services.securities import SECTOR_FUNDS
from portfolios.models import Portfolio, PortfolioSnapshot, Position, PositionSnapshot
from sigmasight.core.templatetags.humane import share
from tests.analytics.services.conftest import book_of

pytestmark = pytest.mark.django_db


def attributed(book: Portfolio, sessions: int = 252) -> SectorAttribution:
    _, found = performance_report(book.user, book.pk, sessions=sessions)
    assert found is not None
    return found.sectors


def test_effects_make_the_whole_difference(demo_book: Portfolio) -> None:
    _, report = performance_report(demo_book.user, demo_book.pk)
    assert report is not None
    found = report.sectors
    assert found.reason is None
    assert (found.first, found.last) == (report.first, report.last)
    assert found.portfolio_return == pytest.approx(report.twr, abs=2e-6)
    apart = (found.portfolio_return or 0) - (found.benchmark_return or 0)
    assert sum(one.total for one in found.sectors) == pytest.approx(apart, abs=1e-5)
    assert sum(one.weight for one in found.sectors) == pytest.approx(1, abs=1e-5)
    assert sum(one.benchmark_weight or 0 for one in found.sectors) == pytest.approx(1, abs=1e-5)


def by_hand(book: Portfolio, name: str) -> tuple[float, float]:
    """Weight before the last session and P&L of it, over net asset value, of a sector's stocks and contracts and its fund."""
    before, after = PositionSnapshot.objects.filter(portfolio=book).order_by("-snapshot_date")[:2][::-1]
    value = float(PortfolioSnapshot.objects.get(portfolio=book, snapshot_date=before.snapshot_date).net_asset_value)
    sums: dict[str, float] = defaultdict(float)
    for snapshot, figures, what in ((before, before.market_value, "held"), (after, after.daily_pnl, "made")):
        for pk, figure in zip(snapshot.position_ids, figures, strict=True):
            security = Position.objects.get(pk=pk).security
            if security is not None and hasattr(security, "option_contract"):
                security = security.option_contract.underlying
            if security is not None and (security.sector == name or security.symbol == SECTOR_FUNDS[name]):
                sums[what] += figure
    return sums["held"] / value, sums["made"] / value


@pytest.mark.parametrize("name", ["hedge_fund", "family_office_public"])
def test_one_session_by_hand(demo_results: Any, name: str) -> None:
    book = book_of(name)
    found = attributed(book, sessions=1)
    assert len(found.sectors) >= 12
    row = next(one for one in found.sectors if one.sector == "Technology")
    weight, made = by_hand(book, "Technology")
    assert row.weight == pytest.approx(weight, abs=1e-6)
    newest = SectorBenchmarkWeight.objects.filter(asof_date=found.weights_as_of)
    whole = sum(float(one.weight) for one in newest)
    closes = DailyPrice.objects.filter(security__symbol="XLK", date__lte=found.last).order_by("-date")[:2]
    moved = float(closes[0].close / closes[1].close) - 1
    beside = float(newest.get(sector__in=["Technology", "Information Technology"]).weight) / whole
    assert found.benchmark_return is not None
    assert row.allocation == pytest.approx((weight - beside) * (moved - found.benchmark_return), abs=2e-6)
    assert row.selection == pytest.approx(made - weight * moved, abs=2e-6)


def test_cash_earns_what_not_being_invested_did(demo_results: Any) -> None:
    found = attributed(book_of("hedge_fund"), sessions=1)
    cash = next(one for one in found.sectors if one.sector == CASH)
    assert cash.benchmark_weight is None
    assert found.benchmark_return is not None
    assert cash.allocation == pytest.approx(-cash.weight * found.benchmark_return, abs=2e-6)


def test_without_sector_weights_it_says_so(demo_results: Any) -> None:
    SectorBenchmarkWeight.objects.all().delete()
    found = attributed(book_of("hedge_fund"))
    assert (found.sectors, found.portfolio_return) == ((), None)
    assert "no sector weights of the S&P 500" in (found.reason or "")


def without_price(symbol: str, place: int) -> dt.date:
    """A fund loses the price of one of its last sessions."""
    row = DailyPrice.objects.filter(security__symbol=symbol).order_by("-date")[place]
    row.delete()
    rebuild_histories([row.security_id])
    return row.date


def test_without_the_last_price_of_a_sector_fund_it_names_it(demo_results: Any) -> None:
    without_price("XLE", 0)
    assert "XLE" in (attributed(book_of("hedge_fund")).reason or "")


def test_it_begins_after_the_last_unknown_session(demo_results: Any) -> None:
    gap = without_price("XLE", 20)
    found = attributed(book_of("hedge_fund"))
    assert found.reason is None
    assert found.first is not None
    assert gap < found.first


def test_sessions_before_the_first_set_of_weights_take_that(demo_results: Any) -> None:
    found = attributed(book_of("hedge_fund"))
    assert found.first is not None
    assert found.weights_since is not None
    assert found.first < found.weights_since <= found.weights_as_of


def test_a_later_set_of_weights_takes_over(demo_results: Any) -> None:
    before = attributed(book_of("hedge_fund"), sessions=3)
    last = before.last
    for one in SectorBenchmarkWeight.objects.all():
        SectorBenchmarkWeight.objects.create(
            benchmark_code=one.benchmark_code, asof_date=last, sector=one.sector,
            weight=1 if one.sector == "Energy" else 0, data_source="test",
        )  # fmt: skip
    after = attributed(book_of("hedge_fund"), sessions=3)
    assert after.weights_as_of == last
    energy = {one.sector: one.benchmark_weight for one in after.sectors}["Energy"]
    was = {one.sector: one.benchmark_weight for one in before.sectors}["Energy"]
    assert energy == pytest.approx((2 * (was or 0) + 1) / 3, abs=1e-6)


def test_queries_do_not_grow_with_the_window(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    counts = []
    for sessions in (1, 90):
        with CaptureQueriesContext(connection) as asked:
            performance_report(book.user, book.pk, sessions=sessions)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_factsheet_tells_them_with_their_sum(demo_results: Any) -> None:
    sheet = factsheet(book_of("hedge_fund"))
    found = attribution(sheet)
    rows = {row[0]: row for row in found.tables[0].rows}
    stored = attributed(book_of("hedge_fund"))
    assert set(rows) == {one.sector for one in stored.sectors} | {"All"}
    apart = (stored.portfolio_return or 0) - (stored.benchmark_return or 0)
    assert rows["All"][-1] == share(apart, 2)
    SectorBenchmarkWeight.objects.all().delete()
    assert attribution(factsheet(book_of("hedge_fund"))).missing.startswith("There are no sector weights")
