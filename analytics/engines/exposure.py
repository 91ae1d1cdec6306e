"""Exposures of many books at once: long, short, gross, net, cash and leverage on any basis of value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.engines.regression import Floats, Ints, known_or_zero


def by_book(values: Floats, portfolio: Ints, count: int) -> Floats:
    """Sums over the lots of each book, (P,); NaN values add nothing and are for the caller to count."""
    return np.bincount(portfolio, weights=known_or_zero(values), minlength=count)  # type: ignore[return-value]


@dataclass(frozen=True)
class Exposures:
    """Of P books in dollars, (P,) each: `short` is negative, `net` = long + short, `gross` = long - short; counts of lots by
    the sign of their value."""

    long: Floats
    short: Floats
    gross: Floats
    net: Floats
    long_count: Ints
    short_count: Ints
    lot_count: Ints


def exposures(values: Floats, portfolio: Ints, count: int) -> Exposures:
    """Sum signed values (market, entry or delta-adjusted) by book.

    Parameters
    ----------
    values : (L,) dollars, NaN where unknown. portfolio : (L,) book of each lot. count : number of books P.
    """
    long = by_book(np.maximum(values, 0), portfolio, count)
    short = by_book(np.minimum(values, 0), portfolio, count)
    positive = np.bincount(portfolio, weights=values > 0, minlength=count).astype(np.int64)
    negative = np.bincount(portfolio, weights=values < 0, minlength=count).astype(np.int64)
    lots = np.bincount(portfolio, minlength=count)
    return Exposures(long, short, long - short, long + short, positive, negative, lots)


def market_values(quantity: Floats, price: Floats, multiplier: Floats) -> Floats:
    """Signed dollars of lots: quantity x price x multiplier, (L,)."""
    return np.asarray(quantity * price * multiplier)


def delta_dollars(quantity: Floats, multiplier: Floats, delta: Floats, underlying: Floats) -> Floats:
    """Dollars of the underlying an option lot moves like: contracts x multiplier x delta x spot, (L,)."""
    return np.asarray(quantity * multiplier * delta * underlying)


def true_notional(
    quantity: Floats, multiplier: Floats, price: Floats, underlying: Floats, is_option: np.ndarray
) -> Floats:
    """Absolute dollars controlled: of the lot itself, for options of the shares behind them, (L,)."""
    return np.abs(quantity * multiplier * np.where(is_option, underlying, price))


@dataclass(frozen=True)
class Ratios:
    """Fractions of equity, (P,) each, NaN where equity is not positive; `cash` in dollars, negative for a margin debit."""

    leverage: Floats
    net_leverage: Floats
    long: Floats
    short: Floats
    cash: Floats


def ratios(book: Exposures, equity: Floats) -> Ratios:
    """Leverage, shares of equity and cash of books."""
    base = np.where(equity > 0, equity, np.nan)
    return Ratios(book.gross / base, book.net / base, book.long / base, book.short / base, equity - book.net)


def percentages(ratio: Floats, *, decimals: int = 4) -> Floats:
    """Fractions of equity as percent, rounded once."""
    return np.round(100 * ratio, decimals)
