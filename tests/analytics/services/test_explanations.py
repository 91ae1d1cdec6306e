"""Every figure that can be explained is the stored one, with what it was made from."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.models import CorrelationCalculation, PortfolioRisk
from analytics.services.explained_measures import CORRELATION, MEASURES, RISK
from analytics.services.explanations import explain
from marketdata import calendar
from portfolios.models import Portfolio
from sigmasight.core.errors import DomainError, NotFound
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("metric", MEASURES)
def test_the_value_is_the_stored_one(demo_book: Portfolio, metric: str) -> None:
    measure = MEASURES[metric]
    rows = {RISK: PortfolioRisk, CORRELATION: CorrelationCalculation}
    if measure.table in rows:
        row = rows[measure.table].objects.filter(portfolio=demo_book, calculation_date=demo_book.results_as_of).first()
    else:
        row = snapshot_of(demo_book)
    stored = None if row is None else getattr(row, measure.column)
    _, found = explain(demo_book.user, demo_book.pk, metric)
    assert found.value == (None if stored is None else pytest.approx(float(stored)))
    assert found.as_of == demo_book.results_as_of
    if found.value is None:
        assert found.reason
    assert found.inputs.lots == len(found.inputs.odd) + found.inputs.sources.get("simulated", 0)
    if measure.window and found.value is not None:
        assert found.observations is None or (measure.minimum or 0) <= found.observations <= measure.window


def test_a_risk_figure_says_what_it_was_made_from(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    _, found = explain(book.user, book.pk, "var_95_1d")
    assert (found.status, found.reason, found.skipped) == ("ok", None, ())
    assert found.window_from == calendar.shift(demo_results.session, -251)
    assert found.observations == 252
    assert found.inputs.sources == {"simulated": 30}
    assert found.inputs.oldest_price == found.inputs.newest_price == demo_results.session
    assert found.method_version
    assert found.computed_at is not None
    _, forecast = explain(book.user, book.pk, "expected_volatility_21d")
    assert forecast.method == "log_har"


def test_what_is_missing_has_a_reason_and_odd_prices_are_named(demo_results: DemoResults) -> None:
    book = book_of("family_office_private")
    _, found = explain(book.user, book.pk, "var_95_1d")
    assert found.value is None
    assert found.reason == "no_public_positions"
    assert {one.quality for one in found.inputs.odd} <= {"entry", "valuation"}
    assert len(found.inputs.odd) == found.inputs.lots == 9


def test_in_three_statements(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    with CaptureQueriesContext(connection) as statements:
        explain(book.user, book.pk, "market_beta")
    assert len(statements) == 3


def test_unknown_figures_fresh_and_foreign_books(demo_results: DemoResults) -> None:
    book, fresh = book_of("hedge_fund"), PortfolioFactory()
    with pytest.raises(DomainError, match="Choose one of net_asset_value"):
        explain(book.user, book.pk, "net_asset_value; DROP TABLE")
    _, found = explain(fresh.user, fresh.pk, "market_beta")
    assert (found.value, found.as_of, found.reason) == (None, None, "no_calculation_available")
    with pytest.raises(NotFound):
        explain(UserFactory(), book.pk, "hhi")
