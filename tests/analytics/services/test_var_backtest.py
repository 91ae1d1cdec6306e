"""Value at risk of the demo's evenings against what the next sessions made."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.engines.tails import TAILS
from analytics.models import PortfolioRisk
from analytics.services.var_backtest import exception_counts, newest_exceptions, var_backtest, var_backtests
from portfolios.models import Portfolio, PortfolioSnapshot
from sigmasight.core.errors import DomainError, NotFound
from tests.analytics.services.conftest import book_of
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["historical", "filtered"])
def test_exceptions_by_hand(demo_results: Any, method: str) -> None:
    book = book_of("hedge_fund")
    made = dict(PortfolioSnapshot.objects.filter(portfolio=book).values_list("snapshot_date", "daily_pnl"))
    tails = dict(PortfolioRisk.objects.filter(portfolio=book).values_list("calculation_date", "tail_var"))
    days = sorted(made)
    _, found = var_backtest(book.user, book.id, method=method)
    for tested, level in zip(found, (0.95, 0.99), strict=True):
        pairs = [
            (day, -float(made[day]), (tails[before] or [None] * 16)[TAILS.index((method, 1, level))])
            for before, day in itertools.pairwise(days)
        ]
        known = [(day, loss, var) for day, loss, var in pairs if var is not None]
        beyond = [(day, round(loss, 2), round(var, 2)) for day, loss, var in known if loss > var]
        assert (tested.method, tested.confidence) == (method, level)
        assert (tested.observations, tested.exceptions) == (len(known), len(beyond))
        assert [(e.session, e.loss, e.value_at_risk) for e in tested.exceeded] == beyond
        assert tested.expected == pytest.approx((1 - level) * len(known), abs=0.01)
        assert (tested.window_from, tested.window_to) == (known[0][0], known[-1][0])
        assert tested.zone in ("green", "yellow", "red")
        assert tested.reason is None


def test_many_books_take_one_query_and_say_what_each_says_alone(demo_results: Any) -> None:
    books = [book_of(name) for name in ("individual", "hedge_fund", "family_office_private")]
    with CaptureQueriesContext(connection) as queries:
        together = var_backtests([book.id for book in books], demo_results.session)
    assert len(queries) == 1
    for book in books:
        assert together[book.id] == var_backtest(book.user, book.id)[1]


def test_counts_of_all_portfolios_are_those_of_each_alone(demo_results: Any) -> None:
    with CaptureQueriesContext(connection) as queries:
        counted = {one.portfolio_id: one for one in exception_counts()}
    assert len(queries) == 2
    assert len(counted) >= 4
    for book in Portfolio.objects.filter(pk__in=counted):
        for tested in var_backtest(book.user, book.id)[1]:
            one = counted[book.pk]
            assert (one.observations, one.exceptions[tested.confidence]) == (tested.observations, tested.exceptions)
            assert one.zones[tested.confidence].name.lower() == tested.zone


def test_the_newest_exception_is_that_of_the_published_session(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    day = var_backtest(book.user, book.id)[1][0].exceeded[-1].session
    PortfolioRisk.objects.filter(portfolio=book).update(var_99_1d=0)
    Portfolio.objects.exclude(pk=book.pk).update(is_active=False)
    Portfolio.objects.filter(pk=book.pk).update(results_as_of=day)
    assert [(one.portfolio_id, one.session) for one in newest_exceptions()] == [(book.pk, day)]


def test_a_window_of_few_sessions_is_not_judged(demo_results: Any) -> None:
    book = book_of("individual")
    _, found = var_backtest(book.user, book.id, sessions=30)
    assert [(t.observations, t.zone, t.kupiec, t.reason) for t in found] == [(30, None, None, "insufficient_data")] * 2


def test_a_missing_evening_is_left_out(demo_results: Any) -> None:
    book = book_of("individual")
    before = var_backtest(book.user, book.id)[1][0].observations
    evening = PortfolioRisk.objects.filter(portfolio=book).order_by("calculation_date")[5]
    evening.delete()
    assert var_backtest(book.user, book.id)[1][0].observations == before - 1


def test_private_holdings_alone_have_nothing_to_test(demo_results: Any) -> None:
    book = book_of("family_office_private")
    _, found = var_backtest(book.user, book.id)
    assert [(t.observations, t.reason) for t in found] == [(0, "no_calculation_available")] * 2


def test_before_the_first_night_there_is_none() -> None:
    book = PortfolioFactory()
    assert var_backtest(book.user, book.id)[1] == []


def test_an_unknown_method_is_refused(demo_results: Any) -> None:
    book: Portfolio = book_of("individual")
    with pytest.raises(DomainError, match="historical"):
        var_backtest(book.user, book.id, method="astrology")


def test_another_persons_is_not_found(demo_results: Any) -> None:
    with pytest.raises(NotFound):
        var_backtest(UserFactory(), book_of("individual").id)
