"""What is done again: the portfolios that failed in a run, or one phase of what is published already."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, Max, Q

from analytics.batch.kept import without_lots
from analytics.batch.scope import Need, Plan
from analytics.models import BatchRun, BatchStep, Phase, StepStatus
from marketdata import calendar
from portfolios.models import Portfolio
from sigmasight.core.errors import DomainError

if TYPE_CHECKING:
    from analytics.batch.night import Request


def failed_ids(run: BatchRun) -> set[UUID]:
    """Portfolios that a run which has ended left undone: those of its failed shards, and of shards nobody came to."""
    steps = BatchStep.objects.filter(Q(needs__isnull=False) | Q(status=StepStatus.FAILED, total=1), run=run)
    found: set[UUID] = set()
    for needs, portfolio_id in steps.values_list("needs", "portfolio_from"):
        found.update(UUID(packed["id"]) for packed in needs or ())
        if not needs and portfolio_id is not None:
            found.add(portfolio_id)
    return found


def to_retry(run: BatchRun, failed: Collection[UUID] | None = None) -> list[UUID]:
    """The failed portfolios of a run that no later run has brought further, by id. `failed` spares looking for them."""
    ids = failed_ids(run) if failed is None else failed
    books = Portfolio.objects.filter(id__in=ids, deleted_at__isnull=True, is_active=True)
    later = Q(results_as_of__gt=run.target_to)
    return list(books.exclude(later).order_by("id").values_list("id", flat=True))


def portfolios_of(request: Request) -> list[UUID] | None:
    """The portfolios a request is confined to; None for all."""
    if request.portfolio_id is not None:
        return [request.portfolio_id]
    if request.retry_of is not None:
        return to_retry(BatchRun.objects.get(pk=request.retry_of))
    return None


def left_out(request: Request, plan: Plan) -> dict[str, int]:
    """How many portfolios a run of all does not compute, by the reason in words; empty for a run of some."""
    if portfolios_of(request) is not None:
        return {}
    active, later = Q(is_active=True), Q(equity_as_of__gt=plan.target)
    row = Portfolio.objects.filter(deleted_at__isnull=True).aggregate(
        off=Count("pk", filter=~active), later=Count("pk", filter=active & later), all=Count("pk")
    )
    rest = row["all"] - row["off"] - row["later"] - len(plan.needs)
    whole = request.phase in (None, Phase.MARKET_DATA)
    counts = {
        "up to date" if whole else "behind or changed since, which asks for a whole run": rest,
        f"begins after {plan.target}": row["later"],
        "switched off": row["off"],
    }
    return {reason: count for reason, count in counts.items() if count > 0}


def plan_published(last: dt.date | None, *, portfolio_ids: Sequence[UUID] | None, first: dt.date | None) -> Plan:
    """Compute sessions again that are published, from `first` (by default the newest one) up to the newest published session.

    Portfolios that are behind it, or were changed since, stay out: one phase alone would not bring them there.

    Raises
    ------
    DomainError if nothing is published, the range does not end at the newest published session, or lots that it begins with
    were dropped.
    """
    books = Portfolio.objects.filter(deleted_at__isnull=True, is_active=True)
    if portfolio_ids is not None:
        books = books.filter(id__in=portfolio_ids)
    target = books.aggregate(newest=Max("results_as_of"))["newest"]
    if target is None:
        raise DomainError(
            "nothing_published", "Nothing is published yet that one phase could compute again; start a whole run."
        )
    if last is not None and last != target:
        raise DomainError(
            "not_the_published_session",
            f"One phase alone is computed up to the newest published session, {target}; leave the last day out.",
        )
    if first is not None and first > target:
        raise DomainError("no_sessions", f"There is no session to compute between {first} and {target}.")
    current = books.filter(results_as_of=target, dirty_from__isnull=True).order_by("id")
    needs = []
    for book_id, name, as_of, stamp in current.values_list("id", "name", "equity_as_of", "updated_at"):
        inception = calendar.session_on_or_after(as_of)
        begin = max(calendar.session_on_or_after(first or target), inception)
        needs.append(Need(book_id, name, inception, begin, None, stamp))
    if without_lots(needs):
        raise DomainError(
            "lots_dropped",
            f"The lots before {first} were dropped by retention; begin later, or start a whole run, which rolls from the beginning.",
        )
    return Plan(target, tuple(needs))
