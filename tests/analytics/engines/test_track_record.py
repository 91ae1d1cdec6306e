from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from analytics.engines.track_record import money_weighted_return, relative_to, worst_drawdown

RNG = np.random.default_rng(7)


def test_the_worst_fall_has_its_days() -> None:
    found = worst_drawdown(np.array([0.10, -0.05, -0.10, 0.02, 0.20, -0.01]))
    assert found is not None
    assert found.depth == pytest.approx(0.95 * 0.90 - 1)
    assert (found.peak, found.trough, found.recovery) == (1, 3, 5)


def test_a_fall_may_not_be_over_and_there_may_be_none() -> None:
    down = worst_drawdown(np.array([-0.1, -0.1]))
    assert down is not None
    assert (down.peak, down.trough, down.recovery) == (0, 2, None)
    up = worst_drawdown(np.array([0.1, 0.0]))
    assert up is not None
    assert (up.depth, up.recovery) == (0.0, 0)
    assert worst_drawdown(np.empty(0)) is None
    assert worst_drawdown(np.array([0.1, -1.0])) is None
    with pytest.raises(ValueError, match="missing"):
        worst_drawdown(np.array([np.nan]))


@pytest.mark.parametrize("seed", range(5))
def test_the_return_on_money_solves_its_equation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    returns, flows = rng.normal(0.001, 0.01, 60), np.where(rng.random(60) < 0.1, rng.normal(0, 5_000, 60), 0.0)
    value = 100_000.0
    for step, flow in zip(returns, flows, strict=True):
        value = value * (1 + step) + flow
    found = money_weighted_return(100_000.0, flows, value)
    left = np.arange(60, -1, -1.0)
    paid = np.r_[100_000.0, flows]
    wanted = brentq(lambda rate: (paid * (1 + rate) ** left).sum() - value, -0.1, 0.1, xtol=1e-14)
    assert found == pytest.approx(wanted, abs=1e-10)


def test_without_flows_it_is_the_growth() -> None:
    assert money_weighted_return(100.0, np.zeros(10), 110.0) == pytest.approx(1.1**0.1 - 1)


@pytest.mark.parametrize(
    ("start", "flows", "end"), [(0.0, [0.0], 0.0), (100.0, [], 100.0), (100.0, [0.0], 1e9), (-5.0, [1.0], 2.0)]
)
def test_where_no_rate_explains_it_there_is_none(start: float, flows: list[float], end: float) -> None:
    assert money_weighted_return(start, np.array(flows), end) is None


def test_beside_a_benchmark() -> None:
    market = RNG.normal(0.0005, 0.01, 250)
    own = 0.7 * market + RNG.normal(0.0002, 0.004, 250)
    found = relative_to(np.r_[own, np.nan], np.r_[market, 0.01])
    slope, intercept = np.polyfit(market, own, 1)
    assert found.observations == 250
    assert found.beta == pytest.approx(slope)
    assert found.alpha == pytest.approx(252 * intercept)
    assert found.correlation == pytest.approx(np.corrcoef(own, market)[0, 1])
    active = own - market
    assert found.tracking_error == pytest.approx(active.std(ddof=1) * np.sqrt(252))
    assert found.information_ratio == pytest.approx(active.mean() * 252 / found.tracking_error)
    assert found.excess == pytest.approx(np.prod(1 + own) - np.prod(1 + market))
    assert found.up_capture == pytest.approx(own[market > 0].mean() / market[market > 0].mean())
    assert found.down_capture == pytest.approx(own[market < 0].mean() / market[market < 0].mean())


def test_the_benchmark_itself_tracks_itself_and_little_is_nothing() -> None:
    market = RNG.normal(0, 0.01, 30)
    same = relative_to(market, market)
    assert (same.beta, same.up_capture, same.down_capture) == (pytest.approx(1), pytest.approx(1), pytest.approx(1))
    assert np.isnan(same.information_ratio)
    assert np.isnan(relative_to(market[:1], market[:1]).beta)
    assert np.isnan(relative_to(market, np.zeros(30)).beta)
