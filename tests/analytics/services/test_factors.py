"""Factor exposures of books, alone and together, and of their lots."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from uuid import UUID

import pytest

from analytics.models import FactorDefinition, FactorExposure, OptionGreeks, SymbolFactorExposure
from analytics.services.factors import (
    AggregateFactors,
    FactorReadings,
    NoSpreads,
    SpreadReadings,
    aggregate_factors,
    factors_of,
    spreads_of,
)
from analytics.services.missing import Missing
from analytics.services.position_factors import LotFactorPage, lot_factors
from analytics.services.selection import select_portfolios
from marketdata.models import Security
from portfolios.models import Portfolio, PortfolioSnapshot, Position, User
from portfolios.services.valued_lots import valued_lots
from sigmasight.core.demo import rows
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
IDS = {row["portfolio"]: UUID(row["id"]) for row in rows("portfolios")}
LISTED = [
    "IR Beta", "Momentum", "Value", "Growth", "Size", "Quality", "Low Volatility", "Market Beta (90D)", "Provider Beta (1Y)",
]  # fmt: skip
SPREAD_NAMES = ["Growth-Value Spread", "Momentum Spread", "Size Spread", "Quality Spread"]
SLOTS = {row["name"]: int(row["display_order"]) for row in rows("factor_definitions") if row["active"] == "yes"}


@pytest.fixture
def hedge_fund(demo_results: DemoResults) -> Portfolio:
    return Portfolio.objects.get(pk=IDS["hedge_fund"])


def stored(book: Portfolio) -> FactorExposure:
    return FactorExposure.objects.get(portfolio=book, calculation_date=book.results_as_of)


def readings(book: Portfolio) -> FactorReadings:
    found = factors_of(book.pk)
    assert isinstance(found, FactorReadings)
    return found


def page(book: Portfolio, symbols: list[str] | None = None, limit: int = 200, offset: int = 0) -> LotFactorPage:
    found = lot_factors(book.pk, book.results_as_of, symbols=symbols, limit=limit, offset=offset)
    assert isinstance(found, LotFactorPage)
    return found


# -- of a book


def test_the_two_market_betas_stand_last(hedge_fund: Portfolio) -> None:
    found = readings(hedge_fund)
    assert [reading.name for reading in found.readings] == LISTED
    assert (found.expected, found.is_complete, found.has_market_beta) == (9, True, True)
    assert (found.session, found.method) == (dt.date(2025, 11, 20), "ridge_regression")


def test_figures_are_those_of_the_night(hedge_fund: Portfolio) -> None:
    row = stored(hedge_fund)
    for reading in readings(hedge_fund).readings:
        slot = SLOTS[reading.name]
        assert reading.beta == pytest.approx(row.exposure_value[slot], abs=1e-6)
        assert reading.dollars == row.exposure_dollar[slot]


def test_dollars_are_the_beta_times_equity(hedge_fund: Portfolio) -> None:
    equity = float(
        PortfolioSnapshot.objects.get(portfolio=hedge_fund, snapshot_date=hedge_fund.results_as_of).net_asset_value
    )
    for reading in readings(hedge_fund).readings:
        assert reading.beta is not None
        assert reading.dollars == pytest.approx(reading.beta * equity, abs=equity * 1e-6)


def test_value_is_the_other_side_of_growth_in_the_joint_fit(hedge_fund: Portfolio) -> None:
    row = stored(hedge_fund)
    styles = {style.name: style for style in readings(hedge_fund).styles}
    assert list(styles) == ["Momentum", "Value", "Growth", "Size", "Quality", "Low Volatility"]
    assert row.joint_value is not None
    assert styles["Growth"].beta == pytest.approx(row.joint_value[1], abs=1e-6)
    assert styles["Value"].beta == pytest.approx(-row.joint_value[1], abs=1e-6)
    assert styles["Low Volatility"].beta == pytest.approx(row.joint_value[5], abs=1e-6)


def test_spreads_are_the_joint_loadings(hedge_fund: Portfolio) -> None:
    found = spreads_of(hedge_fund.pk)
    assert isinstance(found, SpreadReadings)
    assert [reading.name for reading in found.readings] == SPREAD_NAMES
    assert (found.expected, found.window) == (4, 252)
    joint = stored(hedge_fund).joint_value
    assert joint is not None
    assert [reading.beta for reading in found.readings] == pytest.approx(joint[1:5], abs=1e-6)


def test_what_was_not_computed_is_not_listed(hedge_fund: Portfolio) -> None:
    row = stored(hedge_fund)
    row.exposure_value[SLOTS["Size"]] = row.exposure_dollar[SLOTS["Size"]] = math.nan
    row.save()
    found = readings(hedge_fund)
    assert [reading.name for reading in found.readings] == [name for name in LISTED if name != "Size"]
    assert not found.is_complete
    refused = factors_of(hedge_fund.pk, accept_incomplete=False)
    assert isinstance(refused, Missing)
    assert refused.flag == "NO_FACTOR_CALCULATIONS"


def test_a_complete_set_serves_whoever_wants_one(hedge_fund: Portfolio) -> None:
    assert isinstance(factors_of(hedge_fund.pk, accept_incomplete=False), FactorReadings)


def test_without_positive_equity_there_are_dollars_only(hedge_fund: Portfolio) -> None:
    row = stored(hedge_fund)
    row.exposure_value = [math.nan] * len(row.exposure_value)
    row.save()
    assert {reading.beta for reading in readings(hedge_fund).readings} == {None}
    assert all(reading.dollars is not None for reading in readings(hedge_fund).readings)
    assert spreads_of(hedge_fund.pk) == NoSpreads(reason="no_exposures_calculated")


def test_a_book_without_results(demo_results: DemoResults) -> None:
    fresh = PortfolioFactory()
    found = factors_of(fresh.pk)
    assert isinstance(found, Missing)
    assert (found.reason, found.flag) == ("no_calculation_available", "NO_FACTOR_CALCULATIONS")
    assert spreads_of(fresh.pk) == NoSpreads(reason="no_calculations_available")


def test_switched_off_factors_are_not_asked_for(hedge_fund: Portfolio) -> None:
    FactorDefinition.objects.filter(factor_type__in=["style", "macro"]).update(is_active=False)
    found = factors_of(hedge_fund.pk)
    assert isinstance(found, Missing)
    assert found.flag == "NO_ACTIVE_FACTORS"
    FactorDefinition.objects.filter(factor_type="spread").update(is_active=False)
    assert spreads_of(hedge_fund.pk) == NoSpreads(error="No spread factors defined")


# -- of books together


@pytest.fixture
def together(demo_results: DemoResults) -> User:
    owner = User.objects.get(email="demo_hnw@sigmasight.com")
    Portfolio.objects.filter(pk=IDS["hedge_fund"]).update(user=owner)
    return owner


def test_aggregate_betas_are_weighted_by_value(together: User) -> None:
    selection = select_portfolios(together)
    assert len(selection.portfolios) == 2
    found = aggregate_factors(selection)
    assert [reading.name for reading in found.readings] == LISTED
    weights = {one.id: one.weight for one in selection.portfolios}
    kept = {one: stored(Portfolio.objects.get(pk=one)) for one in weights}
    for reading in found.readings:
        slot = SLOTS[reading.name]
        assert reading.beta == pytest.approx(
            sum(w * kept[one].exposure_value[slot] for one, w in weights.items()), abs=2e-6
        )
        assert reading.dollars == pytest.approx(sum(row.exposure_dollar[slot] for row in kept.values()), abs=0.01)


def test_the_five_factors_are_the_market_and_four_joint_styles(together: User) -> None:
    selection = select_portfolios(together)
    found = aggregate_factors(selection)
    joint = [0.0] * 7
    for one in selection.portfolios:
        values = stored(Portfolio.objects.get(pk=one.id)).joint_value
        assert values is not None
        joint = [total + one.weight * value for total, value in zip(joint, values, strict=True)]
    market = next(reading for reading in found.readings if reading.name == "Market Beta (90D)")
    expected = {"market": market.beta, "size": joint[3], "value": -joint[1], "momentum": joint[2], "quality": joint[4]}
    assert list(found.five) == list(expected)
    assert dict(found.five) == pytest.approx(expected, abs=2e-6)


def test_a_book_without_betas_counts_as_not_moving(together: User) -> None:
    alone = aggregate_factors(select_portfolios(together, [IDS["hedge_fund"]]))
    FactorExposure.objects.exclude(portfolio_id=IDS["hedge_fund"]).delete()
    selection = select_portfolios(together)
    weight = next(one.weight for one in selection.portfolios if one.id == IDS["hedge_fund"])
    both = aggregate_factors(selection)
    for one, two in zip(alone.readings, both.readings, strict=True):
        assert one.beta is not None
        assert two.beta == pytest.approx(weight * one.beta, abs=2e-6)
        assert two.dollars == one.dollars


def test_nobody_s_books_have_no_factors(demo_results: DemoResults) -> None:
    nothing = PortfolioFactory().user
    Portfolio.objects.filter(user=nothing).delete()
    assert aggregate_factors(select_portfolios(nothing)) == AggregateFactors(None, (), {})


# -- of lots


def test_betas_of_lots_sum_to_those_of_the_book(hedge_fund: Portfolio) -> None:
    """Every lot's dollars (an option's are those of the shares behind it) times its beta, over equity."""
    equity = float(
        PortfolioSnapshot.objects.get(portfolio=hedge_fund, snapshot_date=hedge_fund.results_as_of).net_asset_value
    )
    spots = {
        greeks.security_id: float(greeks.underlying_price or 0)
        for greeks in OptionGreeks.objects.filter(calculation_date=hedge_fund.results_as_of)
    }
    betas = {lot.position_id: lot.betas for lot in page(hedge_fund).lots}
    kept = stored(hedge_fund).exposure_value
    for name, slot in SLOTS.items():
        total = 0.0
        for lot in valued_lots([hedge_fund.pk]):
            dollars = float(lot.market_value)
            if lot.underlying:
                dollars = float(lot.quantity) * lot.multiplier * spots[lot.security_id or 0]
            total += dollars * betas[lot.position_id].get(name, 0.0)
        assert total / equity == pytest.approx(kept[slot], abs=2e-5), name


def test_a_stock_has_the_betas_of_its_symbol(hedge_fund: Portfolio) -> None:
    row = SymbolFactorExposure.objects.get(security__symbol="NFLX", calculation_date=hedge_fund.results_as_of)
    (lot,) = page(hedge_fund, ["NFLX"]).lots
    assert lot.symbol == "NFLX"
    assert lot.betas == pytest.approx({name: row.beta_value[s] for name, s in SLOTS.items()}, abs=1e-6)


def test_an_option_moves_by_its_delta(hedge_fund: Portfolio) -> None:
    contract = "IWM270617P00200000"
    greeks = OptionGreeks.objects.get(security__symbol=contract, calculation_date=hedge_fund.results_as_of)
    row = SymbolFactorExposure.objects.get(security__symbol="IWM", calculation_date=hedge_fund.results_as_of)
    (lot,) = page(hedge_fund, [contract]).lots
    assert greeks.delta is not None
    assert greeks.delta < 0
    assert lot.betas["Market Beta (90D)"] == pytest.approx(float(greeks.delta) * row.beta_value[0], abs=1e-6)
    assert "Provider Beta (1Y)" not in lot.betas


def test_a_private_lot_has_betas_only_if_its_owner_chose_what_it_follows(demo_results: DemoResults) -> None:
    private = Portfolio.objects.get(pk=IDS["family_office_private"])
    missing = lot_factors(private.pk, private.results_as_of, limit=50, offset=0)
    assert isinstance(missing, Missing)
    assert missing.flag == "NO_FACTOR_CALCULATIONS"
    first = Position.objects.filter(portfolio=private).order_by("symbol", "id")[0]
    Position.objects.filter(pk=first.pk).update(proxy_symbol="SPY", proxy_multiple=Decimal("1.5"))
    found = page(private)
    assert found.lots[0].betas["Market Beta (90D)"] == pytest.approx(1.5, abs=1e-6)
    assert all(not lot.betas for lot in found.lots[1:])


def test_pages_follow_symbol_and_id(hedge_fund: Portfolio) -> None:
    everything = page(hedge_fund)
    assert everything.total == len(everything.lots) == 30
    order = [(lot.symbol, str(lot.position_id)) for lot in everything.lots]
    assert order == sorted(order)
    assert page(hedge_fund, limit=7, offset=7).lots == everything.lots[7:14]
    beyond = page(hedge_fund, limit=7, offset=70)
    assert (beyond.total, beyond.lots) == (30, ())


def test_closed_and_deleted_lots_are_gone(hedge_fund: Portfolio) -> None:
    Position.objects.filter(portfolio=hedge_fund, symbol="NFLX").update(deleted_at="2025-11-20T22:00:00Z")
    Position.objects.filter(portfolio=hedge_fund, symbol="XOM").update(exit_date=dt.date(2025, 11, 20), exit_price=100)
    found = page(hedge_fund)
    assert found.total == 28
    assert not {"NFLX", "XOM"} & {lot.symbol for lot in found.lots}


def test_nothing_of_these_symbols(hedge_fund: Portfolio) -> None:
    found = lot_factors(hedge_fund.pk, hedge_fund.results_as_of, symbols=["NONE"], limit=50, offset=0)
    assert isinstance(found, Missing)
    assert (found.flag, found.positions_total) == ("NO_POSITIONS", 30)


def test_an_unknown_beta_is_left_out(hedge_fund: Portfolio) -> None:
    row = SymbolFactorExposure.objects.get(
        security=Security.objects.get(symbol="XOM"), calculation_date=hedge_fund.results_as_of
    )
    row.beta_value[SLOTS["Size"]] = math.nan
    row.save()
    (lot,) = page(hedge_fund, ["XOM"]).lots
    assert "Size" not in lot.betas
    assert len(lot.betas) == 12
