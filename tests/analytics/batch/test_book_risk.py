"""Past days of today's books: which count, and what stands in for a return that is missing."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.batch.book_risk import portfolio_returns, risk_columns
from tests.analytics.batch.small_shard import CHIP, DAYS, SYMBOLS, TECH, WORLD, XLK, book, day_returns, market

ALL = slice(0, DAYS)
DAY = 40
SPY = SYMBOLS.index("SPY")


def stocks(share: float, other: int = CHIP) -> tuple[dict, dict]:
    """100,000 dollars, a share of it in another symbol."""
    return {"symbol": TECH, "value": 100_000 * (1 - share)}, {"symbol": other, "value": 100_000 * share}


def test_a_day_on_which_a_large_holding_has_no_return_of_its_own_is_not_used() -> None:
    returns = day_returns()
    returns[DAY, CHIP] = np.nan
    held, _ = book(*stocks(0.2))
    series = portfolio_returns(held, market(returns), ALL)[:, 0]
    assert np.flatnonzero(np.isnan(series)).tolist() == [DAY]
    assert risk_columns(held, market(returns), DAYS)["observations"].tolist() == [DAYS - 1]


def test_a_small_holding_without_a_return_moves_like_the_fund_of_its_sector() -> None:
    returns = day_returns()
    returns[DAY, CHIP] = np.nan
    held, _ = book(*stocks(0.04))
    series = portfolio_returns(held, market(returns), ALL)[:, 0]
    assert series[DAY] == pytest.approx(0.96 * returns[DAY, TECH] + 0.04 * returns[DAY, XLK])
    assert risk_columns(held, market(returns), DAYS)["observations"].tolist() == [DAYS]


@pytest.mark.parametrize("missing", [(WORLD,), (CHIP, XLK)], ids=["no sector", "no return of its sector"])
def test_a_small_holding_without_a_sector_fund_moves_like_the_market(missing: tuple[int, ...]) -> None:
    returns = day_returns()
    returns[DAY, list(missing)] = np.nan
    held, _ = book(*stocks(0.04, other=missing[0]))
    series = portfolio_returns(held, market(returns), ALL)[:, 0]
    assert series[DAY] == pytest.approx(0.96 * returns[DAY, TECH] + 0.04 * returns[DAY, SPY])


def test_a_day_without_anything_that_stands_in_is_not_used() -> None:
    returns = day_returns()
    returns[DAY, [WORLD, SPY]] = np.nan
    held, _ = book(*stocks(0.04, other=WORLD))
    assert np.isnan(portfolio_returns(held, market(returns), ALL)[DAY, 0])
    assert risk_columns(held, market(returns), DAYS)["observations"].tolist() == [DAYS - 1]


def test_a_lot_without_a_usable_price_is_uncovered_on_every_day() -> None:
    held, _ = book({"symbol": TECH, "value": 90_000}, {"symbol": CHIP, "value": 10_000, "usable": False})
    assert np.isnan(portfolio_returns(held, market(day_returns()), ALL)).all()


def test_a_private_lot_earns_nothing_unless_its_owner_says_what_it_follows() -> None:
    returns = day_returns()
    private = {"proxy": SPY, "multiple": 1.5, "value": 50_000}
    plain, _ = book({"symbol": TECH, "value": 50_000}, private)
    chosen, _ = book({"symbol": TECH, "value": 50_000}, private | {"by_owner": True})
    np.testing.assert_allclose(portfolio_returns(plain, market(returns), ALL)[:, 0], 0.5 * returns[:, TECH])
    expected = 0.5 * returns[:, TECH] + 0.75 * returns[:, SPY]
    np.testing.assert_allclose(portfolio_returns(chosen, market(returns), ALL)[:, 0], expected)
    risk = risk_columns(chosen, market(returns), DAYS)
    assert risk["component_volatility"].sum() == pytest.approx(risk["volatility_daily"][0])
    assert risk["volatility_daily"][0] == pytest.approx(100_000 * expected.std(ddof=1))
