"""The five repairs of the console and of `manage.py repair`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from analytics.batch.corrected import resting_on, roll_again
from analytics.services.calculations import newest_session, require_portfolio
from analytics.services.clearing import Cleared, Scope, clear, what_would_go
from analytics.services.demo import (
    SEEDED_ROWS,
    demo_as_stored,
    demo_portfolio_ids,
    reset_additions,
    restore_demo,
    seed_additions,
    seed_demo,
)
from analytics.services.hand_repairs import Book, Effect, books_of, computed_again, rehearsed
from analytics.services.renamed_results import move_results
from marketdata import calendar
from marketdata.services.missed_splits import record_split
from marketdata.services.renames import merge_market_data, securities_to_merge
from portfolios.models import Portfolio
from portfolios.services.dirty import lock_portfolio, mark_dirty
from portfolios.services.renamed_symbols import rename_held
from portfolios.services.split_lots import recount_lots
from sigmasight.core.errors import DomainError, NotFound

TABLE_NAMES = {"correlation_tables": "correlation_calculations", "batch_run_tracking": "session_coverage"}


@dataclass(frozen=True)
class ClearCalculations:
    """Delete results, of the demo or of everybody, all or from a day on; the next run computes them anew."""

    scope: Scope
    job = "clear-by-hand"
    word = "clear"

    def look(self) -> Effect:
        return self._effect(what_would_go(self.scope), self._published())

    def apply(self) -> Effect:
        published = self._published()
        return self._effect(clear(self.scope), published)

    def afterwards(self) -> Iterable[str]:
        return ()

    def _published(self) -> list[Book]:
        """The portfolios that have published results of these days."""
        books = Portfolio.objects.filter(pk__in=self.scope.portfolio_ids(), results_as_of__isnull=False)
        if self.scope.first is not None:
            books = books.filter(results_as_of__gte=self.scope.first)
        return [
            Book(name, max(day, self.scope.first) if self.scope.first else day)
            for name, day in books.order_by("name", "pk").values_list("name", "equity_as_of")
        ]

    def _effect(self, cleared: Cleared, books: list[Book]) -> Effect:
        whose = "everybody" if self.scope.everybody else "the demo"
        since = f" from {self.scope.first} on" if self.scope.first else ""
        rows = {TABLE_NAMES.get(name, name): count for name, count in cleared.rows.items() if count}
        return Effect(f"Cleared the calculations of {whose}{since}", rows, books)


@dataclass(frozen=True)
class ReseedDemo:
    """Bring the demo back: what is missing of it, or `anew` all of it as it was on the first day. Nobody else is touched."""

    anew: bool = False
    job = "reseed-demo"
    word = "reseed"

    def look(self) -> Effect:
        return rehearsed(self)

    def apply(self) -> Effect:
        if not settings.DEMO_ALLOWED:
            raise DomainError(
                "demo_not_allowed", "There is no demo here: its accounts have published passwords.", status=403
            )
        return self._restore() if self.anew else self._complete()

    def afterwards(self) -> Iterable[str]:
        return reset_additions() if self.anew else seed_additions()

    def _complete(self) -> Effect:
        before = set(Portfolio.objects.filter(pk__in=demo_portfolio_ids()).values_list("pk", flat=True))
        seeded = seed_demo()
        counts = {
            "users": seeded.users, "portfolios": seeded.portfolios, "positions": seeded.positions, "tags": seeded.tags,
            "target_prices": seeded.targets,
        }  # fmt: skip
        fresh = books_of(set(demo_portfolio_ids()) - before)
        return Effect(
            f"Seeded what was missing of the demo: {seeded}", {name: n for name, n in counts.items() if n}, fresh
        )

    def _restore(self) -> Effect:
        before = demo_as_stored()
        deleted, seeded = restore_demo()
        done = f"Restored the demo as on its first day: {seeded}"
        if demo_as_stored() == before and set(deleted) <= set(SEEDED_ROWS):
            return Effect(done, {})
        notes = ["What these people entered, their results, tags and targets go; their conversations go as well."]
        return Effect(done, deleted, books_of(demo_portfolio_ids()), notes=notes)


def portfolio_named(text: str) -> UUID:
    """The portfolio with this id, or the only one with this name or account name.

    Raises
    ------
    NotFound; DomainError if several are called so.
    """
    text = text.replace("\x00", "").strip()
    books = Portfolio.objects.filter(deleted_at=None)
    try:
        found = list(books.filter(pk=UUID(text))[:1])
    except ValueError:
        found = list(books.filter(Q(name__iexact=text) | Q(account_name__iexact=text)).order_by("pk")[:5])
    if not found:
        raise NotFound("portfolio_not_found", f"There is no portfolio with the id or the name {text[:80]!r}.")
    if len(found) > 1:
        ids = ", ".join(str(book.pk) for book in found)
        raise DomainError("name_not_unique", f"Several portfolios are called so; give the id of one: {ids}.")
    return found[0].pk


@dataclass(frozen=True)
class RerollPortfolio:
    """Have a portfolio computed anew from a day on by the next run."""

    portfolio_id: UUID
    first: dt.date
    job = "reroll-portfolio"
    word = "reroll"

    def look(self) -> Effect:
        return rehearsed(self)

    def apply(self) -> Effect:
        require_portfolio(self.portfolio_id)
        book = lock_portfolio(self.portfolio_id)
        newest = newest_session()
        if not calendar.FIRST_DAY <= self.first <= newest:
            raise DomainError("day_invalid", f"{self.first} is not between {calendar.FIRST_DAY} and {newest}.")
        first = max(self.first, book.equity_as_of)
        notes = []
        if first != self.first:
            notes.append(f"Its ledger begins on {book.equity_as_of}; it is rolled from there.")
        if not book.is_active:
            notes.append("It is not active: no run computes it before it is.")
        done = f"Had {book.name} rolled again from {first} on"
        if book.dirty_from is not None and book.dirty_from <= first:
            return Effect(
                f"{book.name} is marked from {book.dirty_from} on already", {}, books_of([book.pk]), notes=notes
            )
        mark_dirty(book.pk, first)
        touched = books_of([book.pk])
        return Effect(done, {"portfolios": 1}, touched, computed_again([book.pk]), notes, [book])

    def afterwards(self) -> Iterable[str]:
        return ()


@dataclass(frozen=True)
class MergeSymbol:
    """Give all that stands under an old symbol to the new one: prices, actions, contracts, lots, targets, results."""

    old_symbol: str
    new_symbol: str
    job = "merge-symbol"

    @property
    def word(self) -> str:
        return self.new_symbol.strip().upper()

    def look(self) -> Effect:
        return rehearsed(self)

    def apply(self) -> Effect:
        old, new = securities_to_merge(self.old_symbol, self.new_symbol)
        market = merge_market_data(old, new)
        held = rename_held(market.renamed)
        rows = dict(market.rows)
        for one in market.renamed:
            if one.old_id != one.new_id:
                rows |= move_results(one.old_id, one.new_id)
        for table, count in held.rows.items():
            rows[table] = rows.get(table, 0) + count
        touched = set(held.portfolios)
        if market.first is not None:
            holders = resting_on(new.pk, new.symbol)
            touched |= set(holders.values_list("pk", flat=True))
            roll_again(holders, market.first)
        done = f"Merged {old.symbol} into {new.symbol}"
        return Effect(done, rows, books_of(touched), computed_again(touched), [*market.notes, *held.notes], [old, new])

    def afterwards(self) -> Iterable[str]:
        return ()


@dataclass(frozen=True)
class ApplySplit:
    """Record a split that no source told of: prices, lots and targets from before it count in new shares from its day on."""

    symbol: str
    ex_date: dt.date
    ratio: Fraction
    job = "apply-split"

    @property
    def word(self) -> str:
        return self.symbol.strip().upper()

    def look(self) -> Effect:
        return rehearsed(self)

    def apply(self) -> Effect:
        recorded = record_split(self.symbol, self.ex_date, self.ratio)
        security = recorded.security
        done = (
            f"Applied the split {self.ratio.numerator}:{self.ratio.denominator} of {security.symbol} on {self.ex_date}"
        )
        if not recorded.rows:
            return Effect(f"{done}: it is recorded already", {})
        holders = resting_on(security.pk, security.symbol)
        touched = list(holders.values_list("pk", flat=True))
        lots = recount_lots(security.pk, security.symbol, self.ex_date, self.ratio)
        roll_again(holders, self.ex_date)
        rows = recorded.rows | lots.rows
        notes = [*recorded.notes, *lots.notes]
        return Effect(done, rows, books_of(touched), computed_again(touched), notes, [security])

    def afterwards(self) -> Iterable[str]:
        return ()
