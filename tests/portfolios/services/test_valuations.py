"""What owners say their private holdings are worth."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from portfolios.models import InvestmentClass, Portfolio, Position
from portfolios.services.positions import record_valuation
from sigmasight.core.errors import DomainError
from tests.factories import PositionFactory
from tests.portfolios.services.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def fund(portfolio: Portfolio) -> Position:
    return PositionFactory(
        portfolio=portfolio, investment_class=InvestmentClass.PRIVATE, security=None, symbol="FUND", quantity=Decimal(1)
    )


def test_a_valuation_is_of_today(fund: Position, portfolio: Portfolio) -> None:
    valuation = record_valuation(fund.id, Decimal(61_500), created_by=portfolio.user)
    portfolio.refresh_from_db()
    assert (valuation.date, valuation.price) == (TODAY, 61_500)
    assert portfolio.dirty_from == TODAY


def test_a_second_value_of_a_day_replaces_the_first(fund: Position) -> None:
    record_valuation(fund.id, Decimal(61_500), dt.date(2026, 1, 5))
    record_valuation(fund.id, Decimal(0), dt.date(2026, 1, 5))
    assert fund.valuations.get().price == 0


def test_a_listed_lot_is_not_valued_by_hand(portfolio: Portfolio) -> None:
    with pytest.raises(DomainError) as error:
        record_valuation(PositionFactory(portfolio=portfolio).id, Decimal(1))
    assert error.value.code == "not_private"


def test_a_value_is_not_of_the_future(fund: Position) -> None:
    with pytest.raises(DomainError) as error:
        record_valuation(fund.id, Decimal(1), TODAY + dt.timedelta(days=1))
    assert error.value.code == "date_in_future"
