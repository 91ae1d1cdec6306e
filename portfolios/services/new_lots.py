"""Lots as people hand them in, checked and brought to the form of the tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import numpy as np

from marketdata import calendar
from marketdata.models import Security
from marketdata.providers.base import OptionContractTerms
from marketdata.services.contracts import contract_terms, ensure_contracts, option_type
from marketdata.services.securities import canonical, ensure_securities, parse_occ
from portfolios.models import OPTION_TYPES, SHORT_TYPES, InvestmentClass, Position, PositionType
from portfolios.services import amounts
from portfolios.services.position_cells import SYMBOL
from sigmasight.core import clock
from sigmasight.core.errors import DomainError

LONGEST_SYMBOL = 32
LONGEST_SUBTYPE = 30


@dataclass(frozen=True)
class NewLot:
    """A lot to be entered. The sign of the quantity follows from `position_type`; days default to today in New York.

    Options name their underlying, strike and expiration, or bear an OCC symbol that spells them. `units_as_of` is the
    day whose shares quantity and prices are counted in: people copy what they hold today. A lot with an `exit_date` is
    entered closed; without an `exit_price` it is closed at that session's close.
    """

    symbol: str
    quantity: Decimal
    entry_price: Decimal
    position_type: str
    investment_class: str
    entry_date: dt.date | None = None
    investment_subtype: str = ""
    underlying_symbol: str = ""
    strike_price: Decimal | None = None
    expiration_date: dt.date | None = None
    fees: Decimal = Decimal(0)
    notes: str = ""
    exit_date: dt.date | None = None
    exit_price: Decimal | None = None
    units_as_of: dt.date | None = None
    id: UUID | None = None


def position_type_of(quantity: Decimal, call_or_put: str = "") -> PositionType:
    """The type a signed quantity means: LONG or SHORT, with CALL or PUT one of LC, LP, SC, SP."""
    long = quantity > 0
    if not call_or_put:
        return PositionType.LONG if long else PositionType.SHORT
    kind = "C" if call_or_put.upper() == "CALL" else "P"
    return PositionType(("L" if long else "S") + kind)


def signed(quantity: Decimal, position_type: str) -> Decimal:
    """The quantity with the sign of its side: shorts are negative."""
    return -abs(quantity) if position_type in SHORT_TYPES else abs(quantity)


def multiplier(position: Position) -> int:
    """Shares a unit stands for: those of the contract for options, else 1."""
    if position.investment_class == InvestmentClass.OPTIONS and position.security is not None:
        return position.security.option_contract.multiplier
    return 1


def build_positions(portfolio_id: UUID, lots: Sequence[NewLot]) -> list[Position]:
    """Unsaved positions of new lots, still open, with their securities and contracts stored.

    Raises
    ------
    DomainError naming the first lot that cannot be.
    """
    terms = [_check(lot) for lot in lots]
    listed = ensure_securities(lot.symbol for lot in lots if lot.investment_class == InvestmentClass.PUBLIC)
    contracts = iter(ensure_contracts([term for term in terms if term is not None]))
    positions = []
    for lot, term in zip(lots, terms, strict=True):
        security: Security | None = None
        if term is not None:
            security = next(contracts)
        elif lot.investment_class == InvestmentClass.PUBLIC:
            security = listed[canonical(lot.symbol)]
        position = Position(
            portfolio_id=portfolio_id,
            symbol=security.symbol if security else lot.symbol.strip().upper(),
            security=security,
            investment_class=lot.investment_class,
            investment_subtype=lot.investment_subtype,
            position_type=lot.position_type,
            quantity=signed(amounts.quantity(lot.quantity), lot.position_type),
            entry_price=amounts.price(lot.entry_price, "entry_price"),
            entry_date=lot.entry_date or clock.market_today(),
            notes=lot.notes,
        )
        if lot.id is not None:
            position.id = lot.id
        check_value(position)
        positions.append(position)
    return positions


def check_value(position: Position) -> None:
    """Refuse a lot whose entry value the ledger cannot add up."""
    value = abs(position.quantity) * position.entry_price * multiplier(position)
    if value >= amounts.LARGEST_MONEY:
        raise DomainError(
            "value_too_large", f"{position.symbol}: an entry value of {value:,.0f} dollars is beyond what can be kept."
        )


def _check(lot: NewLot) -> OptionContractTerms | None:
    """The terms of an option, None for other lots."""
    name = lot.symbol.strip()
    if lot.investment_class not in InvestmentClass.values:
        raise DomainError(
            "investment_class_unknown", f"{name}: the class is one of {', '.join(InvestmentClass.values)}."
        )
    if lot.position_type not in PositionType.values:
        raise DomainError("position_type_unknown", f"{name}: the type is one of {', '.join(PositionType.values)}.")
    if (lot.position_type in OPTION_TYPES) != (lot.investment_class == InvestmentClass.OPTIONS):
        raise DomainError(
            "class_does_not_fit_type", f"{name}: {lot.investment_class} and {lot.position_type} do not go together."
        )
    if len(lot.investment_subtype) > LONGEST_SUBTYPE:
        raise DomainError("investment_subtype_too_long", f"{name}: a subtype has at most {LONGEST_SUBTYPE} characters.")
    if not name and lot.investment_class != InvestmentClass.OPTIONS:
        raise DomainError("symbol_missing", "A lot needs a symbol.")
    if len(name) > LONGEST_SYMBOL:
        raise DomainError("symbol_too_long", f"{name[:20]}...: a symbol has at most {LONGEST_SYMBOL} characters.")
    entered = amounts.past_day(lot.entry_date or clock.market_today(), "entry_date")
    if lot.exit_date is not None and amounts.past_day(lot.exit_date, "exit_date") < entered:
        raise DomainError(
            "exit_before_entry", f"{name}: the exit date {lot.exit_date} is before the entry date {entered}."
        )
    if lot.investment_class == InvestmentClass.OPTIONS:
        return _terms(lot, name, entered)
    if lot.investment_class == InvestmentClass.PUBLIC and not SYMBOL.fullmatch(name):
        raise DomainError(
            "symbol_invalid", f"{name}: a symbol consists of letters, digits, points, hyphens and underscores."
        )
    if lot.investment_class == InvestmentClass.PUBLIC and parse_occ(name):
        raise DomainError(
            "symbol_is_an_option", f"{name} is an option contract: its class is OPTIONS, its type LC, LP, SC or SP."
        )
    return None


def _terms(lot: NewLot, name: str, entered: dt.date) -> OptionContractTerms:
    kind = option_type(lot.position_type)
    if lot.strike_price is not None and lot.expiration_date is not None and (lot.underlying_symbol or name):
        spelled = parse_occ(name)
        root = lot.underlying_symbol or (spelled.underlying if spelled else name)
        terms = contract_terms(root, kind, Decimal(lot.strike_price), lot.expiration_date)
    elif (spelled := parse_occ(name)) is not None:
        terms = spelled
        if terms.option_type != kind:
            raise DomainError(
                "class_does_not_fit_type", f"{name} is a {terms.option_type.lower()}, {lot.position_type} is not."
            )
    else:
        raise DomainError(
            "option_terms_missing", f"{name}: an option needs its underlying, strike and expiration date."
        )
    check_not_expired(terms.symbol, terms.expiration, max(entered, lot.exit_date or entered))
    return terms


def check_not_expired(symbol: str, expiration: dt.date, day: dt.date) -> None:
    """Refuse a trade of a contract on a session after the one it settled on."""
    try:
        settles = calendar.session_ordinal(calendar.settlement_session(expiration))
    except calendar.OutsideCalendar as error:
        raise DomainError("expiration_out_of_range", f"{symbol}: {error}.") from error
    if calendar.ordinals_after(np.array([day], dtype="datetime64[D]"))[0] > settles:
        raise DomainError("contract_expired", f"{symbol} expired on {expiration}; it cannot be traded on {day}.")
