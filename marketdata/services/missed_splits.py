"""A split that no source told of, recorded by hand: its ratio, and the prices that it explains."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from marketdata import calendar
from marketdata.models import (
    CorrectionKind,
    DailyPrice,
    PriceCorrection,
    PriceQuality,
    Security,
    SecurityType,
    Split,
    SplitKind,
)
from marketdata.services.decisions import STAFF
from marketdata.services.history import rebuild_histories
from marketdata.services.securities import canonical
from marketdata.services.validation import JUMP
from sigmasight.core import clock
from sigmasight.core.errors import Conflict, DomainError, NotFound

LARGEST_PART = 1_000
NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,12})?"
RATIO = re.compile(rf"(?P<new>{NUMBER})\s*(?:[:/]\s*(?P<old>{NUMBER}))?")
# Sources differ by a few days on the day of a split.
NEARBY_DAYS = 10
# So many suspect sessions after a split are looked at again.
LOOKED_AT = 5


@dataclass
class RecordedSplit:
    """A split as recorded: new for old shares exactly, rows stored by table (none if it was there already), remarks for people."""

    security: Security
    ex_date: dt.date
    ratio: Fraction
    rows: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def parse_ratio(text: str) -> Fraction:
    """New for old shares: "4:1", "1:10", "3/2", "4" or "0.1".

    Raises
    ------
    DomainError if it is none, is 1, or no ratio of whole numbers up to 1,000.
    """
    found = RATIO.fullmatch(text.strip())
    if found is None:
        raise DomainError(
            "ratio_invalid", f"{text.strip()[:40]!r} is no ratio: write new for old shares, as 4:1 or 1:10."
        )
    exact = Fraction(found["new"]) / max(Fraction(found["old"] or 1), Fraction(1, 10**9))
    ratio = exact.limit_denominator(LARGEST_PART)
    if ratio <= 0 or ratio == 1 or ratio.numerator > LARGEST_PART or abs(ratio - exact) > exact / 10**5:
        raise DomainError(
            "ratio_invalid", f"A split has whole numbers up to {LARGEST_PART:,} of new and old shares, not 1:1."
        )
    return ratio


def record_split(symbol: str, ex_date: dt.date, ratio: Fraction) -> RecordedSplit:
    """Store a split and let the prices count that it explains. To be called in a transaction; a second time stores nothing.

    The batch is told by a correction that counts as processed: whoever calls this marks the holders himself.

    Raises
    ------
    NotFound; DomainError for a contract or a day that cannot be; Conflict if another split stands on that day.
    """
    name = canonical(symbol)[:64].replace("\x00", "")
    security = Security.objects.select_for_update(no_key=True).filter(symbol=name).first()
    if security is None:
        raise NotFound("security_not_found", f"There is no security {name}.")
    if security.security_type in (SecurityType.OPTION, SecurityType.INDEX):
        raise DomainError("not_split", f"{name} is {security.get_security_type_display().lower()}: shares are split.")
    first, today = calendar.session_on_or_after(calendar.FIRST_DAY), clock.market_today()
    if not first <= ex_date <= today:
        raise DomainError("day_invalid", f"{ex_date} is not between {first} and {today}.")
    if not calendar.is_session(ex_date):
        earlier, later = calendar.session_on_or_before(ex_date), calendar.session_on_or_after(ex_date)
        raise DomainError(
            "not_a_session",
            f"{ex_date} is no trading session: splits act before the open of one. The nearest are {earlier} and {later}.",
        )
    recorded = RecordedSplit(security, ex_date, ratio)
    there = Split.objects.filter(security=security, ex_date=ex_date).first()
    if there is not None:
        known = Fraction(there.ratio).limit_denominator(10_000)
        if (known, there.kind) == (ratio, SplitKind.SPLIT):
            return recorded
        raise Conflict(
            "other_split",
            f"{name} has {_in_words(known)} ({there.get_kind_display()}) on {ex_date} already; if it is wrong, delete it under "
            "Splits first.",
        )
    _note_evidence(recorded)
    value = round(Decimal(ratio.numerator) / Decimal(ratio.denominator), 12)
    Split.objects.create(security=security, ex_date=ex_date, ratio=value, kind=SplitKind.SPLIT, source=STAFF)
    recorded.rows["splits"] = 1
    now = clock.now()
    PriceCorrection.objects.create(
        security=security, from_date=ex_date, kind=CorrectionKind.SPLIT, new={"ratio": str(value)}, detected_at=now,
        processed_at=now,
    )  # fmt: skip
    if explained := _believe_explained(recorded):
        recorded.rows["daily_prices"] = explained
    rebuild_histories([security.pk])
    return recorded


def _in_words(ratio: Fraction) -> str:
    return f"{ratio.numerator}:{ratio.denominator}"


def _before(recorded: RecordedSplit) -> DailyPrice | None:
    good = DailyPrice.objects.filter(security=recorded.security, quality=PriceQuality.OK)
    return good.filter(date__lt=recorded.ex_date).order_by("-date").first()


def _note_evidence(recorded: RecordedSplit) -> None:
    """Say whether the prices look as if the split happened, and whether one like it is known."""
    before = _before(recorded)
    after = DailyPrice.objects.filter(security=recorded.security, date__gte=recorded.ex_date).order_by("date").first()
    if before is None or after is None:
        recorded.notes.append("There are not prices on both sides of the day, so that they say nothing about it.")
    else:
        move = float(after.close) * float(recorded.ratio) / float(before.close) - 1
        seen = (
            f"The close went from {before.close.normalize():f} on {before.date} to {after.close.normalize():f} on {after.date}: with "
            f"{_in_words(recorded.ratio)} that is {move:+.1%}."
        )
        recorded.notes.append(f"{seen} The prices do not look split so: check." if abs(move) > JUMP else seen)
    span = (recorded.ex_date - dt.timedelta(NEARBY_DAYS), recorded.ex_date + dt.timedelta(NEARBY_DAYS))
    for near in Split.objects.filter(security=recorded.security, ex_date__range=span):
        known = Fraction(near.ratio).limit_denominator(10_000)
        recorded.notes.append(f"{_in_words(known)} on {near.ex_date} is recorded already: is it the same split?")


def _believe_explained(recorded: RecordedSplit) -> int:
    """Suspect prices right after the split that are no jump with it."""
    before = _before(recorded)
    if before is None:
        return 0
    level, count = float(before.close) / float(recorded.ratio), 0
    rows = DailyPrice.objects.filter(security=recorded.security, date__gte=recorded.ex_date).order_by("date")
    for price in rows[:LOOKED_AT]:
        if abs(float(price.close) / level - 1) > JUMP:
            break
        level = float(price.close)
        if price.quality == PriceQuality.SUSPECT:
            price.quality = PriceQuality.OK
            price.save(update_fields=["quality", "updated_at"])
            count += 1
    return count
