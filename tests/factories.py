"""Rows for tests: the least that is valid, everything else as the test says."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from marketdata.models import OptionContract, OptionType, Security, SecurityType
from portfolios.models import OPTION_TYPES, InvestmentClass, Portfolio, Position, PositionType, Trade, TradeKind, User

OPENED = dt.date(2025, 6, 30)
PASSWORD = "correct-horse-1"


def occ_symbol(root: str, expiration: dt.date, option_type: str, strike: Decimal) -> str:
    return f"{root}{expiration:%y%m%d}{option_type[0]}{int(strike * 1000):08d}"


class UserFactory(DjangoModelFactory[User]):
    """An investor who logs in with `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"investor{n}@example.com")
    full_name = "Ada Investor"

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return model_class.objects.create_user(*args, password=kwargs.pop("password", PASSWORD), **kwargs)


class PortfolioFactory(DjangoModelFactory[Portfolio]):
    class Meta:
        model = Portfolio

    user = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"Portfolio {n}")
    account_name = factory.Sequence(lambda n: f"Account {n}")
    opening_equity = Decimal("100000.00")
    equity_as_of = OPENED


class SecurityFactory(DjangoModelFactory[Security]):
    class Meta:
        model = Security
        django_get_or_create = ("symbol",)

    symbol = factory.Sequence(lambda n: f"S{n}")
    name = factory.LazyAttribute(lambda security: f"{security.symbol} Inc.")
    security_type = SecurityType.STOCK
    sector = "Technology"


class OptionContractFactory(DjangoModelFactory[OptionContract]):
    """A contract whose security bears the OCC symbol of its terms."""

    class Meta:
        model = OptionContract

    underlying = factory.SubFactory(SecurityFactory)
    option_type = OptionType.CALL
    strike = Decimal(100)
    expiration = dt.date(2027, 12, 17)
    security = factory.LazyAttribute(
        lambda terms: SecurityFactory(
            symbol=occ_symbol(terms.underlying.symbol, terms.expiration, terms.option_type, terms.strike),
            security_type=SecurityType.OPTION,
            sector="",
        )
    )


class PositionFactory(DjangoModelFactory[Position]):
    """An open lot with its opening trade; class, security and sign follow `position_type` unless given."""

    class Meta:
        model = Position
        skip_postgeneration_save = True

    portfolio = factory.SubFactory(PortfolioFactory)
    position_type = PositionType.LONG
    investment_class = factory.LazyAttribute(
        lambda lot: InvestmentClass.OPTIONS if lot.position_type in OPTION_TYPES else InvestmentClass.PUBLIC
    )
    security = factory.LazyAttribute(
        lambda lot: (
            OptionContractFactory(
                option_type=OptionType.CALL if lot.position_type in ("LC", "SC") else OptionType.PUT
            ).security
            if lot.position_type in OPTION_TYPES
            else SecurityFactory()
        )
    )
    symbol = factory.LazyAttribute(lambda lot: lot.security.symbol if lot.security else "PRIVATE_FUND")
    quantity = factory.LazyAttribute(lambda lot: Decimal(-10 if lot.position_type in ("SHORT", "SC", "SP") else 10))
    entry_price = Decimal("50.00")
    entry_date = OPENED

    @factory.post_generation
    def opening_trade(self: Position, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and extracted is not False:
            Trade.objects.create(
                position=self,
                kind=TradeKind.OPEN,
                trade_date=self.entry_date,
                quantity=self.quantity,
                price=self.entry_price,
                units_as_of=self.entry_date,
            )
