"""The books while the sessions go by: as-of prices by column, quantities, costs and marks by lot, sums by portfolio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.engines.ledger import (
    MICRO,
    QUANTITY_ROUNDING,
    Closing,
    Flags,
    Floats,
    Ints,
    LedgerInputs,
    Quality,
)
from analytics.engines.ledger_events import LARGEST, Agenda, schedule_trades, value_micro


class Prices:
    """The as-of price and its age by column of the close matrix, session after session. The last column is no price."""

    def __init__(self, inputs: LedgerInputs) -> None:
        columns = inputs.closes.shape[1]
        self.closes = inputs.closes
        self.max_age = inputs.max_age_sessions
        self.price = np.full(columns + 1, np.nan)
        self.age = np.full(columns + 1, self.max_age + 1, dtype=np.int16)
        self.age[columns] = 0
        # The model price of an option far out of the money may be zero; a stock's may not.
        self.floor = np.zeros(columns)
        options = inputs.lots.price_row[inputs.lots.option_sign != 0]
        self.floor[options[options >= 0]] = -np.finfo(np.float64).tiny
        self.splits = Agenda(
            inputs.splits.session, 0, len(self.closes), inputs.splits.row, inputs.splits.new, inputs.splits.old
        )
        for row in range(inputs.first):
            self.advance(row)

    def advance(self, row: int) -> tuple[Ints, Ints, Ints] | None:
        """Move to a row of the matrix. Returns the splits of that session: columns, new, old; None without any."""
        splits = self.splits.at(row)
        if splits is not None:
            columns, inverse = np.unique(splits[0], return_inverse=True)
            new = np.ones(len(columns), dtype=np.int64)
            old = np.ones(len(columns), dtype=np.int64)
            np.multiply.at(new, inverse, splits[1])
            np.multiply.at(old, inverse, splits[2])
            self.price[columns] = self.price[columns] * old / new
            splits = columns, new, old
        close = self.closes[row]
        traded = close > self.floor
        np.copyto(self.price[:-1], close, where=traded)
        age = self.age[:-1]
        np.minimum(age + 1, self.max_age + 1, out=age)
        age[traded] = 0
        return splits

    def usable(self) -> Floats:
        """The as-of price of every column, NaN beyond the largest age."""
        return np.where(self.age <= self.max_age, self.price, np.nan)


class Books:
    """The lots while the sessions go by, sorted by portfolio, and the sums of every session."""

    def __init__(self, inputs: LedgerInputs, *, keep_lots: bool) -> None:
        lots, state = inputs.lots, inputs.state
        self.inputs, self.lots, self.keep_lots = inputs, lots, keep_lots
        self.first, self.sessions = inputs.first, len(inputs.closes) - inputs.first
        count, portfolios = len(lots), len(inputs.start)
        self.column = np.where(lots.price_row < 0, inputs.closes.shape[1], lots.price_row)
        self.underlying = np.where(lots.underlying_row < 0, inputs.closes.shape[1], lots.underlying_row)
        self.private = lots.price_row < 0
        self.valued = np.zeros(count, dtype=bool)
        self.quantity = np.zeros(count) if state is None else state.quantity.astype(np.float64)
        self.cost = np.zeros(count, dtype=np.int64) if state is None else state.cost.astype(np.int64)
        self.mark = np.zeros(count) if state is None else np.nan_to_num(state.mark.astype(np.float64))
        self.lot_cash = np.zeros(count, dtype=np.int64)
        self.value = value_micro(self.quantity, lots.multiplier, self.mark)
        # Lots are sorted by portfolio: `segments` is where each portfolio with lots begins, `holders` which one it is.
        self.segments = np.flatnonzero(np.diff(lots.portfolio, prepend=-1)) if count else np.zeros(0, dtype=np.int64)
        self.holders = lots.portfolio[self.segments]
        self.largest = LARGEST / max(1, int(np.diff(np.append(self.segments, count)).max(initial=1)))

        shape = (self.sessions, portfolios)
        self.opening_value = self.sums(self.value)
        self.cash_change = np.zeros(shape, dtype=np.int64)
        self.realized, self.income, self.fees = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        self.net, self.long_value = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.long_count, self.short_count = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.stale, self.missing = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.longs = np.bincount(lots.portfolio[self.quantity > 0], minlength=portfolios)
        self.shorts = np.bincount(lots.portfolio[self.quantity < 0], minlength=portfolios)
        self.lot_rows: list[tuple[NDArray[np.generic], ...]] = []
        self.closed: list[tuple[NDArray[np.generic], ...]] = []
        self.refused_groups: list[Ints] = []

        self.prices = Prices(inputs)
        self.trades = schedule_trades(inputs.trades, lots, inputs.start, self.first, self.sessions)
        paying = inputs.dividends
        self.dividends = Agenda(paying.session, self.first, self.sessions, paying.row, paying.amount)
        self.valuations = self.schedule_valuations()
        every_lot = np.arange(count, dtype=np.int64)
        self.expiries = Agenda(lots.expiry, self.first, self.sessions, every_lot)
        self.deletions = Agenda(lots.deleted, self.first, self.sessions, every_lot)

    def schedule_valuations(self) -> Agenda:
        """Apply what was recorded before the first session and return the rest; public lots know no valuations."""
        recorded = self.inputs.valuations
        order = np.argsort(recorded.session, kind="stable")
        order = order[self.private[recorded.lot[order]]]
        lot, session, price = recorded.lot[order], recorded.session[order], recorded.price[order]
        before = session < self.first
        self.revalue(lot[before], price[before])
        return Agenda(session, self.first, self.sessions, lot, price)

    def revalue(self, lots: Ints, price: Floats) -> None:
        self.mark[lots] = price
        self.valued[lots] = True

    def sums(self, amounts: Ints) -> Ints:
        """(P,) sums of (L,) amounts."""
        total = np.zeros(len(self.inputs.start), dtype=np.int64)
        if len(self.segments):
            total[self.holders] = np.add.reduceat(amounts, self.segments)
        return total

    def lots_on(self, columns: Ints) -> Ints:
        """The held lots whose prices stand in these columns of the close matrix."""
        listed = np.zeros(self.inputs.closes.shape[1] + 1, dtype=bool)
        listed[columns] = True
        return np.flatnonzero(listed[self.column] & (self.quantity != 0))

    def set_quantity(self, lots: Ints, quantity: Floats) -> None:
        before, portfolio = self.quantity[lots], self.lots.portfolio[lots]
        np.add.at(self.longs, portfolio, (quantity > 0).astype(np.int64) - (before > 0))
        np.add.at(self.shorts, portfolio, (quantity < 0).astype(np.int64) - (before < 0))
        self.quantity[lots] = quantity

    def split(self, columns: Ints, new: Ints, old: Ints) -> None:
        lots = self.lots_on(columns)
        by_column = np.zeros(self.inputs.closes.shape[1] + 1, dtype=np.int64)
        by_column[columns] = np.arange(len(columns))
        which = by_column[self.column[lots]]
        self.quantity[lots] = self.quantity[lots] * new[which] / old[which]
        self.mark[lots] = self.mark[lots] * old[which] / new[which]

    def pay_dividends(self, s: int, columns: Ints, amount: Floats) -> None:
        per_share = np.zeros(self.inputs.closes.shape[1] + 1)
        order = np.lexsort((amount, columns))
        np.add.at(per_share, columns[order], amount[order])
        lots = self.lots_on(columns)
        paid = value_micro(self.quantity[lots], self.lots.multiplier[lots], per_share[self.column[lots]])
        self.lot_cash[lots] += paid
        np.add.at(self.income[s], self.lots.portfolio[lots], paid)

    def charge(self, s: int, lots: Ints, fees: Ints) -> None:
        self.lot_cash[lots] -= fees
        np.add.at(self.fees[s], self.lots.portfolio[lots], fees)

    def open(self, s: int, lots: Ints, quantity: Floats, cost: Ints, price: Floats, fees: Ints) -> None:
        self.set_quantity(lots, quantity)
        self.cost[lots] = cost
        self.lot_cash[lots] -= cost
        unvalued = ~self.valued[lots]
        self.mark[lots[unvalued]] = price[unvalued]
        self.charge(s, lots, fees)

    def take_over(self, lots: Ints, quantity: Floats, cost: Ints) -> None:
        self.set_quantity(lots, quantity)
        self.cost[lots] = cost
        unvalued = ~self.valued[lots]
        entry = cost / (quantity * self.lots.multiplier[lots] * MICRO)
        self.mark[lots[unvalued]] = entry[unvalued]

    def close(self, s: int, lots: Ints, change: Floats, proceeds: Ints) -> tuple[Flags, Ints]:
        """Close lots wholly or in part. Returns which closings were booked, and what those realised."""
        held = self.quantity[lots]
        left = held + change
        left[np.abs(left) <= QUANTITY_ROUNDING] = 0.0
        booked = (held * change < 0) & (left * held >= 0)
        lots, held, change, left, proceeds = lots[booked], held[booked], change[booked], left[booked], proceeds[booked]
        cost = self.cost[lots]
        share = np.where(left == 0, cost, np.rint(cost * (-change / held)).astype(np.int64))
        self.set_quantity(lots, left)
        self.cost[lots] -= share
        self.lot_cash[lots] += proceeds
        realized = proceeds - share
        np.add.at(self.realized[s], self.lots.portfolio[lots], realized)
        return booked, realized

    def close_at_mark(self, s: int, kind: Closing, lots: Ints, change: Floats) -> Flags:
        """Close lots at their present mark and keep a record of it."""
        proceeds = value_micro(-change, self.lots.multiplier[lots], self.mark[lots])
        booked, realized = self.close(s, lots, change, proceeds)
        lots, change = lots[booked], change[booked]
        session, kinds = np.full(len(lots), self.first + s), np.full(len(lots), kind, dtype=np.int8)
        self.closed.append((lots, session, kinds, change, self.mark[lots], realized))
        return booked

    def expire(self, s: int, lots: Ints, price: Floats) -> None:
        """Mark expiring options at what they pay; without a price of the underlying they keep their mark: missing."""
        spot = price[self.underlying[lots]]
        known = ~np.isnan(spot)
        pays = np.maximum(self.lots.option_sign[lots] * (spot - self.lots.strike[lots]), 0.0)
        self.mark[lots[known]] = pays[known]
        np.add.at(self.missing[s], self.lots.portfolio[lots[~known]], 1)

    def roll(self, s: int) -> None:
        """One session: splits, dividends, openings, closings, marks, expiries, deletions."""
        row = self.first + s
        splits = self.prices.advance(row)
        self.lot_cash[:] = 0
        if splits is not None:
            self.split(*splits)
        if (paying := self.dividends.at(s)) is not None:
            self.pay_dividends(s, *paying)
        if (valued := self.valuations.at(s)) is not None:
            self.revalue(*valued)
        taken = self.trades.takeovers.at(s)
        if taken is not None:
            self.take_over(*taken)
        if (opened := self.trades.openings.at(s)) is not None:
            self.open(s, *opened)
        if (closing := self.trades.closings.at(s)) is not None:
            lots, change, proceeds, fees, group = closing
            booked, _ = self.close(s, lots, change, proceeds)
            self.charge(s, lots[booked], fees[booked])
            self.refused_groups.append(group[~booked])

        price = self.prices.usable()
        own = np.take(price, self.column)
        np.copyto(self.mark, own, where=~np.isnan(own))
        expiring = self.expiries.at(s)
        if expiring is not None:
            lots = expiring[0][self.quantity[expiring[0]] != 0]
            self.expire(s, lots, price)
        if taken is not None:
            self.lot_cash[taken[0]] -= value_micro(taken[1], self.lots.multiplier[taken[0]], self.mark[taken[0]])
        if (closing := self.trades.closings_at_mark.at(s)) is not None:
            lots, change, _, fees, group = closing
            booked = self.close_at_mark(s, Closing.AT_MARK, lots, change)
            self.charge(s, lots[booked], fees[booked])
            self.refused_groups.append(group[~booked])
        for kind, due in ((Closing.EXPIRY, expiring), (Closing.DELETION, self.deletions.at(s))):
            if due is not None:
                self.close_at_mark(s, kind, due[0], -self.quantity[due[0]])
        self.mark_to_market(s)

    def mark_to_market(self, s: int) -> None:
        exact = self.quantity * (self.lots.multiplier * MICRO)
        exact *= self.mark
        if exact.size and not max(exact.max(), -exact.min()) < self.largest:
            worst = int(np.argmax(np.abs(exact)))
            owner = int(self.lots.portfolio[worst])
            raise ValueError(f"lot {worst} of portfolio {owner} is worth {exact[worst] / MICRO:.0f} dollars, too much")
        value = np.rint(exact, out=exact).astype(np.int64)
        self.cash_change[s] = self.sums(self.lot_cash)
        self.net[s] = self.sums(value)
        self.long_value[s] = self.sums(np.maximum(value, 0))
        self.long_count[s], self.short_count[s] = self.longs, self.shorts

        age = np.zeros(len(self.lots), dtype=np.int16)
        if self.prices.age.any():
            age = np.take(self.prices.age, self.column)
            age[self.quantity == 0] = 0
            missing = age > self.prices.max_age
            portfolios = len(self.inputs.start)
            self.missing[s] += np.bincount(self.lots.portfolio[missing], minlength=portfolios)
            self.stale[s] = np.bincount(self.lots.portfolio[(age > 0) & ~missing], minlength=portfolios)
        if self.keep_lots or s == self.sessions - 1:
            daily = value - self.value + self.lot_cash
            self.lot_rows.append(
                (self.quantity.copy(), self.mark.copy(), value, self.cost.copy(), daily, self.quality(age, value))
            )
        self.value = value

    def quality(self, age: NDArray[np.int16], value: Ints) -> NDArray[np.int8]:
        quality = np.minimum(age, Quality.STALE).astype(np.int8)
        missing = age > self.prices.max_age
        quality[missing] = np.where(value[missing] == self.cost[missing], Quality.ENTRY, Quality.FROZEN)
        quality[self.private] = np.where(self.valued[self.private], Quality.VALUATION, Quality.ENTRY)
        quality[self.quantity == 0] = Quality.NOT_HELD
        return quality
