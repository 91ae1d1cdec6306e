"""All that is known of one symbol's prices: the line, what is doubted, where they come from, what staff did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Max, Min

from analytics.services.price_findings import Findings, price_findings
from marketdata import calendar
from marketdata.models import (
    DailyPrice,
    InstrumentMark,
    OptionQuote,
    PriceCorrection,
    PriceDecision,
    PriceQuality,
    PriceRejection,
    Security,
    SecurityType,
    Split,
    SymbolCollection,
)
from marketdata.services.decisions import STAFF
from portfolios.models import Position, User
from sigmasight.core.errors import NotFound

SHOWN = 50


@dataclass(frozen=True)
class Line:
    """Closes by session, raw as traded, dollars per share, None where there is none: those that count, those that are doubted, and
    which of them were entered by hand. Of a contract its marks, and the quotes entered by hand."""

    sessions: list[dt.date]
    usable: list[float | None]
    suspect: list[float | None]
    by_hand: list[float | None]


@dataclass(frozen=True)
class Source:
    """Where rows of a symbol come from, how many and of which days."""

    name: str
    rows: int
    first: dt.date
    last: dt.date


@dataclass(frozen=True)
class Decided:
    """A decision of staff and who took it; `by` is empty for an account that is gone."""

    decision: PriceDecision
    by: str

    @property
    def before(self) -> float | None:
        """The price or last quote that stood there before, in dollars."""
        row = self.decision.previous or {}
        figure = row.get("close") or row.get("last")
        return None if figure is None else float(figure)


@dataclass(frozen=True)
class SymbolQuality:
    """A symbol's prices at `findings.session`. `holders` : portfolios with an open lot of it or of a contract on it. `pending` :
    corrections that no run has taken up yet. `refused` : rows that staff have dealt with."""

    security: Security
    findings: Findings
    line: Line
    sources: list[Source]
    collection: SymbolCollection | None
    splits: list[Split]
    decisions: list[Decided]
    refused: list[PriceRejection]
    changes: Sequence[LogEntry]
    holders: int
    pending: int

    @property
    def is_contract(self) -> bool:
        return self.security.security_type == SecurityType.OPTION


def symbol_quality(symbol: str) -> SymbolQuality:
    """Of one symbol, in a fixed number of queries.

    Raises
    ------
    NotFound for a symbol that is no security.
    """
    security = Security.objects.select_related("renamed_to").filter(symbol=symbol.replace("\x00", "")).first()
    if security is None:
        raise NotFound("security_not_found", "There is no such security.")
    findings = price_findings(symbol=security.symbol, exactly=True, rows=SHOWN)
    days = calendar.sessions(findings.since, findings.session)
    contract = security.security_type == SecurityType.OPTION
    decisions = list(PriceDecision.objects.filter(security=security)[:SHOWN])
    emails = _emails(one.decided_by_id for one in decisions)
    held = Position.objects.filter(deleted_at=None, exit_date=None, portfolio__deleted_at=None)
    corrections = PriceCorrection.objects.filter(security=security, processed_at=None)
    changes = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Security), object_id=str(security.pk)
    )
    return SymbolQuality(
        security=security,
        findings=findings,
        line=_marks(security, days) if contract else _closes(security, days),
        sources=_quote_sources(security) if contract else _price_sources(security),
        collection=SymbolCollection.objects.filter(security=security).first(),
        splits=list(Split.objects.filter(security=security)[:SHOWN]),
        decisions=[Decided(one, emails.get(one.decided_by_id, "")) for one in decisions],
        refused=list(PriceRejection.objects.filter(symbol=security.symbol).exclude(resolved=None)[:SHOWN]),
        changes=list(changes.select_related("user").order_by("-action_time", "-id")[:SHOWN]),
        holders=(held.filter(security=security) | held.filter(security__option_contract__underlying=security))
        .values("portfolio")
        .distinct()
        .count(),
        pending=corrections.count(),
    )


def _closes(security: Security, days: list[dt.date]) -> Line:
    rows = DailyPrice.objects.filter(security=security, date__range=(days[0], days[-1])).order_by()
    found = {day: (float(close), quality, source) for day, close, quality, source in
             rows.values_list("date", "close", "quality", "source")}  # fmt: skip
    none = (None, "", "")
    values: list[Any] = [found.get(day, none) for day in days]
    return Line(
        days,
        [close if quality == PriceQuality.OK else None for close, quality, _ in values],
        [close if quality == PriceQuality.SUSPECT else None for close, quality, _ in values],
        [close if source == STAFF else None for close, _, source in values],
    )


def _marks(security: Security, days: list[dt.date]) -> Line:
    rows = InstrumentMark.objects.filter(security=security, session__range=(days[0], days[-1])).order_by()
    marks = {day: float(price) for day, price in rows.values_list("session", "price")}
    quotes = OptionQuote.objects.filter(
        security=security, session__range=(days[0], days[-1]), source=STAFF, last__isnull=False
    )
    entered = {day: float(last or 0) for day, last in quotes.values_list("session", "last")}
    return Line(days, [marks.get(day) for day in days], [None] * len(days), [entered.get(day) for day in days])


def _price_sources(security: Security) -> list[Source]:
    rows = DailyPrice.objects.filter(security=security).order_by().values("source")
    found = rows.annotate(rows=Count("id"), first=Min("date"), last=Max("date")).order_by("-rows")
    return [Source(one["source"], one["rows"], one["first"], one["last"]) for one in found]


def _quote_sources(security: Security) -> list[Source]:
    rows = OptionQuote.objects.filter(security=security).order_by().values("source")
    found = rows.annotate(rows=Count("id"), first=Min("session"), last=Max("session")).order_by("-rows")
    return [Source(one["source"], one["rows"], one["first"], one["last"]) for one in found]


def _emails(ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(User.objects.filter(pk__in=set(ids)).values_list("pk", "email"))
