"""Value at risk and expected shortfall of P&L histories by four methods, many books at once.

Losses are positive dollars. Histories are daily P&L (or returns) of today's holdings, (T, P), NaN on days that cannot be used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analytics.engines.regression import Floats, Ints

MINIMUM = 60
DECAY = 0.94
FEW_SERIES = 16
SEED_DAYS = 21

# The order of `tail_table`: every method at every horizon at every confidence.
METHODS = ("historical", "filtered", "parametric", "cornish_fisher")
HORIZONS = (1, 10)
CONFIDENCES = (0.95, 0.99)
TAILS = tuple((method, days, level) for method in METHODS for days in HORIZONS for level in CONFIDENCES)


@dataclass(frozen=True)
class TailRisk:
    """Value at risk and expected shortfall at one confidence, (P,) each, NaN below the minimum of observations."""

    var: Floats
    expected_shortfall: Floats
    observations: Ints


def historical_tail(pnl: Floats, confidence: float, *, min_observations: int = MINIMUM) -> TailRisk:
    """Historical simulation: the interpolated quantile of the losses and the mean of the tail beyond it.

    Parameters
    ----------
    pnl : (T, P) P&L of today's book on past days, NaN where a day cannot be used. confidence : between 0 and 1.

    Raises
    ------
    ValueError for another confidence.

    Source: Acerbi and Tasche (2002).
    """
    return historical_tails(pnl, (confidence,), min_observations=min_observations)[0]


def historical_tails(pnl: Floats, confidences: Sequence[float], *, min_observations: int = MINIMUM) -> list[TailRisk]:
    """`historical_tail` at several confidences, for the price of one sort."""
    n = (~np.isnan(pnl)).sum(axis=0)
    places = [TailPlace.of(n, confidence, min_observations) for confidence in confidences]
    if not len(pnl):
        nothing = np.full(pnl.shape[1], np.nan)
        return [TailRisk(nothing, nothing.copy(), n) for _ in places]
    depth = max(max(int(place.high.max(initial=0)), int(place.whole.max(initial=0))) for place in places) + 1
    ordered = np.sort(pnl, axis=0)[:depth]  # NaN sorts to the end
    columns = np.arange(pnl.shape[1])
    running = np.cumsum(np.nan_to_num(ordered), axis=0)
    tails = []
    for place in places:
        low = ordered[place.low, columns]
        quantile = low + place.fraction * (ordered[place.high, columns] - low)
        worst = np.where(place.whole > 0, running[np.maximum(place.whole - 1, 0), columns], 0.0)
        edge = ordered[np.minimum(place.whole, len(ordered) - 1), columns]
        shortfall = (worst + place.part * edge) / place.mass
        var = np.where(place.enough, -quantile, np.nan)
        # The mean of the tail is no smaller a loss than its edge; rounding must not say otherwise.
        tails.append(TailRisk(var, np.where(place.enough, np.maximum(-shortfall, var), np.nan), n))
    return tails


@dataclass(frozen=True)
class TailPlace:
    """Where the tail of each sorted column ends, (P,) each: the quantile lies `fraction` of the way from rank `low` to `high`; the
    tail holds `whole` days and `part` of the next, `mass` together. Books with too few days point at the first one."""

    low: Ints
    high: Ints
    fraction: Floats
    whole: Ints
    part: Floats
    mass: Floats
    enough: NDArray[np.bool_]
    observations: Ints

    @classmethod
    def of(cls, observations: Ints, confidence: float, min_observations: int) -> TailPlace:
        """The place of the quantile at `confidence` among so many observations a book.

        Raises
        ------
        ValueError for a confidence that is not between 0 and 1.
        """
        if not 0 < confidence < 1:
            raise ValueError(f"A confidence lies between 0 and 1, not at {confidence}.")
        n = observations
        enough = n >= max(min_observations, 1)
        tail = 1 - confidence
        place = np.where(enough, tail * (n - 1), 0.0)
        low = np.floor(place).astype(np.int64)
        mass = np.where(enough, tail * n, 1.0)
        whole = np.floor(mass + 1e-12).astype(np.int64)
        return cls(
            low=low, high=np.minimum(low + 1, np.maximum(n - 1, 0)), fraction=place - low, whole=whole,
            part=np.maximum(mass - whole, 0.0), mass=mass, enough=enough, observations=n,
        )  # fmt: skip


def order_statistic_var(pnl: Floats, confidence: float, *, min_observations: int = MINIMUM) -> Floats:
    """The loss of the first day beyond the tail, without interpolation, (P,), of (T, P) P&L with NaN on unused days."""
    place = TailPlace.of((~np.isnan(pnl)).sum(axis=0), confidence, min_observations)
    if not len(pnl):
        return np.full(pnl.shape[1], np.nan)
    return np.where(place.enough, -np.sort(pnl, axis=0)[place.low, np.arange(pnl.shape[1])], np.nan)


def mean_loss_beyond_var(pnl: Floats, confidence: float, *, min_observations: int = MINIMUM) -> Floats:
    """Mean loss of the days at or beyond the interpolated quantile, (P,): whole days only, unlike the expected shortfall, and so
    not coherent. For comparison with libraries that report it."""
    var = historical_tail(pnl, confidence, min_observations=min_observations).var
    beyond = pnl <= -var
    count = np.where(np.isnan(var), np.nan, beyond.sum(axis=0))
    return np.asarray(-np.where(beyond, pnl, 0.0).sum(axis=0) / count)


@dataclass(frozen=True)
class Moments:
    """Mean, sample deviation, skewness and excess kurtosis of histories, (P,) each: NaN below the minimum of observations, the
    last two also for a series that never moves."""

    mean: Floats
    deviation: Floats
    skewness: Floats
    excess_kurtosis: Floats

    @classmethod
    def of(cls, pnl: Floats, *, min_observations: int = MINIMUM) -> Moments:
        """Of the used days of (T, P)."""
        known = ~np.isnan(pnl)
        n = known.sum(axis=0).astype(np.float64)
        n[n < max(min_observations, 2)] = np.nan
        mean = np.where(known, pnl, 0.0).sum(axis=0) / n
        centred = np.where(known, pnl - mean, 0.0)
        squares = centred**2
        second = squares.sum(axis=0)
        population = np.sqrt(second / n)
        scale = np.where(population > 0, population, np.nan)
        return cls(
            mean=mean,
            deviation=np.sqrt(second / (n - 1)),
            skewness=np.einsum("tp,tp->p", squares, centred) / n / scale**3,
            excess_kurtosis=np.einsum("tp,tp->p", squares, squares) / n / scale**4 - 3,
        )


def normal_tail(moments: Moments, confidence: float) -> tuple[Floats, Floats]:
    """Value at risk and expected shortfall of a normal distribution with this mean and deviation, (P,) each."""
    z = ndtri(confidence)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return z * moments.deviation - moments.mean, moments.deviation * density / (1 - confidence) - moments.mean


def cornish_fisher_tail(moments: Moments, confidence: float) -> tuple[Floats, Floats]:
    """Value at risk and expected shortfall with the normal quantile corrected for skewness and excess kurtosis, (P,) each.

    The shortfall is the mean of the corrected quantiles over the tail, in closed form. Where the correction is so strong that
    the quantiles turn back before the end of the tail, their mean is less than their edge: the edge then stands for both.

    Source: Cornish and Fisher (1938); Maillard (2012) for the mean of the tail and the bounds of validity.
    """
    skew, excess = moments.skewness, moments.excess_kurtosis
    z = ndtri(1 - confidence)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    quantile = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    mean = 1 + z * skew / 6 + (z**2 - 1) * excess / 24 - (2 * z**2 - 1) * skew**2 / 36
    var = np.asarray(-(moments.mean + quantile * moments.deviation))
    shortfall = moments.deviation * density / (1 - confidence) * mean - moments.mean
    return var, np.maximum(shortfall, var)


def parametric_tail(pnl: Floats, confidence: float, *, min_observations: int = MINIMUM) -> tuple[Floats, Floats]:
    """Normal value at risk and expected shortfall from the sample's mean and deviation, (P,) each, NaN below the minimum of
    observations; NaN days of (T, P) are left out."""
    return normal_tail(Moments.of(pnl, min_observations=min_observations), confidence)


def cornish_fisher_var(pnl: Floats, confidence: float, *, min_observations: int = MINIMUM) -> Floats:
    """`cornish_fisher_tail`'s value at risk of a history (T, P), (P,)."""
    return cornish_fisher_tail(Moments.of(pnl, min_observations=min_observations), confidence)[0]


def ewma_volatility(pnl: Floats, *, decay: float = DECAY) -> tuple[Floats, Floats]:
    """Daily volatility as it was known before each day, (T, P), and as it is known now, (P,).

    Squares decay by `decay` a day, started at the mean of the first 21 used days; on NaN days of (T, P) the level stays.
    """
    days, books = pnl.shape
    known = ~np.isnan(pnl)
    used = known.sum(axis=0)
    squares = np.ascontiguousarray(np.where(known, pnl, 0.0) ** 2)
    holed = np.flatnonzero(used < days)
    if len(holed):
        # The used days of a book first, in their order.
        order = np.argsort(~known[:, holed], axis=0, kind="stable")
        squares[:, holed] = np.take_along_axis(squares[:, holed], order, axis=0)
    seeded = np.minimum(used, SEED_DAYS)
    seed = squares[:SEED_DAYS].sum(axis=0) / np.where(seeded > 0, seeded, np.nan)
    # Row k is the level after k used days.
    squares *= 1 - decay
    levels = np.empty((days + 1, books))
    levels[0] = seed
    if books <= FEW_SERIES:
        # The same steps one series after the other: numbers are faster than rows of a few.
        for book, (first, column) in enumerate(zip(seed.tolist(), squares.T.tolist(), strict=True)):
            levels[:, book] = list(accumulate(column, lambda level, square: level * decay + square, initial=first))
    else:
        for t in range(days):
            np.multiply(levels[t], decay, out=levels[t + 1])
            levels[t + 1] += squares[t]
    now = levels[used, np.arange(books)]
    before = levels[:-1]
    if len(holed):
        before[:, holed] = np.take_along_axis(
            levels[:, holed], np.cumsum(known[:, holed], axis=0) - known[:, holed], axis=0
        )
    return np.sqrt(before), np.sqrt(now)


def filtered_history(pnl: Floats, volatility: Floats, now: Floats) -> Floats:
    """Past P&L scaled to today's volatility, (T, P): each day times sigma_now / sigma_then; NaN where there was no volatility.

    Parameters
    ----------
    pnl : (T, P). volatility : (T, P) as known before each day. now : (P,). See `ewma_volatility`.

    Source: Barone-Adesi, Giannopoulos and Vosper (1999).
    """
    moving = volatility > 0
    return np.where(moving, pnl * now / np.where(moving, volatility, 1.0), np.nan)


@dataclass(frozen=True)
class TailTable:
    """`TAILS` of P books: value at risk and expected shortfall (P, 16), and the sample deviation of a day (P,), NaN below the
    minimum of observations (P,)."""

    var: Floats
    expected_shortfall: Floats
    deviation: Floats
    observations: Ints


def tail_table(pnl: Floats, pnl_10d: Floats, *, min_observations: int = MINIMUM) -> TailTable:
    """Every method at every horizon and confidence.

    Parameters
    ----------
    pnl : (T, P) P&L of today's books under the moves of past days. pnl_10d : the same under those moves as ten days scale
        them, see `risk.ten_day_pnl`; NaN on the same days.

    The filter works on the book's own series. A series that never moves loses minus its mean by every method.
    """
    books = pnl.shape[1]
    both = np.concatenate([pnl, pnl_10d], axis=1)
    filtered = filtered_history(both, *ewma_volatility(both))
    # Nothing to scale a day by is nothing that moved before it.
    filtered = np.where(np.isnan(filtered), both, filtered)
    histories = historical_tails(
        np.concatenate([both, filtered], axis=1), CONFIDENCES, min_observations=min_observations
    )
    moments = Moments.of(both, min_observations=min_observations)
    flat = moments.deviation == 0
    var, shortfall = np.empty((books, len(TAILS))), np.empty((books, len(TAILS)))
    for j, level in enumerate(CONFIDENCES):
        tail = histories[j]
        normal, beyond = normal_tail(moments, level)
        adjusted, adjusted_beyond = (np.where(flat, -moments.mean, x) for x in cornish_fisher_tail(moments, level))
        by_method = (
            (tail.var[: 2 * books], tail.expected_shortfall[: 2 * books]),
            (tail.var[2 * books :], tail.expected_shortfall[2 * books :]),
            (normal, beyond),
            (adjusted, adjusted_beyond),
        )
        for m, (value, mean) in enumerate(by_method):
            for h in range(len(HORIZONS)):
                slot, mine = (m * len(HORIZONS) + h) * len(CONFIDENCES) + j, slice(h * books, (h + 1) * books)
                var[:, slot], shortfall[:, slot] = value[mine], mean[mine]
    return TailTable(var, shortfall, moments.deviation[:books], histories[0].observations[:books])
