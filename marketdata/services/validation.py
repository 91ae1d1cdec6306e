"""What is refused before it is stored, and what is stored but not believed yet.

Refused rows become `PriceRejection`s with a reason. An unexplained jump is stored as `suspect` and used by nothing until the
next session confirms its level or staff accept it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketdata import calendar
from marketdata.providers.base import SymbolHistory

# A move beyond this without a split or a distribution behind it is not believed before the next session confirms it.
JUMP = 0.5
# How near the next close has to stay to confirm the new level.
CONFIRMATION = 0.25
# Published prices are rounded; a low a hair above the close is rounding, not a bad row.
ROUNDING = 1e-6
# What the price columns can hold: below it a price would be stored as zero, from the other on not at all.
SMALLEST, TOO_LARGE = 1e-6, 1e12
REASONS = (
    "wrong_symbol",
    "not_a_session",
    "future_date",
    "duplicate_date",
    "close_missing",
    "close_not_positive",
    "high_below_low",
    "close_outside_range",
    "dividend_as_price",
)


@dataclass(frozen=True)
class CheckedHistory:
    """Rows that may be stored (ascending, one a session), those refused as (row of the source, reason), and `suspect` marks."""

    rows: NDArray[np.int64]
    refused: tuple[tuple[int, str], ...]
    suspect: NDArray[np.bool_]


def check_history(
    symbol: str,
    history: SymbolHistory,
    last_complete: dt.date,
    *,
    previous_close: float | None = None,
    volatile: bool = False,
) -> CheckedHistory:
    """Judge every row a source sent for a symbol.

    Parameters
    ----------
    last_complete : sessions after this one are in the future.
    previous_close : the raw close stored for the last session before the first row, if there is one.
    volatile : an index such as VIX, whose honest jumps are large.

    Returns
    -------
    CheckedHistory; `suspect` is aligned with `rows`.
    """
    count = len(history.dates)
    if history.symbol != symbol:
        return CheckedHistory(
            np.empty(0, np.int64), tuple((i, "wrong_symbol") for i in range(count)), np.empty(0, bool)
        )
    dates = history.dates.astype("datetime64[D]")
    close = history.close.astype(np.float64)
    ordinal = calendar.ordinals(dates)
    on_session = (ordinal >= 0) & (calendar.session_array()[np.maximum(ordinal, 0)] == dates)
    _, first = np.unique(dates, return_index=True)
    repeated = np.ones(count, dtype=bool)
    repeated[first] = False
    paid = np.array([float(d.amount) for d in history.dividends])
    small = np.zeros(count, dtype=bool)
    if len(paid) and count:
        typical = np.nanmedian(np.where(close > 0, close, np.nan)) if (close > 0).any() else np.nan
        small = np.isclose(close[:, None], paid, rtol=0, atol=1e-6).any(axis=1) & (close < (1 - JUMP) * typical)
    with np.errstate(invalid="ignore"):
        verdicts = [
            ("future_date", dates > np.datetime64(last_complete)),
            ("not_a_session", ~on_session),
            ("duplicate_date", repeated),
            ("close_missing", ~np.isfinite(close)),
            ("close_not_positive", close < SMALLEST),
            ("high_below_low", history.high < history.low * (1 - ROUNDING)),
            ("close_outside_range", (close > history.high * (1 + ROUNDING)) | (close < history.low * (1 - ROUNDING))),
            ("close_not_positive", (history.open < SMALLEST) | (history.low < SMALLEST)),
            ("close_outside_range", np.fmax(np.fmax(history.open, history.high), close) >= TOO_LARGE),
            ("dividend_as_price", small),
        ]
    reason = np.full(count, "", dtype="U24")
    for name, wrong in verdicts:
        reason[(reason == "") & wrong] = name
    good = np.flatnonzero(reason == "")
    good = good[np.argsort(dates[good], kind="stable")]
    refused = tuple((int(i), str(reason[i])) for i in np.flatnonzero(reason != ""))
    limit = np.inf if volatile else JUMP
    return CheckedHistory(good, refused, _suspect(history, good, previous_close, limit))


def _explained(history: SymbolHistory, dates: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """What a corporate action alone does to the price of each date: split ratios, (n,)."""
    ratio = np.ones(len(dates))
    for split in history.splits:
        place = np.searchsorted(dates, np.datetime64(split.ex_date))
        if place < len(dates):
            ratio[place] *= float(split.ratio)
    return ratio


def _suspect(
    history: SymbolHistory, rows: NDArray[np.int64], previous_close: float | None, limit: float
) -> NDArray[np.bool_]:
    close, dates = history.close[rows].astype(np.float64), history.dates[rows].astype("datetime64[D]")
    suspect = np.zeros(len(rows), dtype=bool)
    ratio = _explained(history, dates)
    paid = {np.datetime64(d.ex_date): float(d.amount) for d in history.dividends}
    last = previous_close
    for i in range(len(rows)):
        if last is not None:
            move = (close[i] * ratio[i] + paid.get(dates[i], 0.0)) / last - 1
            if abs(move) > limit:
                follows = i + 1 < len(rows)
                confirmed = follows and abs(close[i + 1] * ratio[i + 1] / close[i] - 1) <= CONFIRMATION
                if not confirmed:
                    suspect[i] = True
                    last = last / ratio[i]
                    continue
        last = close[i]
    return suspect
