"""The verbs of a lot: open, close wholly or in part, value. Corrections and deletions have rooms of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from portfolios.models import (
    LONG_TYPES,
    InvestmentClass,
    Position,
    PositionValuation,
    Trade,
    TradeKind,
    User,
)
from portfolios.services import amounts
from portfolios.services.access import owned_portfolio
from portfolios.services.dirty import lock_portfolio, mark_dirty
from portfolios.services.inception import begin_with_the_first_lot
from portfolios.services.new_lots import NewLot, build_positions, check_not_expired, multiplier
from portfolios.services.units import restate, splits_of
from sigmasight.core import clock
from sigmasight.core.errors import Conflict, DomainError, NotFound


def open_position(portfolio_id: UUID, lot: NewLot, *, created_by: User | None = None) -> Position:
    """Enter one lot. Raises as `open_positions`."""
    return open_positions(portfolio_id, [lot], created_by=created_by)[0]


@transaction.atomic
def enter_positions(user: User, portfolio_id: UUID, lots: Sequence[NewLot]) -> list[Position]:
    """Enter lots into a portfolio of one's own, all of them or none. Raises as `open_positions`, NotFound for foreign ones."""
    owned_portfolio(user, portfolio_id)
    positions = open_positions(portfolio_id, lots, created_by=user)
    begin_with_the_first_lot(lock_portfolio(portfolio_id))
    return positions


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
    # With every value given, Django inserts whole columns: thousands of rows in a third of the time.
    stamp = timezone.now()
    rows: list[Position | Trade] = [*positions, *trades]
    for row in rows:
        row.created_at = stamp
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
    position = lock_position(position_id)
    held = abs(position.quantity)
    if not held:
        raise DomainError("position_closed", "This lot is closed already; a purchase is a new lot.")
    today = clock.market_today()
    day = amounts.past_day(exit_date or today, "exit_date")
    # Clients subtract in binary: 0.19999999999999998 of a share is 0.2.
    left = None if remaining is None else abs(amounts.count(remaining, "remaining_quantity"))
    amount = held
    if close_quantity is not None:
        amount = amounts.quantity(close_quantity, "close_quantity")
    elif left is not None:
        amount = held - left
    if amount <= 0:
        raise DomainError("close_quantity_not_positive", "The quantity to close must be above 0.")
    if amount > held:
        raise DomainError(
            "close_exceeds_position", f"Only {held.normalize():f} are held, {amount.normalize():f} cannot be closed."
        )
    if left is not None and left != held - amount:
        raise DomainError(
            "remaining_does_not_fit",
            f"Closing {amount.normalize():f} of {held.normalize():f} does not leave {left.normalize():f}.",
        )
    if day < position.entry_date:
        raise DomainError("exit_before_entry", f"The exit date {day} is before the entry date {position.entry_date}.")
    check_contract(position, day)
    trade = _closing(position, amount, exit_price, day, today, created_by, fees=amounts.fees(fees))
    trade.save()
    position.save()
    mark_dirty(position.portfolio_id, day)
    return trade


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
    position = lock_position(position_id)
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


@transaction.atomic
def remove_valuation(valuation: PositionValuation) -> None:
    """Forget what a private holding was said to be worth on a day; the value before it counts from there on.

    Raises
    ------
    NotFound; DomainError if the holding was deleted.
    """
    position = lock_position(valuation.position_id)
    valuation.delete()
    mark_dirty(position.portfolio_id, valuation.date)


def lock_position(position_id: UUID) -> Position:
    """A lot for a change, its portfolio locked, counted in the shares of today.

    Raises
    ------
    NotFound; DomainError if it was deleted.
    """
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
    gain = None if price is None else realized(position, amount, price)
    position.quantity += change
    position.realized_pnl += gain or Decimal(0)
    closed = position.quantity == 0
    position.exit_price, position.exit_date = (price, day) if closed else (None, None)
    return Trade(
        position=position,
        kind=TradeKind.CLOSE,
        trade_date=day,
        quantity=change,
        price=price,
        fees=fees,
        realized_pnl=gain,
        units_as_of=units,
        created_by=created_by,
    )


def realized(position: Position, amount: Decimal, price: Decimal) -> Decimal:
    """(exit - entry) x amount x multiplier for longs, the reverse for shorts, in cents."""
    move = price - position.entry_price
    side = 1 if position.position_type in LONG_TYPES else -1
    gain = side * move * amount * multiplier(position)
    return gain.quantize(amounts.CENT, rounding=ROUND_HALF_EVEN)


def check_contract(position: Position, day: dt.date) -> None:
    """Refuse a trade of a lot's contract after the contract's end."""
    if position.investment_class == InvestmentClass.OPTIONS and position.security is not None:
        check_not_expired(position.symbol, position.security.option_contract.expiration, day)
