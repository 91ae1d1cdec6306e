"""Total returns worked out of price rows, splits and dividends: not of the arrays that the engines read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketdata import calendar
from marketdata.models import DailyPrice, Dividend, Security, Split

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RowReturns:
    """Simple total returns by security id, one a session of the window that ends on `last`, NaN where a close is missing."""

    first_ordinal: int
    last: dt.date
    of: dict[int, Floats]

    def until(self, security_id: int, session: dt.date, count: int) -> Floats:
        """The last `count` returns of a security up to a session; fewer where the window begins later."""
        end = calendar.session_ordinal(session) - self.first_ordinal + 1
        return self.of[security_id][max(0, end - count) : end]


def row_returns(security_ids: Collection[int], last: dt.date, sessions: int) -> RowReturns:
    """Returns of the `sessions` sessions that end on `last`, in three statements.

    A session's return is what a holder of the evening before has of it: the close and the dividend of the session times its split
    ratio over the close before, less one. An event on a day without trading counts on the next session.
    """
    end = calendar.session_ordinal(last)
    start = max(end - sessions, 0)
    rows = end - start + 1
    ids, first = list(security_ids), calendar.session_at(start)
    close = {one: np.full(rows, np.nan) for one in ids}
    ratio = {one: np.ones(rows) for one in ids}
    paid = {one: np.zeros(rows) for one in ids}
    row_of = {session: row for row, session in enumerate(calendar.sessions(first, last))}
    prices = DailyPrice.objects.filter(security_id__in=ids, date__range=(first, last), quality="ok").order_by()
    for security_id, day, value in prices.values_list("security_id", "date", "close").iterator(chunk_size=20_000):
        if day in row_of:
            close[security_id][row_of[day]] = float(value)
    splits = Split.objects.filter(security_id__in=ids, ex_date__range=(first, last)).order_by()
    for security_id, day, value in splits.values_list("security_id", "ex_date", "ratio"):
        ratio[security_id][_row(day, start)] *= float(value)
    dividends = Dividend.objects.filter(security_id__in=ids, ex_date__range=(first, last)).order_by()
    for security_id, day, value in dividends.values_list("security_id", "ex_date", "amount"):
        paid[security_id][_row(day, start)] += float(value)
    # The first row only gives the close before.
    returns = {one: ((close[one] + paid[one]) * ratio[one])[1:] / close[one][:-1] - 1 for one in ids}
    return RowReturns(start + 1, last, returns)


def fund_ids(symbols: Sequence[str]) -> dict[str, int]:
    """Ids of funds by symbol; those that are missing or have no price are not there."""
    return dict(Security.objects.filter(symbol__in=symbols, price_history__isnull=False).values_list("symbol", "id"))


def _row(day: dt.date, start: int) -> int:
    return int(calendar.ordinals_after(np.array([day], dtype="datetime64[D]"))[0]) - start
