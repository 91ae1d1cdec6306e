"""What follows when staff edit a stored price, quote, split or dividend in its table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from marketdata.models import CorrectionKind, DailyPrice, Dividend, OptionQuote, PriceCorrection, Split
from marketdata.services.history import rebuild_histories
from sigmasight.core import clock

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


def _told(row: Row | None, figure: str) -> dict[str, Any] | None:
    return None if row is None else {figure: str(getattr(row, figure))}
