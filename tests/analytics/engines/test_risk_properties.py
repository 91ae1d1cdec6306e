"""What holds for tails and contributions, whatever the history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.holdings import FOLLOWS_NOTHING, BookHoldings, LotColumns, book_holdings
from analytics.engines.risk import (
    RETURN_COVER,
    LotHistory,
    euler_volatility,
    historical_pnl,
    lot_contributions,
    performance,
    tail_contributions,
)
from analytics.engines.stress import Contracts, option_changes
from analytics.engines.tails import (
    MINIMUM,
    cornish_fisher_var,
    ewma_volatility,
    filtered_history,
    historical_tail,
    mean_loss_beyond_var,
    order_statistic_var,
    parametric_tail,
)
from tests.analytics.engines.return_strategies import panels
from tests.analytics.engines.stress_strategies import SYMBOLS, contracts, lots, scaled

examples = settings(max_examples=60, deadline=None)
confidences = st.sampled_from([0.90, 0.95, 0.975, 0.99])
holdings = st.lists(st.integers(-100, 100).filter(bool).map(float), min_size=6, max_size=6)


@examples
@given(pnl=panels(gaps=True), confidence=confidences)
def test_the_mean_of_the_tail_is_no_smaller_than_its_edge(pnl: np.ndarray, confidence: float) -> None:
    tail = historical_tail(pnl, confidence, min_observations=30)
    assert (tail.expected_shortfall >= tail.var).all()
    assert (tail.expected_shortfall <= -np.nanmin(pnl, axis=0) + 1e-15).all()
    np.testing.assert_array_equal(tail.observations, (~np.isnan(pnl)).sum(axis=0))


@examples
@given(
    pnl=panels(gaps=True), confidence=confidences, size=st.sampled_from([0.5, 2.0, 1e6]), cash=st.floats(-0.01, 0.01)
)
def test_losses_scale_with_the_book_and_cash_moves_them(
    pnl: np.ndarray, confidence: float, size: float, cash: float
) -> None:
    plain, moved = (historical_tail(p, confidence, min_observations=30) for p in (pnl, size * pnl + cash))
    np.testing.assert_allclose(moved.var, size * plain.var - cash, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(moved.expected_shortfall, size * plain.expected_shortfall - cash, rtol=1e-9, atol=1e-14)


@examples
@given(pnl=panels(), confidence=confidences, order=st.randoms(use_true_random=False))
def test_the_order_of_days_does_not_matter(pnl: np.ndarray, confidence: float, order: object) -> None:
    days = list(range(len(pnl)))
    order.shuffle(days)  # type: ignore[attr-defined]
    plain, moved = historical_tail(pnl, confidence), historical_tail(pnl[days], confidence)
    np.testing.assert_array_equal(moved.var, plain.var)
    np.testing.assert_array_equal(moved.expected_shortfall, plain.expected_shortfall)


@examples
@given(pnl=panels(gaps=True), confidence=confidences)
def test_days_without_a_value_are_not_days(pnl: np.ndarray, confidence: float) -> None:
    together = historical_tail(pnl, confidence, min_observations=30)
    for i in range(pnl.shape[1]):
        own = pnl[~np.isnan(pnl[:, i]), i : i + 1]
        alone = historical_tail(own, confidence, min_observations=30)
        assert alone.var[0] == together.var[i]
        assert alone.expected_shortfall[0] == pytest.approx(together.expected_shortfall[i], rel=1e-12)


@examples
@given(pnl=panels(), confidence=confidences)
def test_holding_two_books_is_no_riskier_than_the_two(pnl: np.ndarray, confidence: float) -> None:
    joint, first, second = (historical_tail(p, confidence) for p in (pnl[:, :1] + pnl[:, 1:2], pnl[:, :1], pnl[:, 1:2]))
    assert joint.expected_shortfall[0] <= first.expected_shortfall[0] + second.expected_shortfall[0] + 1e-12


@examples
@given(pnl=panels(rows=(2, MINIMUM - 1)), confidence=confidences)
def test_a_short_history_has_no_tail(pnl: np.ndarray, confidence: float) -> None:
    tail = historical_tail(pnl, confidence)
    assert np.isnan(tail.var).all()
    assert np.isnan(tail.expected_shortfall).all()


@examples
@given(returns=panels(), weights=holdings)
def test_contributions_add_up_to_the_volatility(returns: np.ndarray, weights: list[float]) -> None:
    held = np.array(weights[: returns.shape[1]])
    risk = euler_volatility(returns, held)
    assert risk.volatility == pytest.approx((returns @ held).std(ddof=1))
    assert risk.component.sum() == pytest.approx(risk.volatility)
    assert risk.percent.sum() == pytest.approx(100)
    assert risk.diversification_ratio >= 1 - 1e-9


@examples
@given(returns=panels(), weights=holdings)
def test_a_marginal_risk_is_the_slope_of_the_volatility(returns: np.ndarray, weights: list[float]) -> None:
    held = np.array(weights[: returns.shape[1]])
    risk = euler_volatility(returns, held)
    for i in range(len(held)):
        step = np.zeros(len(held))
        step[i] = 1e-4
        slope = (
            euler_volatility(returns, held + step).volatility - euler_volatility(returns, held - step).volatility
        ) / 2e-4
        assert risk.marginal[i] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def lots_of(pnl: np.ndarray) -> LotHistory:
    """Lots that make these columns of P&L: a dollar in a symbol each."""
    count = pnl.shape[1]
    return LotHistory(
        np.ones(count), np.arange(count), np.zeros(count), np.full(count, -1), pnl, np.empty((len(pnl), 0))
    )


@examples
@given(returns=panels(columns=(4, 4)), share=st.integers(-3, 3))
def test_lots_of_stocks_and_options_make_what_their_matrix_says(returns: np.ndarray, share: int) -> None:
    change = returns[:, :2] * 3
    lots = LotHistory(
        np.array([2.0, 0.0, -1.0, 0.0]), np.array([3, -1, 0, -1]), np.array([0.0, share, 0.0, 1.0]), np.array([-1, 1, -1, 0]), returns,
        change,
    )  # fmt: skip
    matrix = np.column_stack([2 * returns[:, 3], share * change[:, 1], -returns[:, 0], change[:, 0]])
    portfolio = np.array([0, 1, 0, 1])
    series = np.column_stack([returns[:, 1], returns[:, 2]])
    np.testing.assert_allclose(
        lots.products(series, portfolio), np.einsum("tl,tl->l", matrix, series[:, portfolio]), atol=1e-12
    )
    days = np.array([0, 1, 2, 3])
    np.testing.assert_allclose(lots.on(days), matrix[days, np.arange(4)], atol=1e-15)


@examples
@given(returns=panels(columns=(4, 4)), unused=st.sets(st.integers(0, 30), max_size=10))
def test_lots_add_up_to_their_book(returns: np.ndarray, unused: set[int]) -> None:
    portfolio = np.array([0, 1, 0, 0])
    books = np.column_stack([returns[:, portfolio == p].sum(axis=1) for p in (0, 1)])
    books[list(unused)] = np.nan
    parts = lot_contributions(lots_of(returns), portfolio, books)
    for p in (0, 1):
        assert parts[portfolio == p].sum() == pytest.approx(np.nanstd(books[:, p], ddof=1))


@examples
@given(returns=panels())
def test_performance_is_that_of_the_wealth(returns: np.ndarray) -> None:
    result = performance(returns[:, 0])
    wealth = np.concatenate([[1.0], np.cumprod(1 + returns[:, 0])])
    worst = min(wealth[j] / wealth[i] - 1 for i in range(len(wealth)) for j in range(i, len(wealth)))
    assert result.max_drawdown == pytest.approx(worst)
    assert result.cumulative_return == pytest.approx(wealth[-1] - 1)
    assert (1 + result.annual_return) ** (len(returns) / 252) == pytest.approx(wealth[-1])


@examples
@given(pnl=panels(gaps=True), low=st.floats(0.5, 0.995), step=st.floats(0, 0.4))
def test_more_confidence_is_no_smaller_a_loss(pnl: np.ndarray, low: float, step: float) -> None:
    high = min(low + step, 0.999)
    first, second = (historical_tail(pnl, c, min_observations=30) for c in (low, high))
    slack = 1e-12
    assert (second.var >= first.var - slack).all()
    assert (second.expected_shortfall >= first.expected_shortfall - slack).all()
    assert (
        order_statistic_var(pnl, high, min_observations=30) >= order_statistic_var(pnl, low, min_observations=30)
    ).all()


@examples
@given(pnl=panels(gaps=True), confidence=confidences)
def test_other_measures_lie_around_the_tail(pnl: np.ndarray, confidence: float) -> None:
    tail = historical_tail(pnl, confidence, min_observations=30)
    assert (order_statistic_var(pnl, confidence, min_observations=30) >= tail.var - 1e-15).all()
    assert (mean_loss_beyond_var(pnl, confidence, min_observations=30) >= tail.var - 1e-15).all()
    var, shortfall = parametric_tail(pnl, confidence, min_observations=30)
    assert (shortfall > var).all()


@examples
@given(pnl=panels(gaps=True), confidence=confidences, size=st.sampled_from([0.5, 2.0, 1e6]))
def test_every_measure_skips_unused_days_and_scales(pnl: np.ndarray, confidence: float, size: float) -> None:
    def measures(of: np.ndarray) -> np.ndarray:
        return np.vstack(
            [
                order_statistic_var(of, confidence, min_observations=30), mean_loss_beyond_var(of, confidence, min_observations=30),
                *parametric_tail(of, confidence, min_observations=30), cornish_fisher_var(of, confidence, min_observations=30),
            ]
        )  # fmt: skip

    together = measures(pnl)
    np.testing.assert_allclose(measures(size * pnl), size * together, rtol=1e-8)
    for i in range(pnl.shape[1]):
        np.testing.assert_allclose(measures(pnl[~np.isnan(pnl[:, i]), i : i + 1])[:, 0], together[:, i], rtol=1e-10)


@pytest.mark.parametrize("days", [0, 1, MINIMUM - 1])
def test_no_measure_comes_from_too_few_days(days: int) -> None:
    pnl = np.full((100, 2), np.nan)
    pnl[:days] = np.random.default_rng(1).standard_normal((days, 2))
    for values in (
        order_statistic_var(pnl, 0.95), mean_loss_beyond_var(pnl, 0.95), *parametric_tail(pnl, 0.95), cornish_fisher_var(pnl, 0.95),
        historical_tail(pnl, 0.95).var, order_statistic_var(pnl[:0], 0.95), historical_tail(pnl[:0], 0.95).expected_shortfall,
    ):  # fmt: skip
        assert np.isnan(values).all()


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95, np.nan])
def test_a_confidence_is_a_fraction(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        historical_tail(np.zeros((100, 1)), confidence)


def test_a_normal_history_has_the_normal_tail() -> None:
    pnl = np.random.default_rng(5).standard_normal((200_000, 1))
    for confidence, var, shortfall in ((0.95, 1.6449, 2.0627), (0.99, 2.3263, 2.6652)):
        tail = historical_tail(pnl, confidence)
        normal, beyond = parametric_tail(pnl, confidence)
        for value, wanted in (
            (tail.var, var), (tail.expected_shortfall, shortfall), (normal, var), (beyond, shortfall),
            (cornish_fisher_var(pnl, confidence), var), (mean_loss_beyond_var(pnl, confidence), shortfall),
        ):  # fmt: skip
            assert value[0] == pytest.approx(wanted, abs=0.03)


@examples
@given(returns=panels(columns=(5, 5)), confidence=confidences, unused=st.sets(st.integers(0, 30), max_size=10))
def test_lots_add_up_to_the_tail_of_their_book(returns: np.ndarray, confidence: float, unused: set[int]) -> None:
    portfolio = np.array([0, 1, 1, 0, 2])
    books = np.column_stack([returns[:, portfolio == p].sum(axis=1) for p in range(3)])
    books[list(unused), :2] = np.nan
    books[:, 2] = np.nan
    parts = tail_contributions(lots_of(returns), portfolio, books, confidence, min_observations=30)
    tail = historical_tail(books, confidence, min_observations=30)
    for p in (0, 1):
        mine = portfolio == p
        assert parts.component_var[mine].sum() == pytest.approx(tail.var[p], rel=1e-9, abs=1e-15)
        assert parts.component_expected_shortfall[mine].sum() == pytest.approx(
            tail.expected_shortfall[p], rel=1e-9, abs=1e-15
        )
    assert np.isnan(parts.component_var[4])
    assert np.isnan(parts.component_expected_shortfall[4])


@examples
@given(returns=panels(columns=(3, 3)), confidence=confidences)
def test_a_lots_share_of_the_tail_is_what_a_little_more_of_it_adds(returns: np.ndarray, confidence: float) -> None:
    portfolio, step = np.zeros(3, dtype=np.int64), 1e-7
    book = returns.sum(axis=1, keepdims=True)
    parts = tail_contributions(lots_of(returns), portfolio, book, confidence)
    for lot in range(3):
        more, less = (historical_tail(book + sign * step * returns[:, lot : lot + 1], confidence) for sign in (1, -1))
        slope = (more.var - less.var)[0] / (2 * step)
        assert parts.component_var[lot] == pytest.approx(slope, rel=1e-5, abs=1e-7)
        slope = (more.expected_shortfall - less.expected_shortfall)[0] / (2 * step)
        assert parts.component_expected_shortfall[lot] == pytest.approx(slope, rel=1e-5, abs=1e-7)


@examples
@given(pnl=panels(gaps=True), size=st.sampled_from([0.5, 1e6]))
def test_volatility_is_known_from_earlier_days_alone(pnl: np.ndarray, size: float) -> None:
    before, now = ewma_volatility(pnl)
    changed = pnl.copy()
    changed[60:] *= 5
    np.testing.assert_array_equal(ewma_volatility(changed)[0][:61], before[:61])
    np.testing.assert_array_equal(ewma_volatility(pnl[:60])[1], before[60])
    scaled_before, scaled_now = ewma_volatility(size * pnl)
    np.testing.assert_allclose(scaled_before, size * before, rtol=1e-12)
    np.testing.assert_allclose(scaled_now, size * now, rtol=1e-12)


@examples
@given(pnl=panels(gaps=True), size=st.sampled_from([0.5, 1e6]))
def test_filtered_history_is_the_history_in_todays_volatility(pnl: np.ndarray, size: float) -> None:
    before, now = ewma_volatility(pnl)
    filtered = filtered_history(pnl, before, now)
    np.testing.assert_array_equal(np.isnan(filtered), np.isnan(pnl))
    np.testing.assert_allclose(filtered / now, pnl / before, rtol=1e-12)
    constant = np.full(pnl.shape, 0.01)
    np.testing.assert_allclose(filtered_history(pnl, constant, constant[0]), pnl, rtol=1e-12)
    np.testing.assert_allclose(filtered_history(pnl, constant, 2 * constant[0]), 2 * pnl, rtol=1e-12)


def test_a_calm_past_is_scaled_to_a_stormy_present() -> None:
    random = np.random.default_rng(7)
    pnl = np.concatenate([0.01 * random.standard_normal((200, 1)), 0.04 * random.standard_normal((52, 1))])
    filtered = filtered_history(pnl, *ewma_volatility(pnl))
    assert historical_tail(filtered, 0.95).var[0] > 1.5 * historical_tail(pnl, 0.95).var[0]


def test_a_book_that_never_moved_has_no_filtered_history() -> None:
    pnl = np.zeros((100, 1))
    assert np.isnan(filtered_history(pnl, *ewma_volatility(pnl))).all()
    assert np.isnan(ewma_volatility(np.full((5, 1), np.nan))[1]).all()


def books_of(held: LotColumns) -> BookHoldings:
    return book_holdings(held, books=3, symbols=SYMBOLS, contracts=4)


@examples
@given(held=lots(), options=contracts(), returns=panels(columns=(SYMBOLS, SYMBOLS)))
def test_past_pnl_is_that_of_the_lots_held_today(held: LotColumns, options: Contracts, returns: np.ndarray) -> None:
    days = np.zeros(len(returns))
    change = option_changes(options, returns[:, :4], days, days, volatility_rule=False)
    books = books_of(held)
    result = historical_pnl(books, returns, returns, change)
    wanted = returns @ books.stock.toarray().T + change @ books.shares.toarray().T
    used = ~np.isnan(result.pnl)
    np.testing.assert_allclose(result.pnl[used], wanted[used], rtol=1e-9, atol=1e-6)
    # With all returns there, the days are used unless too much of the book has no price.
    public = np.asarray(abs(books.delta).sum(axis=1)).ravel()
    enough = (public > 0) & (public >= RETURN_COVER * (public + books.uncovered))
    np.testing.assert_array_equal(used, np.broadcast_to(enough, used.shape))
    double = historical_pnl(books_of(scaled(held, 2.0)), returns, returns, change)
    np.testing.assert_allclose(double.pnl, 2 * result.pnl, rtol=1e-9, atol=1e-6)


def two_stocks(first: float, second: float) -> BookHoldings:
    """A book of two stocks, and one of a million dollars of the first."""
    held = LotColumns(
        portfolio=np.array([0, 0, 1]), symbol=np.array([0, 1, 0]), contract=np.full(3, -1), market_value=np.array([first, second, 1e6]),
        delta_dollars=np.full(3, np.nan), shares=np.zeros(3), usable=np.ones(3, dtype=bool), is_private=np.zeros(3, dtype=bool),
        proxy=np.full(3, FOLLOWS_NOTHING), proxy_multiple=np.ones(3),
    )  # fmt: skip
    return book_holdings(held, books=2, symbols=2, contracts=0)


@pytest.mark.parametrize(("share", "used"), [(0.04, True), (0.05, True), (0.06, False)])
def test_a_day_is_used_if_nearly_all_of_the_book_has_a_return_of_its_own(share: float, used: bool) -> None:
    returns = np.array([[0.01, np.nan]])
    filled = np.array([[0.01, -0.02]])
    result = historical_pnl(two_stocks(1e6 * (1 - share), -1e6 * share), returns, filled, np.empty((1, 0)))
    wanted = 1e6 * (1 - share) * 0.01 + 1e6 * share * 0.02 if used else np.nan
    assert result.pnl[0, 0] == pytest.approx(wanted, nan_ok=True)
    assert result.coverage[0, 0] == pytest.approx(1 - share)
    assert result.pnl[0, 1] == 1e4


def test_a_day_without_a_return_or_a_stand_in_is_unknown_to_its_holders_alone() -> None:
    returns = np.array([[0.01, np.nan]])
    result = historical_pnl(two_stocks(0.99e6, 0.01e6), returns, returns, np.empty((1, 0)))
    assert np.isnan(result.pnl[0, 0])
    assert result.pnl[0, 1] == 1e4


def test_a_stand_in_replaces_no_known_return() -> None:
    with pytest.raises(ValueError, match="leave the known ones"):
        historical_pnl(two_stocks(1.0, 1.0), np.array([[0.01, 0.02]]), np.array([[0.01, 0.03]]), np.empty((1, 0)))
    with pytest.raises(ValueError, match="do not fit"):
        historical_pnl(two_stocks(1.0, 1.0), np.zeros((1, 3)), np.zeros((1, 3)), np.empty((1, 0)))


def test_a_book_that_never_moves_has_no_shares_of_risk() -> None:
    risk = euler_volatility(np.zeros((10, 2)), np.ones(2))
    assert risk.volatility == 0
    assert not risk.component.any()
    assert np.isnan(risk.percent).all()
    assert np.isnan(risk.diversification_ratio)


def test_contributions_need_complete_returns() -> None:
    for returns in (np.array([[0.1, np.nan], [0.0, 0.1]]), np.zeros((1, 2)), np.zeros((5, 3))):
        with pytest.raises(ValueError, match="complete rows"):
            euler_volatility(returns, np.ones(2))


@pytest.mark.parametrize("day", [0, 1, 2])
def test_wealth_below_zero_has_no_drawdown_and_no_annual_return(day: int) -> None:
    returns = np.array([0.1, -0.05, 0.02])
    returns[day] = -1.2
    result = performance(returns)
    for value in (result.max_drawdown, result.annual_return, result.cumulative_return, result.calmar):
        assert np.isnan(value)
    assert np.isfinite(result.sharpe)


def test_losing_everything_is_a_drawdown_of_all() -> None:
    result = performance(np.array([0.1, -1.0, 0.0]))
    assert (result.max_drawdown, result.annual_return, result.cumulative_return) == (-1.0, -1.0, -1.0)


def test_one_day_has_a_return_and_no_volatility() -> None:
    result = performance(np.array([0.01]))
    assert result.cumulative_return == pytest.approx(0.01)
    assert np.isnan([result.annual_volatility, result.sharpe, result.sortino, result.calmar]).all()
    assert np.isnan(list(vars(performance(np.empty(0))).values())).all()


def test_performance_takes_no_unknown_days() -> None:
    with pytest.raises(ValueError, match="leave missing days out"):
        performance(np.array([0.01, np.nan]))
