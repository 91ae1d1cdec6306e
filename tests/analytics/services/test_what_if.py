"""Trades that are only thought of: before them the figures are the stored ones, after them those of an independent reckoning."""

from __future__ import annotations

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.models import FactorExposure, PortfolioRisk, SymbolFactorExposure
from analytics.services.diversification import diversification
from analytics.services.explained_parts import TAIL_NAMES
from analytics.services.factors import factors_of
from analytics.services.missing import Missing
from analytics.services.risk_contributions import incremental_value_at_risk
from analytics.services.stress import stress_test_of
from analytics.services.traded_book import Trade
from analytics.services.what_if import Measures, WhatIf, what_if
from marketdata import calendar
from marketdata.models import DailyPrice
from portfolios.models import Portfolio, Position, PositionSnapshot
from sigmasight.core.errors import DomainError, NotFound
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


def tried(book: Portfolio, *trades: tuple[str, float]) -> WhatIf:
    _, found = what_if(book.user, book.pk, [Trade(*trade) for trade in trades])
    assert found is not None
    return found


def test_before_the_trades_the_figures_are_the_stored_ones(demo_book: Portfolio) -> None:
    found = tried(demo_book, ("SPY", 10)).before
    night = snapshot_of(demo_book)
    for mine, theirs in (
        (found.cash, night.cash_value), (found.long, night.long_value), (found.short, night.short_value),
        (found.gross, night.gross_exposure), (found.net, night.net_exposure), (found.delta_net, night.net_delta_exposure),
        (found.delta_gross, night.gross_delta_exposure),
    ):  # fmt: skip
        assert mine == pytest.approx(float(theirs or 0), abs=0.011)
    for mine, theirs in (
        (found.hhi, night.hhi), (found.top_3, night.top_3_concentration),
        (found.realized_volatility_21d, night.realized_volatility_21d), (found.expected_volatility_21d, night.expected_volatility_21d),
    ):  # fmt: skip
        assert mine == (None if theirs is None else pytest.approx(float(theirs), abs=6e-5))
    risk = PortfolioRisk.objects.get(portfolio=demo_book, calculation_date=demo_book.results_as_of)
    for mine, theirs in (
        (found.value_at_risk_95, risk.var_95_1d), (found.expected_shortfall_95, risk.es_95_1d), (found.value_at_risk_99, risk.var_99_1d),
        (found.expected_shortfall_99, risk.es_99_1d), (found.daily_volatility, risk.volatility_daily),
    ):  # fmt: skip
        assert mine == (None if theirs is None else pytest.approx(float(theirs), abs=0.011))
    for tails, column in (
        (found.tails_value_at_risk, risk.tail_var), (found.tails_expected_shortfall, risk.tail_expected_shortfall),
    ):  # fmt: skip
        assert tails == pytest.approx(
            {name: value for name, value in zip(TAIL_NAMES, column or (), strict=False) if value is not None}, abs=0.011
        )
    for name in ("gamma", "theta", "vega"):
        assert getattr(found, name) == pytest.approx(float(getattr(night, f"portfolio_{name}") or 0), abs=0.011)
    joint = FactorExposure.objects.filter(portfolio=demo_book, calculation_date=demo_book.results_as_of).first()
    if joint is not None:
        assert list(found.joint_factors.values()) == pytest.approx(joint.joint_value, abs=2e-6)
        assert found.factor_volatility == pytest.approx(joint.factor_volatility, abs=2e-8)
        assert found.specific_volatility == pytest.approx(joint.specific_volatility, abs=2e-8)
    spread = diversification(demo_book.user, demo_book.pk)[1].spread
    assert found.effective_bets == (None if spread is None else spread.effective_bets)
    stress = stress_test_of(demo_book.pk, demo_book.results_as_of)
    if not isinstance(stress, Missing):
        for effect in stress.scenarios:
            assert found.stress[effect.scenario_id] == pytest.approx(effect.dollars, abs=0.011)
    factors = factors_of(demo_book.pk)
    if not isinstance(factors, Missing):
        for reading in factors.readings:
            assert found.factors[reading.name] == pytest.approx(reading.beta, abs=2e-6)
    sectors = night.sector_exposure or {"portfolio_weights": {}, "net_weights": {}}
    assert found.sectors_gross == pytest.approx(sectors["portfolio_weights"], abs=2e-6)
    assert found.sectors_net == pytest.approx(sectors["net_weights"], abs=2e-6)


@pytest.mark.parametrize("symbol", ["META", "NFLX", "SPY271217C00650000", "TSLA271217C00450000"])
def test_without_a_lot_the_value_at_risk_falls_by_its_increment(demo_results: DemoResults, symbol: str) -> None:
    book = book_of("hedge_fund")
    lot = Position.objects.get(portfolio=book, symbol=symbol)
    _, increments = incremental_value_at_risk(book.user, book.pk)
    assert increments is not None
    found = tried(book, (symbol, -float(lot.quantity)))
    assert found.before.value_at_risk_95 is not None
    assert found.after.value_at_risk_95 == pytest.approx(found.before.value_at_risk_95 - increments[lot.pk], abs=0.02)
    night = PositionSnapshot.objects.get(portfolio=book, snapshot_date=book.results_as_of)
    value = dict(zip(night.position_ids, night.market_value, strict=True))[lot.pk]
    assert found.after.cash == pytest.approx(found.before.cash + value, abs=0.02)
    assert found.after.gross == pytest.approx(found.before.gross - abs(value), abs=0.02)
    assert found.trades[0].dollars == pytest.approx(-value, abs=0.02)


def test_what_is_bought_anew_adds_its_beta_its_sector_and_its_stress(demo_results: DemoResults) -> None:
    book = book_of("individual")
    assert not Position.objects.filter(portfolio=book, symbol="XOM").exists()
    price = float(DailyPrice.objects.get(security__symbol="XOM", date=book.results_as_of).close)
    beta = SymbolFactorExposure.objects.get(security__symbol="XOM", calculation_date=book.results_as_of).beta_value[0]
    found = tried(book, ("XOM", 300))
    share = 300 * price / found.equity
    assert found.trades[0].price == price
    assert found.after.factors["Market Beta (90D)"] == pytest.approx(
        found.before.factors["Market Beta (90D)"] + share * beta, abs=3e-6
    )
    assert found.after.sectors_net["Energy"] == pytest.approx(
        found.before.sectors_net.get("Energy", 0) + share, abs=2e-6
    )
    assert found.after.net == pytest.approx(found.before.net + 300 * price, abs=0.02)
    assert found.after.cash == pytest.approx(found.before.cash - 300 * price, abs=0.02)
    assert set(found.after.stress) == set(found.before.stress)
    assert found.after.stress["market_crash_35"] < found.before.stress["market_crash_35"]


def test_shorting_the_market_hedges_a_long_book(demo_results: DemoResults) -> None:
    found = tried(book_of("high_net_worth"), ("SPY", -2_000))
    assert found.after.factors["Market Beta (90D)"] < found.before.factors["Market Beta (90D)"]
    assert found.after.stress["market_down_10"] > found.before.stress["market_down_10"]
    assert (found.after.value_at_risk_95 or 0) < (found.before.value_at_risk_95 or 0)
    assert found.after.short < 0


def test_selling_more_than_is_held_goes_short_and_back_again_changes_nothing(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    held = float(Position.objects.get(portfolio=book, symbol="V").quantity)
    beyond = tried(book, ("V", -held - 100))
    assert beyond.after.short < beyond.before.short
    there_and_back = tried(book, ("V", -held - 100), ("V", held + 100), ("XLE", 10), ("XLE", -10))
    assert_same(there_and_back.before, there_and_back.after)


def assert_same(one: Measures, other: Measures) -> None:
    for name in Measures.__dataclass_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine == pytest.approx(theirs, rel=1e-6, abs=0.02), name


def test_nothing_is_stored(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    before = FactorExposure.objects.filter(portfolio=book).count(), Position.objects.filter(portfolio=book).count()
    with CaptureQueriesContext(connection) as statements:
        tried(book, ("NVDA", 100), ("XLE", 50))
    assert not [one for one in statements if one["sql"].lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert len(statements) <= 16
    assert before == (
        FactorExposure.objects.filter(portfolio=book).count(),
        Position.objects.filter(portfolio=book).count(),
    )


def test_it_takes_little_time(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    tried(book, ("NVDA", 100))
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        tried(book, ("NVDA", 100))
        seconds.append(time.perf_counter() - begun)
    # Some 60 ms on an idle machine.
    assert min(seconds) < 0.5


@pytest.mark.parametrize(
    ("trades", "told"),
    [
        ([], "Give 1 to 20 trades."),
        ([("SPY", 1.0)] * 21, "Give 1 to 20 trades."),
        ([("SPY", 0.0)], "Give every trade a quantity"),
        ([("SPY", float("nan"))], "Give every trade a quantity"),
        ([("NOSUCH", 10.0)], "NOSUCH cannot be traded here"),
        ([("VIX", 10.0)], "VIX cannot be traded here"),
        ([("IBM271217C00200000", 10.0)], "cannot be traded here"),
    ],
)
def test_what_cannot_be_traded_is_refused(
    demo_results: DemoResults, trades: list[tuple[str, float]], told: str
) -> None:
    book = book_of("hedge_fund")
    with pytest.raises(DomainError, match=told):
        what_if(book.user, book.pk, [Trade(*trade) for trade in trades])


def test_a_trade_names_the_day_its_price_is_of(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    DailyPrice.objects.filter(security__symbol="NVDA", date=demo_results.session).delete()
    assert Position.objects.filter(portfolio=book, symbol="NVDA").exists()
    assert tried(book, ("NVDA", -1)).trades[0].price_date == calendar.shift(demo_results.session, -1)


def test_what_has_no_price_is_not_sold_at_its_entry_price(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    DailyPrice.objects.filter(security__symbol="NVDA").delete()
    with pytest.raises(DomainError, match="NVDA cannot be traded here"):
        what_if(book.user, book.pk, [Trade("NVDA", -1)])


def test_private_holdings_are_not_traded(demo_results: DemoResults) -> None:
    book = book_of("family_office_private")
    private = Position.objects.filter(portfolio=book, investment_class="PRIVATE")[0].symbol
    with pytest.raises(DomainError, match="cannot be traded here"):
        what_if(book.user, book.pk, [Trade(private, 1)])


def test_before_the_first_night_there_is_nothing() -> None:
    book = PortfolioFactory()
    assert what_if(book.user, book.pk, [Trade("SPY", 1)])[1] is None


def test_foreign_books_are_not_there(demo_results: DemoResults) -> None:
    with pytest.raises(NotFound):
        what_if(UserFactory(), book_of("hedge_fund").pk, [Trade("SPY", 1)])
