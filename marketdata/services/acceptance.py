"""Prices that staff looked at: suspect ones found right, refused rows found right, and refusals found right."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from marketdata import calendar
from marketdata.models import (
    DailyPrice,
    Decision,
    PriceDecision,
    PriceQuality,
    PriceRejection,
    RejectionResolution,
    Security,
)
from marketdata.services.decisions import changed_from, kept_row, lock_prices
from marketdata.services.validation import SMALLEST, TOO_LARGE
from sigmasight.core import clock
from sigmasight.core.errors import DomainError, NotFound

# Refused rows whose close may be right all the same; of the others there is nothing to store.
STORABLE = frozenset({"high_below_low", "close_outside_range", "dividend_as_price"})


@transaction.atomic
def accept_prices(price_ids: Sequence[int], *, by: UUID, reason: str = "") -> int:
    """Let suspect prices count: as marks and in statistics, from their own day on, and whenever the source sends them again.

    The books that hold them are rolled again from there by the next run; prices that are not suspect are left alone.

    Returns
    -------
    How many prices were accepted.
    """
    lock_prices(DailyPrice.objects.filter(pk__in=price_ids).values_list("security_id", flat=True))
    suspect = list(
        DailyPrice.objects.select_for_update().filter(pk__in=price_ids, quality=PriceQuality.SUSPECT).order_by("date")
    )
    if not suspect:
        return 0
    for price in suspect:
        _stand(price.security_id, price.date, price.close, kept_row(price), by, reason or "The suspect price is right.")
    DailyPrice.objects.filter(pk__in=[price.pk for price in suspect]).update(
        quality=PriceQuality.OK, updated_at=clock.now()
    )
    first: dict[int, DailyPrice] = {}
    for price in suspect:
        first.setdefault(price.security_id, price)
    for security_id, price in first.items():
        changed_from(
            security_id, price.date, old={"quality": "suspect"}, new={"quality": "ok", "close": float(price.close)}
        )
    return len(suspect)


@transaction.atomic
def accept_refused(rejection_id: int, *, by: UUID, reason: str = "") -> bool:
    """Store a refused row after all. Its range is left out where it contradicts the close.

    Returns
    -------
    False if somebody has dealt with it already; nothing changes then.

    Raises
    ------
    NotFound; DomainError if nothing of the row can be stored.
    """
    refused = _lock(rejection_id)
    if refused.resolved is not None:
        return False
    close = refused.payload.get("close")
    if refused.reason not in STORABLE or not _is_price(close) or refused.date is None:
        raise DomainError(
            "not_storable",
            f"Nothing of this row can be stored ({refused.reason}): fetch it again, enter the right price, or dismiss it.",
        )
    if not calendar.is_session(refused.date):
        raise DomainError("not_a_session", f"{refused.date} is no trading session; dismiss the row.")
    security = Security.objects.select_for_update(no_key=True).filter(symbol=refused.symbol).first()
    if security is None:
        raise DomainError("unknown_security", f"There is no security {refused.symbol} (any more); dismiss the row.")
    before = DailyPrice.objects.select_for_update().filter(security=security, date=refused.date).first()
    value = round(Decimal(repr(close)), 6)
    low, high, opened = (refused.payload.get(name) for name in ("low", "high", "open"))
    fits = all(_is_price(one) for one in (low, high)) and low <= close <= high
    DailyPrice.objects.update_or_create(
        security=security, date=refused.date,
        defaults={
            "close": value, "low": low if fits else None, "high": high if fits else None,
            "open": opened if fits and _is_price(opened) and low <= opened <= high else None,
            "volume": before.volume if before else None, "source": refused.provider, "quality": PriceQuality.OK,
        },
    )  # fmt: skip
    _stand(security.pk, refused.date, value, kept_row(before), by, reason or "The refused row is right.")
    _resolve(refused, RejectionResolution.ACCEPTED, by)
    changed_from(
        security.pk, refused.date, old={"close": float(before.close)} if before else None, new={"close": float(value)}
    )
    return True


@transaction.atomic
def dismiss_refused(rejection_id: int, *, by: UUID) -> bool:
    """Agree with a refusal: the row is not shown any more.

    Returns
    -------
    False if somebody has dealt with it already.

    Raises
    ------
    NotFound.
    """
    refused = _lock(rejection_id)
    if refused.resolved is not None:
        return False
    _resolve(refused, RejectionResolution.DISMISSED, by)
    return True


def _lock(rejection_id: int) -> PriceRejection:
    refused = PriceRejection.objects.select_for_update().filter(pk=rejection_id).first()
    if refused is None:
        raise NotFound("rejection_not_found", "There is no such refused row (any more).")
    return refused


def _resolve(refused: PriceRejection, how: RejectionResolution, by: UUID) -> None:
    refused.resolved, refused.resolved_by_id = how, by
    refused.save(update_fields=["resolved", "resolved_by_id", "updated_at"])


def _stand(
    security_id: int, day: dt.date, close: Decimal, previous: dict[str, Any] | None, by: UUID, reason: str
) -> None:
    PriceDecision.objects.filter(security_id=security_id, date=day, withdrawn_at=None).update(withdrawn_at=clock.now())
    PriceDecision.objects.create(
        security_id=security_id, date=day, decision=Decision.ACCEPTED, close=close, previous=previous, reason=reason[:500],
        decided_by_id=by,
    )  # fmt: skip


def _is_price(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and SMALLEST <= value < TOO_LARGE
