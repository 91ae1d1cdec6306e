"""Past days of today's books: which count, and what stands in for a return that is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from analytics.batch.book_risk import book_history, portfolio_returns, risk_columns
from analytics.engines.holdings import FOLLOWS_NOTHING, LotColumns, book_holdings
from analytics.engines.stress import Contracts
from analytics.engines.tails import TAILS
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


def test_contributions_add_up_and_headlines_are_the_historical_tails() -> None:
    held, _ = book({"symbol": TECH, "value": 60_000}, {"symbol": CHIP, "value": -20_000}, {"proxy": -1, "value": 5_000})
    risk = risk_columns(held, market(day_returns()), DAYS)
    assert risk["component_var"].sum() == pytest.approx(risk["var_95_1d"][0])
    assert risk["component_volatility"].sum() == pytest.approx(risk["volatility_daily"][0])
    assert risk["component_var"][2] == risk["component_volatility"][2] == 0
    series = (60_000 * day_returns()[:, TECH] - 20_000 * day_returns()[:, CHIP])[:, None]
    for level in (95, 99):
        assert risk[f"var_{level}_1d"][0] == pytest.approx(-np.quantile(series, 1 - level / 100))
        assert risk["tail_var"][0, TAILS.index(("historical", 1, level / 100))] == risk[f"var_{level}_1d"][0]
        assert (
            risk["tail_expected_shortfall"][0, TAILS.index(("historical", 1, level / 100))] == risk[f"es_{level}_1d"][0]
        )


def test_a_book_of_too_short_a_history_has_no_tails_and_no_contributions() -> None:
    held, _ = book({"symbol": TECH, "value": 60_000})
    risk = risk_columns(held, market(day_returns()), 50)
    assert np.isnan(risk["tail_var"]).all()
    assert np.isnan(risk["component_var"]).all()


def black_scholes(spot: np.ndarray, terms: Contracts, c: int) -> np.ndarray:
    """By scipy's normal distribution."""
    years, sigma, rate, dividends = (
        float(x[c]) for x in (terms.years, terms.volatility, terms.rate, terms.dividend_yield)
    )
    strike, sign = float(terms.strike[c]), int(terms.sign[c])
    width = sigma * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate - dividends + sigma**2 / 2) * years) / width
    parts = (
        spot * np.exp(-dividends * years) * norm.cdf(sign * d1),
        strike * np.exp(-rate * years) * norm.cdf(sign * (d1 - width)),
    )
    return np.asarray(sign * (parts[0] - parts[1]))


def test_options_are_revalued_under_moves_of_one_and_of_ten_days() -> None:
    """A stock with a bought put: the more it falls, the less of a further fall is lost."""
    stock, _ = book({"symbol": TECH, "value": 50_000})
    terms = Contracts(
        np.array([100.0]), np.array([95.0]), np.array([0.5]), np.array([0.3]), np.array([0.04]), np.array([0.01]),
        np.array([-1]), np.array([False]),
    )  # fmt: skip
    shares = 400.0
    lots = LotColumns(
        portfolio=np.zeros(2, dtype=np.int64), symbol=np.array([TECH, TECH]), contract=np.array([-1, 0]),
        market_value=np.array([50_000.0, 2_000.0]), delta_dollars=np.array([np.nan, -14_000.0]), shares=np.array([0.0, shares]),
        usable=np.ones(2, dtype=bool), is_private=np.zeros(2, dtype=bool), proxy=np.full(2, FOLLOWS_NOTHING),
        proxy_multiple=np.ones(2),
    )  # fmt: skip
    held = book_holdings(lots, books=1, symbols=len(SYMBOLS), contracts=1)
    hedged = replace(
        stock, terms=terms, underlying=np.array([TECH]), lots=lots, held=held, mapped_lots=lots, mapped=held
    )
    returns = day_returns()
    history = book_history(hedged, returns, returns)
    now = black_scholes(np.array([100.0]), terms, 0)
    for found, moves in ((history.pnl, returns[:, TECH]), (history.pnl_10d, np.sqrt(10) * returns[:, TECH])):
        expected = 50_000 * moves + shares * (black_scholes(100 * (1 + moves), terms, 0) - now)
        np.testing.assert_allclose(found[:, 0], expected, rtol=1e-9, atol=1e-6)
    risk = risk_columns(hedged, market(returns), DAYS)
    day, ten = (risk["tail_var"][0, TAILS.index(("historical", days, 0.99))] for days in (1, 10))
    assert day < ten < np.sqrt(10) * day
    assert risk["component_var"].sum() == pytest.approx(risk["var_95_1d"][0])
    assert risk["component_var"][1] < 0
