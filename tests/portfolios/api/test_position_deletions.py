"""Lots taken out of a book over HTTP."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portfolios.models import Portfolio, Position, PositionSnapshot, TargetPrice, Trade
from tagging.models import PositionTag, Tag
from tests.analytics.api.callers import answer
from tests.factories import OPENED, PortfolioFactory, PositionFactory
from tests.portfolios.api.callers import faults, send
from tests.portfolios.api.conftest import TODAY

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 2, 27, 22, tzinfo=dt.UTC)


@pytest.fixture
def lot(portfolio: Portfolio) -> Position:
    return PositionFactory(portfolio=portfolio)


def age(seconds: int) -> None:
    Position.objects.update(created_at=NOW - dt.timedelta(seconds=seconds))


def seen(*lots: Position) -> None:
    """A night's snapshot of these lots of one book."""
    numbers = ("quantity", "price", "market_value", "entry_value", "unrealized_pnl", "daily_pnl")
    columns: dict[str, Any] = {name: [1.0] * len(lots) for name in numbers}
    columns |= {"position_ids": [lot.pk for lot in lots], "cost_micro": [1] * len(lots), "quality": ["F"] * len(lots)}
    PositionSnapshot.objects.create(portfolio=lots[0].portfolio, snapshot_date=TODAY - dt.timedelta(days=1), **columns)


def dirty(book: Portfolio) -> dt.date | None:
    book.refresh_from_db()
    return book.dirty_from


def delete_many(client: Client, *ids: UUID, **more: Any) -> Any:
    return send(client, "delete", "positions/bulk", {"position_ids": [str(one) for one in ids], **more})


def test_a_deleted_lot_is_gone_from_every_read(owner: Client, lot: Position) -> None:
    TargetPrice.objects.create(portfolio=lot.portfolio, symbol=lot.symbol, position=lot, current_price=50)
    answered = send(owner, "delete", f"positions/{lot.pk}")
    assert answered.status_code == 200
    assert answered.json() == {
        "deleted": True, "position_id": str(lot.pk), "symbol": lot.symbol, "type": "soft_delete",
        "deleted_at": "2026-02-27T22:00:00Z", "reason": None,
    }  # fmt: skip
    assert answer(owner, f"data/positions/details?portfolio_id={lot.portfolio_id}")["positions"] == []
    assert answer(owner, "data/portfolios")[0]["position_count"] == 0
    assert send(owner, "delete", f"positions/{lot.pk}").status_code == 404
    assert TargetPrice.objects.exists()


def test_what_a_night_has_seen_is_closed_today_else_it_never_was(owner: Client, lot: Position) -> None:
    other = PositionFactory(portfolio=lot.portfolio)
    seen(lot)
    send(owner, "delete", f"positions/{lot.pk}")
    assert (dirty(lot.portfolio), lot.trades.count()) == (TODAY, 1)
    send(owner, "delete", f"positions/{other.pk}")
    assert (dirty(lot.portfolio), other.trades.count()) == (OPENED, 0)


@pytest.mark.parametrize("query", ["?force_hard_delete=true", ""])
def test_a_fresh_entry_is_undone_with_everything_on_it(owner: Client, lot: Position, query: str) -> None:
    TargetPrice.objects.create(portfolio=lot.portfolio, symbol=lot.symbol, position=lot, current_price=50)
    PositionTag.objects.create(position=lot, tag=Tag.objects.create(user=lot.portfolio.user, name="watch"))
    age(299)
    gone = send(owner, "delete", f"positions/{lot.pk}{query}", {} if query else {"force_hard_delete": True}).json()
    assert (gone["type"], gone["deleted_at"], gone["position_id"]) == ("hard_delete", None, str(lot.pk))
    assert gone["reason"]
    for kind in (Position, Trade, TargetPrice, PositionTag):
        assert not kind.objects.exists()  # type: ignore[attr-defined]
    assert dirty(lot.portfolio) == OPENED


def test_an_older_entry_is_deleted_softly_instead(owner: Client, lot: Position) -> None:
    age(300)
    assert send(owner, "delete", f"positions/{lot.pk}?force_hard_delete=true").json()["type"] == "soft_delete"


def test_the_undo_of_the_frontend_refuses_older_entries(owner: Client, lot: Position) -> None:
    age(300)
    refused = send(owner, "delete", f"positions/{lot.pk}/hard")
    assert refused.status_code == 400
    assert "five minutes" in refused.json()["detail"]
    age(10)
    undone = send(owner, "delete", f"positions/{lot.pk}/hard")
    assert undone.status_code == 200
    assert undone.json()["permanently_deleted"] is True
    assert undone.json()["symbol"] == lot.symbol
    assert not Position.objects.exists()


# -- many at once


def test_many_are_deleted_in_the_order_they_were_named(owner: Client, lot: Position) -> None:
    other = PositionFactory(portfolio=PortfolioFactory(user=lot.portfolio.user))
    seen(lot)
    answered = delete_many(owner, other.pk, lot.pk, force_hard_delete=True)
    assert answered.json() == {"deleted": True, "count": 2, "positions": [other.symbol, lot.symbol]}
    assert Position.objects.filter(deleted_at=NOW).count() == 2
    assert list(Trade.objects.values_list("position_id", flat=True)) == [lot.pk]
    assert (dirty(lot.portfolio), dirty(other.portfolio)) == (TODAY, OPENED)


def test_one_foreign_or_unknown_id_refuses_all(owner: Client, lot: Position) -> None:
    answers = [delete_many(owner, lot.pk, one) for one in (PositionFactory().pk, uuid4())]
    assert {one.status_code for one in answers} == {404}
    assert answers[0].json() == answers[1].json()
    assert not Position.objects.exclude(deleted_at=None).exists()
    assert dirty(lot.portfolio) is None


def test_an_id_named_twice_refuses_all(owner: Client, lot: Position) -> None:
    assert delete_many(owner, lot.pk, lot.pk).status_code == 400
    assert not Position.objects.exclude(deleted_at=None).exists()


def test_without_a_body_it_can_only_be_422(owner: Client, lot: Position) -> None:
    assert faults(send(owner, "delete", "positions/bulk")) == {("body", "position_ids")}
    assert faults(delete_many(owner)) == {("body", "position_ids")}
    assert send(owner, "delete", f"positions/bulk?position_ids={lot.pk}").json()["count"] == 1


def test_a_failure_in_the_middle_changes_nothing(owner: Client, lot: Position, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("portfolios.services.deletions.mark_dirty", fail)
    assert delete_many(owner, lot.pk).status_code == 500
    lot.refresh_from_db()
    assert (lot.deleted_at, lot.trades.count()) == (None, 1)


def test_many_cost_no_statement_more(owner: Client, portfolio: Portfolio) -> None:
    counts = []
    for number in (1, 20):
        lots = [PositionFactory(portfolio=portfolio, quantity=Decimal(1)).pk for _ in range(number)]
        with CaptureQueriesContext(connection) as asked:
            assert delete_many(owner, *lots).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
