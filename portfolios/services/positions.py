"""The verbs of a lot: open, close wholly or in part, correct, delete, value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from uuid import UUID

from django.db import IntegrityError, transaction

from portfolios.models import (
    LONG_TYPES,
    InvestmentClass,
    Position,
    PositionSnapshot,
    PositionType,
    PositionValuation,
    TargetPrice,
    Trade,
    TradeKind,
    User,
)
from portfolios.services import amounts
from portfolios.services.dirty import lock_portfolio, mark_dirty
from portfolios.services.new_lots import NewLot, build_positions, check_not_expired, check_value, multiplier, signed
from portfolios.services.units import QUANTITY_STEP, Splits, held_on, ratio_between, restate, splits_of, to_decimal
from sigmasight.core import clock
from sigmasight.core.errors import Conflict, DomainError, NotFound

# The other side of the same instrument: a correction may change the side, never the instrument.
OTHER_SIDE = {
    PositionType.LONG: PositionType.SHORT, PositionType.SHORT: PositionType.LONG,
    PositionType.LC: PositionType.SC, PositionType.SC: PositionType.LC,
    PositionType.LP: PositionType.SP, PositionType.SP: PositionType.LP,
}  # fmt: skip
HARD_DELETE_SECONDS = 300


def open_position(portfolio_id: UUID, lot: NewLot, *, created_by: User | None = None) -> Position:
    """Enter one lot. Raises as `open_positions`."""
    return open_positions(portfolio_id, [lot], created_by=created_by)[0]


@transaction.atomic
def open_positions(portfolio_id: UUID, lots: Sequence[NewLot], *, created_by: User | None = None) -> list[Position]:
    """Enter lots with their opening trades, and closing trades where they have an exit; all of them or none.

    Raises
    ------
    NotFound if there is no such portfolio; DomainError if a lot cannot be; Conflict if a lot with a given id is there.
    """
    lock_portfolio(portfolio_id)
    positions = build_positions(portfolio_id, lots)
    today = clock.market_today()
    trades = []
    for lot, position in zip(lots, positions, strict=True):
        units = lot.units_as_of or today
        trades.append(
            Trade(
                position=position,
                kind=TradeKind.OPEN,
                trade_date=position.entry_date,
                quantity=position.quantity,
                price=position.entry_price,
                fees=amounts.fees(lot.fees),
                units_as_of=units,
                created_by=created_by,
            )
        )
        if lot.exit_date is not None:
            trades.append(_closing(position, abs(position.quantity), lot.exit_price, lot.exit_date, units, created_by))
    try:
        with transaction.atomic():
            Position.objects.bulk_create(positions)
    except IntegrityError as error:
        raise Conflict("position_exists", "One of these lots has been entered already.") from error
    Trade.objects.bulk_create(trades)
    if positions:
        mark_dirty(portfolio_id, min(position.entry_date for position in positions))
    return positions


@transaction.atomic
def close_position(
    position_id: UUID,
    *,
    exit_price: Decimal | None,
    close_quantity: Decimal | None = None,
    remaining: Decimal | None = None,
    exit_date: dt.date | None = None,
    fees: Decimal = Decimal(0),
    created_by: User | None = None,
) -> Trade:
    """Close a lot wholly or in part.

    Parameters
    ----------
    exit_price : per share; None closes at the close of the exit session, which the batch fills in.
    close_quantity : unsigned; by default what `remaining` leaves to close, else everything.
    remaining : what is to be left, of either sign; must agree with `close_quantity` when both are given.
    exit_date : by default today in New York.

    Raises
    ------
    NotFound; DomainError if the lot is closed or deleted, the quantity is not held, or the date cannot be.
    """
    position = _locked(position_id)
    held = abs(position.quantity)
    if not held:
        raise DomainError("position_closed", "This lot is closed already; a purchase is a new lot.")
    today = clock.market_today()
    day = amounts.past_day(exit_date or today, "exit_date")
    amount = held
    if close_quantity is not None:
        amount = amounts.quantity(close_quantity, "close_quantity")
    elif remaining is not None:
        amount = held - abs(Decimal(remaining)).quantize(QUANTITY_STEP, rounding=ROUND_HALF_EVEN)
    if amount <= 0:
        raise DomainError("close_quantity_not_positive", "The quantity to close must be above 0.")
    if amount > held:
        raise DomainError(
            "close_exceeds_position", f"Only {held.normalize():f} are held, {amount.normalize():f} cannot be closed."
        )
    if remaining is not None and abs(Decimal(remaining)) != held - amount:
        raise DomainError(
            "remaining_does_not_fit",
            f"Closing {amount.normalize():f} of {held.normalize():f} does not leave {remaining}.",
        )
    if day < position.entry_date:
        raise DomainError("exit_before_entry", f"The exit date {day} is before the entry date {position.entry_date}.")
    _check_contract(position, day)
    trade = _closing(position, amount, exit_price, day, today, created_by, fees=amounts.fees(fees))
    trade.save()
    position.save()
    mark_dirty(position.portfolio_id, day)
    return trade


@transaction.atomic
def correct_position(
    position_id: UUID,
    *,
    quantity: Decimal | None = None,
    entry_price: Decimal | None = None,
    position_type: str | None = None,
    entry_date: dt.date | None = None,
    notes: str | None = None,
) -> Position:
    """Put right what was entered; None leaves a field as it is. History is rolled again from the entry date.

    `quantity` is what is left of the lot today, of either sign: the opening trade is set so that this remains after all
    closings. `position_type` may name the other side of the same instrument. A new entry price changes what the
    closings realised.

    Raises
    ------
    NotFound; DomainError if the lot is deleted, is closed and given a quantity, or a value cannot be.
    """
    position = _locked(position_id)
    if notes is not None:
        position.notes = notes
    if quantity is None and entry_price is None and position_type is None and entry_date is None:
        position.save(update_fields=["notes", "updated_at"])
        return position
    today, dirty = clock.market_today(), position.entry_date
    trades = list(position.trades.order_by("trade_date", "id").select_for_update(no_key=True))
    opening = next(trade for trade in trades if trade.kind == TradeKind.OPEN)
    closings = [trade for trade in trades if trade.kind != TradeKind.OPEN]
    splits = splits_of([position.security_id])[position.security_id] if position.security_id else []
    turned = position_type is not None and position_type != position.position_type
    if turned:
        position.position_type = _other_side(position, position_type)
        opening.quantity = -opening.quantity
        for trade in closings:
            trade.quantity = -trade.quantity
        position.quantity = -position.quantity
    if quantity is not None:
        if not position.quantity:
            raise DomainError(
                "position_closed", "This lot is closed; a closed lot is not reopened, a purchase is a new lot."
            )
        left = signed(amounts.quantity(quantity), position.position_type)
        opening.quantity = left - to_decimal(held_on(closings, splits, today), QUANTITY_STEP)
        position.quantity = left
    if entry_price is not None:
        position.entry_price = amounts.price(entry_price, "entry_price")
    if ratio_between(splits, opening.units_as_of, today) != 1 and (quantity is not None or entry_price is not None):
        # Corrections are meant in today's shares; so is the whole opening trade from now on.
        if quantity is None:
            opening.quantity = to_decimal(held_on([opening], splits, today), QUANTITY_STEP)
        opening.units_as_of = today
        opening.price = position.entry_price
    elif entry_price is not None:
        opening.price = position.entry_price
    if entry_date is not None:
        _move_entry(position, opening, closings, amounts.past_day(entry_date, "entry_date"))
    check_value(position)
    opening.save()
    if turned or entry_price is not None:
        _realize_again(position, closings, splits, today)
    position.save()
    mark_dirty(position.portfolio_id, min(dirty, position.entry_date))
    return position


@transaction.atomic
def delete_position(position_id: UUID, *, hard: bool = False) -> None:
    """Take a lot out of the book.

    A soft deletion closes it at the mark of today's session and keeps its past; a lot no snapshot has seen leaves
    nothing. `hard` removes a lot younger than five minutes with its trades and target price; an older one is deleted
    softly.

    Raises
    ------
    NotFound; DomainError if it is deleted already.
    """
    position = _locked(position_id)
    now = clock.now()
    if hard and (now - position.created_at).total_seconds() < HARD_DELETE_SECONDS:
        TargetPrice.objects.filter(position=position).delete()
        dirty = position.entry_date
        position.delete()
        mark_dirty(position.portfolio_id, dirty)
        return
    seen = PositionSnapshot.objects.filter(
        portfolio=position.portfolio_id, position_ids__contains=[position.id]
    ).exists()
    if not seen:
        position.trades.all().delete()
    position.deleted_at = now
    position.save(update_fields=["deleted_at", "updated_at"])
    mark_dirty(position.portfolio_id, clock.market_today() if seen else position.entry_date)


@transaction.atomic
def record_valuation(
    position_id: UUID, price: Decimal, day: dt.date | None = None, *, created_by: User | None = None
) -> PositionValuation:
    """Record what a private holding is worth per unit from `day` (today) on; a second value of a day replaces the
    first.

    Raises
    ------
    NotFound; DomainError if the holding is not private or the day is in the future.
    """
    position = _locked(position_id)
    if position.investment_class != InvestmentClass.PRIVATE:
        raise DomainError(
            "not_private", f"{position.symbol} has a market price; only private holdings are valued by hand."
        )
    worth = amounts.price(price, may_be_zero=True)
    day = amounts.past_day(day or clock.market_today(), "date")
    valuation, _ = PositionValuation.objects.update_or_create(
        position=position, date=day, defaults={"price": worth, "created_by": created_by}
    )
    mark_dirty(position.portfolio_id, day)
    return valuation


def _locked(position_id: UUID) -> Position:
    """A lot for a change, its portfolio locked, counted in the shares of today."""
    portfolio_id = Position.objects.filter(pk=position_id).values_list("portfolio_id", flat=True).first()
    if portfolio_id is None:
        raise NotFound("position_not_found", "Position not found.")
    lock_portfolio(portfolio_id)
    position = (
        Position.objects.select_for_update(no_key=True, of=("self",)).select_related("security").get(pk=position_id)
    )
    if position.deleted_at is not None:
        raise DomainError("position_deleted", "This lot was deleted.")
    if position.security_id is not None:
        splits = splits_of([position.security_id])[position.security_id]
        restate(position, list(position.trades.all()), splits, clock.market_today())
    return position


def _closing(
    position: Position,
    amount: Decimal,
    exit_price: Decimal | None,
    day: dt.date,
    units: dt.date,
    created_by: User | None,
    *,
    fees: Decimal = Decimal(0),
) -> Trade:
    """An unsaved closing trade; the position's present state is set to what it leaves."""
    price = None if exit_price is None else amounts.price(exit_price, "exit_price", may_be_zero=True)
    change = -amount if position.quantity > 0 else amount
    realized = None if price is None else _realized(position, amount, price)
    position.quantity += change
    position.realized_pnl += realized or Decimal(0)
    closed = position.quantity == 0
    position.exit_price, position.exit_date = (price, day) if closed else (None, None)
    return Trade(
        position=position,
        kind=TradeKind.CLOSE,
        trade_date=day,
        quantity=change,
        price=price,
        fees=fees,
        realized_pnl=realized,
        units_as_of=units,
        created_by=created_by,
    )


def _realized(position: Position, amount: Decimal, price: Decimal) -> Decimal:
    """(exit - entry) x amount x multiplier for longs, the reverse for shorts, in cents."""
    move = price - position.entry_price
    side = 1 if position.position_type in LONG_TYPES else -1
    gain = side * move * amount * multiplier(position)
    return gain.quantize(amounts.CENT, rounding=ROUND_HALF_EVEN)


def _realize_again(position: Position, closings: Sequence[Trade], splits: Splits, today: dt.date) -> None:
    """What the closings realise from the corrected entry price."""
    for trade in closings:
        if trade.price is not None:
            ratio = ratio_between(splits, trade.units_as_of, today)
            amount = to_decimal(Fraction(abs(trade.quantity)) * ratio, QUANTITY_STEP)
            price = to_decimal(Fraction(trade.price) / ratio, amounts.PRICE_STEP)
            trade.realized_pnl = _realized(position, amount, price)
    Trade.objects.bulk_update(closings, ["quantity", "realized_pnl"])
    position.realized_pnl = sum((trade.realized_pnl or Decimal(0) for trade in closings), start=Decimal(0))


def _other_side(position: Position, position_type: str | None) -> PositionType:
    other = OTHER_SIDE[PositionType(position.position_type)]
    if position_type != other:
        raise DomainError(
            "position_type_fixed",
            f"A {position.position_type} lot can become {other}; for another instrument delete it and enter a new one.",
        )
    return PositionType(position_type)


def _move_entry(position: Position, opening: Trade, closings: Sequence[Trade], day: dt.date) -> None:
    first_closing = min((trade.trade_date for trade in closings), default=None)
    if first_closing is not None and day > first_closing:
        raise DomainError("entry_after_exit", f"The entry date {day} is after the first closing on {first_closing}.")
    _check_contract(position, day)
    opening.trade_date = position.entry_date = day


def _check_contract(position: Position, day: dt.date) -> None:
    if position.investment_class == InvestmentClass.OPTIONS and position.security is not None:
        check_not_expired(position.symbol, position.security.option_contract.expiration, day)
