"""What follows when staff change a stored split or dividend, or delete a row of market data, in its table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from marketdata.models import (
    CorrectionKind,
    DailyPrice,
    Decision,
    Dividend,
    OptionQuote,
    PriceCorrection,
    PriceDecision,
    Split,
)
from marketdata.services.decisions import lock_prices
from marketdata.services.history import rebuild_histories
from sigmasight.core import clock
from sigmasight.core.errors import DomainError

Row = DailyPrice | OptionQuote | Split | Dividend
# What a correction of it is called, the figure it tells, and the field of its day.
KINDS: dict[type[Row], tuple[CorrectionKind, str, str]] = {
    DailyPrice: (CorrectionKind.PRICE, "close", "date"),
    OptionQuote: (CorrectionKind.PRICE, "last", "session"),
    Split: (CorrectionKind.SPLIT, "ratio", "ex_date"),
    Dividend: (CorrectionKind.DIVIDEND, "amount", "ex_date"),
}


def rows_edited(changes: Iterable[tuple[Row | None, Row | None]]) -> None:
    """Have the batch roll again what rests on rows that were added (None before), changed, or deleted (None after), and bring the
    arrays in line with them. To be called in the transaction of the edit."""
    touched = set()
    for before, after in changes:
        earliest: dict[int, dt.date] = {}
        kind, figure, day_field = KINDS[type(after or before)]  # type: ignore[index]
        for row in (before, after):
            if row is not None:
                day = getattr(row, day_field)
                earliest[row.security_id] = min(day, earliest.get(row.security_id, day))
        PriceCorrection.objects.bulk_create(
            PriceCorrection(
                security_id=security_id, from_date=day, kind=kind, detected_at=clock.now(), old=_told(before, figure),
                new=_told(after, figure),
            )
            for security_id, day in earliest.items()
        )  # fmt: skip
        # Quotes are in no array.
        if not isinstance(after or before, OptionQuote):
            touched |= set(earliest)
    rebuild_histories(list(touched))


@transaction.atomic
def delete_prices(rows: Sequence[DailyPrice | OptionQuote]) -> None:
    """Delete prices or quotes. A source that sends them again may store them again.

    Raises
    ------
    DomainError for one that staff entered: no source stores over it, so that it has to be taken back instead.
    """
    days = {(row.security_id, getattr(row, KINDS[type(row)][2])): row for row in rows}
    lock_prices(security_id for security_id, _ in days)
    entered = PriceDecision.objects.filter(
        security_id__in={security_id for security_id, _ in days}, date__in={day for _, day in days},
        decision=Decision.OVERRIDDEN, withdrawn_at=None,
    ).select_related("security")  # fmt: skip
    for decision in entered:
        if (decision.security_id, decision.date) in days:
            raise DomainError(
                "price_entered",
                f"The price of {decision.security.symbol} on {decision.date} was entered by staff: take it back under Data quality, "
                "on the page of the symbol.",
            )
    for row in rows:
        type(row).objects.filter(pk=row.pk).delete()
    rows_edited([(row, None) for row in rows])


def _told(row: Row | None, figure: str) -> dict[str, Any] | None:
    return None if row is None else {figure: str(getattr(row, figure))}
