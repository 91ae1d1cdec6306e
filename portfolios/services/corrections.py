"""Putting right what was entered of a lot: its figures, its side, its symbol. Never a purchase, which is a new lot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.db import transaction

from marketdata.services.securities import canonical, ensure_securities, parse_occ
from portfolios.models import InvestmentClass, Position, PositionType, Trade, TradeKind, User
from portfolios.services import amounts
from portfolios.services.access import owned_position
from portfolios.services.dirty import mark_dirty
from portfolios.services.new_lots import check_value, signed
from portfolios.services.positions import check_contract, close_position, lock_position, realized
from portfolios.services.units import QUANTITY_STEP, Splits, held_on, ratio_between, splits_of, to_decimal
from sigmasight.core import clock
from sigmasight.core.errors import DomainError

# The other side of the same instrument: a correction may change the side, never the instrument.
OTHER_SIDE = {
    PositionType.LONG: PositionType.SHORT, PositionType.SHORT: PositionType.LONG,
    PositionType.LC: PositionType.SC, PositionType.SC: PositionType.LC,
    PositionType.LP: PositionType.SP, PositionType.SP: PositionType.LP,
}  # fmt: skip
RENAME_SECONDS = 300
# Decimals of an entry price as clients see it.
SHOWN_DECIMALS = 4


@transaction.atomic
def edit_position(
    user: User,
    position_id: UUID,
    *,
    quantity: Decimal | None = None,
    entry_price: Decimal | None = None,
    position_type: str | None = None,
    entry_date: dt.date | None = None,
    notes: str | None = None,
    symbol: str | None = None,
    allow_symbol_edit: bool = False,
    exit_price: Decimal | None = None,
    exit_date: dt.date | None = None,
    close_quantity: Decimal | None = None,
) -> None:
    """Correct a lot of one's own, then close it wholly or in part if an exit price is given; None leaves a field as it is.

    With an exit price `quantity` is what is to remain, else what is left of the lot today. Forms send back fields that
    nobody touched: what the lot has already is no correction.

    Raises
    ------
    NotFound for unknown and foreign lots; DomainError as `correct_position`, `rename_position` and `close_position`.
    """
    lot = owned_position(user, position_id)
    if exit_price is None and close_quantity is not None:
        raise DomainError("exit_price_missing", "Send exit_price with close_quantity: the price the lot was closed at.")
    if symbol is not None and canonical(symbol) != canonical(lot.symbol):
        if not allow_symbol_edit:
            raise DomainError("symbol_fixed", "The symbol stays as it is unless allow_symbol_edit is true.")
        rename_position(position_id, symbol)
    closes = exit_price is not None
    side = position_type or lot.position_type
    if entry_price is not None and entry_price == round(lot.entry_price, SHOWN_DECIMALS):
        entry_price = None
    if quantity is not None and not closes and signed(quantity, side) == signed(lot.quantity, side):
        quantity = None
    correct_position(
        position_id,
        quantity=None if closes else quantity,
        entry_price=entry_price,
        position_type=None if position_type == lot.position_type else position_type,
        entry_date=None if entry_date == lot.entry_date else entry_date,
        notes=notes,
    )
    if closes:
        close_position(
            position_id,
            exit_price=exit_price,
            close_quantity=close_quantity,
            remaining=quantity,
            exit_date=exit_date,
            created_by=user,
        )


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
    position = lock_position(position_id)
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
        position.quantity = -position.quantity
        for trade in trades:
            trade.quantity = -trade.quantity
    if quantity is not None:
        _set_what_is_left(position, opening, closings, quantity, splits, today)
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
        realize_again(position, closings, splits, today)
    position.save()
    mark_dirty(position.portfolio_id, min(dirty, position.entry_date))
    return position


@transaction.atomic
def rename_position(position_id: UUID, symbol: str) -> Position:
    """Give a lot entered a moment ago the symbol that was meant; its history is rolled again.

    Raises
    ------
    NotFound; DomainError if the lot is deleted, an option, older than five minutes, or the symbol cannot be.
    """
    position = lock_position(position_id)
    if (clock.now() - position.created_at).total_seconds() >= RENAME_SECONDS:
        raise DomainError(
            "symbol_fixed",
            "A symbol can be changed for five minutes after the lot was entered; enter a new lot instead.",
        )
    if position.investment_class == InvestmentClass.OPTIONS or parse_occ(symbol):
        raise DomainError(
            "option_terms_fixed", "The contract of an option does not change; delete the lot and enter a new one."
        )
    position.symbol = symbol.strip().upper()
    if position.investment_class == InvestmentClass.PUBLIC:
        position.symbol = canonical(symbol)
        position.security = ensure_securities([symbol])[position.symbol]
    position.save(update_fields=["symbol", "security", "updated_at"])
    mark_dirty(position.portfolio_id, position.entry_date)
    return position


def realize_again(position: Position, closings: Sequence[Trade], splits: Splits, today: dt.date) -> None:
    """What the closings realise from the lot's entry price, in the shares of today; its sum is set on the lot, which is not saved."""
    for trade in closings:
        if trade.price is not None:
            ratio = ratio_between(splits, trade.units_as_of, today)
            amount = to_decimal(Fraction(abs(trade.quantity)) * ratio, QUANTITY_STEP)
            price = to_decimal(Fraction(trade.price) / ratio, amounts.PRICE_STEP)
            trade.realized_pnl = realized(position, amount, price)
    Trade.objects.bulk_update(closings, ["quantity", "realized_pnl"])
    position.realized_pnl = sum((trade.realized_pnl or Decimal(0) for trade in closings), start=Decimal(0))


def _set_what_is_left(
    position: Position, opening: Trade, closings: Sequence[Trade], quantity: Decimal, splits: Splits, today: dt.date
) -> None:
    if not position.quantity:
        raise DomainError(
            "position_closed", "This lot is closed; a closed lot is not reopened, a purchase is a new lot."
        )
    position.quantity = signed(amounts.quantity(quantity), position.position_type)
    opening.quantity = position.quantity - to_decimal(held_on(closings, splits, today), QUANTITY_STEP)


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
    check_contract(position, day)
    opening.trade_date = position.entry_date = day
