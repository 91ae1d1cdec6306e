"""The ledger once more, lot by lot and in exact fractions: slow, and short enough to be checked by reading."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from analytics.engines.ledger import MAX_AGE_SESSIONS, NEVER
from tests.analytics.engines.ledger_book import Book


def exact(value: Any) -> Fraction:
    return Fraction(Decimal(str(value)))


@dataclass
class Day:
    equity: Fraction
    cash: Fraction
    realized: Fraction
    income: Fraction
    fees: Fraction
    flow: Fraction
    attributed: Fraction


def ratio_on(book: Book, symbol: str | None, session: int) -> Fraction:
    ratio = Fraction(1)
    for at, name, value in book.splits:
        if at == session and name == symbol:
            ratio *= exact(value).limit_denominator(10_000)
    return ratio


def as_of(book: Book, symbol: str | None, session: int) -> Fraction | None:
    """The last close of at most five sessions ago, in the shares of `session`."""
    ratio = Fraction(1)
    for back in range(session, max(-1, session - MAX_AGE_SESSIONS - 1), -1):
        close = book.closes[symbol][back] if symbol else None
        if close is not None:
            return exact(close) / ratio
        ratio *= ratio_on(book, symbol, back)
    return None


def ledger(book: Book, portfolio: int) -> dict[int, Day]:
    """The days of one portfolio by session."""
    opening, start = book.portfolios[portfolio]
    sessions = range(start, len(next(iter(book.closes.values()))))
    days = {s: Day(*[Fraction(0)] * 7) for s in sessions}
    net = dict.fromkeys(sessions, Fraction(0))
    cash = dict.fromkeys(sessions, Fraction(0))
    for number, lot in enumerate(book.lots):
        if lot["portfolio"] == portfolio:
            for s, (paid, held) in lot_days(book, number, start, days).items():
                cash[s] += paid
                net[s] += held
    for p, s, amount in book.flows:
        if p == portfolio and s in days:
            days[s].flow += exact(amount)
    balance = exact(opening)
    for s in sessions:
        balance += cash[s] + days[s].flow
        days[s].cash, days[s].equity = balance, balance + net[s]
    return days


def lot_days(book: Book, number: int, start: int, days: dict[int, Day]) -> dict[int, tuple[Fraction, Fraction]]:
    """Cash received and value at the close of one lot by session; its P&L, income and fees are added to the days."""
    lot = book.lots[number]
    symbol, m = lot["symbol"], lot.get("multiplier", 1)
    trades = [trade for trade in book.trades if trade["lot"] == number]
    opening = next(trade for trade in trades if trade["opening"])
    opened = max(opening["session"], start)
    deleted, expiry = lot.get("deleted", NEVER), lot.get("expiry", NEVER)
    if deleted <= opened or expiry < opened:
        return {}
    q = cost = mark = Fraction(0)
    result = {}
    for s in days:
        if s < opened:
            continue
        day, cash, gain = days[s], Fraction(0), Fraction(0)
        if q:
            ratio = ratio_on(book, symbol, s)
            q, mark = q * ratio, mark / ratio
            for at, name, amount in book.dividends:
                if at == s and name == symbol:
                    cash += q * m * exact(amount)
                    day.income += q * m * exact(amount)
                    gain += q * m * exact(amount)
        overnight, before = q, mark
        takeover = Fraction(0)
        price = as_of(book, symbol, s)
        for trade in sorted(trades, key=lambda trade: not trade["opening"]):
            units = Fraction(*trade["units"])
            change = exact(trade["quantity"]) * units
            if max(trade["session"], start) != s:
                continue
            if trade["opening"]:
                q, cost, mark = (
                    change,
                    exact(trade["quantity"]) * m * exact(trade["price"]),
                    exact(trade["price"]) / units,
                )
                if trade["session"] < start:
                    takeover = q
            elif trade["session"] < start:
                takeover = q + change
                cost, q = cost * takeover / q, takeover
        for valued, at, worth in sorted(book.valuations, key=lambda valuation: valuation[1]):
            if valued == number and at <= s and symbol is None:
                mark = exact(worth)
        mark = mark if price is None else price
        if s == expiry:
            spot = as_of(book, lot["underlying"], s)
            sign = 1 if lot["call"] else -1
            mark = mark if spot is None else max(sign * (spot - exact(lot["strike"])), Fraction(0))
        cash -= takeover * m * mark
        for trade in trades:
            if trade["session"] != s:
                continue
            change = exact(trade["quantity"]) * Fraction(*trade["units"])
            paid = mark * change if trade["price"] is None else exact(trade["price"]) * exact(trade["quantity"])
            cash -= paid * m + exact(trade["fees"])
            day.fees += exact(trade["fees"])
            gain += change * m * mark - paid * m - exact(trade["fees"])
            if not trade["opening"]:
                share = cost * -change / q
                day.realized += -paid * m - share
                q, cost = q + change, cost - share
        if s in (expiry, deleted):
            cash += q * m * mark
            day.realized += q * m * mark - cost
            q = cost = Fraction(0)
        day.attributed += gain + overnight * m * (mark - before)
        result[s] = (cash, q * m * mark)
    return result
