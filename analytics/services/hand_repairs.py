"""Repairs that a person looks at before he does them: what one would change is told first, then it is done in one transaction with an
entry of who did it, unless something changed meanwhile."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import F, Model

from analytics.batch.runs import log
from analytics.models import BatchRun
from analytics.services.clearing import Scope
from analytics.services.repair_runs import at_once, refuse_beside_runs
from portfolios.models import Portfolio, PortfolioSnapshot, User
from sigmasight.core.errors import Conflict, DomainError
from sigmasight.core.manual_changes import record
from sigmasight.core.outages import is_outage

MOST_NAMED = 12
CHANGED = "Something has changed since you looked; nothing was done. Look again."


@dataclass(frozen=True)
class Book:
    """A portfolio that a repair touches, and the day from which the next run computes it anew (None: not at all)."""

    name: str
    first: dt.date | None


@dataclass(frozen=True)
class Effect:
    """What a repair changed, or would change.

    rows : rows changed by table. again : results that the next run computes anew, by table. books : the portfolios touched. notes :
    what a person should know before he says yes. done : what was done, in one sentence. rows_of : what its entry stands beside.
    """

    done: str
    rows: dict[str, int]
    books: Sequence[Book] = ()
    again: dict[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    rows_of: Sequence[Model] = ()

    @property
    def is_nothing(self) -> bool:
        return not any(self.rows.values())

    @property
    def first(self) -> dt.date | None:
        """The first day from which something is computed anew."""
        return min((book.first for book in self.books if book.first is not None), default=None)

    @property
    def named(self) -> str:
        names = [book.name for book in self.books]
        return ", ".join(names[:MOST_NAMED]) + (
            f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        )

    @property
    def fingerprint(self) -> str:
        """Differs as soon as the repair would do something else."""
        told = [self.done, sorted(self.rows.items()), sorted(self.again.items()), [(b.name, b.first) for b in self.books],
                list(self.notes)]  # fmt: skip
        return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()


class Repair(Protocol):
    """A repair with what it is to be done to. `job` names its run; `word` is what a person types to confirm it."""

    job: str

    @property
    def word(self) -> str: ...

    def look(self) -> Effect:
        """What it would change; changes nothing."""

    def apply(self) -> Effect:
        """Change it, in the transaction of the caller, beside which no run works."""

    def afterwards(self) -> Iterable[str]:
        """What follows outside of the transaction, a line each."""


def rehearsed(repair: Repair) -> Effect:
    """What a repair would change, found out by doing it and taking it back.

    Raises
    ------
    Conflict if a run is active; what the repair raises.
    """
    with transaction.atomic():
        refuse_beside_runs()
        effect = repair.apply()
        transaction.set_rollback(True)
    return effect


def perform(staff: User, repair: Repair, seen: str) -> Effect:
    """Do a repair in one transaction with its entry among the manual changes.

    Parameters
    ----------
    seen : the fingerprint of the effect that the person agreed to.

    Raises
    ------
    Conflict if a run is active, or the repair would do something else than was seen; what the repair raises.
    """
    with at_once(repair.job, staff, Scope()) as run:
        with transaction.atomic():
            effect = repair.apply()
            if effect.fingerprint != seen:
                raise Conflict("changed_meanwhile", CHANGED)
            record(staff, effect.done, effect.rows_of)
        for note in effect.notes:
            log(run, note, level="warning")
        told = ", ".join(f"{count} of {table}" for table, count in effect.rows.items() if count)
        log(run, f"{effect.done}: {told}.")
        _follow_up(run, repair)
    return effect


def _follow_up(run: BatchRun, repair: Repair) -> None:
    """The repair itself stands: where a server is away, or something is refused, that is only told."""
    try:
        for line in repair.afterwards():
            log(run, line)
    except Exception as error:
        if not (isinstance(error, DomainError) or is_outage(error)):
            raise
        why = error.message if isinstance(error, DomainError) else "a database did not answer"
        log(run, f"What follows was not done ({why}); repair once more later.", level="error")


def books_of(portfolio_ids: Iterable[UUID]) -> list[Book]:
    """Portfolios by name with the day they are marked from, and none of the deleted ones."""
    found = Portfolio.objects.filter(pk__in=list(portfolio_ids), deleted_at=None).order_by("name", "pk")
    return [
        Book(name, None if first is None else max(first, begin))
        for name, first, begin in found.values_list("name", "dirty_from", "equity_as_of")
    ]


def computed_again(portfolio_ids: Iterable[UUID]) -> dict[str, int]:
    """Results of marked portfolios that the next run computes anew: their sessions from the mark on."""
    count = PortfolioSnapshot.objects.filter(
        portfolio_id__in=list(portfolio_ids), snapshot_date__gte=F("portfolio__dirty_from")
    ).count()
    return {"portfolio_snapshots": count} if count else {}
