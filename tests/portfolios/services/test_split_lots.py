"""Lots and targets after a missed split, by hand: 10 shares at 100 become 40 at 25."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from marketdata.models import Security, Split
from portfolios.models import Position, TargetPrice
from portfolios.services.positions import close_position
from portfolios.services.split_lots import recount_lots
from tests.factories import PositionFactory, SecurityFactory

pytestmark = pytest.mark.django_db
DAY = dt.date(2025, 9, 1)
CLOSED = dt.date(2025, 9, 15)


@pytest.fixture
def share() -> Security:
    return SecurityFactory(symbol="SPL")


def lot(share: Security, **fields: object) -> Position:
    return PositionFactory(security=share, entry_price=Decimal(100), **fields)


def recount(share: Security) -> tuple[dict[str, int], list[str]]:
    Split.objects.create(security=share, ex_date=DAY, ratio=4, source="staff")
    found = recount_lots(share.pk, share.symbol, DAY, Fraction(4))
    return found.rows, found.notes


def test_an_open_lot_counts_new_shares(share: Security) -> None:
    held, short = lot(share), lot(share, position_type="SHORT")
    assert recount(share) == ({"positions": 2}, [])
    held.refresh_from_db()
    short.refresh_from_db()
    assert (held.quantity, held.entry_price, short.quantity) == (40, 25, -40)


def test_a_lot_that_was_closed_whole_since_stays_closed_at_what_it_really_gained(share: Security) -> None:
    held = lot(share)
    close_position(held.pk, exit_price=Decimal(30), exit_date=CLOSED)
    held.refresh_from_db()
    assert held.realized_pnl == -700
    assert recount(share)[0] == {"positions": 1, "trades": 1}
    held.refresh_from_db()
    assert (held.quantity, held.entry_price, held.exit_price, held.realized_pnl) == (0, 25, 30, 200)
    assert held.trades.get(kind="close").quantity == -40


def test_a_part_that_was_closed_since_stays_as_entered_and_is_pointed_out(share: Security) -> None:
    held = lot(share)
    close_position(held.pk, exit_price=Decimal(30), exit_date=CLOSED, close_quantity=Decimal(4))
    rows, notes = recount(share)
    held.refresh_from_db()
    assert (rows, held.quantity, held.realized_pnl) == ({"positions": 1}, 36, 20)
    assert "1 open lots were closed in part since" in notes[0]


def test_lots_from_after_the_split_and_other_shares_are_left_alone(share: Security) -> None:
    later, other = lot(share, entry_date=CLOSED), PositionFactory()
    assert recount(share) == ({}, [])
    later.refresh_from_db()
    other.refresh_from_db()
    assert (later.quantity, other.quantity) == (10, 10)


@pytest.mark.parametrize(("settled", "target"), [(dt.date(2025, 10, 1), 30), (dt.date(2025, 8, 1), 120), (None, 120)])
def test_a_target_from_before_is_divided_unless_the_next_night_does_it(
    share: Security, settled: dt.date | None, target: int
) -> None:
    held = lot(share)
    at = None if settled is None else dt.datetime(settled.year, settled.month, settled.day, 20, tzinfo=dt.UTC)
    row = TargetPrice.objects.create(
        portfolio=held.portfolio, symbol="SPL", target_price_eoy=120, current_price=25, price_updated_at=at
    )
    TargetPrice.objects.update(created_at=dt.datetime(2025, 7, 1, tzinfo=dt.UTC))
    recount(share)
    row.refresh_from_db()
    assert row.target_price_eoy == target
    if target == 30:
        assert (row.expected_return_eoy, row.target_upside_eoy_value) == (20, 200)
