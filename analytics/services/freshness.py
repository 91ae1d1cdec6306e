"""How old prices and snapshots are, in sessions: the last session whose prices can be complete is 0."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Max, Min

from analytics.services.calculations import newest_session
from marketdata import calendar
from marketdata.models import SymbolCollection
from portfolios.models import Portfolio


@dataclass(frozen=True)
class Age:
    """The newest date of something and its age in sessions; both None if there is nothing."""

    name: str
    newest: dt.date | None
    sessions: int | None

    @property
    def tone(self) -> str:
        """good up to one session (the night has not run yet), warn up to three."""
        if self.sessions is None:
            return "bad"
        return "good" if self.sessions <= 1 else "warn" if self.sessions <= 3 else "bad"


@dataclass(frozen=True)
class Freshness:
    """session : the last session that can be complete."""

    session: dt.date
    ages: list[Age]


def freshness() -> Freshness:
    """The newest and oldest of what is collected and published, in two queries that read no price."""
    session = newest_session()
    prices = SymbolCollection.objects.filter(security__is_active=True).aggregate(newest=Max("last_session"))
    books = Portfolio.objects.filter(is_active=True, deleted_at=None).aggregate(
        newest=Max("results_as_of"), oldest=Min("results_as_of")
    )
    named = (
        ("Prices", prices["newest"]),
        ("Snapshots, newest portfolio", books["newest"]),
        ("Snapshots, oldest portfolio", books["oldest"]),
    )
    return Freshness(session, [Age(name, day, _sessions(day, session)) for name, day in named])


def _sessions(day: dt.date | None, session: dt.date) -> int | None:
    return None if day is None else max(0, calendar.sessions_between(day, session))
