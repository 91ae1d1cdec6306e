"""What a run has to do: the target session, and for every portfolio the sessions it still needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q

from analytics.batch.kept import without_lots
from marketdata import calendar
from portfolios.models import Portfolio, PortfolioSnapshot
from sigmasight.core.errors import DomainError


@dataclass(frozen=True)
class Need:
    """One portfolio's work: every session from `first` to the run's target. `dirty_seen` is the mark that was read, `stamp` the
    portfolio's `updated_at` then: together they say whether it was changed since."""

    portfolio_id: UUID
    name: str
    inception: dt.date
    first: dt.date
    dirty_seen: dt.date | None
    stamp: dt.datetime

    def packed(self) -> dict[str, str | None]:
        """As it is kept with the step of a shard."""
        return {
            "id": str(self.portfolio_id), "name": self.name, "inception": self.inception.isoformat(), "first": self.first.isoformat(),
            "dirty": self.dirty_seen.isoformat() if self.dirty_seen else None, "stamp": self.stamp.isoformat(),
        }  # fmt: skip

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> Need:
        dirty = packed["dirty"]
        return cls(
            UUID(packed["id"]), packed["name"], dt.date.fromisoformat(packed["inception"]), dt.date.fromisoformat(packed["first"]),
            dt.date.fromisoformat(dirty) if dirty else None, dt.datetime.fromisoformat(packed["stamp"]),
        )  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """The work of one run, portfolios ordered by id; empty when everything is up to date."""

    target: dt.date
    needs: tuple[Need, ...]

    @property
    def first(self) -> dt.date:
        return min(need.first for need in self.needs)

    def left(self) -> int:
        """How many of its portfolios have no published results of its target yet."""
        ids = [need.portfolio_id for need in self.needs]
        return Portfolio.objects.filter(id__in=ids).exclude(results_as_of__gte=self.target).count() if ids else 0

    @property
    def sessions(self) -> list[dt.date]:
        return calendar.sessions(self.first, self.target) if self.needs else []

    def sessions_of(self, need: Need) -> int:
        """Sessions of one of its portfolios."""
        return calendar.session_ordinal(self.target) + 1 - calendar.session_ordinal(need.first)

    @property
    def portfolio_sessions(self) -> int:
        return sum(self.sessions_of(need) for need in self.needs)

    def shards(self, size: int) -> Iterator[tuple[Need, ...]]:
        """Groups of at most `size` portfolios; portfolios with like ranges stand together, so that a shard's arrays are full.

        Those that begin at their inception go apart: a shard is rolled from its first session on, and the others would need
        lots of that day, which may be dropped.
        """
        ordered = sorted(self.needs, key=lambda need: (need.first > need.inception, need.first, need.portfolio_id))
        for _, group in groupby(ordered, key=lambda need: need.first > need.inception):
            like = list(group)
            for start in range(0, len(like), size):
                yield tuple(sorted(like[start : start + size], key=lambda need: need.portfolio_id))


def resolve_target(requested: dt.date | None, *, last_available: dt.date | None = None) -> dt.date:
    """The last session of a run: the requested one, else what the clock and the source allow.

    Raises
    ------
    DomainError if the requested date is no session, or has not closed yet.
    """
    newest = calendar.batch_target()
    if last_available is not None:
        newest = min(newest, calendar.session_on_or_before(last_available))
    if requested is None:
        return newest
    if not calendar.is_session(requested):
        raise DomainError(
            "not_a_session",
            f"{requested} is not a trading session of the New York Stock Exchange; nothing was computed.",
        )
    if requested > newest:
        raise DomainError(
            "not_complete", f"{requested} is not complete yet; the latest session with prices is {newest}."
        )
    return requested


def plan_run(
    target: dt.date, *, portfolio_ids: Sequence[UUID] | None = None, recompute_from: dt.date | None = None
) -> Plan:
    """Find for every active portfolio the first session that has to be computed (again).

    That is the earliest of: its first session without a complete snapshot, the session after its published results, its
    dirty date, and `recompute_from`; or its inception, where the lots to roll on from were dropped by retention. Portfolios
    with nothing to do are left out.
    """
    books = Portfolio.objects.filter(deleted_at__isnull=True, is_active=True)
    if portfolio_ids is not None:
        books = books.filter(id__in=portfolio_ids)
    kept = PortfolioSnapshot.objects.filter(is_complete=True, snapshot_date__lte=target)
    if portfolio_ids is not None:
        kept = kept.filter(portfolio_id__in=portfolio_ids)
    held = {
        row["portfolio_id"]: (row["newest"], row["count"])
        for row in kept.values("portfolio_id").annotate(newest=Max("snapshot_date"), count=Count("id"))
    }
    needs = []
    for book in books.order_by("id").values("id", "name", "equity_as_of", "dirty_from", "results_as_of", "updated_at"):
        inception = calendar.session_on_or_after(book["equity_as_of"])
        if inception > target:
            continue
        newest, count = held.get(book["id"], (None, 0))
        first = inception if newest is None else calendar.next_session(newest)
        if newest is not None and count != calendar.session_ordinal(newest) - calendar.session_ordinal(inception) + 1:
            first = _first_gap(book["id"], inception, newest)
        candidates = [first]
        if book["results_as_of"] is None:
            candidates.append(inception)
        else:
            candidates.append(calendar.next_session(book["results_as_of"]))
        for mark in (book["dirty_from"], recompute_from):
            if mark is not None:
                # A lot may have been entered before the calendar begins; the ledger takes it over at its start.
                candidates.append(calendar.session_on_or_after(max(mark, inception)))
        first = max(min(candidates), inception)
        if first <= target:
            needs.append(Need(book["id"], book["name"], inception, first, book["dirty_from"], book["updated_at"]))
    restarted = without_lots(needs)
    return Plan(
        target, tuple(replace(need, first=need.inception) if need.portfolio_id in restarted else need for need in needs)
    )


def _first_gap(portfolio_id: UUID, inception: dt.date, newest: dt.date) -> dt.date:
    have = set(
        PortfolioSnapshot.objects.filter(Q(portfolio_id=portfolio_id), is_complete=True).values_list(
            "snapshot_date", flat=True
        )
    )
    return next(
        (session for session in calendar.sessions(inception, newest) if session not in have),
        calendar.next_session(newest),
    )
