"""One portfolio's volatility is the published one; several together have their correlations in it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from analytics.services.history import daily_history
from analytics.services.volatility import aggregate_volatility, portfolio_volatility
from portfolios.models import Portfolio, PortfolioSnapshot, User
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db
MOVING = ("individual", "high_net_worth", "hedge_fund")


@pytest.fixture
def owner(demo_results: Any) -> User:
    """Somebody who owns three books that move."""
    user: User = UserFactory()
    Portfolio.objects.filter(pk__in=[book_of(name).pk for name in MOVING]).update(user=user)
    return user


def returns_of(sessions: int) -> np.ndarray:
    """Daily returns of the three books, (T, 3)."""
    columns = []
    for name in MOVING:
        rows = PortfolioSnapshot.objects.filter(portfolio=book_of(name)).order_by("-snapshot_date")[:sessions]
        columns.append([float(row.daily_return or 0) for row in rows])
    return np.array(columns).T


def test_the_published_figures(demo_results: Any) -> None:
    book = book_of("individual")
    stored = snapshot_of(book)
    published, found = portfolio_volatility(book.user, book.id)
    assert found is not None
    assert found.realized_volatility_21d == stored.realized_volatility_21d
    assert found.expected_volatility_21d == stored.expected_volatility_21d
    assert found.volatility_percentile == stored.volatility_percentile
    assert published.engine["volatility"]["method"] == "log_har"


def test_nothing_without_prices(demo_results: Any) -> None:
    book = book_of("family_office_private")
    published, found = portfolio_volatility(book.user, book.id)
    assert found is None
    assert published.engine["volatility"]["reason"] == "insufficient_data"


@pytest.mark.parametrize(
    ("figure", "column", "sessions"),
    [
        ("realized_21d", "realized_volatility_21d", 21),
        ("realized_63d", "realized_volatility_63d", 63),
        ("expected_21d", "expected_volatility_21d", 63),
    ],
)
def test_several_by_hand(owner: User, figure: str, column: str, sessions: int) -> None:
    books = [book_of(name) for name in MOVING]
    nav = np.array([float(snapshot_of(book).net_asset_value) for book in books])
    own = np.array([float(getattr(snapshot_of(book), column)) for book in books])
    covariance = np.corrcoef(returns_of(sessions), rowvar=False) * np.outer(own, own)
    weights = nav / nav.sum()
    found = getattr(aggregate_volatility(owner), figure)
    assert found == pytest.approx(np.sqrt(weights @ covariance @ weights), abs=1e-4)
    assert found < weights @ own


def test_it_is_near_what_the_accounts_did_together(owner: User) -> None:
    """The ledger's own days of all three as one: held quantities hardly changed in the month, so both must be close."""
    history = daily_history([book_of(name).id for name in MOVING], dt.date(2025, 10, 1))
    booked = history.combined_returns()[-21:].std(ddof=1) * np.sqrt(252)
    assert aggregate_volatility(owner).realized_21d == pytest.approx(booked, rel=0.1)


def test_contributions_add_up_to_the_whole(owner: User) -> None:
    found = aggregate_volatility(owner)
    parts = [member.contribution or 0 for member in found.members]
    assert sum(parts) == pytest.approx(found.realized_21d or 0, abs=2e-4)
    assert found.weighted_average_21d is not None
    assert found.realized_21d is not None
    assert found.realized_21d < found.weighted_average_21d
    assert found.average_correlation_63d is not None
    assert -1 <= found.average_correlation_63d <= 1


def test_one_alone_has_its_own(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    found, stored = aggregate_volatility(book.user), snapshot_of(book)
    assert found.realized_21d == float(stored.realized_volatility_21d or 0)
    assert found.realized_63d == float(stored.realized_volatility_63d or 0)
    assert found.expected_21d == float(stored.expected_volatility_21d or 0)
    assert found.coverage == 1.0


def test_what_has_no_volatility_stands_still_and_is_told(demo_results: Any) -> None:
    book = book_of("family_office_public")
    found, stored = aggregate_volatility(book.user), snapshot_of(book)
    weight = found.selection.portfolios[0].weight
    assert found.realized_21d == pytest.approx(weight * float(stored.realized_volatility_21d or 0), abs=1e-4)
    assert found.coverage == pytest.approx(weight, abs=1e-4)
    assert found.members[1].contribution is None


def test_a_short_common_history_gives_no_credit(owner: User) -> None:
    book = book_of("high_net_worth")
    PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date__lt=dt.date(2025, 11, 14)).delete()
    found = aggregate_volatility(owner)
    with_it = [one.weight for one in found.selection.portfolios if one.id == book.id]
    assert with_it
    others = aggregate_volatility(owner, [book_of(name).id for name in ("individual", "hedge_fund")])
    share = 1 - with_it[0]
    own = float(snapshot_of(book).realized_volatility_21d or 0)
    assert found.realized_21d == pytest.approx(share * (others.realized_21d or 0) + with_it[0] * own, abs=2e-3)


def test_nobody_has_one_or_there_is_nobody(demo_results: Any) -> None:
    for user in (PortfolioFactory().user, UserFactory()):
        found = aggregate_volatility(user)
        assert (found.realized_21d, found.realized_63d, found.expected_21d) == (None, None, None)
