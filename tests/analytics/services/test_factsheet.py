"""The factsheet says what the single services say, at the published session and at earlier ones."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.services.correlations import Correlations, correlate
from analytics.services.explained_measures import OF_THE_BOOK
from analytics.services.explanations import explain
from analytics.services.factors import factors_of
from analytics.services.factsheet import factsheet
from analytics.services.overview import portfolio_overview
from analytics.services.risk_contributions import risk_contributions
from analytics.services.sectors import sector_exposure
from analytics.services.stress import StressTest, stress_test_of
from analytics.services.value_at_risk import value_at_risk
from portfolios.models import Portfolio
from sigmasight.core.errors import DomainError, NotFound
from tests.analytics.services.conftest import book_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db


def test_figures_are_those_that_are_explained(demo_book: Portfolio) -> None:
    sheet = factsheet(demo_book)
    for metric in OF_THE_BOOK:
        _, explained = explain(demo_book.user, demo_book.pk, metric)
        assert sheet.figures[metric].value == explained.value
        if explained.value is None:
            assert sheet.figures[metric].reason == explained.reason


def test_parts_are_those_of_their_services(demo_book: Portfolio) -> None:
    sheet = factsheet(demo_book)
    user, key, session = demo_book.user, demo_book.pk, demo_book.results_as_of
    assert sheet.exposures == portfolio_overview(user, key)[1].exposures
    assert sheet.sectors == sector_exposure(user, key)[1]
    assert sheet.factors == factors_of(key)
    assert sheet.stress == stress_test_of(key, session)
    assert sheet.value_at_risk == value_at_risk(user, key)[1]
    assert sheet.contributions == risk_contributions(user, key)[1]
    correlations = correlate([key], session)
    if isinstance(correlations, Correlations):
        assert isinstance(sheet.correlations, Correlations)
        assert sheet.correlations.pairs.tolist() == correlations.pairs.tolist()
    else:
        assert sheet.correlations == correlations


def test_lots_and_classes_add_up_to_the_exposures(demo_book: Portfolio) -> None:
    sheet = factsheet(demo_book)
    assert sum(lot.held.market_value for lot in sheet.lots) == pytest.approx(sheet.exposures.net_exposure, abs=0.01)
    assert sum(one.long - one.short for one in sheet.classes) == pytest.approx(sheet.exposures.gross_exposure, abs=0.01)
    sizes = [abs(lot.held.market_value) for lot in sheet.lots]
    assert sizes == sorted(sizes, reverse=True)


def test_an_earlier_session_is_all_of_that_session(demo_results: DemoResults) -> None:
    sheet = factsheet(book_of("hedge_fund"), dt.date(2025, 10, 19))
    friday = dt.date(2025, 10, 17)
    assert sheet.as_of == sheet.snapshot.snapshot_date == friday
    assert sheet.published == demo_results.session
    assert isinstance(sheet.stress, StressTest)
    assert isinstance(sheet.correlations, Correlations)
    assert sheet.stress.session == sheet.correlations.session == sheet.contributions.as_of == friday
    assert sheet.performance is not None
    assert sheet.performance.last == sheet.performance.values[-1][0] == friday
    newest = factsheet(book_of("hedge_fund"))
    assert isinstance(newest.stress, StressTest)
    assert newest.stress.scenarios[0].dollars != sheet.stress.scenarios[0].dollars
    assert newest.factors != sheet.factors
    assert newest.lots[0].held.market_value != sheet.lots[0].held.market_value


def test_as_many_queries_for_a_small_book_as_for_a_large_one(demo_results: DemoResults) -> None:
    counts = []
    for name in ("family_office_public", "hedge_fund"):
        book = book_of(name)
        with CaptureQueriesContext(connection) as statements:
            factsheet(book)
        counts.append(len(statements))
    assert counts == [16, 16]


def test_without_results_it_says_when_they_come() -> None:
    with pytest.raises(DomainError, match="next night"):
        factsheet(PortfolioFactory())


def test_before_the_first_session_it_names_the_first(demo_results: DemoResults) -> None:
    with pytest.raises(NotFound, match=r"its first are of \d{4}-\d{2}-\d{2}"):
        factsheet(book_of("hedge_fund"), dt.date(2001, 9, 11))
