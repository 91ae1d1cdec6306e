"""Stored tails of the demo's books, against histories rebuilt from prices."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.engines.tails import METHODS, TAILS
from analytics.models import PortfolioRisk
from analytics.services.book_on_read import read_book
from analytics.services.value_at_risk import value_at_risk
from portfolios.models import Portfolio
from sigmasight.core.errors import NotFound
from tests.analytics.services.conftest import book_of
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_stored_tails_are_those_of_the_rebuilt_history(demo_book: Portfolio) -> None:
    book, found = value_at_risk(demo_book.user, demo_book.id)
    assert book.as_of is not None
    rebuilt = read_book(demo_book.id, book.as_of)
    assert rebuilt is not None
    history = rebuilt.history()
    for days, pnl in ((1, history.pnl[:, 0]), (10, history.pnl_10d[:, 0])):
        used = pnl[~np.isnan(pnl)]
        for level in (0.95, 0.99):
            tail = found.tail("historical", days, level)
            if tail is None:
                assert found.reason == "no_public_positions"
                continue
            assert tail.value_at_risk == pytest.approx(-np.quantile(used, 1 - level), abs=0.011)
            worst = np.sort(used)[: int(np.ceil((1 - level) * len(used)))]
            assert tail.value_at_risk <= tail.expected_shortfall <= -worst[0] + 0.01
            assert found.observations == len(used)


def test_tails_are_in_order(demo_book: Portfolio) -> None:
    _, found = value_at_risk(demo_book.user, demo_book.id)
    if not found.tails:
        return
    assert [(t.method, t.horizon, t.confidence) for t in found.tails] == list(TAILS)
    for tail in found.tails:
        assert tail.expected_shortfall >= tail.value_at_risk > 0
        longer = found.tail(tail.method, 10, tail.confidence)
        assert longer is not None
        assert longer.value_at_risk >= tail.value_at_risk


def test_headlines_are_the_historical_tails_of_one_session(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    _, found = value_at_risk(book.user, book.id)
    row = PortfolioRisk.objects.get(portfolio=book, calculation_date=book.results_as_of)
    for level in (95, 99):
        tail = found.tail("historical", 1, level / 100)
        assert tail is not None
        assert (tail.value_at_risk, tail.expected_shortfall) == (
            float(getattr(row, f"var_{level}_1d")),
            float(getattr(row, f"es_{level}_1d")),
        )


def test_private_holdings_alone_have_none_and_it_says_why(demo_results: Any) -> None:
    book = book_of("family_office_private")
    _, found = value_at_risk(book.user, book.id)
    assert (found.tails, found.volatility, found.reason) == ((), None, "no_public_positions")


def test_before_the_first_night_nothing_is_calculated() -> None:
    book = PortfolioFactory()
    _, found = value_at_risk(book.user, book.id)
    assert (found.as_of, found.tails, found.reason) == (None, (), "no_calculation_available")


def test_every_method_is_explained() -> None:
    headings = re.findall(r"^## (.+)$", (settings.BASE_DIR / "docs" / "measures.md").read_text(), re.MULTILINE)
    assert set(METHODS) <= set(headings)


def test_two_queries(demo_results: Any) -> None:
    book = book_of("individual")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        value_at_risk(book.user, book.id)
    assert len(queries) == 2


def test_another_persons_is_not_found(demo_results: Any) -> None:
    with pytest.raises(NotFound):
        value_at_risk(UserFactory(), book_of("individual").id)
