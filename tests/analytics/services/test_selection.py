"""Which portfolios an aggregate is about, and how much each of them weighs."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from analytics.services.selection import select_portfolios
from portfolios.models import Portfolio, PortfolioSnapshot, User
from portfolios.services.tokens import listed_portfolios
from sigmasight.core.errors import NotFound
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db
FRIDAY = dt.date(2025, 11, 14)
MONDAY = dt.date(2025, 11, 17)
MONEY = (
    "cash_value", "long_value", "short_value", "gross_exposure", "net_exposure", "daily_pnl", "daily_unrealized_pnl",
    "daily_realized_pnl", "daily_income", "daily_capital_flow", "cumulative_pnl", "cumulative_realized_pnl",
    "cumulative_capital_flow",
)  # fmt: skip


@pytest.fixture
def owner() -> User:
    return UserFactory()


def valued(owner: User, nav: str, session: dt.date = MONDAY, **fields: Any) -> Portfolio:
    book = PortfolioFactory(user=owner, results_as_of=session, **fields)
    snapshot(book, session, nav)
    return book


def snapshot(book: Portfolio, session: dt.date, nav: str, **fields: Any) -> None:
    money = dict.fromkeys(MONEY, Decimal(0))
    row = {"twr_index": 1.0, "net_asset_value": Decimal(nav)} | money | fields
    PortfolioSnapshot.objects.create(portfolio=book, snapshot_date=session, **row)


def test_weights_are_shares_of_the_net_asset_values(owner: User) -> None:
    valued(owner, "3000.00")
    valued(owner, "1000.00")
    selection = select_portfolios(owner)
    assert [(one.value, one.weight) for one in selection.portfolios] == [(Decimal(3000), 0.75), (Decimal(1000), 0.25)]
    assert selection.total_value == Decimal(4000)


def test_the_published_session_counts_not_the_newest_snapshot(owner: User) -> None:
    book = valued(owner, "3000.00", FRIDAY)
    snapshot(book, MONDAY, "9999.00")
    selection = select_portfolios(owner)
    assert selection.portfolios[0].value == Decimal(3000)
    assert selection.as_of == FRIDAY
    assert selection.sessions == {book.id: FRIDAY}


def test_the_newest_session_of_all_is_the_selections(owner: User) -> None:
    valued(owner, "1.00", FRIDAY)
    valued(owner, "1.00", MONDAY)
    assert select_portfolios(owner).as_of == MONDAY


def test_before_the_first_session_the_opening_equity_counts(owner: User) -> None:
    PortfolioFactory(user=owner, opening_equity=Decimal("250.50"))
    selection = select_portfolios(owner, columns=["beta_provider_1y"])
    assert selection.total_value == Decimal("250.50")
    assert selection.as_of is None
    assert selection.sessions == {}
    assert selection.portfolios[0].snapshot == {"beta_provider_1y": None}


def test_a_net_asset_value_of_zero_is_zero(owner: User) -> None:
    valued(owner, "0.00", opening_equity=Decimal(500))
    valued(owner, "100.00")
    assert [one.weight for one in select_portfolios(owner).portfolios] == [0.0, 1.0]


def test_weights_are_equal_if_nothing_is_worth_anything(owner: User) -> None:
    valued(owner, "0.00")
    PortfolioFactory(user=owner, opening_equity=Decimal(0))
    assert [one.weight for one in select_portfolios(owner).portfolios] == [0.5, 0.5]


def test_named_ones_count_once_however_often_they_are_named(owner: User) -> None:
    book = valued(owner, "3000.00")
    valued(owner, "1000.00")
    selection = select_portfolios(owner, [book.id, book.id])
    assert [(one.id, one.weight) for one in selection.portfolios] == [(book.id, 1.0)]


def test_columns_are_those_of_the_published_session(owner: User) -> None:
    book = valued(owner, "3000.00", FRIDAY)
    PortfolioSnapshot.objects.filter(portfolio=book).update(beta_calculated_90d=Decimal("1.2500"))
    snapshot(book, MONDAY, "1.00", beta_calculated_90d=Decimal("9.0000"))
    selection = select_portfolios(owner, columns=["beta_calculated_90d", "beta_provider_1y"])
    assert selection.portfolios[0].snapshot == {"beta_calculated_90d": Decimal("1.2500"), "beta_provider_1y": None}


def test_private_accounts_come_last(owner: User) -> None:
    PortfolioFactory(user=owner, account_name="Private holdings")
    PortfolioFactory(user=owner, account_name="Brokerage")
    assert [one.account_name for one in select_portfolios(owner).portfolios] == ["Brokerage", "Private holdings"]


def test_the_order_is_that_of_every_list(owner: User) -> None:
    for account in ("Private one", "B", "my PRIVATE two", "A"):
        PortfolioFactory(user=owner, account_name=account)
    assert select_portfolios(owner).ids == [book.id for book in listed_portfolios(owner.pk)]


def test_a_book_is_current_until_it_is_changed(owner: User) -> None:
    book = valued(owner, "3000.00")
    assert select_portfolios(owner).is_current
    Portfolio.objects.filter(pk=book.pk).update(dirty_from=MONDAY)
    assert not select_portfolios(owner).is_current


def test_deleted_inactive_and_foreign_ones_are_left_out(owner: User) -> None:
    PortfolioFactory(user=owner, is_active=False)
    PortfolioFactory(user=owner, is_active=False, deleted_at=timezone.now())
    PortfolioFactory()
    selection = select_portfolios(owner)
    assert selection.portfolios == ()
    assert selection.total_value == 0


@pytest.mark.parametrize("other", ["foreign", "unknown", "deleted"])
def test_naming_what_is_not_ones_own_is_not_found(owner: User, other: str) -> None:
    ids = {
        "foreign": lambda: PortfolioFactory().id,
        "unknown": uuid4,
        "deleted": lambda: PortfolioFactory(user=owner, is_active=False, deleted_at=timezone.now()).id,
    }
    with pytest.raises(NotFound, match="Portfolio not found"):
        select_portfolios(owner, [PortfolioFactory(user=owner).id, ids[other]()])


def test_one_query_whatever_the_number(owner: User, django_assert_num_queries: Any) -> None:
    for _ in range(4):
        valued(owner, "10.00")
    with django_assert_num_queries(1):
        select_portfolios(owner, columns=["hhi"])
