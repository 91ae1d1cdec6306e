"""What today's books would have made on past days, what each lot adds to their risk, and the performance of a series.

Losses are positive. Histories are daily P&L (or returns) of today's holdings, (T, P).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.engines.holdings import BookHoldings
from analytics.engines.regression import Floats, Ints, known_or_zero
from analytics.engines.tails import MINIMUM, TailPlace, historical_tail

YEAR = 252.0
LOOKBACK = 252
RETURN_COVER = 0.95
# No holding loses more than this share of its value in a shock.
LARGEST_FALL = 0.99
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
    sizes = np.asarray(size.sum(axis=1)).ravel()
    total = sizes + held.uncovered
    # Only symbols with a hole can lack anything.
    holed = np.flatnonzero(~known.all(axis=0))
    covered = np.repeat(sizes[None, :], days, axis=0)
    if len(holed):
        covered -= np.asarray(size[:, holed] @ (~known[:, holed]).astype(np.float64).T).T
    coverage = np.divide(covered, total, out=np.full(covered.shape, np.nan), where=total > 0)
    # A stored holding times an unknown return is unknown for that book alone.
    pnl = np.asarray(held.stock @ filled.T + held.shares @ option_change.T).T
    return HistoricalPnl(np.where(coverage >= RETURN_COVER - 1e-12, pnl, np.nan), coverage)


def shocked(returns: Floats, days: int) -> Floats:
    """Daily returns as moves of so many days: times the root of the days, no fall deeper than 99 %."""
    return np.maximum(np.sqrt(days) * returns, -LARGEST_FALL)


def ten_day_pnl(
    held: BookHoldings, pnl: Floats, filled: Floats, option_change: Floats, option_change_10d: Floats
) -> Floats:
    """P&L of today's books under the moves of past days scaled to ten, (T, P), with options revalued under them at once.

    What is linear scales by the root of ten; what options make beyond that and what the floor of a fall takes back is added.

    Parameters
    ----------
    pnl : (T, P), `historical_pnl` under `filled` (T, N) and `option_change` (T, C); NaN days stay. option_change_10d : change
        per share of every contract under `shocked(filled, 10)`.
    """
    root = np.sqrt(10.0)
    result = root * pnl
    if held.shares.nnz:
        result += np.asarray(held.shares @ (option_change_10d - root * option_change).T).T
    columns = np.flatnonzero(np.bincount(held.stock.indices, minlength=held.stock.shape[1]))
    deep = columns[(root * filled[:, columns] < -LARGEST_FALL).any(axis=0)]
    if len(deep):
        moves = filled[:, deep]
        result += np.asarray(held.stock[:, deep] @ known_or_zero(shocked(moves, 10) - root * moves).T).T
    return np.asarray(result)


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
        """P&L of every lot on a day of its own, (L,); NaN where its return is unknown, 0 of lots nothing is known of."""
        stock = np.where(self.symbol >= 0, self.value * self.returns[days, np.maximum(self.symbol, 0)], 0.0)
        if not self.option_change.shape[1]:
            return np.asarray(stock)
        option = self.shares * self.option_change[days, np.maximum(self.contract, 0)]
        return np.where(self.contract >= 0, option, stock)

    def matrix(self) -> Floats:
        """P&L of every lot on every day, (T, L), for few lots."""
        days = np.repeat(np.arange(len(self.returns))[:, None], len(self.value), axis=1)
        return self.on(days)

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
        result[part] = np.einsum("lt,lt->l", known_or_zero(rows[place[part]]), others[other[part]])
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
    place = TailPlace.of((~np.isnan(book_pnl)).sum(axis=0), confidence, min_observations)
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


def var_contributions(
    lots: LotHistory, portfolio: Ints, book_pnl: Floats, confidence: float, *, min_observations: int = MINIMUM
) -> Floats:
    """`tail_contributions`' part of the value at risk alone, dollars (L,), which takes two days a book instead of a whole tail."""
    place = TailPlace.of((~np.isnan(book_pnl)).sum(axis=0), confidence, min_observations)
    if not place.enough.any():
        return np.full(len(portfolio), np.nan)
    order, books = np.argsort(book_pnl, axis=0, kind="stable"), np.arange(book_pnl.shape[1])
    at_low, at_high = (-lots.on(order[rank, books][portfolio]) for rank in (place.low, place.high))
    share = place.fraction[portfolio]
    both = np.where(share > 0, (1 - share) * at_low + share * at_high, at_low)
    return np.where(place.enough[portfolio], both, np.nan)


def incremental_var(lot_pnl: Floats, book_pnl: Floats, confidence: float, *, min_observations: int = MINIMUM) -> Floats:
    """What a book's historical value at risk would lose if a lot were gone, dollars (L,): negative for a lot that protects.

    Parameters
    ----------
    lot_pnl : (T, L). book_pnl : (T,), NaN on days that are not used.

    Source: Jorion, Value at Risk, ch. 7.
    """
    series = np.column_stack([book_pnl, book_pnl[:, None] - lot_pnl])
    var = historical_tail(series, confidence, min_observations=min_observations).var
    return np.asarray(var[0] - var[1:])


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
