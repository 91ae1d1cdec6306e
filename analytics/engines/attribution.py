"""Which sectors made the difference between a portfolio's return and its benchmark's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.engines.regression import Floats

# Returns closer together than this have the limit of the logarithmic coefficient, not its quotient of two small numbers.
SAME = 1e-9


@dataclass(frozen=True)
class SectorEffects:
    """Fractions of the portfolio's value over the whole window, (S,) each: `allocation` by holding more or less of a sector than the
    benchmark, `selection` by what was held in it. Together they are `portfolio_return` less `benchmark_return`, both compounded.
    """

    allocation: Floats
    selection: Floats
    portfolio_return: float
    benchmark_return: float


def brinson_fachler(
    weights: Floats, contributions: Floats, benchmark_weights: Floats, benchmark_returns: Floats
) -> SectorEffects:
    """Allocation and selection by sector, day by day, linked over the window.

    The interaction is counted in the selection: a sector's selection is what its holdings made beyond the same money in the benchmark's
    sector, (r - R_s) w. Said by contributions it holds for short and for hedged sectors too, whose weight may be zero or negative and
    whose own return then means nothing.

    Parameters
    ----------
    weights : (T, S) fractions of the portfolio's value before each day, shorts negative; cash is a sector, so that rows make 1.
    contributions : (T, S) P&L of each sector over that value; rows make the portfolio's return.
    benchmark_weights : (T, S) fractions, rows make 1.
    benchmark_returns : (T, S) the benchmark's return in each sector, fractions. A sector the benchmark lacks has weight 0; given the
        benchmark's whole return there it has no allocation, given 0 (cash) it has what not being invested made.

    Raises
    ------
    ValueError if the shapes differ, a figure is NaN, a row of weights does not make 1, or a day loses everything.

    Source: Brinson and Fachler (1985); linked by the logarithmic coefficients of Carino (1999).
    """
    inputs = (weights, contributions, benchmark_weights, benchmark_returns)
    if len({one.shape for one in inputs}) != 1:
        raise ValueError("The four inputs need one shape.")
    if any(np.isnan(one).any() for one in inputs):
        raise ValueError("Leave days with unknown figures out.")
    for name, rows in (("weights", weights), ("benchmark_weights", benchmark_weights)):
        if not np.allclose(rows.sum(axis=1), 1.0, atol=1e-6):
            raise ValueError(f"Rows of {name} must make 1.")
    made = contributions.sum(axis=1)
    beside = (benchmark_weights * benchmark_returns).sum(axis=1)
    if (made <= -1).any() or (beside <= -1).any():
        raise ValueError("A day that loses everything has no logarithm.")
    allocation = (weights - benchmark_weights) * (benchmark_returns - beside[:, None])
    selection = contributions - weights * benchmark_returns
    total, total_beside = float(np.expm1(np.log1p(made).sum())), float(np.expm1(np.log1p(beside).sum()))
    whole = _coefficient(np.array([total]), np.array([total_beside]))[0]
    link = (_coefficient(made, beside) / whole)[:, None]
    return SectorEffects((allocation * link).sum(axis=0), (selection * link).sum(axis=0), total, total_beside)


def _coefficient(first: Floats, second: Floats) -> Floats:
    """(ln(1 + a) - ln(1 + b)) / (a - b), its limit 1 / (1 + a) where they agree."""
    gap = first - second
    apart = np.abs(gap) > SAME
    quotient = (np.log1p(first) - np.log1p(second)) / np.where(apart, gap, 1.0)
    return np.asarray(np.where(apart, quotient, 1 / (1 + first)))
