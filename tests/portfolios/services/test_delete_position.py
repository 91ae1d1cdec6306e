"""Taking lots out of a book."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from portfolios.models import Portfolio, PortfolioSnapshot, Position, PositionSnapshot, TargetPrice, Trade
from portfolios.services.deletions import delete_position
from sigmasight.core.errors import DomainError
from tests.factories import OPENED, PositionFactory
from tests.portfolios.services.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def position(portfolio: Portfolio) -> Position:
    return PositionFactory(portfolio=portfolio, quantity=Decimal(10), entry_price=Decimal(50))


def snapshot(position: Position) -> None:
    one: dict[str, Any] = {
        name: [1.0] for name in ("quantity", "price", "market_value", "entry_value", "unrealized_pnl", "daily_pnl")
    }
    one |= {"position_ids": [position.id], "cost_micro": [1], "quality": ["F"]}
    PositionSnapshot.objects.create(portfolio=position.portfolio, snapshot_date=dt.date(2026, 2, 26), **one)


def test_a_lot_of_a_snapshot_keeps_its_past(position: Position, portfolio: Portfolio) -> None:
    snapshot(position)
    delete_position(position.id)
    position.refresh_from_db()
    portfolio.refresh_from_db()
    assert position.deleted_at is not None
    assert position.trades.count() == 1
    assert portfolio.dirty_from == TODAY


def test_a_lot_whose_snapshots_retention_dropped_keeps_its_past(position: Position, portfolio: Portfolio) -> None:
    money = (
        "net_asset_value", "cash_value", "long_value", "short_value", "gross_exposure", "net_exposure", "daily_pnl",
        "daily_unrealized_pnl", "daily_realized_pnl", "daily_income", "daily_capital_flow", "cumulative_pnl",
        "cumulative_realized_pnl", "cumulative_capital_flow", "twr_index",
    )  # fmt: skip
    PortfolioSnapshot.objects.create(portfolio=portfolio, snapshot_date=position.entry_date, **dict.fromkeys(money, 0))
    snapshot(PositionFactory(portfolio=portfolio))
    delete_position(position.id)
    assert position.trades.count() == 1


def test_a_lot_no_snapshot_has_seen_leaves_no_trades(position: Position, portfolio: Portfolio) -> None:
    snapshot(PositionFactory(portfolio=portfolio))
    delete_position(position.id)
    portfolio.refresh_from_db()
    assert not Trade.objects.filter(position=position).exists()
    assert portfolio.dirty_from == OPENED


def test_a_lot_is_deleted_once(position: Position) -> None:
    delete_position(position.id)
    with pytest.raises(DomainError) as error:
        delete_position(position.id)
    assert error.value.code == "position_deleted"


def test_a_young_lot_can_vanish_with_its_target(position: Position, portfolio: Portfolio, monkeypatch: Any) -> None:
    monkeypatch.delenv("SIGMASIGHT_NOW")
    TargetPrice.objects.create(portfolio=portfolio, symbol=position.symbol, position=position, current_price=50)
    delete_position(position.id, hard=True)
    portfolio.refresh_from_db()
    assert not Position.objects.filter(pk=position.pk).exists()
    assert not TargetPrice.objects.exists()
    assert portfolio.dirty_from == OPENED


def test_an_older_lot_is_deleted_softly(position: Position, monkeypatch: Any) -> None:
    monkeypatch.delenv("SIGMASIGHT_NOW")
    Position.objects.filter(pk=position.pk).update(created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    delete_position(position.id, hard=True)
    position.refresh_from_db()
    assert position.deleted_at is not None
