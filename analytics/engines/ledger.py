"""What the equity ledger reads and what it returns.

Sessions are rows of one close matrix; `first` is the row of the first session to roll, the rows before it are look-back
for prices that are missing. Every session index below is such a row. Lots, portfolios and price rows are positions in
their arrays. Money is int64 millionths of a dollar, so that sums do not depend on their order; prices are dollars and
quantities are shares or contracts in float64.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MICRO = 1_000_000
NEVER = np.iinfo(np.int64).max
MAX_AGE_SESSIONS = 5
# Quantities are kept with four decimals: a remainder no larger than their rounding error is no holding.
QUANTITY_ROUNDING = 6e-5


class Quality(IntEnum):
    """Where the mark of a lot comes from.

    FROZEN is a price older than allowed, ENTRY the entry price of a lot that never had another. Both count as missing,
    except that a private lot without a valuation rightly stands at its entry price.
    """

    FRESH = 0
    STALE = 1
    FROZEN = 2
    ENTRY = 3
    VALUATION = 4
    NOT_HELD = 5


class Closing(IntEnum):
    """Why the ledger itself closed a lot or a part of it."""

    EXPIRY = 1
    DELETION = 2
    AT_MARK = 3


class Refusal(IntEnum):
    """Why a trade was not booked."""

    MORE_THAN_HELD = 1
    OPENED_AFTER_EXPIRY = 2


@dataclass(frozen=True)
class Lots:
    """The lots of all portfolios, (L,) each.

    portfolio : index of the portfolio. multiplier : 100 for options, else 1. price_row : column of the close matrix, -1
    for PRIVATE lots, which are marked by valuations alone. underlying_row, strike (in the contract's units on its
    expiry, NaN for none), option_sign (+1 call, -1 put, 0 no option) and expiry (session it settles on) say what an
    option pays.
    deleted : session of the soft deletion. `NEVER` stands for no expiry and no deletion.
    """

    portfolio: Ints
    multiplier: Floats
    price_row: Ints
    underlying_row: Ints
    strike: Floats
    option_sign: Ints
    expiry: Ints
    deleted: Ints

    def __len__(self) -> int:
        return len(self.portfolio)


@dataclass(frozen=True)
class Trades:
    """Openings (one per lot) and closings, (K,) each, in any order. Expiries are no trades: the ledger settles them.

    quantity : signed change as recorded; price : dollars per share in the same units, NaN closes at the session's mark;
    fees : micro-dollars. units_new / units_old : the splits between the day the quantity is meant in and the session on
    which the trade enters the ledger (its own, or its portfolio's first if that is later), see `unit_ratios`.
    """

    lot: Ints
    session: Ints
    quantity: Floats
    price: Floats
    fees: Ints
    opening: Flags
    units_new: Ints
    units_old: Ints


@dataclass(frozen=True)
class Splits:
    """Splits on their ex-session: `old` shares become `new`. (E,) each."""

    session: Ints
    row: Ints
    new: Ints
    old: Ints


@dataclass(frozen=True)
class Dividends:
    """Cash dividends on their ex-session, dollars per share as paid. (E,) each."""

    session: Ints
    row: Ints
    amount: Floats


@dataclass(frozen=True)
class Flows:
    """Contributions (positive) and withdrawals (negative), micro-dollars. (E,) each."""

    portfolio: Ints
    session: Ints
    amount: Ints


@dataclass(frozen=True)
class Valuations:
    """What owners say a PRIVATE lot is worth per unit, in dollars; all of a lot's, also before `first`. (E,) each."""

    lot: Ints
    session: Ints
    price: Floats


@dataclass(frozen=True)
class LedgerState:
    """The books at the end of the session before `first`; lots and portfolios not yet opened carry zeros (index 1).

    Per lot: quantity, cost (signed total entry value, micro-dollars), mark (dollars). Per portfolio: cash and the
    running sums in micro-dollars, the time-weighted index and its peak (NaN once the index has been negative).
    """

    quantity: Floats
    cost: Ints
    mark: Floats
    cash: Ints
    cumulative_realized: Ints
    cumulative_flow: Ints
    twr_index: Floats
    twr_peak: Floats


@dataclass(frozen=True)
class LedgerInputs:
    """Everything one roll needs.

    closes : (R, N) raw closes, NaN (or <= 0) where there is none. first : row of the first session to roll. start :
    (P,) first session of each portfolio; opening_equity : (P,) micro-dollars. state : needed if a portfolio started
    before `first`; there must then be at least `max_age_sessions` look-back rows.
    """

    closes: Floats
    first: int
    start: Ints
    opening_equity: Ints
    lots: Lots
    trades: Trades
    splits: Splits
    dividends: Dividends
    flows: Flows
    valuations: Valuations
    state: LedgerState | None = None
    max_age_sessions: int = MAX_AGE_SESSIONS


@dataclass(frozen=True)
class LotLedger:
    """Lots at the end of sessions, (S, L) or (1, L) for the last session alone.

    quantity, price (mark, dollars), market_value, entry_value, unrealized, daily_pnl (micro-dollars, signed), quality
    (`Quality`). `daily_pnl` includes dividends and fees. A lot that is not held has quantity and values 0, price NaN.
    """

    quantity: Floats
    price: Floats
    market_value: Ints
    entry_value: Ints
    unrealized: Ints
    daily_pnl: Ints
    quality: NDArray[np.int8]


@dataclass(frozen=True)
class Closings:
    """What the ledger closed by itself, in order of session: expiries at intrinsic value, deletions and closes at mark.

    quantity is the signed change, price in dollars, realized in micro-dollars from the entry price.
    """

    lot: Ints
    session: Ints
    kind: NDArray[np.int8]
    quantity: Floats
    price: Floats
    realized: Ints


@dataclass(frozen=True)
class LedgerResult:
    """Daily ledgers of P portfolios over S sessions; (S, P) each, money in micro-dollars.

    Rows before a portfolio's first session are inactive: zeros, and NaN in the ratios. `short_value` is <= 0. Counts
    are of open lots by the sign of their quantity. `stale_count` lots are marked with an older close, `missing_count`
    lots with a frozen mark or their entry price; a row with any of the latter is `partial`. `state` is what to roll on
    from. daily_return is NaN where the equity before was not positive, drawdown (fraction, <= 0) is NaN once the index
    has been negative.
    """

    active: Flags
    equity: Ints
    cash: Ints
    long_value: Ints
    short_value: Ints
    gross: Ints
    net: Ints
    daily_pnl: Ints
    daily_realized: Ints
    daily_income: Ints
    daily_fees: Ints
    daily_unrealized: Ints
    daily_flow: Ints
    daily_return: Floats
    cumulative_pnl: Ints
    cumulative_realized: Ints
    cumulative_flow: Ints
    twr_index: Floats
    twr_peak: Floats
    drawdown: Floats
    position_count: Ints
    long_count: Ints
    short_count: Ints
    stale_count: Ints
    missing_count: Ints
    partial: Flags
    large_flow: Flags
    lots: LotLedger
    closings: Closings
    refused_trades: Ints
    refusals: NDArray[np.int8]
    state: LedgerState

    def state_after(self, session: int) -> LedgerState:
        """The books after the `session`-th rolled session (0-based).

        Raises
        ------
        ValueError if the lots of that session were not kept.
        """
        if len(self.lots.quantity) != len(self.equity):
            raise ValueError("the lots of this session were not kept; roll with keep_lots=True")
        return LedgerState(
            quantity=self.lots.quantity[session],
            cost=self.lots.entry_value[session],
            mark=self.lots.price[session],
            cash=self.cash[session],
            cumulative_realized=self.cumulative_realized[session],
            cumulative_flow=self.cumulative_flow[session],
            twr_index=self.twr_index[session],
            twr_peak=self.twr_peak[session],
        )


def to_micro(dollars: ArrayLike | Iterable[Decimal]) -> Ints:
    """Dollars as int64 millionths, rounded half-even. Decimals are converted exactly.

    Raises
    ------
    ValueError for NaN and for amounts beyond nine trillion dollars.
    """
    values = np.asarray(dollars if isinstance(dollars, np.ndarray) else list(np.atleast_1d(np.asarray(dollars))))
    if values.dtype == object:
        return np.array([int((Decimal(value) * MICRO).to_integral_value()) for value in values], dtype=np.int64)
    scaled = np.rint(values.astype(np.float64) * MICRO)
    if not (np.abs(scaled) < 9e18).all():
        raise ValueError("an amount is not a number or beyond nine trillion dollars")
    return scaled.astype(np.int64)


def to_cents(micro: Ints) -> Ints:
    """Micro-dollars as whole cents, rounded half-even: what a money column holds."""
    cents, rest = np.divmod(micro, 10_000)
    up = (rest > 5_000) | ((rest == 5_000) & (cents % 2 == 1))
    return np.asarray(cents + up, dtype=np.int64)


def to_decimal(micro: int) -> Decimal:
    """One amount in dollars, exact."""
    return Decimal(int(micro)).scaleb(-6)
