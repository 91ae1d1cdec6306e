"""What the targets of a portfolio are measured against: its open lots and the newest prices."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.db.models import Q

from marketdata import calendar
from marketdata.models import Security
from marketdata.services.quotes import newest_quotes
from marketdata.services.securities import canonical
from portfolios.models import InvestmentClass, Position, TargetPrice
from portfolios.services.new_lots import multiplier
from portfolios.services.units import ratio_between, splits_of, to_decimal
from sigmasight.core import clock
from sigmasight.core.errors import DomainError

TARGETS = ("target_price_eoy", "target_price_next_year", "downside_target_price")
PRICE_STEP = Decimal("0.0001")
# What the columns of returns (percent) and dollars can hold.
RETURN_BOUND = Decimal(10) ** 6
DOLLAR_BOUND = Decimal(10) ** 14
STOCKS_FIRST = (InvestmentClass.PUBLIC, InvestmentClass.PRIVATE, InvestmentClass.OPTIONS)


@dataclass
class TargetBook:
    """The open lots of a portfolio that targets of some symbols can mean, stocks before options; market prices and share
    splits by symbol.

    Prices are those of the close of today or of the session before, in today's shares; what is older counts as unknown.
    """

    portfolio_id: UUID
    lots: list[Position]
    prices: dict[str, Decimal]
    splits: dict[str, list[tuple[dt.date, Fraction]]]

    def __post_init__(self) -> None:
        self._by_id = {lot.pk: lot for lot in self.lots}
        self._by_symbol: dict[str, list[Position]] = defaultdict(list)
        for lot in self.lots:
            self._by_symbol[lot.symbol].append(lot)

    def spelled(self, symbol: str) -> str:
        """The symbol as the book's lots bear it; share classes have a hyphen, but private holdings are named freely."""
        typed = symbol.strip().upper()
        return typed if typed in self._by_symbol else canonical(typed)

    def lot(self, position_id: UUID | None) -> Position | None:
        return None if position_id is None else self._by_id.get(position_id)

    def lots_of(self, symbol: str, position_type: str = "") -> list[Position]:
        """The lots of the symbol, of that type where one is given."""
        return [lot for lot in self._by_symbol.get(symbol, ()) if position_type in ("", lot.position_type)]

    def units_of(self, target: TargetPrice) -> Decimal | None:
        """Signed shares that all lots of the target's symbol and side stand for, else those of the lot it names."""
        held = self.lots_of(target.symbol, target.position_type)
        if not held and (named := self.lot(target.position_id)) is not None:
            held = [named]
        return sum((lot.quantity * multiplier(lot) for lot in held), start=Decimal(0)) if held else None

    def price_of(self, target: TargetPrice, given: Decimal | None) -> Decimal | None:
        """The market's price of what the target is about; the owner's where the market has none, and of private holdings."""
        lot = self.lot(target.position_id)
        if lot is not None and lot.investment_class == InvestmentClass.PRIVATE:
            return given
        market = self.prices.get(target.symbol if lot is None else lot.symbol)
        return given if market is None else market

    def restate(self, target: TargetPrice) -> None:
        """Count what was last settled before a split in today's shares."""
        if target.price_updated_at is None:
            return
        counted = target.price_updated_at.astimezone(clock.NEW_YORK).date()
        ratio = ratio_between(self.splits.get(target.symbol, ()), counted, clock.market_today())
        if ratio == 1:
            return
        for name in (*TARGETS, "current_price"):
            price = getattr(target, name)
            setattr(target, name, None if price is None else to_decimal(Fraction(price) / ratio, PRICE_STEP))

    def settle(self, target: TargetPrice, price: Decimal) -> None:
        """Set the price and what the targets mean at it.

        Raises
        ------
        DomainError if a target is so far from the price that its return cannot be kept.
        """
        target.settle(price, self.units_of(target), clock.now())
        returns = (target.expected_return_eoy, target.expected_return_next_year, target.downside_return)
        values = (target.target_upside_eoy_value, target.target_upside_next_year_value, target.target_downside_value)
        if _beyond(returns, RETURN_BOUND) or _beyond(values, DOLLAR_BOUND):
            raise DomainError(
                "target_too_far", f"{target.symbol}: a target is too far from the price of {price.normalize():f}."
            )


def load_target_book(
    portfolio_id: UUID, symbols: Iterable[str], position_ids: Collection[UUID] = (), *, market_prices: bool = True
) -> TargetBook:
    """The lots and prices that targets of these symbols, or of these lots, are about. A handful of queries."""
    typed = {symbol.strip().upper() for symbol in symbols}
    wanted = typed | {canonical(symbol) for symbol in typed}
    living = Q(exit_date__isnull=True) | Q(exit_date__gt=clock.market_today())
    lots = list(
        Position.objects.filter(
            living, Q(symbol__in=wanted) | Q(pk__in=position_ids), portfolio_id=portfolio_id, deleted_at__isnull=True
        )
        .select_related("security__option_contract")
        .order_by("entry_date", "id")
    )
    lots.sort(key=lambda lot: STOCKS_FIRST.index(InvestmentClass(lot.investment_class)))
    names = wanted | {lot.symbol for lot in lots}
    splits = _splits(names)
    return TargetBook(portfolio_id, lots, _fresh_prices(names, splits) if market_prices else {}, splits)


def _splits(symbols: Collection[str]) -> dict[str, list[tuple[dt.date, Fraction]]]:
    found: dict[str, list[tuple[dt.date, Fraction]]] = defaultdict(list)
    ids = dict(Security.objects.filter(symbol__in=symbols, splits__isnull=False).values_list("id", "symbol"))
    for security_id, splits in splits_of(ids).items():
        found[ids[security_id]] = splits
    return found


def _fresh_prices(symbols: Collection[str], splits: dict[str, list[tuple[dt.date, Fraction]]]) -> dict[str, Decimal]:
    today = clock.market_today()
    oldest = calendar.previous_session(today)
    found = {}
    for symbol, quote in newest_quotes(symbols, include_options=True).items():
        day = quote.at.astimezone(clock.NEW_YORK).date()
        price = Fraction(repr(quote.price)) / ratio_between(splits.get(symbol, ()), day, today)
        rounded = to_decimal(price, PRICE_STEP)
        if rounded > 0 and day >= oldest:
            found[symbol] = rounded
    return found


def _beyond(values: Iterable[Decimal | None], bound: Decimal) -> bool:
    return any(value is not None and abs(value) >= bound for value in values)
