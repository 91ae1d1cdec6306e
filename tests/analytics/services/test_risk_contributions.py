"""What the positions of the demo add to their books' risk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.services.book_on_read import read_book
from analytics.services.risk_contributions import incremental_value_at_risk, risk_contributions
from portfolios.models import Portfolio
from sigmasight.core.errors import NotFound
from tests.analytics.services.conftest import book_of
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_components_add_up(demo_book: Portfolio) -> None:
    _, found = risk_contributions(demo_book.user, demo_book.id)
    if found.value_at_risk is None:
        assert found.reason == "no_public_positions"
        return
    for whole, parts, shares in (
        (found.value_at_risk, [lot.component_var for lot in found.lots], [lot.var_share for lot in found.lots]),
        (
            found.volatility,
            [lot.component_volatility for lot in found.lots],
            [lot.volatility_share for lot in found.lots],
        ),
    ):
        assert sum(part or 0.0 for part in parts) == pytest.approx(whole, rel=1e-5)
        assert sum(share or 0.0 for share in shares) == pytest.approx(1, abs=1e-4)


def test_by_hand(demo_results: Any) -> None:
    """Covariances of rebuilt lot histories with the book, and the lots' losses on the days around the quantile."""
    book = book_of("hedge_fund")
    _, found = risk_contributions(book.user, book.id)
    rebuilt = read_book(book.id, book.results_as_of)  # type: ignore[arg-type]
    assert rebuilt is not None
    history = rebuilt.history()
    lots, pnl = history.lots.matrix(), history.pnl[:, 0]
    np.testing.assert_allclose(lots.sum(axis=1), pnl, rtol=1e-9, atol=1e-6)
    order = np.argsort(pnl)
    place = 0.05 * (len(pnl) - 1)
    low = int(place)
    of_var = -((low + 1 - place) * lots[order[low]] + (place - low) * lots[order[low + 1]])
    stored = {lot.position_id: lot for lot in found.lots}
    for i, position in enumerate(rebuilt.position_ids):
        lot = stored[position]
        covariance = np.cov(lots[:, i], pnl)[0, 1] / pnl.std(ddof=1)
        assert lot.component_volatility == pytest.approx(covariance, rel=1e-5, abs=0.01)
        assert lot.component_var == pytest.approx(of_var[i], rel=1e-5, abs=0.01)
        assert lot.symbol == rebuilt.symbols[i]
        assert lot.marginal_var == pytest.approx(of_var[i] / abs(lot.market_value or np.nan), abs=1e-5)


def test_shorts_protect(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    _, found = risk_contributions(book.user, book.id)
    assert any((lot.market_value or 0) < 0 and (lot.component_volatility or 0) < 0 for lot in found.lots)


def test_increments_by_hand(demo_results: Any) -> None:
    book = book_of("individual")
    _, falls = incremental_value_at_risk(book.user, book.id)
    assert falls is not None
    rebuilt = read_book(book.id, book.results_as_of)  # type: ignore[arg-type]
    assert rebuilt is not None
    history = rebuilt.history()
    lots, pnl = history.lots.matrix(), history.pnl[:, 0]
    for i, position in enumerate(rebuilt.position_ids):
        without = -np.quantile(np.delete(lots, i, axis=1).sum(axis=1), 0.05)
        assert falls[position] == pytest.approx(-np.quantile(pnl, 0.05) - without, abs=0.006)


def test_private_holdings_alone_have_neither(demo_results: Any) -> None:
    book = book_of("family_office_private")
    _, found = risk_contributions(book.user, book.id)
    assert (found.value_at_risk, found.reason) == (None, "no_public_positions")
    assert {lot.component_var for lot in found.lots} == {None}
    assert incremental_value_at_risk(book.user, book.id)[1] is None


def test_before_the_first_night_nothing_is_calculated() -> None:
    book = PortfolioFactory()
    _, found = risk_contributions(book.user, book.id)
    assert (found.as_of, found.lots, found.reason) == (None, (), "no_calculation_available")
    assert incremental_value_at_risk(book.user, book.id)[1] is None


def test_two_queries(demo_results: Any) -> None:
    book = book_of("individual")
    with CaptureQueriesContext(connection) as queries:
        risk_contributions(book.user, book.id)
    assert len(queries) == 2


@pytest.mark.parametrize("ask", [risk_contributions, incremental_value_at_risk])
def test_another_persons_is_not_found(demo_results: Any, ask: Any) -> None:
    with pytest.raises(NotFound):
        ask(UserFactory(), book_of("individual").id)
