"""The events of the ledger in the order in which sessions book them, whatever order they come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.engines.ledger import MICRO, NEVER, QUANTITY_ROUNDING, Floats, Ints, Lots, Refusal, Trades

Array = NDArray[Any]
# Whole micro-dollars end at nine trillion dollars.
LARGEST = 9e18


class Agenda:
    """Columns sorted and cut by session: ``at(s)`` gives those of the s-th session, None if it has no event."""

    def __init__(self, session: Ints, first: int, count: int, *columns: Array) -> None:
        due = np.flatnonzero((session >= first) & (session < first + count))
        order = due[np.argsort(session[due], kind="stable")]
        self.bounds = np.searchsorted(session[order], np.arange(first, first + count + 1)).tolist()
        self.columns = tuple(column[order] for column in columns)

    def at(self, s: int) -> tuple[Array, ...] | None:
        low, high = self.bounds[s], self.bounds[s + 1]
        if low == high:
            return None
        return tuple(column[low:high] for column in self.columns)


@dataclass(frozen=True)
class TradeAgenda:
    """The trades a roll books.

    openings : lot, quantity, cost, price, fees. takeovers : lot, quantity, cost, of lots older than their portfolio.
    closings : lot, quantity, proceeds, fees, group number; closings_at_mark : lot, quantity, fees, group number.
    Closings of one lot on one session are one group: group g holds the trades ``members[bounds[g]:bounds[g + 1]]``.
    refused : trades that are never booked.
    """

    openings: Agenda
    takeovers: Agenda
    closings: Agenda
    closings_at_mark: Agenda
    members: Ints
    bounds: Ints
    refused: Ints
    refusals: NDArray[np.int8]


def value_micro(quantity: Floats, multiplier: Floats, price: Floats) -> Ints:
    """quantity x multiplier x price in micro-dollars, rounded half-even once.

    Exact for whole shares up to a billion dollars a lot.

    Raises
    ------
    ValueError for NaN and for amounts beyond nine trillion dollars.
    """
    value = quantity * (multiplier * MICRO) * price
    if not (np.abs(value) < LARGEST).all():
        raise ValueError("a quantity times its price is not a number or beyond nine trillion dollars")
    return np.rint(value).astype(np.int64)


def split_integers(ratio: Sequence[Any]) -> tuple[Ints, Ints]:
    """Split ratios (Decimal or float, as stored) as whole numbers (new, old): 0.333333333333 is 1 for 3."""
    exact = [Fraction(value).limit_denominator(10_000) for value in ratio]
    new = np.array([value.numerator for value in exact], dtype=np.int64)
    return new, np.array([value.denominator for value in exact], dtype=np.int64)


def unit_ratios(
    row: Ints,
    from_session: Ints,
    to_session: Ints,
    split_row: Ints,
    split_session: Ints,
    split_new: Ints,
    split_old: Ints,
) -> tuple[Ints, Ints]:
    """What a quantity counted in the shares of one session is in the shares of another.

    Parameters
    ----------
    row, from_session, to_session : (K,) price row and sessions of each quantity; `to_session` may be the earlier one.
    split_row, split_session, split_new, split_old : (E,) splits. A split counts if its ex-session is after the earlier
        of the two sessions and not after the later one.

    Returns
    -------
    (K,) whole numbers new, old: quantity x new / old.
    """
    new = np.ones(len(row), dtype=np.int64)
    old = np.ones(len(row), dtype=np.int64)
    if not len(split_row) or not len(row):
        return new, old
    order = np.argsort(row, kind="stable")
    sorted_rows = row[order]
    low, high = np.minimum(from_session, to_session), np.maximum(from_session, to_session)
    lower = np.searchsorted(sorted_rows, split_row, side="left").tolist()
    upper = np.searchsorted(sorted_rows, split_row, side="right").tolist()
    for split in np.lexsort((split_session, split_row)):
        touched = order[lower[split] : upper[split]]
        at = split_session[split]
        touched = touched[(low[touched] < at) & (at <= high[touched])]
        forward = from_session[touched] < to_session[touched]
        new[touched] *= np.where(forward, split_new[split], split_old[split])
        old[touched] *= np.where(forward, split_old[split], split_new[split])
    common = np.gcd(new, old)
    return new // common, old // common


def lot_sessions(trades: Trades, lots: Lots, start: Ints) -> tuple[Ints, Ints]:
    """The session each trade enters the ledger (K,) and each lot is opened (L,), `NEVER` without an opening."""
    entry = np.maximum(trades.session, start[lots.portfolio[trades.lot]])
    opened = np.full(len(lots), NEVER, dtype=np.int64)
    opened[trades.lot[trades.opening]] = entry[trades.opening]
    return entry, opened


def _groups(session: Ints, lot: Ints) -> Ints:
    """Where a new (session, lot) begins, for columns sorted by both."""
    if not len(lot):
        return np.zeros(0, dtype=np.int64)
    fresh = np.ones(len(lot), dtype=bool)
    fresh[1:] = (np.diff(session) != 0) | (np.diff(lot) != 0)
    return np.flatnonzero(fresh)


def schedule_trades(trades: Trades, lots: Lots, start: Ints, first: int, sessions: int) -> TradeAgenda:
    """Sort the trades of sessions ``first .. first + sessions - 1``.

    A lot deleted on or before the session it is opened never existed; neither did one that had expired when its
    portfolio was taken over. A lot bought after its own expiry is refused.

    Raises
    ------
    ValueError if a lot has two openings or an opening has no price.
    """
    opening_lots = trades.lot[trades.opening]
    if len(opening_lots) and np.bincount(opening_lots).max() > 1:
        raise ValueError(f"lot {int(np.argmax(np.bincount(opening_lots)))} has more than one opening trade")
    entry, opened = lot_sessions(trades, lots, start)
    taken_over = trades.session < entry
    taken_lot = np.zeros(len(lots), dtype=bool)
    taken_lot[trades.lot[trades.opening & taken_over]] = True
    known = opened != NEVER
    expired = known & (lots.expiry < opened)
    void = (known & (lots.deleted <= opened)) | (expired & taken_lot)
    too_late = expired & ~taken_lot & ~void

    booked = ~void[trades.lot] & (entry >= first) & (entry < first + sessions)
    late = booked & too_late[trades.lot]
    booked &= ~late

    quantity = trades.quantity * trades.units_new / trades.units_old
    # A closing without a price is booked at the mark; its amount is not known yet.
    unpriced = np.isnan(trades.price)
    if (unpriced & trades.opening).any():
        raise ValueError("an opening trade needs a price")
    amount = value_micro(trades.quantity, lots.multiplier[trades.lot], np.where(unpriced, 0.0, trades.price))
    order = np.lexsort((trades.price, trades.quantity, trades.lot, entry))
    order = order[booked[order]]
    lot = trades.lot

    fresh = order[trades.opening[order] & ~taken_over[order]]
    unit_price = trades.price[fresh] * trades.units_old[fresh] / trades.units_new[fresh]
    openings = Agenda(
        entry[fresh], first, sessions,
        lot[fresh], quantity[fresh], amount[fresh], unit_price, trades.fees[fresh],
    )  # fmt: skip

    old = order[taken_over[order]]
    heads = _groups(entry[old], lot[old])
    is_opening = trades.opening[old]
    held = np.add.reduceat(quantity[old], heads) if len(heads) else np.zeros(0)
    whole = np.add.reduceat(np.where(is_opening, quantity[old], 0.0), heads) if len(heads) else np.zeros(0)
    paid = np.add.reduceat(np.where(is_opening, amount[old], 0), heads) if len(heads) else np.zeros(0)
    alive = (np.abs(held) > QUANTITY_ROUNDING) & (held * whole > 0)
    left = np.where(held == whole, 1.0, held / np.where(whole == 0, 1.0, whole))
    heads, held = heads[alive], held[alive]
    takeovers = Agenda(
        entry[old][heads], first, sessions, lot[old][heads], held, np.rint(paid * left)[alive].astype(np.int64)
    )

    members: list[Ints] = []
    bounds: list[Ints] = []
    seen = groups = 0
    agendas = []
    closing = order[~trades.opening[order] & ~taken_over[order]]
    for at_mark in (False, True):
        rows = closing[unpriced[closing] == at_mark]
        heads = _groups(entry[rows], lot[rows])
        number = np.arange(groups, groups + len(heads), dtype=np.int64)
        members.append(rows)
        bounds.append(seen + heads)
        seen, groups = seen + len(rows), groups + len(heads)
        proceeds = -amount[rows]
        sums = [
            np.add.reduceat(column, heads) if len(heads) else column
            for column in (quantity[rows], proceeds, trades.fees[rows])
        ]
        agendas.append(Agenda(entry[rows][heads], first, sessions, lot[rows][heads], *sums, number))

    refused = np.flatnonzero(late)
    return TradeAgenda(
        openings=openings,
        takeovers=takeovers,
        closings=agendas[0],
        closings_at_mark=agendas[1],
        members=np.concatenate(members),
        bounds=np.append(np.concatenate(bounds), seen),
        refused=refused,
        refusals=np.full(len(refused), Refusal.OPENED_AFTER_EXPIRY, dtype=np.int8),
    )
