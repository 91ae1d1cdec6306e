"""What staff do about single prices, each recorded with who did it in one transaction: fetch again, accept, override, dismiss, take
back. The next run rolls again what rests on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from analytics.batch.refresh import Collected, start_refetch
from analytics.models import BatchRun, RunKind
from analytics.services.calculations import newest_session
from marketdata import calendar
from marketdata.models import DailyPrice, PriceRejection, Security
from marketdata.services.acceptance import accept_prices, accept_refused, dismiss_refused
from marketdata.services.overrides import override_price, withdraw_decision
from portfolios.models import User
from sigmasight.core.errors import DomainError, NotFound
from sigmasight.core.manual_changes import record

LAST_SHOWN = 5
NOTHING = "Nothing changed: somebody has dealt with it already."


@dataclass(frozen=True)
class Refetch:
    """A request for single symbols that was handed to the workers, and the last that was said of it."""

    run: BatchRun
    said: str

    @property
    def symbols(self) -> str:
        return ", ".join(self.run.params.get("symbols", []))


def refetch(staff: User, security_id: int, since: dt.date | None = None) -> BatchRun:
    """Ask the source again for a security from a day on (the last session by default), on a worker.

    Raises
    ------
    NotFound; Conflict if a run is active or the workers cannot be reached; DomainError for a day that cannot be.
    """
    security = _security(security_id)
    newest = newest_session()
    since = newest if since is None else since
    if not calendar.FIRST_DAY <= since <= newest:
        raise DomainError("outside_calendar", f"{since} is not between {calendar.FIRST_DAY} and {newest}.")
    run = start_refetch([security], since, requested_by=staff)
    record(staff, f"Asked the source for {security.symbol} again from {since} on, run {run.pk}", [security])
    return run


@transaction.atomic
def accept(staff: User, price_id: int) -> str:
    """Let a suspect price count. Returns what was done.

    Raises
    ------
    NotFound.
    """
    price = DailyPrice.objects.select_related("security").filter(pk=price_id).first()
    if price is None:
        raise NotFound("price_not_found", "There is no such price (any more).")
    if not accept_prices([price.pk], by=staff.pk):
        return NOTHING
    done = f"Accepted the suspect price {price.close.normalize():f} of {price.security.symbol} on {price.date}"
    record(staff, done, [price.security])
    return f"{done}; the next run rolls its holders again."


@transaction.atomic
def accept_row(staff: User, rejection_id: int) -> str:
    """Store a refused row after all. Returns what was done.

    Raises
    ------
    NotFound; DomainError if nothing of it can be stored.
    """
    if not accept_refused(rejection_id, by=staff.pk):
        return NOTHING
    row = PriceRejection.objects.get(pk=rejection_id)
    done = f"Stored the refused price {row.payload['close']} of {row.symbol} on {row.date} ({row.reason})"
    record(staff, done, Security.objects.filter(symbol=row.symbol))
    return f"{done}; the next run rolls its holders again."


@transaction.atomic
def dismiss(staff: User, rejection_id: int) -> str:
    """Agree with a refusal. Returns what was done.

    Raises
    ------
    NotFound.
    """
    if not dismiss_refused(rejection_id, by=staff.pk):
        return NOTHING
    row = PriceRejection.objects.get(pk=rejection_id)
    done = f"Dismissed the refused row of {row.symbol} on {row.date} ({row.reason})"
    record(staff, done, Security.objects.filter(symbol=row.symbol) or [row])
    return f"{done}."


@transaction.atomic
def override(staff: User, security_id: int, day: dt.date, close: Decimal, reason: str, *, unusual: bool = False) -> str:
    """Put a price in the place of the source's. Returns what was done.

    Raises
    ------
    NotFound; DomainError if day, price or reason cannot be.
    """
    if not override_price(security_id, day, close, reason, by=staff.pk, unusual=unusual):
        return NOTHING
    security = _security(security_id)
    decision = security.price_decisions.filter(date=day, withdrawn_at=None).get()
    before = (decision.previous or {}).get("close") or (decision.previous or {}).get("last")
    done = (
        f"Set the price of {security.symbol} on {day} to {decision.close.normalize():f}"
        f"{f' in place of {Decimal(before).normalize():f}' if before else ''}: {decision.reason}"
    )
    record(staff, done, [security])
    return f"{done}. The next run rolls its holders again."


@transaction.atomic
def take_back(staff: User, decision_id: int) -> str:
    """Withdraw a decision on a price. Returns what was done.

    Raises
    ------
    NotFound.
    """
    decision = withdraw_decision(decision_id)
    if decision is None:
        return NOTHING
    done = f"Took back: {decision.security.symbol} on {decision.date} {decision.decision} at {decision.close.normalize():f}"
    record(staff, done, [decision.security])
    return f"{done}; the row of before stands again, and the next run rolls its holders again."


@dataclass(frozen=True)
class Refetches:
    """The last requests, newest first."""

    shown: Sequence[Refetch]

    @property
    def is_waiting(self) -> bool:
        """Whether one is still at work."""
        return any(one.run.is_active for one in self.shown)


def last_refetches(symbol: str = "") -> Refetches:
    """The last requests for single symbols, or for one of them, in two queries."""
    runs = BatchRun.objects.filter(kind=RunKind.FIX, params__collects=Collected.SYMBOLS).select_related("requested_by")
    if symbol:
        runs = runs.filter(params__symbols__contains=symbol.replace("\x00", ""))
    found = list(runs.prefetch_related("log")[:LAST_SHOWN])
    return Refetches([Refetch(run, "; ".join(entry.message for entry in list(run.log.all())[1:])) for run in found])


def _security(security_id: int) -> Security:
    security = Security.objects.filter(pk=security_id).first()
    if security is None:
        raise NotFound("security_not_found", "There is no such security.")
    return security
