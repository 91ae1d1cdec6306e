"""Targets at the night's marks: figures, sums, splits, and what no column could hold."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from analytics.batch.target_values import value_targets, weigh_targets
from analytics.models import SymbolFactorExposure, SymbolVolatility
from marketdata.models import InstrumentMark, Split
from portfolios.models import Portfolio, PortfolioSnapshot, Position, TargetPrice
from tests.factories import PortfolioFactory, PositionFactory

pytestmark = pytest.mark.django_db
DAY = dt.date(2025, 11, 20)
SETTLED = dt.datetime(2025, 11, 3, 21, tzinfo=dt.UTC)
LEDGER = (
    "cash_value", "long_value", "short_value", "gross_exposure", "net_exposure", "daily_pnl", "daily_unrealized_pnl",
    "daily_realized_pnl", "daily_income", "daily_capital_flow", "cumulative_pnl", "cumulative_realized_pnl",
    "cumulative_capital_flow",
)  # fmt: skip


@pytest.fixture
def book() -> Portfolio:
    book = PortfolioFactory()
    snapshot(book)
    return book


def snapshot(book: Portfolio, equity: object = 100_000, lots: int = 4) -> None:
    PortfolioSnapshot.objects.update_or_create(
        portfolio=book, snapshot_date=DAY,
        defaults={"net_asset_value": Decimal(str(equity)), "twr_index": 1.0, "num_positions": lots, **dict.fromkeys(LEDGER, 0)},
    )  # fmt: skip


def lot(book: Portfolio, side: str, quantity: object, price: object, **terms: Any) -> Position:
    held = PositionFactory(portfolio=book, position_type=side, quantity=Decimal(str(quantity)), **terms)
    mark(held, price)
    return held


def mark(held: Position, price: object, day: dt.date = DAY) -> None:
    InstrumentMark.objects.update_or_create(
        security=held.security, session=day,
        defaults={"price": Decimal(str(price)), "price_date": day, "quality": "fresh", "price_source": "file"},
    )  # fmt: skip


def target(held: Position, eoy: object = None, downside: object = None, **terms: Any) -> TargetPrice:
    return TargetPrice.objects.create(
        **{
            "portfolio": held.portfolio, "symbol": held.symbol, "position_type": held.position_type,
            "target_price_eoy": eoy, "downside_target_price": downside, "current_price": 1, "price_updated_at": SETTLED,
        } | terms
    )  # fmt: skip


def figures(one: TargetPrice) -> list[Any]:
    one.refresh_from_db()
    return [
        one.current_price, one.expected_return_eoy, one.downside_return, one.target_upside_eoy_value, one.target_downside_value,
        one.position_weight, one.contribution_to_portfolio_return,
    ]  # fmt: skip


def test_a_long_and_a_short_gain_in_opposite_directions(book: Portfolio) -> None:
    long = target(lot(book, "LONG", 100, 50), 60, 40)
    short = target(lot(book, "SHORT", -200, 20), 15, 25)
    value_targets([book.pk], DAY)
    assert figures(long) == [50, 20, -20, 1000, -1000, 5, Decimal("0.01")]
    assert figures(short) == [20, 25, -25, 1000, -1000, 4, Decimal("0.01")]
    assert long.price_updated_at == dt.datetime(2025, 11, 20, 21, tzinfo=dt.UTC)


def test_contracts_count_their_shares_and_sold_ones_gain_by_a_fall(book: Portfolio) -> None:
    sold = target(lot(book, "SP", -3, 2), 1)
    bought = target(lot(book, "LC", 2, 4), 6)
    value_targets([book.pk], DAY)
    assert figures(sold)[:4] == [2, 50, None, 300]
    assert figures(bought)[:4] == [4, 50, None, 400]
    assert (sold.position_weight, bought.position_weight) == (Decimal("0.6"), Decimal("0.8"))


def test_lots_of_one_symbol_are_added_up(book: Portfolio) -> None:
    held = lot(book, "LONG", 100, 50)
    PositionFactory(portfolio=book, security=held.security, quantity=Decimal(20))
    PositionFactory(portfolio=book, security=held.security, entry_date=DAY + dt.timedelta(days=1))
    one = target(held, 60)
    value_targets([book.pk], DAY)
    assert figures(one)[3] == 1200
    assert PortfolioSnapshot.objects.get().target_price_positions_count == 2


def test_the_book_has_the_sums(book: Portfolio) -> None:
    target(lot(book, "LONG", 100, 50), 60, 40)
    target(lot(book, "SHORT", -200, 20), 15, 25)
    # Without a target for the year's end it has no part in that return.
    target(lot(book, "LONG", 10, 100), None, 90)
    value_targets([book.pk], DAY)
    night = PortfolioSnapshot.objects.get()
    assert night.target_price_return_eoy == Decimal("22.2222")
    assert night.target_price_downside_return == -21
    assert night.target_price_return_next_year is None
    assert (night.target_price_upside_eoy_dollars, night.target_price_downside_dollars) == (2000, -2100)
    assert (night.target_price_positions_count, night.target_price_total_positions) == (3, 4)
    assert night.target_price_coverage_pct == 75


def test_a_second_run_changes_nothing(book: Portfolio) -> None:
    target(lot(book, "LONG", "33.3333", "17.77"), "19.99", "3.33")
    target(lot(book, "SHORT", -7, "17.77"), "19.99", 0)
    assert value_targets([book.pk], DAY) == 3
    assert value_targets([book.pk], DAY) == 0


def test_after_a_split_targets_count_in_the_new_shares(book: Portfolio) -> None:
    held = lot(book, "SHORT", -4320, 110)
    split = {"security": held.security, "kind": "split", "source": "file"}
    Split.objects.create(ex_date=dt.date(2025, 11, 17), ratio=10, **split)
    Split.objects.create(ex_date=SETTLED.date(), ratio=7, **split)
    Split.objects.create(ex_date=DAY + dt.timedelta(days=1), ratio=3, **split)
    one = target(held, "1347.06", 950)
    value_targets([book.pk], DAY)
    one.refresh_from_db()
    assert (one.target_price_eoy, one.downside_target_price) == (Decimal("134.706"), 95)
    assert one.expected_return_eoy == Decimal("-22.4600")
    assert value_targets([book.pk], DAY) == 0


def test_a_target_that_was_written_after_the_session_keeps_its_day(book: Portfolio) -> None:
    later = dt.datetime(2025, 11, 21, 15, tzinfo=dt.UTC)
    one = target(lot(book, "LONG", 1, 50), 60, price_updated_at=later)
    value_targets([book.pk], DAY)
    assert (figures(one)[0], one.price_updated_at) == (50, later)


@pytest.mark.parametrize("price", ["0", "0.00004"])
def test_what_has_become_worthless_fails_no_night(book: Portfolio, price: str) -> None:
    one = target(lot(book, "LC", 2, price), 6)
    assert value_targets([book.pk], DAY) == 0
    assert figures(one)[0] == 1


def test_figures_beyond_their_columns_are_unknown(book: Portfolio) -> None:
    far = target(lot(book, "LONG", 100, "0.0001"), "99999999", 0)
    rich = target(lot(book, "LONG", "99999999999", "0.5"), 5000)
    near = target(lot(book, "LONG", 100, 50), 60)
    snapshot(book, "0.01")
    value_targets([book.pk], DAY)
    assert figures(far)[1:5] == [None, -100, None, Decimal("-0.01")]
    assert figures(rich)[1:4] == [None, None, None]
    assert figures(near)[1:] == [20, None, 1000, None, None, None]


def test_without_equity_there_are_no_weights(book: Portfolio) -> None:
    snapshot(book, 0)
    one = target(lot(book, "LONG", 100, 50), 60)
    value_targets([book.pk], DAY)
    assert figures(one) == [50, 20, None, 1000, None, None, None]


def test_risk_is_weight_times_volatility_times_beta(book: Portfolio) -> None:
    held, sold = lot(book, "LONG", 100, 50), lot(book, "SP", -3, 2)
    one, other, bare = target(held, 60), target(sold, 1), target(lot(book, "LONG", 1, 1), 2)
    for security, volatility, beta in (
        (held.security, "0.2500", 1.2),
        (sold.security.option_contract.underlying, "0.4", -0.5),
    ):
        SymbolVolatility.objects.create(security=security, calculation_date=DAY, realized_volatility_63d=volatility)
        arrays: dict[str, Any] = {name: [0.0] for name in ("std_error", "p_value", "r_squared")}
        SymbolFactorExposure.objects.create(
            security=security, calculation_date=DAY, beta_value=[beta], observations=[90], quality_flag=["F"], **arrays
        )
    value_targets([book.pk], DAY)
    assert weigh_targets([book.pk], DAY) == 2
    assert weigh_targets([book.pk], DAY) == 0
    for row, risk in ((one, Decimal("0.015")), (other, Decimal("-0.0012")), (bare, None)):
        row.refresh_from_db()
        assert row.contribution_to_portfolio_risk == risk
