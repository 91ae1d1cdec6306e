"""Suspect prices that people have looked at and found right."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from marketdata.models import CorrectionKind, DailyPrice, PriceCorrection, PriceQuality
from marketdata.services.history import rebuild_histories
from sigmasight.core import clock


@transaction.atomic
def accept_prices(price_ids: Sequence[int]) -> int:
    """Let suspect prices count: as marks and in statistics, from their own day on.

    The books that hold them are rolled again from there by the next run; prices that are not suspect are left alone.

    Returns
    -------
    How many prices were accepted.
    """
    suspect = list(
        DailyPrice.objects.select_for_update().filter(pk__in=price_ids, quality=PriceQuality.SUSPECT).order_by("date")
    )
    DailyPrice.objects.filter(pk__in=[price.pk for price in suspect]).update(
        quality=PriceQuality.OK, updated_at=clock.now()
    )
    first: dict[int, DailyPrice] = {}
    for price in suspect:
        first.setdefault(price.security_id, price)
    PriceCorrection.objects.bulk_create(
        PriceCorrection(
            security_id=security_id, from_date=price.date, kind=CorrectionKind.PRICE, old={"quality": "suspect"},
            new={"quality": "ok", "close": float(price.close)}, detected_at=clock.now(),
        )
        for security_id, price in first.items()
    )  # fmt: skip
    rebuild_histories(list(first))
    return len(suspect)
