"""Value at risk, expected shortfall, risk contributions and performance, of one series or of many portfolios at once.

Losses are positive. Histories are daily P&L (or returns) of today's holdings, (T, P).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from analytics.engines.holdings import BookHoldings
from analytics.engines.regression import Floats, Ints

YEAR = 252.0
LOOKBACK = 252
MINIMUM = 60
RETURN_COVER = 0.95
DECAY = 0.94
SEED_DAYS = 21
# Values worked on at a time.
PRODUCT_BLOCK = 125_000


@dataclass(frozen=True)
class HistoricalPnl:
    """Daily P&L of today's books on past days, (T, P) dollars, NaN on days that cannot be used; `coverage` (T, P) is the share of
    a book's public dollars that had a return of its own, NaN for books without any."""

    pnl: Floats
    coverage: Floats


def historical_pnl(held: BookHoldings, returns: Floats, filled: Floats, option_change: Floats) -> HistoricalPnl:
    """What today's public holdings would have made on past days; private holdings and cash make nothing.

    A day is used if at least 95 % of a book's dollars had a return of their own. The rest takes the return in `filled`; where
    that is unknown too, the day is unknown for the holders. No missing return counts as zero.

    Parameters
    ----------
    returns : (T, N) daily returns, NaN where missing. filled : (T, N) the same, with what stands in for the missing ones
        (the return of the symbol's sector fund). option_change : (T, C) change per share of every contract under `filled`.

    Raises
    ------
    ValueError if the arrays are not of the books' symbols and contracts, or `filled` differs from a known return.
    """
    days = len(returns)
    symbols, contracts = held.delta.shape[1], held.shares.shape[1]
    if returns.shape != (days, symbols) or filled.shape != returns.shape or option_change.shape != (days, contracts):
        raise ValueError(
            f"Books of {symbols} symbols and {contracts} contracts do not fit returns {returns.shape}, {filled.shape} and option "
            f"changes {option_change.shape}."
        )
    known = ~np.isnan(returns)
    if ((returns != filled) & known).any():
        raise ValueError("Filled returns must leave the known ones as they are.")
    size = abs(held.delta)
    total = np.asarray(size.sum(axis=1)).ravel() + held.uncovered
    # Only symbols with a hole can lack anything.
    holed = np.flatnonzero(~known.all(axis=0))
    lacking = np.asarray(size[:, holed] @ (~known[:, holed]).astype(np.float64).T).T
    covered = np.asarray(size.sum(axis=1)).ravel() - lacking
    coverage = np.divide(covered, total, out=np.full(covered.shape, np.nan), where=total > 0)
    # A stored holding times an unknown return is unknown for that book alone.
    pnl = np.asarray(held.stock @ filled.T + held.shares @ option_change.T).T
    return HistoricalPnl(np.where(coverage >= RETURN_COVER - 1e-12, pnl, np.nan), coverage)


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
    place = _tail_place(pnl, confidence, min_observations)
    if not len(pnl):
        nothing = np.full(pnl.shape[1], np.nan)
        return TailRisk(nothing, nothing.copy(), place.observations)
    ordered = np.sort(pnl, axis=0)  # NaN sorts to the end
    columns = np.arange(pnl.shape[1])
    quantile = ordered[place.low, columns] + place.fraction * (
        ordered[place.high, columns] - ordered[place.low, columns]
    )
    running = np.cumsum(np.nan_to_num(ordered), axis=0)
    worst = np.where(place.whole > 0, running[np.maximum(place.whole - 1, 0), columns], 0.0)
    shortfall = (worst + place.part * ordered[np.minimum(place.whole, len(ordered) - 1), columns]) / place.mass
    var = np.where(place.enough, -quantile, np.nan)
    # The mean of the tail is no smaller a loss than its edge; rounding must not say otherwise.
    return TailRisk(var, np.where(place.enough, np.maximum(-shortfall, var), np.nan), place.observations)


@dataclass(frozen=True)
class _TailPlace:
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


def _tail_place(pnl: Floats, confidence: float, min_observations: int) -> _TailPlace:
    if not 0 < confidence < 1:
        raise ValueError(f"A confidence lies between 0 and 1, not at {confidence}.")
    n = (~np.isnan(pnl)).sum(axis=0)
    enough = n >= max(min_observations, 1)
    tail = 1 - confidence
    place = np.where(enough, tail * (n - 1), 0.0)
    low = np.floor(place).astype(np.int64)
    mass = np.where(enough, tail * n, 1.0)
    whole = np.floor(mass + 1e-12).astype(np.int64)
    return _TailPlace(
        low=low, high=np.minimum(low + 1, np.maximum(n - 1, 0)), fraction=place - low, whole=whole,
        part=np.maximum(mass - whole, 0.0), mass=mass, enough=enough, observations=n,
    )  # fmt: skip


def order_statistic_var(pnl: Floats, confidence: float, *, min_observations: int = MINIMUM) -> Floats:
    """The loss of the first day beyond the tail, without interpolation, (P,), of (T, P) P&L with NaN on unused days."""
    place = _tail_place(pnl, confidence, min_observations)
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


def _moments(pnl: Floats, min_observations: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Number of days (NaN if too few), mean, sample deviation and deviations from the mean (T, P), 0 on unused days."""
    known = ~np.isnan(pnl)
    n = known.sum(axis=0).astype(np.float64)
    n[n < max(min_observations, 2)] = np.nan
    mean = np.where(known, pnl, 0.0).sum(axis=0) / n
    centred = np.where(known, pnl - mean, 0.0)
    return n, mean, np.sqrt((centred**2).sum(axis=0) / (n - 1)), centred


def parametric_tail(pnl: Floats, confidence: float, *, min_observations: int = MINIMUM) -> tuple[Floats, Floats]:
    """Normal value at risk and expected shortfall from the sample's mean and deviation, (P,) each, NaN below the minimum of
    observations; NaN days of (T, P) are left out."""
    _, mean, deviation, _ = _moments(pnl, min_observations)
    z = ndtri(confidence)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return z * deviation - mean, deviation * density / (1 - confidence) - mean


def cornish_fisher_var(pnl: Floats, confidence: float, *, min_observations: int = MINIMUM) -> Floats:
    """Value at risk with the normal quantile corrected for skewness and excess kurtosis, (P,); NaN below the minimum of
    observations and for a series that never moves. Source: Cornish and Fisher (1938)."""
    n, mean, deviation, centred = _moments(pnl, min_observations)
    population = np.sqrt((centred**2).sum(axis=0) / n)
    scale = np.where(population > 0, population, np.nan)
    skew = (centred**3).sum(axis=0) / n / scale**3
    excess = (centred**4).sum(axis=0) / n / scale**4 - 3
    z = ndtri(1 - confidence)
    adjusted = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    return np.asarray(-(mean + adjusted * deviation))


def ewma_volatility(pnl: Floats, *, decay: float = DECAY) -> tuple[Floats, Floats]:
    """Daily volatility as it was known before each day, (T, P), and as it is known now, (P,).

    Squares decay by `decay` a day, started at the mean of the first 21 used days; on NaN days of (T, P) the level stays.
    """
    known = ~np.isnan(pnl)
    squares = np.where(known, pnl, 0.0) ** 2
    first = known & (np.cumsum(known, axis=0) <= SEED_DAYS)
    days = first.sum(axis=0)
    level = np.where(first, squares, 0.0).sum(axis=0) / np.where(days > 0, days, np.nan)
    before = np.empty(pnl.shape)
    for t, used in enumerate(known):
        before[t] = level
        level = np.where(used, decay * level + (1 - decay) * squares[t], level)
    return np.sqrt(before), np.sqrt(level)


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
class EulerRisk:
    """Contributions to volatility: `marginal` and `component` (N,), which add up to `volatility`; `percent` of it. A book that
    never moves has components of 0 and no marginals or percentages (NaN)."""

    volatility: float
    marginal: Floats
    component: Floats
    percent: Floats
    diversification_ratio: float


def euler_volatility(returns: Floats, weights: Floats) -> EulerRisk:
    """Split a book's daily volatility among its positions. Source: Tasche (1999).

    Parameters
    ----------
    returns : (T, N) complete daily returns. weights : (N,) signed.

    Raises
    ------
    ValueError if a return is missing or the weights are not of the same positions.
    """
    if returns.ndim != 2 or weights.shape != returns.shape[1:] or len(returns) < 2 or np.isnan(returns).any():
        raise ValueError("At least two complete rows of returns (T, N) and weights (N,) are needed.")
    covariance = np.atleast_2d(np.cov(returns, rowvar=False))
    volatility = float(np.sqrt(max(float(weights @ covariance @ weights), 0.0)))
    if volatility == 0:
        unknown = np.full(len(weights), np.nan)
        return EulerRisk(volatility, unknown, np.zeros(len(weights)), unknown.copy(), np.nan)
    marginal = covariance @ weights / volatility
    component = weights * marginal
    alone = np.abs(weights) @ np.sqrt(np.diag(covariance))
    return EulerRisk(volatility, marginal, component, 100 * component / volatility, float(alone / volatility))


@dataclass(frozen=True)
class LotHistory:
    """What today's L lots would have made on T past days, without the (T, L) matrix.

    Parameters
    ----------
    value : (L,) dollars in the lot's symbol, 0 where nothing is known. symbol : (L,) column of `returns`, -1 for none.
    shares : (L,) signed shares behind an option, 0 for none. contract : (L,) column of `option_change`, -1 for other lots.
    returns : (T, N) daily returns; fastest when each symbol's days lie together. option_change : (T, C) dollars per share.
    """

    value: Floats
    symbol: Ints
    shares: Floats
    contract: Ints
    returns: Floats
    option_change: Floats

    def on(self, days: Ints) -> Floats:
        """P&L of every lot on a day of its own, (L,); NaN where its return is unknown."""
        stock = self.value * self.returns[days, np.maximum(self.symbol, 0)]
        if not self.option_change.shape[1]:
            return np.asarray(stock)
        option = self.shares * self.option_change[days, np.maximum(self.contract, 0)]
        return np.where(self.contract >= 0, option, stock)

    def products(self, series: Floats, column: Ints) -> Floats:
        """Sum over the days of every lot's P&L times its column of `series` (T, P), (L,); unknown days count nothing."""
        result = np.zeros(len(self.value))
        by_column = np.ascontiguousarray(series.T)
        stocks = np.flatnonzero((self.contract < 0) & (self.symbol >= 0) & (self.value != 0))
        options = np.flatnonzero((self.contract >= 0) & (self.shares != 0))
        for lots, size, source, place in (
            (stocks, self.value, self.returns, self.symbol),
            (options, self.shares, self.option_change, self.contract),
        ):
            if len(lots):
                result[lots] = size[lots] * _products(source.T, place[lots], by_column, column[lots])
        return result


def _products(rows: Floats, place: Ints, others: Floats, other: Ints) -> Floats:
    """Row `place` of one matrix times row `other` of another, for every pair, in pieces that stay in the cache."""
    result = np.empty(len(place))
    step = max(1, PRODUCT_BLOCK // max(rows.shape[1], 1))
    for first in range(0, len(place), step):
        part = slice(first, first + step)
        result[part] = np.einsum("lt,lt->l", np.nan_to_num(rows[place[part]]), others[other[part]])
    return result


def lot_contributions(lots: LotHistory, portfolio: Ints, book_pnl: Floats) -> Floats:
    """What each lot adds to its book's volatility of daily P&L, dollars (L,): covariance with the book over its deviation.

    Parameters
    ----------
    portfolio : (L,). book_pnl : (T, P), NaN on days that are not used.
    """
    used = ~np.isnan(book_pnl)
    n = np.maximum(used.sum(axis=0), 1)
    centred = np.where(used, book_pnl - np.nansum(book_pnl, axis=0) / n, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=0) / np.maximum(n - 1, 1))
    covariance = lots.products(centred, portfolio) / np.maximum(n - 1, 1)[portfolio]
    scale = deviation[portfolio]
    return np.divide(covariance, scale, out=np.full(len(portfolio), np.nan), where=scale > 0)


@dataclass(frozen=True)
class TailContributions:
    """What each lot adds to its book's value at risk and expected shortfall, dollars (L,) each; NaN for books without them."""

    component_var: Floats
    component_expected_shortfall: Floats


def tail_contributions(
    lots: LotHistory, portfolio: Ints, book_pnl: Floats, confidence: float, *, min_observations: int = MINIMUM
) -> TailContributions:
    """Split historical value at risk and expected shortfall among lots: their losses on the days that make them up.

    Both are linear in the lots for as long as the order of days stays, so these are their derivatives times the holding, and
    they add up to `historical_tail` of the book.

    Parameters
    ----------
    lots : their P&L adds up to `book_pnl` on used days. portfolio : (L,).
    book_pnl : (T, P), NaN on days that are not used.

    Source: Tasche (1999).
    """
    place = _tail_place(book_pnl, confidence, min_observations)
    var, shortfall = np.zeros(len(portfolio)), np.zeros(len(portfolio))
    if place.enough.any():
        order = np.argsort(book_pnl, axis=0, kind="stable")
        depth = min(int(max(place.high.max(), place.whole.max())) + 1, len(order))
        for rank in range(depth):
            # On the books' days of this rank, how much of the quantile and of the tail's mean is that day.
            at_edge = np.where(place.low == rank, 1 - place.fraction, 0.0) + np.where(
                place.high == rank, place.fraction, 0.0
            )
            in_tail = np.where(rank < place.whole, 1.0, np.where(rank == place.whole, place.part, 0.0)) / place.mass
            loss = -lots.on(order[rank][portfolio])
            for total, weight in ((var, at_edge[portfolio]), (shortfall, in_tail[portfolio])):
                # A day of no weight may be one that is not used.
                total += np.where(weight > 0, weight * loss, 0.0)
    enough = place.enough[portfolio]
    return TailContributions(np.where(enough, var, np.nan), np.where(enough, shortfall, np.nan))


@dataclass(frozen=True)
class Performance:
    """Of one series of daily returns; NaN where a ratio has no denominator."""

    sharpe: float
    sortino: float
    max_drawdown: float
    annual_return: float
    annual_volatility: float
    cumulative_return: float
    calmar: float


def performance(returns: Floats) -> Performance:
    """Sharpe, Sortino, drawdown and their kin at a riskless rate of zero, from daily returns (T,).

    A day that loses more than everything leaves no wealth to measure by: drawdown, annual and cumulative return and calmar are
    NaN. Fewer than two days have no volatility.

    Raises
    ------
    ValueError if a return is NaN: leave missing days out.
    """
    if returns.ndim != 1 or np.isnan(returns).any():
        raise ValueError("Performance is of one series of known returns; leave missing days out.")
    if len(returns) == 0:
        return Performance(*[np.nan] * 7)
    growth = np.concatenate([[1.0], np.cumprod(1 + returns)])
    solvent = bool((growth >= 0).all())
    peak = np.maximum.accumulate(growth)
    drawdown = float((growth / peak - 1).min()) if solvent else np.nan
    annual = float(growth[-1] ** (YEAR / len(returns)) - 1) if solvent else np.nan
    several = len(returns) > 1
    volatility = float(returns.std(ddof=1) * np.sqrt(YEAR)) if several else np.nan
    downside = float(np.sqrt((np.minimum(returns, 0) ** 2).mean()) * np.sqrt(YEAR)) if several else np.nan
    mean = float(returns.mean() * YEAR)
    return Performance(
        sharpe=mean / volatility if volatility > 0 else np.nan,
        sortino=mean / downside if downside > 0 else np.nan,
        max_drawdown=drawdown,
        annual_return=annual,
        annual_volatility=volatility,
        cumulative_return=float(growth[-1] - 1) if solvent else np.nan,
        calmar=annual / -drawdown if drawdown < 0 else np.nan,
    )
