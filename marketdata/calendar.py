"""The one calendar of the New York Stock Exchange: sessions, their numbers, their closes.

Built once from exchange-calendars with bounds wide enough for old entries and far expiries; everything else is a search in
a sorted array. A half-day is a session. Source of the rules: XNYS of exchange-calendars.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sigmasight.core import clock

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

FIRST_DAY = dt.date(2000, 1, 1)
YEARS_AHEAD = 10
# Prices of a session are complete from this time on, on half-days as well.
READY = dt.time(16, 30)

Dates = NDArray[np.datetime64]


class OutsideCalendar(ValueError):
    """A date beyond the bounds of the calendar."""


@lru_cache(maxsize=1)
def _exchange() -> ExchangeCalendar:
    # Half a second of imports, pandas among them: commands that ask for no session start without.
    import exchange_calendars

    # The library's default ends a year ahead, before long-dated options expire.
    last = dt.date(dt.datetime.now(dt.UTC).year + YEARS_AHEAD, 12, 31)
    return exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat(), end=last.isoformat())


@lru_cache(maxsize=1)
def session_array() -> Dates:
    """All sessions, (n,) datetime64[D], ascending. The position of a session in it is its ordinal."""
    days = _exchange().sessions.to_numpy().astype("datetime64[D]")
    days.flags.writeable = False
    return days


def _place(day: dt.date, side: str) -> int:
    days = session_array()
    moment = np.datetime64(day, "D")
    if moment < np.datetime64(FIRST_DAY) or moment > days[-1]:
        raise OutsideCalendar(f"{day} is outside the calendar, which runs from {FIRST_DAY} to {days[-1]}")
    return int(np.searchsorted(days, moment, side=side))  # type: ignore[call-overload]


def is_session(day: dt.date) -> bool:
    place = _place(day, "left")
    return place < len(session_array()) and session_array()[place] == np.datetime64(day, "D")


def session_at(ordinal: int) -> dt.date:
    """The session with this number."""
    if not 0 <= ordinal < len(session_array()):
        raise OutsideCalendar(f"there is no session number {ordinal}")
    return session_array()[ordinal].item()  # type: ignore[no-any-return]


@lru_cache(maxsize=4096)
def session_ordinal(day: dt.date) -> int:
    """The number of a session, counted from the first of the calendar.

    Raises
    ------
    ValueError if the day is no session.
    """
    if not is_session(day):
        raise ValueError(f"{day} is not a session of the New York Stock Exchange")
    return _place(day, "left")


def ordinals(days: ArrayLike) -> NDArray[np.int64]:
    """Number of the last session on or before each day, (n,); -1 before the calendar begins."""
    wanted = np.asarray(days, dtype="datetime64[D]")
    return np.searchsorted(session_array(), wanted, side="right").astype(np.int64) - 1


def ordinals_after(days: ArrayLike) -> NDArray[np.int64]:
    """Number of the first session on or after each day, (n,)."""
    wanted = np.asarray(days, dtype="datetime64[D]")
    return np.searchsorted(session_array(), wanted, side="left").astype(np.int64)


def sessions(start: dt.date, end: dt.date) -> list[dt.date]:
    """Sessions from `start` to `end`, both included."""
    if end < start:
        return []
    return session_array()[_place(start, "left") : _place(end, "right")].tolist()  # type: ignore[no-any-return]


def session_on_or_before(day: dt.date) -> dt.date:
    return session_at(_place(day, "right") - 1)


def session_on_or_after(day: dt.date) -> dt.date:
    return session_at(_place(day, "left"))


def previous_session(day: dt.date) -> dt.date:
    """The last session strictly before `day`."""
    return session_at(_place(day, "left") - 1)


def next_session(day: dt.date) -> dt.date:
    """The first session strictly after `day`."""
    return session_at(_place(day, "right"))


def shift(session: dt.date, count: int) -> dt.date:
    """The session `count` sessions later (earlier when negative)."""
    return session_at(session_ordinal(session) + count)


def sessions_between(first: dt.date, last: dt.date) -> int:
    """Sessions after `first` up to and including `last`: the age of a price of `first` at `last`."""
    return _place(last, "right") - _place(first, "right")


def calendar_window(end: dt.date, days: int) -> list[dt.date]:
    """Sessions in the calendar days from ``end - days`` to `end`, both included."""
    return sessions(end - dt.timedelta(days=days), end)


def settlement_session(expiration: dt.date) -> dt.date:
    """The session an option settles on: its expiration, or the session before when that is a holiday."""
    return session_on_or_before(expiration)


def close_instant(session: dt.date) -> dt.datetime:
    """When the session closed, in UTC; half-days close early."""
    close: dt.datetime = _exchange().session_close(session.isoformat()).to_pydatetime()
    return close.astimezone(dt.UTC)


def is_half_day(session: dt.date) -> bool:
    return close_instant(session).astimezone(clock.NEW_YORK).time() < dt.time(16, 0)


def batch_target(now: dt.datetime | None = None) -> dt.date:
    """The newest session whose prices are complete: today from 16:30 New York on, else the session before.

    Parameters
    ----------
    now : an aware instant; by default the clock's.
    """
    local = (now or clock.now()).astimezone(clock.NEW_YORK)
    today = local.date()
    if is_session(today) and local.time() >= READY:
        return today
    return previous_session(today)
