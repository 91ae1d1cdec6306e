"""The verbs of a target: set, change, remove; one by one and many at once."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from django.db import transaction

from marketdata.services.securities import canonical
from portfolios.models import Portfolio, Position, PositionType, TargetPrice, User
from portfolios.services.access import TARGET_PRICE_NOT_FOUND, owned_positions
from portfolios.services.dirty import lock_portfolio
from portfolios.services.target_book import PRICE_STEP, TARGETS, TargetBook, load_target_book
from sigmasight.core import clock
from sigmasight.core.bulk import upsert
from sigmasight.core.errors import DomainError, NotFound

LONGEST_SYMBOL = 32
SYMBOL = r"[A-Za-z0-9._-]+"
KEY = ("portfolio_id", "symbol", "position_type")
Key = tuple[str, str]


@dataclass(frozen=True)
class NewTarget:
    """A target as its owner gives it, dollars per share. Without a type it is for the side on which the symbol is held."""

    symbol: str
    position_type: str = ""
    target_price_eoy: Decimal | None = None
    target_price_next_year: Decimal | None = None
    downside_target_price: Decimal | None = None
    current_price: Decimal | None = None
    position_id: UUID | None = None


def targets_of(portfolio_id: UUID, *, symbol: str | None = None, position_type: str | None = None) -> list[TargetPrice]:
    """The targets of a portfolio by symbol and type, of one symbol or type on demand, in one query."""
    targets = TargetPrice.objects.filter(portfolio_id=portfolio_id)
    if symbol is not None:
        targets = targets.filter(symbol__in={symbol.strip().upper(), canonical(symbol)})
    if position_type is not None:
        targets = targets.filter(position_type=position_type.strip().upper())
    return list(targets.order_by("symbol", "position_type", "id"))


@transaction.atomic
def create_target_price(book: Portfolio, user: User, given: NewTarget) -> TargetPrice:
    """Set a target for a symbol and side of a portfolio.

    The current price is the market's if that has one of today or of the session before, else the one given.

    Raises
    ------
    NotFound if the lot it names is not the caller's. DomainError if there is a target for that symbol and side already, the
    lot is of another portfolio or side, or there is no price.
    """
    ids = _own_lots(book, user, [given])
    lock_portfolio(book.pk)
    lots = load_target_book(book.pk, [given.symbol], ids)
    target = new_target(lots, user, given)
    if TargetPrice.objects.filter(portfolio=book, symbol=target.symbol, position_type=target.position_type).exists():
        raise DomainError(
            "target_exists",
            f"Target price already exists for {target.symbol} ({target.position_type}) in this portfolio",
        )
    target.save()
    return target


@transaction.atomic
def create_target_prices(book: Portfolio, user: User, given: Sequence[NewTarget]) -> list[TargetPrice]:
    """Set several targets at once; those that are there already, or have no price, are passed over.

    Returns
    -------
    The new ones in the order given.

    Raises
    ------
    As `create_target_price`, but for what is passed over; nothing is stored then.
    """
    ids = _own_lots(book, user, given)
    lock_portfolio(book.pk)
    lots = load_target_book(book.pk, [one.symbol for one in given], ids)
    taken = set(TargetPrice.objects.filter(portfolio=book).values_list("symbol", "position_type"))
    fresh: dict[Key, TargetPrice] = {}
    for one in given:
        try:
            target = new_target(lots, user, one)
        except PriceMissing:
            continue
        if key_of(target) not in taken and key_of(target) not in fresh:
            fresh[key_of(target)] = target
    store_targets(fresh.values())
    stored = TargetPrice.objects.in_bulk([target.pk for target in fresh.values()])
    return [stored[target.pk] for target in fresh.values()]


@transaction.atomic
def update_target_price(target_id: UUID, changes: Mapping[str, Decimal | None]) -> TargetPrice:
    """Change what is given of a target; None clears a target price. Returns and dollars follow.

    A `current_price` that is given is settled as for a new target; otherwise the price stays.

    Raises
    ------
    NotFound; DomainError if a target is too far from the price.
    """
    target = TargetPrice.objects.select_for_update().filter(pk=target_id).first()
    if target is None:
        raise NotFound("target_price_not_found", TARGET_PRICE_NOT_FOUND)
    linked = () if target.position_id is None else (target.position_id,)
    lots = load_target_book(
        target.portfolio_id, [target.symbol], linked, market_prices=changes.get("current_price") is not None
    )
    changed = changed_target(lots, target, changes)
    changed.save()
    return changed


@transaction.atomic
def update_target_prices(
    portfolio_id: UUID, updates: Sequence[tuple[str, str, Mapping[str, Decimal | None]]]
) -> tuple[int, list[str]]:
    """Change several targets, found by symbol and type, or by the type that is meant where none is given.

    Returns
    -------
    How many were changed, and a text for each that was not.
    """
    lock_portfolio(portfolio_id)
    lots, known = load_targets(portfolio_id, [symbol for symbol, _, _ in updates])
    changed: dict[Key, TargetPrice] = {}
    errors = []
    count = 0
    for symbol, wanted, changes in updates:
        spelled = lots.spelled(symbol)
        position_type = wanted or type_meant(lots, known, spelled)
        target = known.get((spelled, position_type))
        if target is None:
            errors.append(f"Target price not found for {spelled} ({position_type})")
            continue
        try:
            known[key_of(target)] = changed[key_of(target)] = changed_target(lots, target, changes)
        except DomainError as error:
            errors.append(f"Error updating {spelled}: {error.message}")
            continue
        count += 1
    store_targets(changed.values())
    return count, errors


def delete_target_price(target_id: UUID) -> int:
    """Remove a target for good. Returns how many there were: 1 or 0."""
    deleted, _ = TargetPrice.objects.filter(pk=target_id).delete()
    return deleted


class PriceMissing(DomainError):
    """Neither the market nor the owner says what the holding costs now."""


def new_target(lots: TargetBook, user: User, given: NewTarget) -> TargetPrice:
    """An unsaved target, linked to its lot and settled."""
    named = lots.lot(given.position_id)
    symbol = lots.spelled(given.symbol)
    lot = named or next(iter(lots.lots_of(symbol, given.position_type)), None)
    target = TargetPrice(
        portfolio_id=lots.portfolio_id,
        symbol=symbol,
        position_type=given.position_type or (lot.position_type if lot else PositionType.LONG),
        position=lot,
        created_by=user,
        **{name: _rounded(getattr(given, name)) for name in TARGETS},
    )
    if named is not None and named.position_type != target.position_type:
        raise DomainError(
            "target_on_other_side",
            f"The lot {named.symbol} is {named.position_type}, the target {target.position_type}.",
        )
    price = lots.price_of(target, _rounded(given.current_price))
    if price is None:
        raise PriceMissing("price_missing", f"There is no market price of {symbol}. Send its current_price.")
    lots.settle(target, price)
    return target


def changed_target(lots: TargetBook, target: TargetPrice, changes: Mapping[str, Decimal | None]) -> TargetPrice:
    """The target with what is given, in the shares of today, settled again. Unsaved; `target` stays as it is."""
    changed = copy.copy(target)
    lots.restate(changed)
    for name in TARGETS:
        if name in changes:
            setattr(changed, name, _rounded(changes[name]))
    given = _rounded(changes.get("current_price"))
    price = None if given is None else lots.price_of(changed, given)
    lots.settle(changed, changed.current_price if price is None else price)
    return changed


def load_targets(portfolio_id: UUID, symbols: Iterable[str]) -> tuple[TargetBook, dict[Key, TargetPrice]]:
    """The lots and prices of these symbols, and the targets there are, by symbol and type."""
    known = list(TargetPrice.objects.filter(portfolio_id=portfolio_id).select_for_update())
    linked = {target.position_id for target in known if target.position_id is not None}
    lots = load_target_book(portfolio_id, symbols, linked)
    return lots, {key_of(target): target for target in known}


def store_targets(targets: Iterable[TargetPrice]) -> None:
    """Store new and changed targets by one statement."""
    rows = list(targets)
    names = [
        field.attname for field in TargetPrice._meta.concrete_fields if field.name not in ("created_at", "updated_at")
    ]
    upsert(
        TargetPrice,
        {name: [getattr(row, name) for row in rows] for name in names},
        unique=KEY,
        update=[name for name in names if name not in ("id", "position_id", "created_by_id", *KEY)],
    )


def type_meant(lots: TargetBook, known: Mapping[Key, TargetPrice], symbol: str) -> str:
    """The type of a target that is named by its symbol alone: of the only target there is, else of what is held, else LONG."""
    types = [position_type for name, position_type in known if name == symbol]
    if len(types) == 1:
        return types[0]
    held = lots.lots_of(symbol)
    return held[0].position_type if held else PositionType.LONG


def key_of(target: TargetPrice) -> Key:
    return target.symbol, target.position_type


def _own_lots(book: Portfolio, user: User, given: Sequence[NewTarget]) -> set[UUID]:
    ids = {one.position_id for one in given if one.position_id is not None}
    lots: list[Position] = owned_positions(user, ids) if ids else []
    for lot in lots:
        if lot.portfolio_id != book.pk:
            raise DomainError("lot_of_other_portfolio", f"The lot {lot.symbol} belongs to another portfolio of yours.")
        if lot.exit_date is not None and lot.exit_date <= clock.market_today():
            raise DomainError("position_closed", f"The lot {lot.symbol} is closed.")
    return ids


def _rounded(price: Decimal | None) -> Decimal | None:
    return None if price is None else price.quantize(PRICE_STEP, rounding=ROUND_HALF_EVEN)
