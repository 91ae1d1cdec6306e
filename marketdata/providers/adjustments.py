"""From the split-adjusted series of a source back to prices as traded.

Yahoo and FMP divide prices and dividends by the ratios of all splits up to the day of the request, and multiply
volumes. Stored rows are raw, so the adjustment is undone with the same splits before anything is answered.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np

from marketdata.providers.base import DividendEvent, SplitEvent, SymbolHistory

# Below this ratio an ordinary day's move and a split cannot be told apart.
_TELLING_RATIO = math.log(1.5)
_NEAR = 0.25
_AMOUNT_STEP = Decimal("0.00000001")
_RATIO_STEP = Decimal("0.000000000001")


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without an exponent."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short.as_tuple().exponent > 0 else short  # type: ignore[operator]


def split_event(ex_date: dt.date, new_shares: float, old_shares: float = 1.0) -> SplitEvent:
    """A split from a source's numbers; spin-offs, which sources send as odd splits such as 1253:1000, are marked.

    Raises
    ------
    ValueError if a number is not positive and finite.
    """
    if not (math.isfinite(new_shares) and math.isfinite(old_shares) and new_shares > 0 and old_shares > 0):
        raise ValueError(f"A split of {new_shares}:{old_shares} shares is impossible")
    exact = Fraction(new_shares).limit_denominator(1_000_000) / Fraction(old_shares).limit_denominator(1_000_000)
    ratio = exact.limit_denominator(10_000)
    decimal = plain((Decimal(ratio.numerator) / Decimal(ratio.denominator)).quantize(_RATIO_STEP, ROUND_HALF_EVEN))
    # Boards split 3:2 or 21:20; only a price adjustment has three digits on both sides.
    odd = min(ratio.numerator, ratio.denominator) > 100
    return SplitEvent(ex_date, decimal, "spin_off_adjustment" if odd else "split")


def later_ratio(dates: np.ndarray, splits: Iterable[SplitEvent]) -> np.ndarray:
    """(n,) product of the ratios of all splits with an ex-date after each of the (n,) datetime64[D] `dates`."""
    factor = np.ones(len(dates))
    for split in splits:
        factor[dates < np.datetime64(split.ex_date, "D")] *= float(split.ratio)
    return factor


def applied_splits(dates: np.ndarray, close: np.ndarray, splits: Sequence[SplitEvent]) -> tuple[SplitEvent, ...]:
    """The splits that the source has really divided the earlier closes by.

    A source sometimes lists a split and moves to the new scale from its ex-date on, but leaves the rows before it
    alone. Then the closes on both sides differ by the split's ratio, which an adjusted series never does. Splits too
    small to tell, and those without a close on both sides, are taken as applied.

    Parameters
    ----------
    dates : (n,) datetime64[D], ascending.
    close : (n,) closes as sent, NaN where missing.
    """
    priced = np.isfinite(close) & (close > 0)
    kept = []
    for split in splits:
        wanted = math.log(float(split.ratio))
        ex_date = np.datetime64(split.ex_date, "D")
        before = np.flatnonzero(priced & (dates < ex_date))
        after = np.flatnonzero(priced & (dates >= ex_date))
        if abs(wanted) >= _TELLING_RATIO and len(before) and len(after):
            jump = math.log(close[before[-1]] / close[after[0]])
            if abs(jump - wanted) < _NEAR * abs(wanted):
                continue
        kept.append(split)
    return tuple(kept)


def without_float32_noise(values: np.ndarray) -> np.ndarray:
    """Values that are widened 32-bit floats, rounded to the seven digits those hold (129.03999 -> 129.04)."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        widened = np.isfinite(values) & (values != 0) & (values == values.astype(np.float32))
        scale = 10.0 ** (6 - np.floor(np.log10(np.abs(np.where(widened, values, 1.0)))))
    return np.where(widened, np.round(values * scale) / scale, values)


def as_traded(history: SymbolHistory) -> SymbolHistory:
    """`history` with split-adjusted prices, volumes and dividends put back on the scale of their own day.

    `history.splits` must hold every split up to the day of the request. Prices are rounded to six decimals, volumes to
    whole shares, dividends to eight decimals.
    """
    applied = applied_splits(history.dates, history.close, history.splits)
    factor = later_ratio(history.dates, applied)
    prices = {
        name: np.round(without_float32_noise(getattr(history, name)) * factor, 6)
        for name in ("open", "high", "low", "close")
    }
    dividends = tuple(
        replace(event, amount=_dividend_as_paid(event, applied)) for event in history.dividends if event.amount > 0
    )
    return replace(history, **prices, volume=np.round(history.volume / factor), dividends=dividends)


def window(history: SymbolHistory, start: dt.date, end: dt.date) -> SymbolHistory:
    """Rows and actions from `start` to `end`, both included."""
    inside = (history.dates >= np.datetime64(start, "D")) & (history.dates <= np.datetime64(end, "D"))
    return replace(
        history,
        dates=history.dates[inside],
        open=history.open[inside],
        high=history.high[inside],
        low=history.low[inside],
        close=history.close[inside],
        volume=history.volume[inside],
        splits=tuple(event for event in history.splits if start <= event.ex_date <= end),
        dividends=tuple(event for event in history.dividends if start <= event.ex_date <= end),
    )


def _dividend_as_paid(event: DividendEvent, applied: Sequence[SplitEvent]) -> Decimal:
    ratio = math.prod((split.ratio for split in applied if split.ex_date > event.ex_date), start=Decimal(1))
    return plain((event.amount * ratio).quantize(_AMOUNT_STEP, ROUND_HALF_EVEN))
