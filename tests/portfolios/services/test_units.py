"""Counting lots in the shares of a day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.models import Split
from portfolios.models import Portfolio
from portfolios.services.positions import close_position
from portfolios.services.units import ratio_between, restate_positions, splits_of, to_decimal
from tests.factories import PositionFactory
from tests.portfolios.services.conftest import TODAY

DAYS = st.dates(dt.date(2025, 1, 1), dt.date(2025, 12, 31))
SPLITS = [
    (dt.date(2025, 3, 3), Fraction(4)),
    (dt.date(2025, 6, 2), Fraction(1, 3)),
    (dt.date(2025, 9, 1), Fraction(3, 2)),
]


def test_a_split_counts_after_the_day_and_up_to_the_other() -> None:
    before, ex_date, after = dt.date(2025, 2, 28), dt.date(2025, 3, 3), dt.date(2025, 3, 4)
    assert ratio_between(SPLITS, before, ex_date) == 4
    assert ratio_between(SPLITS, ex_date, after) == 1
    assert ratio_between(SPLITS, after, before) == Fraction(1, 4)


@given(first=DAYS, second=DAYS, third=DAYS)
def test_ratios_chain_and_turn_around(first: dt.date, second: dt.date, third: dt.date) -> None:
    assert ratio_between(SPLITS, first, second) * ratio_between(SPLITS, second, third) == ratio_between(
        SPLITS, first, third
    )
    assert ratio_between(SPLITS, first, second) * ratio_between(SPLITS, second, first) == 1


@pytest.mark.parametrize(("value", "wanted"), [("1.00005", "1.0000"), ("1.00015", "1.0002"), ("-1.00005", "-1.0000")])
def test_shares_are_rounded_half_even(value: str, wanted: str) -> None:
    assert to_decimal(Fraction(value), Decimal("0.0001")) == Decimal(wanted)


@pytest.mark.django_db
def test_open_lots_follow_a_split_once(portfolio: Portfolio) -> None:
    lot = PositionFactory(portfolio=portfolio, quantity=Decimal(-10), entry_price=Decimal(401), position_type="SHORT")
    close_position(lot.id, exit_price=Decimal(390), close_quantity=Decimal(2), exit_date=dt.date(2025, 12, 1))
    lot.trades.update(units_as_of=dt.date(2025, 12, 1))
    Split.objects.create(security=lot.security, ex_date=dt.date(2026, 1, 5), ratio=4, source="test")
    assert restate_positions([lot.security_id], TODAY, portfolio_ids=[]) == 0
    assert restate_positions([lot.security_id], TODAY, portfolio_ids=[portfolio.id]) == 1
    assert restate_positions([lot.security_id], TODAY) == 0
    lot.refresh_from_db()
    assert (lot.quantity, lot.entry_price) == (-32, Decimal("100.25"))


@pytest.mark.django_db
def test_a_split_taken_back_is_undone(portfolio: Portfolio) -> None:
    lot = PositionFactory(portfolio=portfolio, quantity=Decimal(10), entry_price=Decimal(400))
    split = Split.objects.create(security=lot.security, ex_date=dt.date(2026, 1, 5), ratio=4, source="test")
    restate_positions([lot.security_id], TODAY)
    split.delete()
    assert restate_positions([lot.security_id], TODAY) == 1
    lot.refresh_from_db()
    assert (lot.quantity, lot.entry_price) == (10, 400)


@pytest.mark.django_db
def test_splits_still_to_come_change_nothing(portfolio: Portfolio) -> None:
    lot = PositionFactory(portfolio=portfolio)
    Split.objects.create(security=lot.security, ex_date=TODAY + dt.timedelta(days=3), ratio=4, source="test")
    assert restate_positions([lot.security_id], TODAY) == 0


@pytest.mark.django_db
def test_stored_ratios_are_exact(portfolio: Portfolio) -> None:
    lot = PositionFactory(portfolio=portfolio)
    Split.objects.create(security=lot.security, ex_date=TODAY, ratio=Decimal("0.333333333333"), source="test")
    assert splits_of([lot.security_id])[lot.security_id] == [(TODAY, Fraction(1, 3))]
