"""Lots and targets after a split that was missed: they were counted in old shares though the new ones were traded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.db.models import Prefetch

from portfolios.models import Portfolio, Position, TargetPrice, Trade, TradeKind
from portfolios.models.targets import SETTLED_FIELDS
from portfolios.services.corrections import realize_again
from portfolios.services.units import QUANTITY_STEP, Splits, held_on, ratio_between, restate, splits_of, to_decimal
from sigmasight.core import clock

TARGET_STEP = Decimal("0.0001")


@dataclass
class Recount:
    """Rows changed by table, and remarks for people."""

    rows: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def recount_lots(security_id: int, symbol: str, ex_date: dt.date, ratio: Fraction) -> Recount:
    """Count the lots of a security in new shares, after its missed split was stored. To be called in the same transaction, once.

    Open lots follow their trades. A lot that was closed whole since, in old shares, stays closed: its closings count the new
    shares, at the prices that were entered. A closing of a part since then is left as it was entered. What closings realised
    is computed anew. Targets set before the split are divided.
    """
    result, today = Recount(), clock.market_today()
    splits = splits_of([security_id])[security_id]
    held = Position.objects.filter(security_id=security_id, deleted_at=None)
    list(Portfolio.objects.filter(pk__in=held.values("portfolio")).select_for_update(no_key=True).order_by("pk"))
    lots = list(
        held.select_related("security")
        .prefetch_related(Prefetch("trades", Trade.objects.order_by("trade_date", "id")))
        .order_by("id")
        .select_for_update(no_key=True, of=("self",))
    )
    changed, trades, parts = [], 0, 0
    for lot in lots:
        mine = list(lot.trades.all())
        closings = [trade for trade in mine if trade.kind != TradeKind.OPEN]
        late = [trade for trade in closings if trade.units_as_of >= ex_date]
        if all(trade.units_as_of >= ex_date for trade in mine) or not (lot.quantity or late):
            continue
        if not lot.quantity:
            trades += _close_whole_again(mine, late, splits, ratio, today)
        elif late:
            parts += 1
        restate(lot, mine, splits, today)
        if closings:
            realize_again(lot, closings, splits, today)
        lot.updated_at = clock.now()
        changed.append(lot)
    Position.objects.bulk_update(changed, ["quantity", "entry_price", "realized_pnl", "updated_at"], batch_size=1000)
    targets = _divide_targets({lot.portfolio_id for lot in lots}, symbol, ex_date, ratio, lots)
    counts = {"positions": len(changed), "trades": trades, "target_prices": targets}
    result.rows = {table: count for table, count in counts.items() if count}
    if parts:
        result.notes.append(f"{parts} open lots were closed in part since; those closings stay as entered: check them.")
    if targets:
        result.notes.append(f"{targets} target prices that were set before {ex_date} are divided by the ratio.")
    return result


def _close_whole_again(trades: list[Trade], late: list[Trade], splits: Splits, ratio: Fraction, today: dt.date) -> int:
    """The closings since the split take all that is left, in new shares."""
    for trade in late:
        trade.quantity = to_decimal(Fraction(trade.quantity) * ratio, QUANTITY_STEP)
    last = late[-1]
    rest = held_on(trades, splits, today) / ratio_between(splits, last.units_as_of, today)
    last.quantity -= to_decimal(rest, QUANTITY_STEP)
    for trade in late:
        trade.updated_at = clock.now()
    Trade.objects.bulk_update(late, ["quantity", "updated_at"])
    return len(late)


def _divide_targets(books: Iterable[UUID], symbol: str, ex_date: dt.date, ratio: Fraction, lots: list[Position]) -> int:
    """Targets from before the split that a night has settled since at a price of new shares; the others the next night divides."""
    units: dict[tuple[UUID, str], Decimal] = {}
    for lot in lots:
        if lot.quantity:
            key = (lot.portfolio_id, lot.position_type)
            units[key] = units.get(key, Decimal(0)) + lot.quantity
    count = 0
    found = TargetPrice.objects.filter(portfolio_id__in=list(books), symbol=symbol, created_at__date__lt=ex_date)
    for target in found.select_for_update():
        settled = target.price_updated_at
        if settled is None or settled.astimezone(clock.NEW_YORK).date() < ex_date:
            continue
        for name, _, _ in SETTLED_FIELDS:
            price = getattr(target, name)
            setattr(target, name, None if price is None else to_decimal(Fraction(price) / ratio, TARGET_STEP))
        target.settle(target.current_price, units.get((target.portfolio_id, target.position_type)), settled)
        target.save()
        count += 1
    return count
