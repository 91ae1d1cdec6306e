"""Stored prices of held securities as an audit reads them: rows by security, in two statements whatever is held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketdata import calendar
from sigmasight.core.bulk import read_columns


@dataclass(frozen=True)
class StoredPrices:
    """The rows of one security up to the session that is audited, ascending; ordinals of the exchange calendar.

    `off_calendar` : rows of days that are no sessions, which no engine reads.
    """

    security_id: int
    symbol: str
    security_type: str
    is_active: bool
    ordinals: NDArray[np.int64]
    suspect: NDArray[np.bool_]
    off_calendar: list[dt.date]

    @property
    def missing(self) -> list[dt.date]:
        """Sessions between the first and the last row without one."""
        if not len(self.ordinals):
            return []
        expected = np.arange(self.ordinals[0], self.ordinals[-1] + 1)
        return [calendar.session_at(int(i)) for i in np.setdiff1d(expected, self.ordinals)]

    @property
    def doubtful(self) -> list[dt.date]:
        """Sessions whose row is suspect."""
        return [calendar.session_at(int(i)) for i in self.ordinals[self.suspect]]


def stored_prices(security_ids: Sequence[int], until: dt.date) -> list[StoredPrices]:
    """Rows of these securities up to a session, by symbol; those without any row too."""
    names = read_columns(
        "SELECT id, symbol, security_type, is_active FROM securities WHERE id = ANY(%(ids)s) ORDER BY symbol",
        {"ids": list(security_ids)},
    )
    rows = read_columns(
        "SELECT security_id, date, (quality <> 'ok') AS suspect FROM daily_prices "
        "WHERE security_id = ANY(%(ids)s) AND date <= %(until)s ORDER BY security_id, date",
        {"ids": list(security_ids), "until": until},
    )
    ordinal, owner = calendar.ordinals(rows["date"]), rows["security_id"]
    on_calendar = calendar.session_array()[ordinal] == rows["date"]
    suspect = np.asarray(rows["suspect"], dtype=bool)
    columns = (names[name].tolist() for name in ("id", "symbol", "security_type", "is_active"))
    result = []
    for security_id, symbol, kind, active in zip(*columns, strict=True):
        low, high = (int(place) for place in np.searchsorted(owner, [security_id, security_id + 1]))
        there = on_calendar[low:high]
        result.append(
            StoredPrices(
                security_id, symbol, kind, bool(active), ordinal[low:high][there], suspect[low:high][there],
                rows["date"][low:high][~there].tolist(),
            )
        )  # fmt: skip
    return result
