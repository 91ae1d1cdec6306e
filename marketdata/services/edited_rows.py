"""What follows when staff edit a stored price, split or dividend in its table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from marketdata.models import CorrectionKind, DailyPrice, Dividend, PriceCorrection, Split
from marketdata.services.history import rebuild_histories
from sigmasight.core import clock

Row = DailyPrice | Split | Dividend
KINDS: dict[type[Row], tuple[CorrectionKind, str]] = {
    DailyPrice: (CorrectionKind.PRICE, "close"),
    Split: (CorrectionKind.SPLIT, "ratio"),
    Dividend: (CorrectionKind.DIVIDEND, "amount"),
}


def rows_edited(changes: Iterable[tuple[Row | None, Row | None]]) -> None:
    """Have the batch roll again what rests on rows that were added (None before), changed, or deleted (None after), and bring the
    arrays in line with them. To be called in the transaction of the edit."""
    touched = set()
    for before, after in changes:
        earliest: dict[int, dt.date] = {}
        for row in (before, after):
            if row is not None:
                day = row.date if isinstance(row, DailyPrice) else row.ex_date
                earliest[row.security_id] = min(day, earliest.get(row.security_id, day))
        kind, figure = KINDS[type(after or before)]  # type: ignore[index]
        PriceCorrection.objects.bulk_create(
            PriceCorrection(
                security_id=security_id, from_date=day, kind=kind, detected_at=clock.now(), old=_told(before, figure),
                new=_told(after, figure),
            )
            for security_id, day in earliest.items()
        )  # fmt: skip
        touched |= set(earliest)
    rebuild_histories(list(touched))


def _told(row: Row | None, figure: str) -> dict[str, Any] | None:
    return None if row is None else {figure: str(getattr(row, figure))}
