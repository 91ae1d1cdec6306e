"""The market move that loses so much of a book: applied again by an independent reckoning it loses just that."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from analytics.models import (
    FactorCovariance,
    MarketRiskScenario,
    OptionGreeks,
    ScenarioFactorShock,
    SymbolFactorExposure,
)
from analytics.services.book_on_read import read_book
from analytics.services.reverse_stress import ReverseStress, market_stress, reverse_stress
from marketdata.models import SecurityType
from portfolios.models import InvestmentClass, Portfolio, PortfolioSnapshot, Position, PositionSnapshot
from sigmasight.core.errors import DomainError, NotFound
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db
FUNDS = (SecurityType.ETF, SecurityType.ETN, SecurityType.MUTUAL_FUND, SecurityType.INDEX)


def reversed_(book: Portfolio, *shares: float) -> ReverseStress:
    return reverse_stress(book.user, book.pk, shares or (0.25, 0.5, 1.0))[1]


def by_hand(book: Portfolio, move: float) -> float:
    """P&L of the lots at a market move, lot by lot from the stored rows, contracts by Black, Scholes and Merton."""
    session = book.results_as_of
    unit = ScenarioFactorShock.objects.get(calculation_date=session, scenario_key="move:market_down_20").factor_shock
    loadings = dict(
        SymbolFactorExposure.objects.filter(calculation_date=session).values_list("security__symbol", "joint_shrunk")
    )

    def moved(symbol: str) -> float:
        return move if symbol == "SPY" else max(float(np.dot(loadings[symbol], unit)) * move / -0.20, -0.99)

    night = PositionSnapshot.objects.get(portfolio=book, snapshot_date=session)
    lots = Position.objects.select_related("security__option_contract__underlying").in_bulk(night.position_ids)
    total = 0.0
    for lot_id, quantity, value in zip(night.position_ids, night.quantity, night.market_value, strict=True):
        lot = lots[lot_id]
        if lot.investment_class != InvestmentClass.OPTIONS:
            total += float(value) * moved(lot.symbol)
            continue
        terms = lot.security.option_contract  # type: ignore[union-attr]
        greeks = OptionGreeks.objects.get(security=lot.security, calculation_date=session)
        k, t = float(terms.strike), (terms.expiration - session).days / 365
        r, q, s = float(greeks.rate), float(greeks.dividend_yield), float(greeks.underlying_price)
        slope = 4.0 if terms.underlying.security_type in FUNDS else 2.5
        change = min(max(-slope * move if move < 0 else -slope * move / 2, -0.4), 1.5)
        sign = 1 if terms.option_type == "CALL" else -1

        def price(spot: float, volatility: float) -> float:
            d = (np.log(spot / k) + (r - q + volatility**2 / 2) * t) / (volatility * np.sqrt(t))  # noqa: B023
            own, strike = sign * norm.cdf(sign * d), sign * norm.cdf(sign * (d - volatility * np.sqrt(t)))  # noqa: B023
            return float(spot * np.exp(-q * t) * own - k * np.exp(-r * t) * strike)  # noqa: B023

        volatility = float(greeks.implied_volatility)
        after = price(s * (1 + moved(terms.underlying.symbol)), volatility * (1 + change))
        total += float(quantity) * terms.multiplier * (after - price(s, volatility))
    return total


@pytest.mark.parametrize("name", ["individual", "hedge_fund"])
def test_the_move_loses_what_was_asked_by_hand_too(demo_results: DemoResults, name: str) -> None:
    book = book_of(name)
    found = reversed_(book, 0.1, 0.25)
    assert found.equity == pytest.approx(float(snapshot_of(book).net_asset_value))
    falls = [one for one in found.reaches if one.direction == "fall"]
    assert [one.loss for one in falls] == [
        pytest.approx(0.1 * found.equity, abs=0.01), pytest.approx(0.25 * found.equity, abs=0.01),
    ]  # fmt: skip
    for one in falls:
        assert one.market_move is not None
        assert one.pnl == pytest.approx(-one.loss, abs=0.02)
        assert by_hand(book, one.market_move) == pytest.approx(-one.loss, abs=1e-6 * found.equity)


def test_moves_are_those_of_the_nights_market_scenarios(demo_book: Portfolio) -> None:
    night = MarketRiskScenario.objects.filter(portfolio=demo_book, calculation_date=demo_book.results_as_of).first()
    assert night is not None
    assert demo_book.results_as_of is not None
    read = read_book(demo_book.pk, demo_book.results_as_of)
    assert read is not None
    stress = market_stress(read)
    assert stress is not None
    made = stress(np.array([0.05, -0.05, 0.10, -0.10, 0.20, -0.20])).correlated_pnl[0]
    np.testing.assert_allclose(made, night.predicted_pnl[:6], atol=0.006)


def test_deviations_are_those_of_a_month_of_the_market(demo_results: DemoResults) -> None:
    variance = FactorCovariance.objects.get(calculation_date=demo_results.session).covariance[0][0]
    one = reversed_(book_of("individual"), 0.1).reaches[0]
    assert one.market_move is not None
    assert one.monthly_deviations == pytest.approx(-one.market_move / np.sqrt(21 * variance), abs=0.01)


def test_a_long_book_loses_in_a_fall_and_never_in_a_rise(demo_results: DemoResults) -> None:
    found = reversed_(book_of("individual"))
    assert found.worst["rise"] == 0
    assert found.worst["fall"] < 0
    assert {one.reason for one in found.reaches if one.direction == "rise"} == {"not_reached"}
    quarter, half, _ = (one.market_move for one in found.reaches if one.direction == "fall")
    assert quarter is not None
    assert half is not None
    assert half < quarter < 0


def test_without_equity_there_is_nothing_to_lose_a_share_of(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    night = snapshot_of(book)
    PortfolioSnapshot.objects.filter(pk=night.pk).update(net_asset_value=-1, cash_value=-1 - night.net_exposure)
    found = reversed_(book)
    assert (found.reaches, found.reason) == ((), "invalid_equity")


def test_without_shocks_of_the_night_it_says_so(demo_results: DemoResults) -> None:
    ScenarioFactorShock.objects.all().delete()
    assert reversed_(book_of("individual")).reason == "no_factor_data"


@pytest.mark.parametrize("shares", [(0.0,), (-0.5,), (1.5,), (float("nan"),)])
def test_what_is_no_share_is_refused(demo_results: DemoResults, shares: tuple[float, ...]) -> None:
    with pytest.raises(DomainError, match="above 0 and at most 1"):
        reversed_(book_of("individual"), *shares)


def test_before_the_first_night_nothing_is_calculated_and_foreign_books_are_not_there(
    demo_results: DemoResults,
) -> None:
    assert reversed_(PortfolioFactory()).reason == "no_calculation_available"
    with pytest.raises(NotFound):
        reverse_stress(UserFactory(), book_of("individual").pk)
