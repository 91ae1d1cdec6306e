"""Attribution by sector: the published one-period formula, sums that hold whatever is held, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.engines.attribution import brinson_fachler

RNG = np.random.default_rng(11)


def market(days: int, sectors: int) -> tuple[np.ndarray, np.ndarray]:
    weights = RNG.dirichlet(np.ones(sectors), size=days)
    return weights, RNG.normal(0, 0.01, (days, sectors))


def test_one_day_by_hand() -> None:
    """Half in each of two sectors beside 80 and 20: R = 0.8*0.01 + 0.2*-0.02 = 0.004."""
    found = brinson_fachler(
        np.array([[0.5, 0.5]]), np.array([[0.010, -0.005]]), np.array([[0.8, 0.2]]), np.array([[0.01, -0.02]])
    )
    assert found.allocation == pytest.approx([-0.3 * (0.01 - 0.004), 0.3 * (-0.02 - 0.004)])
    assert found.selection == pytest.approx([0.5 * (0.02 - 0.01), 0.5 * (-0.01 + 0.02)])
    assert found.portfolio_return == pytest.approx(0.005)
    assert found.benchmark_return == pytest.approx(0.004)


@given(seed=st.integers(0, 10_000), days=st.integers(1, 60), sectors=st.integers(2, 12))
def test_effects_make_the_whole_difference_for_long_and_short_books(seed: int, days: int, sectors: int) -> None:
    rng = np.random.default_rng(seed)
    benchmark = rng.dirichlet(np.ones(sectors), size=days)
    returns = rng.normal(0, 0.02, (days, sectors))
    weights = rng.normal(0, 1, (days, sectors))
    weights[:, -1] = 1 - weights[:, :-1].sum(axis=1)
    made = rng.normal(0, 0.01, (days, sectors))
    found = brinson_fachler(weights, made, benchmark, returns)
    apart = found.portfolio_return - found.benchmark_return
    assert (found.allocation + found.selection).sum() == pytest.approx(apart, abs=1e-10)
    assert found.portfolio_return == pytest.approx(np.prod(1 + made.sum(axis=1)) - 1)


def test_the_benchmark_itself_has_no_effects() -> None:
    weights, returns = market(30, 5)
    found = brinson_fachler(weights, weights * returns, weights, returns)
    assert found.allocation == pytest.approx(0, abs=1e-12)
    assert found.selection == pytest.approx(0, abs=1e-12)


def test_a_hedged_sector_without_weight_has_its_gain_as_selection() -> None:
    weights, returns = np.array([[0.0, 1.0]]), np.array([[0.05, 0.0]])
    found = brinson_fachler(weights, np.array([[0.002, 0.0]]), np.array([[0.5, 0.5]]), returns)
    assert found.selection == pytest.approx([0.002, 0.0])


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [(0, np.array([[0.4, 0.4]]), "make 1"), (1, np.array([[np.nan, 0.0]]), "unknown"), (1, np.array([[-0.8, -0.3]]), "loses everything"),
     (3, np.array([[0.1]]), "one shape")],
)  # fmt: skip
def test_what_cannot_be_attributed_is_refused(place: int, value: np.ndarray, complaint: str) -> None:
    inputs = [np.array([[0.5, 0.5]]), np.array([[0.0, 0.0]]), np.array([[0.5, 0.5]]), np.array([[0.0, 0.0]])]
    inputs[place] = value
    with pytest.raises(ValueError, match=complaint):
        brinson_fachler(*inputs)
