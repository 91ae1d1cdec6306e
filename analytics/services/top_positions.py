"""The largest lots of a portfolio, now or at a past session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from marketdata import calendar
from marketdata.services.companies import NOTHING_KNOWN, companies_of
from portfolios.models import Portfolio, Position, PositionSnapshot
from portfolios.services.valued_lots import valued_lots
from sigmasight.core import clock

MAX_LOOKBACK_DAYS = 180


@dataclass(frozen=True, slots=True)
class LargeLot:
    """market_value : dollars, shorts negative. weight : percent of the gross value of the whole book."""

    position_id: UUID
    symbol: str
    name: str
    sector: str | None
    position_type: str
    quantity: Decimal
    market_value: Decimal
    weight: float


@dataclass(frozen=True, slots=True)
class LargestLots:
    """as_of : close of the session whose values are shown; the present for a book that has none. coverage : percent of gross
    value that the lots make up. total : all lots held then."""

    as_of: dt.datetime
    lots: list[LargeLot]
    coverage: float
    total: int


@dataclass(frozen=True, slots=True)
class _Held:
    position_id: UUID
    symbol: str
    security_id: int | None
    position_type: str
    quantity: Decimal
    market_value: Decimal


def largest_lots(book: Portfolio, *, limit: int, wanted: dt.date | None = None) -> LargestLots:
    """The `limit` lots with the largest market value, its sign aside; equal ones by symbol and id.

    wanted : the book as it was at the close of the last session on or before this day, 180 days ago at most; lots deleted
    since are left out. None, or a day after the newest results: as it is, at the newest results.
    """
    session = _session(book, wanted)
    past = session is not None and session != book.results_as_of
    held = list(_held_at(book, session) if past and session else _held_now(book))
    gross = sum((abs(lot.market_value) for lot in held), Decimal(0))
    largest = sorted(held, key=lambda lot: (-abs(lot.market_value), lot.symbol, lot.position_id))[:limit]
    companies = companies_of({lot.security_id for lot in largest if lot.security_id is not None})
    shown = []
    for lot in largest:
        company = companies.get(lot.security_id, NOTHING_KNOWN) if lot.security_id is not None else NOTHING_KNOWN
        weight = float(round(100 * abs(lot.market_value) / gross, 4)) if gross else 0.0
        shown.append(
            LargeLot(
                lot.position_id, lot.symbol, company.name or lot.symbol, company.sector, lot.position_type, lot.quantity,
                lot.market_value, weight,
            )
        )  # fmt: skip
    covered = sum((abs(lot.market_value) for lot in largest), Decimal(0))
    return LargestLots(
        as_of=clock.now() if session is None else calendar.close_instant(session),
        lots=shown,
        coverage=float(round(100 * covered / gross, 2)) if gross else 0.0,
        total=len(held),
    )


def _session(book: Portfolio, wanted: dt.date | None) -> dt.date | None:
    newest = book.results_as_of
    if newest is None or wanted is None or wanted >= newest:
        return newest
    oldest = clock.market_today() - dt.timedelta(days=MAX_LOOKBACK_DAYS)
    return min(newest, calendar.session_on_or_before(max(wanted, oldest)))


def _held_now(book: Portfolio) -> Iterator[_Held]:
    for lot in valued_lots([book.pk]):
        yield _Held(lot.position_id, lot.symbol, lot.security_id, lot.position_type, lot.quantity, lot.market_value)


def _held_at(book: Portfolio, session: dt.date) -> Iterator[_Held]:
    night = (
        PositionSnapshot.objects.filter(portfolio=book, snapshot_date=session)
        .values_list("position_ids", "quantity", "market_value")
        .first()
    )
    if night is None:
        return
    values = {lot: (quantity, value) for lot, quantity, value in zip(*night, strict=True)}
    lots = Position.objects.filter(portfolio=book, deleted_at__isnull=True)
    for position_id, symbol, security_id, kind in lots.values_list("pk", "symbol", "security_id", "position_type"):
        if position_id in values:
            quantity, value = values[position_id]
            yield _Held(position_id, symbol, security_id, kind, Decimal(str(quantity)), Decimal(str(value)))
