"""Prices that staff enter in the place of a source's, and taking such a decision back."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from django.db import transaction

from marketdata import calendar
from marketdata.models import (
    CorrectionKind,
    DailyPrice,
    Decision,
    OptionQuote,
    PriceCorrection,
    PriceDecision,
    PriceQuality,
    PriceRejection,
    PriceStatus,
    RejectionResolution,
    Security,
    SecurityType,
    Split,
)
from marketdata.services.decisions import STAFF, changed_from, kept_row, lock_prices, put_back
from marketdata.services.validation import SMALLEST
from sigmasight.core import clock
from sigmasight.core.errors import DomainError, NotFound

STEP = Decimal("0.000001")
# The columns of option quotes are narrower.
QUOTE_STEP = Decimal("0.0001")
LARGEST = Decimal(10) ** 8
# A price that is further from its neighbours than this factor has to be meant.
UNUSUAL = 3
LONGEST_REASON = 500


@transaction.atomic
def override_price(
    security_id: int, day: dt.date, close: Decimal, reason: str, *, by: UUID, unusual: bool = False
) -> bool:
    """Put a close in the place of a source's, or where there is none; of a contract its quote.

    It stands against what sources send later. Those who hold the security are rolled again from that day by the next run.

    Parameters
    ----------
    close : dollars per share, raw as traded on that day. unusual : the price is meant though it is far from its neighbours.

    Returns
    -------
    False if exactly this price stands there by decision already.

    Raises
    ------
    NotFound; DomainError if day, price or reason cannot be.
    """
    security = Security.objects.select_for_update(no_key=True).filter(pk=security_id).first()
    if security is None:
        raise NotFound("security_not_found", "There is no such security.")
    _check_day(day)
    told = checked_reason(reason)
    is_contract = security.security_type == SecurityType.OPTION
    value = _checked_price(close, QUOTE_STEP if is_contract else STEP)
    standing = PriceDecision.objects.filter(security=security, date=day, withdrawn_at=None).first()
    if standing is not None and (standing.decision, standing.close) == (Decision.OVERRIDDEN, value):
        return False
    if not is_contract and not unusual:
        _refuse_unusual(security, day, value)
    before = _replace_quote(security, day, value) if is_contract else _replace_price(security, day, value)
    if standing is not None:
        before = standing.previous if standing.decision == Decision.OVERRIDDEN else before
        standing.withdrawn_at = clock.now()
        standing.save(update_fields=["withdrawn_at", "updated_at"])
    PriceDecision.objects.create(
        security=security, date=day, decision=Decision.OVERRIDDEN, close=value, previous=before, reason=told,
        decided_by_id=by,
    )  # fmt: skip
    PriceRejection.objects.filter(symbol=security.symbol, date=day, resolved=None).update(
        resolved=RejectionResolution.OVERRIDDEN, resolved_by_id=by, updated_at=clock.now()
    )
    return True


@transaction.atomic
def withdraw_decision(decision_id: int) -> PriceDecision | None:
    """Take a decision back: the row that stood there before stands there again, and sources may store over it.

    Returns
    -------
    The decision, None if it was taken back already.

    Raises
    ------
    NotFound.
    """
    lock_prices(PriceDecision.objects.filter(pk=decision_id).values_list("security_id", flat=True))
    found = PriceDecision.objects.select_for_update().select_related("security").filter(pk=decision_id).first()
    if found is None:
        raise NotFound("decision_not_found", "There is no such decision.")
    if found.withdrawn_at is not None:
        return None
    found.withdrawn_at = clock.now()
    found.save(update_fields=["withdrawn_at", "updated_at"])
    security, day = found.security, found.date
    if security.security_type == SecurityType.OPTION:
        quotes = OptionQuote.objects.filter(security=security, session=day)
        if found.previous is None:
            quotes.delete()
        else:
            quotes.update(**found.previous, updated_at=clock.now())
        _quote_changed(security, day, found.close, None)
        return found
    put_back(security.pk, day, found.previous)
    changed_from(security.pk, day, old={"close": float(found.close)}, new=None)
    return found


def checked_reason(reason: str) -> str:
    """A reason in one line.

    Raises
    ------
    DomainError if there is none, or it is too long.
    """
    told = " ".join("".join(letter if letter.isprintable() else " " for letter in reason).split())
    if not told:
        raise DomainError("reason_missing", "Say why: the reason is kept with the price.")
    if len(told) > LONGEST_REASON:
        raise DomainError("reason_too_long", f"The reason has {len(told)} letters; {LONGEST_REASON} are kept.")
    return told


def _check_day(day: dt.date) -> None:
    newest = calendar.batch_target()
    try:
        is_session = calendar.is_session(day)
    except calendar.OutsideCalendar as error:
        raise DomainError("outside_calendar", f"{error}.") from error
    if not is_session:
        raise DomainError("not_a_session", f"{day} is not a trading session of the New York Stock Exchange.")
    if day > newest:
        raise DomainError("not_complete", f"{day} is not complete yet; the latest complete session is {newest}.")


def _checked_price(close: Decimal, step: Decimal) -> Decimal:
    if not close.is_finite():
        raise DomainError("price_invalid", "The price is not a number.")
    if close < max(Decimal(repr(SMALLEST)), step):
        raise DomainError("price_not_positive", "The price must be above 0.")
    if close >= LARGEST:
        raise DomainError("price_too_large", f"The price must be below {LARGEST:,}.")
    return close.quantize(step, rounding=ROUND_HALF_EVEN)


def _refuse_unusual(security: Security, day: dt.date, value: Decimal) -> None:
    good = DailyPrice.objects.filter(security=security, quality=PriceQuality.OK)
    splits = list(Split.objects.filter(security=security).values_list("ex_date", "ratio"))
    for beside in (
        good.filter(date__lt=day).order_by("-date").first(),
        good.filter(date__gt=day).order_by("date").first(),
    ):
        if beside is None:
            continue
        early, late = sorted((beside.date, day))
        ratio = Decimal(1)
        for ex_date, one in splits:
            ratio *= one if early < ex_date <= late else 1
        near = beside.close / ratio if beside.date < day else beside.close * ratio
        if not near / UNUSUAL <= value <= near * UNUSUAL:
            raise DomainError(
                "price_unusual",
                f"{value.normalize():f} is far from {near.normalize():,.2f}, the price of {beside.date} in the shares of {day}; "
                "say that it is meant, or apply a missed split first.",
            )


def _replace_price(security: Security, day: dt.date, value: Decimal) -> dict[str, object] | None:
    before = DailyPrice.objects.select_for_update().filter(security=security, date=day).first()
    DailyPrice.objects.update_or_create(
        security=security, date=day,
        defaults={
            "open": None, "high": None, "low": None, "close": value, "volume": before.volume if before else None, "source": STAFF,
            "quality": PriceQuality.OK,
        },
    )  # fmt: skip
    if security.price_status != PriceStatus.KNOWN:
        security.price_status = PriceStatus.KNOWN
        security.save(update_fields=["price_status", "updated_at"])
    changed_from(security.pk, day, old={"close": float(before.close)} if before else None, new={"close": float(value)})
    return kept_row(before)


def _replace_quote(security: Security, day: dt.date, value: Decimal) -> dict[str, object] | None:
    before = OptionQuote.objects.select_for_update().filter(security=security, session=day).first()
    row = None
    if before is not None:
        row = {
            name: None if getattr(before, name) is None else str(getattr(before, name))
            for name in ("bid", "ask", "last", "implied_volatility", "source")
        }
    OptionQuote.objects.update_or_create(
        security=security, session=day,
        defaults={"bid": None, "ask": None, "last": value, "implied_volatility": None, "source": STAFF},
    )  # fmt: skip
    _quote_changed(security, day, None, value)
    return row  # type: ignore[return-value]


def _quote_changed(security: Security, day: dt.date, old: Decimal | None, new: Decimal | None) -> None:
    PriceCorrection.objects.create(
        security=security, from_date=day, kind=CorrectionKind.PRICE, detected_at=clock.now(),
        old=None if old is None else {"quote": float(old)}, new=None if new is None else {"quote": float(new)},
    )  # fmt: skip
