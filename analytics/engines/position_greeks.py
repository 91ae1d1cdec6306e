"""Greeks of holdings: unit Greeks scaled by quantity, in dollars, and what Greeks alone make of a shock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.engines.greeks import Floats, OptionValues


@dataclass(frozen=True)
class PositionGreeks:
    """Greeks of holdings: unit Greeks times signed contracts without the multiplier, and in dollars with it.

    delta_dollars for a move of 100 %, gamma_dollars their change for a 1 % move, theta a calendar day, vega a volatility
    point, rho a percentage point.
    """

    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats
    rho: Floats
    shares_equivalent: Floats
    delta_dollars: Floats
    gamma_dollars: Floats
    theta_dollars: Floats
    vega_dollars: Floats
    rho_dollars: Floats


def scale_to_positions(
    unit: OptionValues, quantity: ArrayLike, multiplier: ArrayLike, underlying: ArrayLike
) -> PositionGreeks:
    """Greeks of holdings of the contracts; a stock is a contract with delta 1, other Greeks 0 and multiplier 1."""
    q, m, u = (np.asarray(a, dtype=np.float64) for a in (quantity, multiplier, underlying))
    shares = q * m
    return PositionGreeks(
        delta=unit.delta * q, gamma=unit.gamma * q, theta=unit.theta * q, vega=unit.vega * q, rho=unit.rho * q,
        shares_equivalent=shares * unit.delta,
        delta_dollars=shares * unit.delta * u,
        gamma_dollars=shares * unit.gamma * u**2 / 100,
        theta_dollars=shares * unit.theta,
        vega_dollars=shares * unit.vega,
        rho_dollars=shares * unit.rho,
    )  # fmt: skip


def taylor_change(
    base: OptionValues, spot: ArrayLike, spot_shock: float, volatility_shock: float, rate_shock: float
) -> dict[str, float]:
    """What Greeks alone make of a shock, per share: delta; delta and gamma; and with vega and rho. For comparison with the full
    revaluation, which is what stress uses.

    Parameters
    ----------
    spot_shock : return of the underlying. volatility_shock, rate_shock : fractions.
    """
    move = float(np.asarray(spot)) * spot_shock
    delta = float(base.delta) * move
    gamma = delta + 0.5 * float(base.gamma) * move**2
    full = gamma + 100 * float(base.vega) * volatility_shock + 100 * float(base.rho) * rate_shock
    return {"delta_only": delta, "delta_gamma": gamma, "delta_gamma_vega_rho": full}
