"""A portfolio and its snapshot in one query, and whose it is."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from analytics.services.published import published_book
from portfolios.models import Portfolio
from sigmasight.core.errors import NotFound
from tests.analytics.services.conftest import snapshot_of
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_what_the_night_stored(demo_book: Portfolio, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        book = published_book(demo_book.user, demo_book.id, ["hhi", "cash_value"], engine="portfolio_aggregation")
    stored = snapshot_of(demo_book)
    assert book.as_of == demo_book.results_as_of
    assert book.equity == stored.net_asset_value
    assert book.snapshot == {"hhi": stored.hhi, "cash_value": stored.cash_value}
    assert book.engine["status"] == "ok"
    assert book.updated_at == stored.updated_at
    assert book.is_current


def test_a_changed_book_is_not_current(demo_book: Portfolio) -> None:
    Portfolio.objects.filter(pk=demo_book.pk).update(dirty_from=demo_book.results_as_of)
    assert not published_book(demo_book.user, demo_book.id).is_current


def test_before_the_first_session() -> None:
    portfolio = PortfolioFactory(opening_equity=250)
    book = published_book(portfolio.user, portfolio.id, ["hhi"], engine="factor_analysis")
    assert (book.as_of, book.is_current, book.equity) == (None, False, 250)
    assert (book.snapshot, book.engine) == ({"hhi": None}, {})


@pytest.mark.parametrize("which", ["foreign", "unknown", "deleted"])
def test_what_is_not_ones_own_is_not_found(which: str) -> None:
    owner = UserFactory()
    ids = {
        "foreign": lambda: PortfolioFactory().id,
        "unknown": uuid4,
        "deleted": lambda: PortfolioFactory(user=owner, is_active=False, deleted_at=timezone.now()).id,
    }
    with pytest.raises(NotFound, match="Portfolio not found"):
        published_book(owner, ids[which]())


def test_an_inactive_one_can_be_looked_at() -> None:
    portfolio = PortfolioFactory(is_active=False)
    assert published_book(portfolio.user, portfolio.id).portfolio_id == portfolio.id


def test_no_other_column_reaches_the_database() -> None:
    portfolio = PortfolioFactory()
    with pytest.raises(ValueError, match="no nonsense"):
        published_book(portfolio.user, portfolio.id, ["nonsense"])
