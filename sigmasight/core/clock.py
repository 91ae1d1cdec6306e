"""The market's clock: whatever depends on the day in New York, or on what has closed by now, asks here.

`SIGMASIGHT_NOW` (an ISO instant, e.g. ``2026-02-27T22:00:00-05:00``) fixes the clock, so that tests, backfills and demos
can stand on a chosen evening. Heartbeats, durations and stamps of rows are the machine's and the database's.
"""

from __future__ import annotations

import datetime as dt
import os
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")


def now() -> dt.datetime:
    """The current instant, timezone-aware, in UTC.

    Raises
    ------
    ValueError if `SIGMASIGHT_NOW` is set to something that is not an ISO instant with an offset.
    """
    fixed = os.environ.get("SIGMASIGHT_NOW")
    if not fixed:
        return dt.datetime.now(dt.UTC)
    try:
        instant = dt.datetime.fromisoformat(fixed)
    except ValueError as error:
        raise ValueError(f"SIGMASIGHT_NOW={fixed!r} is not an ISO instant such as 2026-02-27T22:00:00-05:00") from error
    if instant.tzinfo is None:
        raise ValueError(f"SIGMASIGHT_NOW={fixed!r} has no UTC offset; write for example {fixed}-05:00")
    return instant.astimezone(dt.UTC)


def market_now() -> dt.datetime:
    """The current instant on the exchange's wall clock (America/New_York)."""
    return now().astimezone(NEW_YORK)


def market_today() -> dt.date:
    """Today's date in New York: the day people mean when they type a date."""
    return market_now().date()
