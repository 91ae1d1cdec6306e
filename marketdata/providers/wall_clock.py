"""The day a request is made, by the real clock."""

from __future__ import annotations

import datetime as dt

from sigmasight.core.clock import NEW_YORK

# A late run dates a profile with its session; anything older would let a past session see the future.
_PROFILE_AGE = dt.timedelta(days=4)


def request_day() -> dt.date:
    """Today in New York, whatever `SIGMASIGHT_NOW` says: sources adjust for all splits up to the real today."""
    return dt.datetime.now(NEW_YORK).date()


def profile_day(as_of: dt.date, today: dt.date) -> dt.date:
    """The day facts are known from that were asked for `as_of` and are today's: `as_of` itself if that is recent."""
    return as_of if today - _PROFILE_AGE <= as_of <= today else today
