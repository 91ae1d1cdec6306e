"""Backtests of value at risk against the same tests written out, one book and one day at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analytics.engines.backtest import Zone, backtest

examples = settings(max_examples=60, deadline=None)


def hits(days: int, places: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """A P&L of one book that loses 2 on some days and makes 1 on the others, against a value at risk of 1.5."""
    pnl = np.ones((days, 1))
    pnl[places] = -2
    return pnl, np.full((days, 1), 1.5)


def log_likelihood(outcomes: list[bool], chance: float) -> float:
    return sum(math.log(chance if hit else 1 - chance) for hit in outcomes if 0 < chance < 1)


@examples
@given(
    days=st.integers(60, 300),
    seed=st.integers(0, 2**32 - 1),
    chance=st.sampled_from([0.0, 0.01, 0.05, 0.2]),
    confidence=st.sampled_from([0.95, 0.99]),
    missing=st.floats(0, 0.2),
)
def test_likelihood_ratios_by_hand(days: int, seed: int, chance: float, confidence: float, missing: float) -> None:
    generator = np.random.default_rng(seed)
    hit = generator.random(days) < chance
    pnl, var = hits(days, np.flatnonzero(hit).tolist())
    gone = generator.random(days) < missing
    pnl[gone] = np.nan
    found = backtest(pnl, var, confidence, min_observations=1)
    outcomes = [bool(h) for h, g in zip(hit, gone, strict=True) if not g]
    n, x = len(outcomes), sum(outcomes)
    assert (found.observations[0], found.exceptions[0]) == (n, x)
    assert found.expected[0] == pytest.approx(n * (1 - confidence))
    kupiec = 2 * (log_likelihood(outcomes, x / n) - log_likelihood(outcomes, 1 - confidence))
    assert found.kupiec[0] == pytest.approx(kupiec, abs=1e-9)
    assert found.kupiec_p_value[0] == pytest.approx(stats.chi2.sf(kupiec, 1), abs=1e-9)
    pairs = [(bool(hit[t - 1]), bool(hit[t])) for t in range(1, days) if not gone[t] and not gone[t - 1]]
    after = {state: [now for before, now in pairs if before == state] for state in (False, True)}
    every = [now for _, now in pairs]

    def best(group: list[bool]) -> float:
        return log_likelihood(group, sum(group) / len(group)) if group else 0.0

    independence = 2 * (best(after[False]) + best(after[True]) - best(every))
    assert found.independence[0] == pytest.approx(independence, abs=1e-9)
    assert found.coverage_p_value[0] == pytest.approx(stats.chi2.sf(kupiec + independence, 2), abs=1e-9)
    fewer = stats.binom.cdf(x, n, 1 - confidence)
    zone = Zone.RED if fewer >= 0.9999 else Zone.YELLOW if fewer >= 0.95 else Zone.GREEN
    assert found.zone[0] == zone


@pytest.mark.parametrize(
    ("count", "zone"), [(0, Zone.GREEN), (4, Zone.GREEN), (5, Zone.YELLOW), (9, Zone.YELLOW), (10, Zone.RED)]
)
def test_the_supervisors_zones_of_a_year(count: int, zone: Zone) -> None:
    found = backtest(*hits(250, [20 * i for i in range(count)]), 0.99)
    assert found.zone.tolist() == [zone]


def test_exceptions_in_a_row_are_no_chance() -> None:
    spread, together = (backtest(*hits(250, places), 0.95) for places in ([*range(5, 245, 20)], [*range(100, 112)]))
    assert spread.exceptions.tolist() == together.exceptions.tolist() == [12]
    assert spread.independence_p_value[0] > 0.05
    assert together.independence_p_value[0] < 1e-6


def test_a_loss_of_just_the_value_at_risk_is_no_exception() -> None:
    pnl = np.full((100, 1), -1.0)
    assert backtest(pnl, np.ones((100, 1)), 0.95).exceptions.tolist() == [0]


def test_too_few_days_are_not_judged() -> None:
    found = backtest(*hits(59, [3]), 0.95)
    assert (found.observations[0], found.exceptions[0], found.zone[0]) == (59, 1, Zone.UNKNOWN)
    assert np.isnan(found.kupiec[0])
    assert np.isnan(found.coverage_p_value[0])


def test_arrays_of_different_books_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        backtest(np.ones((5, 2)), np.ones((5, 1)), 0.95)
