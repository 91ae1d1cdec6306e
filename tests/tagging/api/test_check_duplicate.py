"""What a portfolio holds of a symbol already."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client

from portfolios.models import Portfolio, Position
from portfolios.services.deletions import delete_position
from portfolios.services.positions import close_position
from tagging.models import PositionTag, Tag
from tests.analytics.api.callers import answer, client_of
from tests.factories import PortfolioFactory, PositionFactory, SecurityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory()


@pytest.fixture
def client(portfolio: Portfolio) -> Client:
    return client_of(portfolio.user)


def lot(book: Portfolio, symbol: str = "BRK-B", kind: str = "LONG") -> Position:
    return PositionFactory(portfolio=book, security=SecurityFactory(symbol=symbol), position_type=kind)


def test_open_lots_of_the_symbol_are_named_with_their_cost(client: Client, portfolio: Portfolio) -> None:
    held = lot(portfolio)
    lot(portfolio, "ZM")
    lot(PortfolioFactory(user=portfolio.user))
    close_position(lot(portfolio).pk, exit_price=Decimal(60))
    delete_position(lot(portfolio).pk)
    for spelling in ("brk.b", " BRK-B "):
        found = answer(client, "positions/check-duplicate", portfolio_id=portfolio.pk, symbol=spelling)
        assert (found["has_duplicates"], found["total_count"]) == (True, 1)
        assert [one["id"] for one in found["existing_positions"]] == [str(held.pk)]
        assert {"quantity": 10, "avg_cost": 50, "entry_date": "2025-06-30"}.items() <= found["existing_positions"][
            0
        ].items()
        assert "1 open lot of" in found["message"]


def test_a_type_narrows_the_answer(client: Client, portfolio: Portfolio) -> None:
    lot(portfolio)
    short = lot(portfolio, kind="SHORT")
    for kind, count in (("LONG", 1), ("SHORT", 1), ("LC", 0), ("", 2)):
        found = answer(
            client, "positions/check-duplicate", portfolio_id=portfolio.pk, symbol="BRK.B", position_type=kind
        )
        assert found["total_count"] == count
        if kind == "SHORT":
            assert found["existing_positions"][0]["id"] == str(short.pk)


def test_tags_of_the_symbol_come_along(client: Client, portfolio: Portfolio) -> None:
    tag, archived = (
        Tag.objects.create(user=portfolio.user, name=name, is_archived=name == "old") for name in ("new", "old")
    )
    for one in (tag, archived):
        PositionTag.objects.create(position=lot(portfolio), tag=one)
    found = answer(client, "positions/check-duplicate", portfolio_id=portfolio.pk, symbol="BRK.B")
    assert found["tags_to_inherit"] == [str(tag.pk)]


def test_nothing_held_is_no_error(client: Client, portfolio: Portfolio) -> None:
    found = answer(client, "positions/check-duplicate", portfolio_id=portfolio.pk, symbol="aapl")
    assert found == {
        "has_duplicates": False, "existing_positions": [], "total_count": 0, "tags_to_inherit": [],
        "message": "The portfolio has no open lot of AAPL",
    }  # fmt: skip


def test_wrong_questions_are_refused(client: Client, portfolio: Portfolio) -> None:
    path = "/api/v1/positions/check-duplicate"
    foreign = [client.get(path, {"portfolio_id": one, "symbol": "ZM"}) for one in (PortfolioFactory().pk, uuid4())]
    assert [one.status_code for one in foreign] == [404, 404]
    assert foreign[0].json() == foreign[1].json()
    for given in ({"symbol": "ZM"}, {"portfolio_id": portfolio.pk}, {"portfolio_id": "x", "symbol": "ZM"},
                  {"portfolio_id": portfolio.pk, "symbol": "ZM", "position_type": "BOTH"}):  # fmt: skip
        assert client.get(path, given).status_code == 422
