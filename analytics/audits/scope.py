"""What an audit is limited to, and the rows that follow from it."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from analytics.services.calculations import newest_session
from marketdata import calendar
from portfolios.models import InvestmentClass, Portfolio, Position
from sigmasight.core.audits import Nothing
from sigmasight.core.errors import DomainError, NotFound

DEFAULT_SAMPLE = 200
NO_RESULTS = Nothing("no portfolio has results", "Run the batch: manage.py run_batch")
# Open public lots and what the contracts are written on.
HELD = """
    SELECT DISTINCT coalesce(o.underlying_id, p.security_id)
    FROM positions p JOIN portfolios f ON f.id = p.portfolio_id LEFT JOIN option_contracts o ON o.security_id = p.security_id
    WHERE p.security_id IS NOT NULL AND p.deleted_at IS NULL AND p.exit_date IS NULL AND f.deleted_at IS NULL
      AND (f.id = %(portfolio)s OR %(portfolio)s::uuid IS NULL AND f.is_active)
"""


@dataclass(frozen=True)
class Scope:
    """portfolio : only this one. session : only this one, else the newest there is. sample : how many stored results to recompute
    of each kind."""

    portfolio: Portfolio | None = None
    session: dt.date | None = None
    sample: int = DEFAULT_SAMPLE

    @property
    def portfolio_id(self) -> UUID | None:
        return None if self.portfolio is None else self.portfolio.pk

    @property
    def until(self) -> dt.date:
        """The session up to which prices are expected."""
        return calendar.session_on_or_before(self.session) if self.session else newest_session()

    def portfolios(self) -> list[Portfolio]:
        """The active portfolios with results, by account name; of one that was named, that one."""
        books = Portfolio.objects.filter(deleted_at=None, results_as_of__isnull=False).select_related("user")
        books = books.filter(is_active=True) if self.portfolio is None else books.filter(pk=self.portfolio.pk)
        return list(books.order_by("account_name", "id"))

    def held_securities(self) -> list[int]:
        """Ids of the stocks, funds and underlyings that are held."""
        with connection.cursor() as cursor:
            cursor.execute(HELD, {"portfolio": self.portfolio_id})
            return sorted(row[0] for row in cursor.fetchall())

    def held_contracts(self) -> list[int]:
        """Ids of the option contracts that are held."""
        lots = Position.objects.filter(deleted_at=None, exit_date=None, investment_class=InvestmentClass.OPTIONS)
        books = Portfolio.objects.filter(deleted_at=None, is_active=True)
        held = lots.filter(portfolio__in=books if self.portfolio is None else [self.portfolio])
        return sorted(set(held.values_list("security_id", flat=True)))

    def told(self, options: frozenset[str]) -> dict[str, str]:
        """In words, of the options an audit knows."""
        named = {
            "portfolio": None if self.portfolio is None else self.portfolio.account_name,
            "date": None if self.session is None else self.session.isoformat(),
            "sample": None if self.sample == DEFAULT_SAMPLE else str(self.sample),
        }
        return {name: value for name, value in named.items() if name in options and value is not None}


def portfolio_called(text: str) -> Portfolio:
    """The portfolio with this id or account name.

    Raises
    ------
    NotFound; DomainError where several people have an account of that name.
    """
    books = Portfolio.objects.filter(deleted_at=None)
    try:
        found = list(books.filter(pk=UUID(text)))
    except ValueError:
        found = list(books.filter(account_name=text)[:2])
    if not found:
        raise NotFound("portfolio_not_found", f"There is no portfolio with the id or account name {text!r}.")
    if len(found) > 1:
        raise DomainError("portfolio_ambiguous", f"Several portfolios are called {text!r}; give the id of one.")
    return found[0]


def mixed(key: UUID) -> bytes:
    """Sorts rows in an order that is the same every time and has nothing to do with who came first."""
    return hashlib.md5(key.bytes, usedforsecurity=False).digest()
