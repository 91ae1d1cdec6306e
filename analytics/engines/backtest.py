"""Whether value at risk kept its promise: exceptions counted, tested and put in zones, many books at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, chdtrc, xlogy

from analytics.engines.regression import Floats, Ints

MINIMUM = 60
# Probability of as few exceptions or fewer, from which on a zone begins.
YELLOW_FROM, RED_FROM = 0.95, 0.9999


class Zone(IntEnum):
    """The supervisors' traffic light."""

    UNKNOWN = -1
    GREEN = 0
    YELLOW = 1
    RED = 2


@dataclass(frozen=True)
class VarBacktest:
    """Of P books, (P,) each. Statistics and p-values are NaN, the zone is unknown, below the minimum of observations.

    `observations` : sessions with a P&L and a value at risk of the evening before. `exceptions` : losses beyond it, `expected`
    of them. `kupiec` tests their number, `independence` whether they follow each other, `coverage` both.
    """

    observations: Ints
    exceptions: Ints
    expected: Floats
    kupiec: Floats
    kupiec_p_value: Floats
    independence: Floats
    independence_p_value: Floats
    coverage: Floats
    coverage_p_value: Floats
    zone: NDArray[np.int8]


def exceptions(pnl: Floats, var: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Days on which more was lost than the value at risk, and days on which both are known, (T, P) each.

    Parameters
    ----------
    pnl : (T, P) of each session. var : (T, P) as of the session before, positive for a loss. NaN where unknown.
    """
    known = ~(np.isnan(pnl) | np.isnan(var))
    return known & (-np.where(known, pnl, 0.0) > np.where(known, var, 0.0)), known


def backtest(pnl: Floats, var: Floats, confidence: float, *, min_observations: int = MINIMUM) -> VarBacktest:
    """Hold value at risk against what the sessions after it made.

    Parameters
    ----------
    pnl : (T, P) of consecutive sessions. var : (T, P) as of the session before each. A day on which either is NaN is not used,
        and the days around it do not follow each other.

    Raises
    ------
    ValueError if the shapes differ or the confidence is not between 0 and 1.

    Source: Kupiec (1995), proportion of failures; Christoffersen (1998); Basel Committee (1996), the zones by the probability of
    as many exceptions or fewer: 5 and 10 of 250 at 99 %.
    """
    if pnl.shape != var.shape or not 0 < confidence < 1:
        raise ValueError(f"P&L {pnl.shape} and value at risk {var.shape} at {confidence} cannot be compared.")
    hit, known = exceptions(pnl, var)
    n, x = known.sum(axis=0), hit.sum(axis=0)
    rate = 1 - confidence
    enough = n >= max(min_observations, 1)
    share = x / np.maximum(n, 1)
    kupiec = 2 * (xlogy(x, share) + xlogy(n - x, 1 - share) - xlogy(x, rate) - xlogy(n - x, 1 - rate))
    independence = _independence(hit, known)
    kupiec, independence = (np.where(enough, np.maximum(s, 0.0), np.nan) for s in (kupiec, independence))
    return VarBacktest(
        observations=n,
        exceptions=x,
        expected=n * rate,
        kupiec=kupiec,
        kupiec_p_value=chdtrc(1, kupiec),
        independence=independence,
        independence_p_value=chdtrc(1, independence),
        coverage=kupiec + independence,
        coverage_p_value=chdtrc(2, kupiec + independence),
        zone=zones(x, n, confidence, min_observations=min_observations),
    )


def zones(
    exceeded: Ints, observations: Ints, confidence: float, *, min_observations: int = MINIMUM
) -> NDArray[np.int8]:
    """The zone of so many exceptions among so many observations, (P,); unknown below the minimum of observations."""
    fewer = bdtr(exceeded, np.maximum(observations, 1), 1 - confidence)
    zone = np.where(fewer >= RED_FROM, Zone.RED, np.where(fewer >= YELLOW_FROM, Zone.YELLOW, Zone.GREEN))
    return np.where(observations >= max(min_observations, 1), zone, Zone.UNKNOWN).astype(np.int8)


def _independence(hit: NDArray[np.bool_], known: NDArray[np.bool_]) -> Floats:
    """Likelihood ratio of a chance of an exception that depends on the day before against one that does not, (P,)."""
    follows = known[1:] & known[:-1]
    now, before = hit[1:], hit[:-1]
    both = (follows & now & before).sum(axis=0)
    first = (follows & now & ~before).sum(axis=0)
    last = (follows & ~now & before).sum(axis=0)
    neither = (follows & ~now & ~before).sum(axis=0)

    def likelihood(yes: Ints, no: Ints) -> Floats:
        chance = yes / np.maximum(yes + no, 1)
        return np.asarray(xlogy(yes, chance) + xlogy(no, 1 - chance))

    return 2 * (likelihood(first, neither) + likelihood(both, last) - likelihood(first + both, neither + last))
