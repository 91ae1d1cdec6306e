"""What a series of returns amounts to: its worst fall, the return on the money in it, how it went beside a benchmark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.engines.regression import Floats

YEAR = 252.0
# Rates a session between which the return on money is looked for, and how exactly.
LOWEST, HIGHEST, STEPS = -0.5, 0.5, 200


@dataclass(frozen=True)
class Drawdown:
    """The deepest fall of wealth from a peak, a fraction, 0 or negative. `peak` : number of returns before the fall begins,
    `trough` : number after which it is deepest, `recovery` : number after which the peak is reached again, None if it is not."""

    depth: float
    peak: int
    trough: int
    recovery: int | None


def worst_drawdown(returns: Floats) -> Drawdown | None:
    """Of daily returns (T,), fractions; None without any, and where everything was lost on a day.

    Raises
    ------
    ValueError if a return is NaN.
    """
    if np.isnan(returns).any():
        raise ValueError("Leave missing days out.")
    wealth = np.concatenate([[1.0], np.cumprod(1 + returns)])
    if not len(returns) or (wealth <= 0).any():
        return None
    fall = wealth / np.maximum.accumulate(wealth) - 1
    trough = int(fall.argmin())
    peak = int(wealth[: trough + 1].argmax())
    back = np.flatnonzero(wealth[trough:] >= wealth[peak])
    return Drawdown(float(fall[trough]) + 0.0, peak, trough, trough + int(back[0]) if len(back) else None)


def money_weighted_return(start: float, flows: Floats, end: float) -> float | None:
    """The rate a session at which what was put in grows to what is there: internal rate of return of the account.

    Parameters
    ----------
    start : dollars at the beginning. flows : (T,) paid in (positive) or out at the end of each session. end : dollars after the last.

    Returns
    -------
    A fraction a session; None where no single rate between -50 % and 50 % explains it, or nothing was put in.

    Source: Bacon (2008), Practical Portfolio Performance Measurement and Attribution, ch. 2.
    """
    sessions = len(flows)
    paid = np.concatenate([[start], flows])
    if not sessions or start < 0 or not (paid > 0).any():
        return None
    left = np.arange(sessions, -1, -1.0)

    def surplus(rate: float) -> float:
        return float((paid * (1 + rate) ** left).sum() - end)

    low, high = LOWEST, HIGHEST
    if surplus(low) > 0 or surplus(high) < 0:
        return None
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if surplus(middle) < 0 else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True)
class Relative:
    """Returns beside a benchmark's, NaN where a figure has no denominator. `alpha`, `tracking_error` a year, fractions; `excess` of
    the cumulative returns. Captures : mean return over the benchmark's mean on its days up or down, 1 for the same."""

    observations: int
    beta: float
    alpha: float
    correlation: float
    tracking_error: float
    information_ratio: float
    excess: float
    up_capture: float
    down_capture: float


def relative_to(returns: Floats, benchmark: Floats) -> Relative:
    """Daily returns (T,) beside a benchmark's on the same days, at a riskless rate of zero; days with a NaN in either are left out.

    Source: Jensen (1968) for alpha; Grinold and Kahn (2000) for tracking error and information ratio.
    """
    both = ~(np.isnan(returns) | np.isnan(benchmark))
    own, market = returns[both], benchmark[both]
    if len(own) < 2:
        return Relative(len(own), *[np.nan] * 8)
    active = own - market
    covariance = np.cov(own, market)
    beta = _over(covariance[0, 1], covariance[1, 1])
    error = float(active.std(ddof=1) * np.sqrt(YEAR))
    return Relative(
        observations=len(own),
        beta=beta,
        alpha=float((own.mean() - beta * market.mean()) * YEAR),
        correlation=_over(covariance[0, 1], float(np.sqrt(covariance[0, 0] * covariance[1, 1]))),
        tracking_error=error,
        information_ratio=_over(float(active.mean() * YEAR), error),
        excess=float(np.prod(1 + own) - np.prod(1 + market)),
        up_capture=_capture(own, market, market > 0),
        down_capture=_capture(own, market, market < 0),
    )


def _capture(own: Floats, market: Floats, days: np.ndarray) -> float:
    return _over(float(own[days].mean()), float(market[days].mean())) if days.any() else np.nan


def _over(part: float, whole: float) -> float:
    return part / whole if whole else np.nan
