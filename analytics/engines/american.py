"""American options on a binomial tree: an additional figure beside the European one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.engines.greeks import DAYS, Floats, black_scholes

SMALL, LARGE = 201, 401


@dataclass(frozen=True)
class AmericanValues:
    """Price, delta and gamma per share with early exercise, and what the right to exercise early is worth, (C,) each."""

    price: Floats
    delta: Floats
    gamma: Floats
    early_exercise_premium: Floats


def _invert(z: Floats, steps: int) -> Floats:
    """Peizer and Pratt's second inversion: the probability whose binomial tail fits the normal one."""
    inner = np.sqrt(0.25 - 0.25 * np.exp(-((z / (steps + 1 / 3 + 0.1 / (steps + 1))) ** 2) * (steps + 1 / 6)))
    return 0.5 + np.sign(z) * inner


def _tree(
    s: Floats, k: Floats, t: Floats, v: Floats, r: Floats, q: Floats, w: Floats, steps: int
) -> tuple[Floats, Floats, Floats]:
    d1 = (np.log(s / k) + (r - q + v**2 / 2) * t) / (v * np.sqrt(t))
    d2 = d1 - v * np.sqrt(t)
    dt = t / steps
    growth, discount = np.exp((r - q) * dt), np.exp(-r * dt)
    p, p_share = _invert(d2, steps), _invert(d1, steps)
    up = growth * p_share / p
    down = (growth - p * up) / (1 - p)
    moves = np.arange(steps + 1)
    rises, falls = s[:, None] * up[:, None] ** moves, down[:, None] ** moves
    side, strike = w[:, None], k[:, None]
    value = np.maximum(side * (rises * falls[:, ::-1] - strike), 0.0)
    rise, fall = (discount * p)[:, None], (discount * (1 - p))[:, None]
    levels = {}
    for step in range(steps - 1, -1, -1):
        nodes = rises[:, : step + 1] * falls[:, step::-1]
        value = np.maximum(rise * value[:, 1:] + fall * value[:, :-1], side * (nodes - strike))
        if step in (1, 2):
            levels[step] = (nodes, value)
    (n1, v1), (n2, v2) = levels[1], levels[2]
    delta = (v1[:, 1] - v1[:, 0]) / (n1[:, 1] - n1[:, 0])
    upper = (v2[:, 2] - v2[:, 1]) / (n2[:, 2] - n2[:, 1])
    lower = (v2[:, 1] - v2[:, 0]) / (n2[:, 1] - n2[:, 0])
    gamma = (upper - lower) / (0.5 * (n2[:, 2] - n2[:, 0]))
    return value[:, 0], delta, gamma


def american_option(
    spot: ArrayLike,
    strike: ArrayLike,
    days: ArrayLike,
    volatility: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sign: ArrayLike,
) -> AmericanValues:
    """American options by two Leisen-Reimer trees of 201 and 401 steps, extrapolated; delta and gamma read off the tree.

    Parameters
    ----------
    As `greeks.black_scholes`, (C,) each, with days to expiry > 0 and volatility > 0.

    Raises
    ------
    ValueError if a contract has no time or no volatility left: it is worth its payoff.

    Source: Leisen and Reimer (1996).
    """
    s, k, d, v, r, q, w = np.broadcast_arrays(
        *(
            np.atleast_1d(np.asarray(a, dtype=np.float64))
            for a in (spot, strike, days, volatility, rate, dividend_yield, sign)
        )
    )
    if not ((d > 0) & (v > 0)).all():
        raise ValueError(
            "an American option needs days to expiry and volatility above zero; otherwise it is worth its payoff"
        )
    t = d / DAYS
    small, large = (_tree(s, k, t, v, r, q, w, steps) for steps in (SMALL, LARGE))
    price, delta, gamma = ((LARGE * b - SMALL * a) / (LARGE - SMALL) for a, b in zip(small, large, strict=True))
    european = black_scholes(s, k, t, v, r, q, w).price
    return AmericanValues(price, delta, gamma, np.maximum(price - european, 0.0))
