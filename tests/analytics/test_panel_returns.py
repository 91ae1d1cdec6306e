"""Statistics of prices with splits, dividends and holes: an action is no move, a hole no long return."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.beta import ols_beta
from analytics.engines.correlation import pairwise
from analytics.engines.volatility import realized, rolling
from marketdata.services.panel import PricePanel
from tests.analytics.engines.return_strategies import panels

examples = settings(max_examples=40, deadline=None)


def panel(close: np.ndarray, factor: np.ndarray) -> PricePanel:
    sessions = np.datetime64("2025-01-02") + np.arange(len(close))
    ids = np.arange(close.shape[1])
    return PricePanel(sessions, 0, ids, close, close, close, close, np.ones_like(close), factor)


@examples
@given(
    returns=panels(rows=(80, 120), columns=(3, 5)),
    day=st.integers(35, 70),
    ratio=st.sampled_from([2.0, 10.0, 0.1, 1 / 3]),
    paid=st.sampled_from([0.0, 0.01, 0.05]),
)
def test_a_split_or_dividend_changes_no_statistic(returns: np.ndarray, day: int, ratio: float, paid: float) -> None:
    wealth = 80 * np.cumprod(1 + returns, axis=0)
    plain = panel(wealth, np.ones_like(wealth)).simple_returns()
    after = (np.arange(len(returns)) >= day)[:, None] & (np.arange(returns.shape[1]) == 1)
    # On the ex-date a share turns into `ratio` shares and a dividend that is `paid` of the price.
    factor = np.where(after, ratio * (1 + paid), 1.0)
    acted = panel(wealth / factor, factor).simple_returns()
    np.testing.assert_array_equal(acted[:day], plain[:day])
    np.testing.assert_array_equal(rolling(acted[1:day]), rolling(plain[1:day]))
    for rows in (slice(1, day), slice(1, None)):
        before, now = ols_beta(plain[rows], plain[rows, 0]), ols_beta(acted[rows], acted[rows, 0])
        np.testing.assert_allclose(now.beta, before.beta, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(realized(acted[rows], 21), realized(plain[rows], 21), rtol=1e-10)
        np.testing.assert_allclose(
            pairwise(acted[rows], min_overlap=20).correlation,
            pairwise(plain[rows], min_overlap=20).correlation,
            rtol=1e-9,
            atol=1e-12,
        )


@examples
@given(returns=panels(gaps=True), hole=st.integers(1, 60))
def test_a_missing_price_is_two_missing_returns_and_no_long_one(returns: np.ndarray, hole: int) -> None:
    close = 50 * np.cumprod(1 + np.nan_to_num(returns), axis=0)
    close[hole, 0] = np.nan
    shown = panel(close, np.ones_like(close))
    simple = shown.simple_returns()
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(simple[:, 0])), [0, hole, hole + 1])
    np.testing.assert_array_equal(shown.log_returns(), np.log1p(simple))
