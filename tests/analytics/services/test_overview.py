"""The overview agrees with the snapshot, with the lots and with itself, to the cent."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from analytics.services.overview import portfolio_overview
from marketdata.models import Security
from portfolios.models import InvestmentClass, Portfolio, PortfolioSnapshot, PositionType
from portfolios.services.new_lots import NewLot
from portfolios.services.positions import open_position
from portfolios.services.valued_lots import valued_lots
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.factories import PortfolioFactory, PositionFactory

pytestmark = pytest.mark.django_db


def cents(value: float) -> Decimal:
    return Decimal(str(value))


def test_exposures_are_the_snapshots(demo_book: Portfolio) -> None:
    stored = snapshot_of(demo_book)
    _, found = portfolio_overview(demo_book.user, demo_book.id)
    assert found.equity == stored.net_asset_value
    assert cents(found.cash) == stored.cash_value
    assert cents(found.exposures.long_exposure) == stored.long_value
    assert cents(found.exposures.short_exposure) == stored.short_value
    assert cents(found.exposures.gross_exposure) == stored.gross_exposure
    assert cents(found.exposures.net_exposure) == stored.net_exposure
    assert cents(found.pnl.cumulative_pnl) == stored.cumulative_pnl
    assert found.counts.total_positions == stored.num_positions


def test_exposures_are_the_sums_of_the_lots(demo_book: Portfolio) -> None:
    lots = valued_lots([demo_book.id])
    _, found = portfolio_overview(demo_book.user, demo_book.id)
    values = [lot.market_value for lot in lots]
    assert cents(found.exposures.long_exposure) == sum(value for value in values if value > 0)
    assert cents(found.exposures.short_exposure) == sum(value for value in values if value < 0)
    assert cents(found.pnl.unrealized_pnl) == sum(lot.unrealized_pnl for lot in lots)


def test_a_changed_book_is_valued_as_it_is(demo_book: Portfolio) -> None:
    before = portfolio_overview(demo_book.user, demo_book.id)[1]
    Portfolio.objects.filter(pk=demo_book.pk).update(dirty_from=demo_book.results_as_of)
    assert portfolio_overview(demo_book.user, demo_book.id)[1] == before


def test_a_purchase_moves_exposure_and_cash_at_once(demo_results: Any) -> None:
    book = book_of("individual")
    before = portfolio_overview(book.user, book.id)[1]
    lot = NewLot("AAPL", Decimal(10), Decimal(200), PositionType.SHORT, InvestmentClass.PUBLIC)
    position = open_position(book.id, lot)
    after = portfolio_overview(book.user, book.id)[1]
    (value,) = [one.market_value for one in valued_lots([book.id]) if one.position_id == position.id]
    assert value < 0
    assert cents(after.exposures.short_exposure) == cents(before.exposures.short_exposure) + value
    assert cents(after.cash) == cents(before.cash) - value
    assert after.counts.short_count == before.counts.short_count + 1
    assert after.equity == before.equity


def test_percentages_and_leverage_by_hand(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    _, found = portfolio_overview(book.user, book.id)
    stored = snapshot_of(book)
    nav = float(stored.net_asset_value)
    assert found.leverage == round(float(stored.gross_exposure) / nav, 2)
    assert found.exposures.long_percentage == round(100 * float(stored.long_value) / nav, 1)
    assert found.exposures.short_percentage == round(-100 * float(stored.short_value) / nav, 1) > 0
    assert found.exposures.net_percentage == round(100 * float(stored.net_exposure) / nav, 1)


def test_stocks_count_by_side_and_options_apart(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    lots = valued_lots([book.id])
    _, found = portfolio_overview(book.user, book.id)
    kinds = [lot.position_type for lot in lots]
    assert found.counts.long_count == kinds.count("LONG")
    assert found.counts.short_count == kinds.count("SHORT") > 0
    assert found.counts.option_count == len(kinds) - kinds.count("LONG") - kinds.count("SHORT") > 0


def test_periods_are_those_of_the_results(demo_book: Portfolio) -> None:
    _, found = portfolio_overview(demo_book.user, demo_book.id)
    days = PortfolioSnapshot.objects.filter(portfolio=demo_book, snapshot_date__lte=demo_book.results_as_of)
    month = days.filter(snapshot_date__gte=dt.date(2025, 11, 1)).aggregate(total=Sum("daily_pnl"))["total"]
    # Every day is rounded to the cent, so that their sum may be off by some.
    assert abs(cents(found.pnl.mtd_pnl) - month) <= Decimal("0.05")
    assert found.pnl.ytd_pnl == found.pnl.cumulative_pnl


def test_the_year_begins_with_the_results_year(demo_results: Any) -> None:
    book = book_of("individual")
    # As if the books had been a year older up to the end of October.
    for snapshot in PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date__lt=dt.date(2025, 11, 1)):
        earlier = snapshot.snapshot_date - dt.timedelta(days=365)
        PortfolioSnapshot.objects.filter(pk=snapshot.pk).update(snapshot_date=earlier)
    _, found = portfolio_overview(book.user, book.id)
    assert found.pnl.ytd_pnl == found.pnl.mtd_pnl != found.pnl.cumulative_pnl


def test_target_returns_are_the_snapshots_and_null_without_targets(demo_results: Any) -> None:
    with_targets, without = book_of("individual"), book_of("family_office_private")
    found = portfolio_overview(with_targets.user, with_targets.id)[1].target_returns
    stored = snapshot_of(with_targets)
    assert found is not None
    assert found["expected_return_eoy"] == stored.target_price_return_eoy
    assert found["positions_with_targets"] == stored.target_price_positions_count
    assert portfolio_overview(without.user, without.id)[1].target_returns is None


def test_a_target_return_of_zero_is_zero(demo_results: Any) -> None:
    book = book_of("individual")
    PortfolioSnapshot.objects.filter(portfolio=book).update(target_price_return_eoy=0)
    found = portfolio_overview(book.user, book.id)[1].target_returns
    assert found is not None
    assert found["expected_return_eoy"] == 0


def test_realized_and_unrealized_add_up(demo_results: Any) -> None:
    book = book_of("individual")
    PortfolioSnapshot.objects.filter(portfolio=book).update(cumulative_realized_pnl=Decimal("1234.56"))
    _, found = portfolio_overview(book.user, book.id)
    assert found.pnl.realized_pnl == 1234.56
    assert found.pnl.total_pnl == round(found.pnl.unrealized_pnl + 1234.56, 2)


def test_before_the_first_session_lots_stand_at_entry(demo_results: Any) -> None:
    book = PortfolioFactory(opening_equity=2000)
    lot = PositionFactory(
        portfolio=book, quantity=Decimal(30), entry_price=Decimal(50), security=Security.objects.first()
    )
    published, found = portfolio_overview(book.user, lot.portfolio_id)
    assert published.as_of is None
    assert (found.equity, found.cash, found.leverage) == (2000, 500.0, 0.75)
    assert found.exposures.gross_exposure == 1500.0
    assert found.exposures.long_percentage == 75.0
    assert set(vars(found.pnl).values()) == {0.0}


def test_without_equity_there_are_no_ratios() -> None:
    book = PortfolioFactory(opening_equity=0)
    PositionFactory(portfolio=book, quantity=Decimal(30), entry_price=Decimal(50))
    _, found = portfolio_overview(book.user, book.id)
    assert (found.cash, found.leverage, found.exposures.long_percentage) == (-1500.0, 0.0, 0.0)


def test_a_night_that_stored_nothing_leaves_what_is_held(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    before = portfolio_overview(book.user, book.id)[1]
    PortfolioSnapshot.objects.filter(portfolio=book).delete()
    _, found = portfolio_overview(book.user, book.id)
    assert (found.exposures.gross_exposure, found.counts) == (before.exposures.gross_exposure, before.counts)
    assert found.equity == book.opening_equity


def test_an_empty_portfolio_is_all_cash() -> None:
    book = PortfolioFactory(opening_equity=100)
    _, found = portfolio_overview(book.user, book.id)
    assert (found.cash, found.counts.total_positions, found.exposures.gross_exposure) == (100.0, 0, 0.0)
