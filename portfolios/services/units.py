"""The shares a quantity is counted in: splits between two days, and the present state of a lot from its trades."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch

from marketdata.models import Split, SplitKind
from portfolios.models import Position, Trade, TradeKind
from sigmasight.core import clock

QUANTITY_STEP = Decimal("0.0001")
PRICE_STEP = Decimal("0.000001")

# Ex-dates and exact ratios of one security, in order of date.
Splits = Sequence[tuple[dt.date, Fraction]]


def splits_of(security_ids: Iterable[int]) -> dict[int, list[tuple[dt.date, Fraction]]]:
    """The share splits of each security; spin-offs change prices only and are not among them."""
    found: dict[int, list[tuple[dt.date, Fraction]]] = defaultdict(list)
    rows = Split.objects.filter(security_id__in=set(security_ids), kind=SplitKind.SPLIT).order_by("security", "ex_date")
    for security_id, ex_date, ratio in rows.values_list("security_id", "ex_date", "ratio"):
        # Stored with twelve decimals: 0.333333333333 is 1 for 3.
        found[security_id].append((ex_date, Fraction(ratio).limit_denominator(10_000)))
    return found


def ratio_between(splits: Splits, counted_on: dt.date, wanted_on: dt.date) -> Fraction:
    """What one share of `counted_on` is in shares of `wanted_on`: the splits after the earlier day, up to the later."""
    early, late = sorted((counted_on, wanted_on))
    ratio = Fraction(1)
    for ex_date, split in splits:
        if early < ex_date <= late:
            ratio *= split
    return ratio if counted_on <= wanted_on else 1 / ratio


def to_decimal(value: Fraction, step: Decimal) -> Decimal:
    """Rounded half-even to the step of its column."""
    scaled = value / Fraction(step)
    return (Decimal(round(scaled)) * step).quantize(step, rounding=ROUND_HALF_EVEN)


def held_on(trades: Iterable[Trade], splits: Splits, day: dt.date) -> Fraction:
    """What all trades of a lot leave, in shares of `day`."""
    return sum(
        (Fraction(trade.quantity) * ratio_between(splits, trade.units_as_of, day) for trade in trades),
        start=Fraction(0),
    )


@transaction.atomic
def restate_positions(
    security_ids: Iterable[int], as_of: dt.date, *, portfolio_ids: Iterable[UUID] | None = None
) -> int:
    """Count the open lots of these securities in the shares of `as_of`, after a split of theirs came or went.

    Quantity and entry price are derived from the trades, so that doing it twice changes nothing. `portfolio_ids` limits
    it to some books. Returns how many lots changed.
    """
    ids = set(security_ids)
    splits = splits_of(ids)
    lots = Position.objects.filter(security_id__in=ids, exit_date__isnull=True, deleted_at__isnull=True)
    if portfolio_ids is not None:
        lots = lots.filter(portfolio_id__in=list(portfolio_ids))
    lots = (
        lots.exclude(quantity=0)
        .prefetch_related(Prefetch("trades", Trade.objects.order_by("trade_date", "id")))
        .order_by("id")
        .select_for_update(no_key=True)
    )
    changed = []
    for lot in lots:
        if restate(lot, list(lot.trades.all()), splits[lot.security_id], as_of):  # type: ignore[index]
            lot.updated_at = clock.now()
            changed.append(lot)
    Position.objects.bulk_update(changed, ["quantity", "entry_price", "updated_at"], batch_size=1000)
    return len(changed)


def restate(lot: Position, trades: Sequence[Trade], splits: Splits, as_of: dt.date) -> bool:
    """Set quantity and entry price of an open lot to those in shares of `as_of`. Returns whether that changed them."""
    opening = next((trade for trade in trades if trade.kind == TradeKind.OPEN), None)
    if opening is None or opening.price is None:
        return False
    quantity = to_decimal(held_on(trades, splits, as_of), QUANTITY_STEP)
    price = to_decimal(Fraction(opening.price) / ratio_between(splits, opening.units_as_of, as_of), PRICE_STEP)
    before = lot.quantity, lot.entry_price
    lot.quantity, lot.entry_price = quantity, price
    return (quantity, price) != before
