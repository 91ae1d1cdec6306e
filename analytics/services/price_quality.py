"""How complete and how fresh the prices of held symbols are, for staff."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from analytics.batch.refresh import Collected, start_refresh
from analytics.models import BatchRun
from analytics.services.calculations import newest_session, require_portfolio
from marketdata import calendar
from portfolios.models import User
from sigmasight.core import clock

CURRENT_WEIGHT, HISTORY_WEIGHT, FRESH_WEIGHT = 0.4, 0.3, 0.3
PASSING_SCORE = 0.90
HISTORY_SESSIONS, HISTORY_NEEDED = 60, 30
MOST_NAMED = 10
ALL_GOOD = "All prices are current and complete; nothing needs to be refreshed."
PRICES = """
    SELECT s.symbol, l.latest, count(d.date), min(d.date), max(d.date), count(d.date) FILTER (WHERE d.date >= %(previous)s)
    FROM securities AS s
    LEFT JOIN daily_prices AS d ON d.security_id = s.id AND d.date BETWEEN %(first)s AND %(last)s AND d.quality = 'ok'
    LEFT JOIN LATERAL (
        SELECT max(date) AS latest FROM daily_prices WHERE security_id = s.id AND date <= %(last)s AND quality = 'ok'
    ) AS l ON true
    WHERE s.id IN (
        SELECT p.security_id FROM positions AS p JOIN portfolios AS f ON f.id = p.portfolio_id
        WHERE p.investment_class = 'PUBLIC' AND p.deleted_at IS NULL AND p.exit_date IS NULL AND f.deleted_at IS NULL
          AND (f.id = %(portfolio)s OR %(portfolio)s::uuid IS NULL AND f.is_active)
    )
    GROUP BY s.id, l.latest ORDER BY s.symbol
"""


@dataclass(frozen=True)
class SymbolPrices:
    """A symbol's usable prices: the latest of all, those of the last 60 sessions with the first and last of them, and how many
    of the last two sessions there are."""

    symbol: str
    latest: dt.date | None
    days: int
    first: dt.date | None
    last: dt.date | None
    newest_days: int

    @property
    def is_current(self) -> bool:
        """A price of the last session or the one before."""
        return self.newest_days > 0

    @property
    def has_history(self) -> bool:
        return self.days >= HISTORY_NEEDED

    @property
    def hours_old(self) -> float | None:
        """Hours since the close of the latest price, one decimal; None without any."""
        return None if self.latest is None else round(_hours_since(self.latest), 1)


@dataclass(frozen=True)
class PriceQuality:
    """The prices of the public symbols held, judged at `session`; shares are fractions."""

    session: dt.date
    symbols: Sequence[SymbolPrices]

    @property
    def current(self) -> list[SymbolPrices]:
        return [one for one in self.symbols if one.is_current]

    @property
    def with_history(self) -> list[SymbolPrices]:
        return [one for one in self.symbols if one.has_history]

    @property
    def fresh(self) -> list[SymbolPrices]:
        return [one for one in self.symbols if self.is_fresh(one)]

    @property
    def outdated(self) -> list[str]:
        return [one.symbol for one in self.symbols if not one.is_current]

    @property
    def short(self) -> list[str]:
        return [one.symbol for one in self.symbols if not one.has_history]

    @property
    def stale(self) -> list[str]:
        return [one.symbol for one in self.symbols if not self.is_fresh(one)]

    @property
    def fresh_hours(self) -> int:
        """The age up to which a price is fresh: that of the close before the last session's, in whole hours."""
        return math.ceil(_hours_since(calendar.previous_session(self.session)))

    def is_fresh(self, one: SymbolPrices) -> bool:
        """At most one session behind."""
        return one.latest is not None and one.latest >= calendar.previous_session(self.session)

    def percent(self, part: Sequence[SymbolPrices]) -> float:
        return round(100 * len(part) / len(self.symbols), 2) if self.symbols else 0.0

    @property
    def score(self) -> float:
        """0.4 current + 0.3 with history + 0.3 fresh, four decimals; 0 without symbols."""
        if not self.symbols:
            return 0.0
        parts = ((CURRENT_WEIGHT, self.current), (HISTORY_WEIGHT, self.with_history), (FRESH_WEIGHT, self.fresh))
        return round(sum(weight * len(part) for weight, part in parts) / len(self.symbols), 4)

    @property
    def status(self) -> str:
        if not self.symbols:
            return "warning"
        return "passed" if self.score >= PASSING_SCORE else "failed"

    @property
    def needs_refresh(self) -> bool:
        return bool(self.outdated or self.short or self.stale)

    @property
    def recommendations(self) -> list[str]:
        """What to do about it, one line where there is nothing."""
        found = []
        if self.outdated:
            found.append(f"Refresh prices: none of the last two sessions of {_named(self.outdated)}.")
        if self.short:
            found.append(
                f"Fetch history: fewer than {HISTORY_NEEDED} of the last {HISTORY_SESSIONS} sessions of {_named(self.short)}."
            )
        if missing := [one.symbol for one in self.symbols if one.latest is None]:
            found.append(f"Check symbols that never had a price: {_named(missing)}.")
        return found or [ALL_GOOD]


def price_quality(portfolio_id: UUID | None = None) -> PriceQuality:
    """The prices of the public symbols that one portfolio holds, or all active ones, at the last session that is complete.

    Raises
    ------
    NotFound for an unknown portfolio.
    """
    require_portfolio(portfolio_id)
    session = newest_session()
    given = {
        "portfolio": portfolio_id,
        "first": calendar.shift(session, 1 - HISTORY_SESSIONS),
        "previous": calendar.previous_session(session),
        "last": session,
    }
    with connection.cursor() as cursor:
        cursor.execute(PRICES, given)
        return PriceQuality(session, [SymbolPrices(*row) for row in cursor.fetchall()])


def refresh_if_needed(staff: User, portfolio_id: UUID | None = None) -> tuple[PriceQuality, BatchRun | None]:
    """Start a refresh of the market data unless all is well. Returns what was found, and the run that was started.

    Raises
    ------
    NotFound; Conflict if a run is active or the workers cannot be reached.
    """
    found = price_quality(portfolio_id)
    if not found.needs_refresh:
        return found, None
    return found, start_refresh(Collected.MARKET_DATA, requested_by=staff, portfolio_id=portfolio_id)


def _hours_since(session: dt.date) -> float:
    return (clock.now() - calendar.close_instant(session)).total_seconds() / 3600


def _named(symbols: Sequence[str]) -> str:
    return ", ".join(symbols[:MOST_NAMED]) + (", ..." if len(symbols) > MOST_NAMED else "")
