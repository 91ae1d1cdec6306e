"""The correlations rebuilt for a reader are those the night stored, and those of anybody who computes them himself."""

from __future__ import annotations

import datetime as dt
from itertools import combinations
from uuid import UUID

import numpy as np
import pytest
from django.db import connection

from analytics.models import CorrelationCalculation
from analytics.services.correlations import (
    Correlations,
    Diversification,
    aggregate_correlations,
    correlate,
    cut,
    diversification_of,
)
from analytics.services.missing import Missing
from analytics.services.selection import select_portfolios
from marketdata import calendar
from marketdata.models import Security
from portfolios.models import Portfolio, Position, PositionSnapshot, User
from portfolios.services.valued_lots import valued_lots
from sigmasight.core.demo import rows
from sigmasight.core.errors import DomainError
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
IDS = {row["portfolio"]: UUID(row["id"]) for row in rows("portfolios")}
STORED = "overall_correlation", "portfolio_correlation"


@pytest.fixture(params=IDS)
def book(request: pytest.FixtureRequest, demo_results: DemoResults) -> Portfolio:
    return Portfolio.objects.get(pk=IDS[request.param])


@pytest.fixture
def hedge_fund(demo_results: DemoResults) -> Portfolio:
    return Portfolio.objects.get(pk=IDS["hedge_fund"])


def found(book: Portfolio, **asked: int) -> Correlations:
    answer = correlate([book.pk], book.results_as_of, **asked)
    assert isinstance(answer, Correlations)
    return answer


def test_it_is_what_the_night_stored(book: Portfolio) -> None:
    stored = CorrelationCalculation.objects.filter(portfolio=book, calculation_date=book.results_as_of).first()
    answer = correlate([book.pk], book.results_as_of)
    if stored is None:
        assert isinstance(answer, Missing)
        return
    assert isinstance(answer, Correlations)
    assert answer.average == pytest.approx(float(stored.overall_correlation or 0), abs=1e-6)
    assert answer.means.weighted_absolute == pytest.approx(float(stored.portfolio_correlation or 0), abs=1e-6)
    assert len(answer.symbols) == stored.positions_included


def test_all_but_the_private_book_have_stored_correlations(demo_results: DemoResults) -> None:
    stored = set(
        CorrelationCalculation.objects.filter(calculation_date=demo_results.session).values_list("portfolio_id")
    )
    assert {key for key, pk in IDS.items() if (pk,) not in stored} == {"family_office_private"}


def returns_of(symbol: str, last: dt.date, count: int) -> np.ndarray:
    """Log returns by session from the stored closes and factors."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first_session, close, return_factor FROM price_histories WHERE security_id = %s",
            [Security.objects.get(symbol=symbol).pk],
        )
        first, close, factor = cursor.fetchone()
    end = calendar.session_ordinal(last) - first + 1
    wealth = np.array(close, dtype=float)[:end] * np.array(factor, dtype=float)[:end]
    return np.log(wealth[-count:] / wealth[-count - 1 : -1])


@pytest.mark.parametrize("lookback", [30, 90, 252])
def test_it_is_the_correlation_of_the_returns_of_the_window(hedge_fund: Portfolio, lookback: int) -> None:
    answer = found(hedge_fund, lookback=lookback)
    assert hedge_fund.results_as_of is not None
    series = [returns_of(symbol, hedge_fund.results_as_of, lookback) for symbol in answer.symbols]
    np.testing.assert_allclose(answer.pairs, np.corrcoef(series), atol=1e-9)


def test_holdings_are_the_large_ones_by_size_options_with_their_underlying(hedge_fund: Portfolio) -> None:
    size: dict[str, float] = {}
    for lot in valued_lots([hedge_fund.pk]):
        size[lot.underlying or lot.symbol] = size.get(lot.underlying or lot.symbol, 0.0) + abs(float(lot.market_value))
    # No contract on an index is correlated: an index is held by nobody.
    indices = set(Security.objects.filter(security_type="index").values_list("symbol", flat=True))
    size = {symbol: value for symbol, value in size.items() if symbol not in indices}
    least = max(10_000.0, 0.01 * sum(size.values()))
    expected = sorted((s for s, value in size.items() if value >= least), key=lambda s: (-size[s], s))
    answer = found(hedge_fund)
    assert list(answer.symbols) == expected
    assert answer.gross.tolist() == pytest.approx([size[symbol] for symbol in expected])


def test_the_matrix_is_cut_to_the_largest(hedge_fund: Portfolio) -> None:
    answer = found(hedge_fund)
    matrix = cut(answer, 5)
    assert matrix.symbols == answer.symbols[:5]
    assert matrix.left_out == ()
    np.testing.assert_allclose(matrix.values, answer.pairs[:5, :5], atol=5e-7)
    assert [matrix.values[i][i] for i in range(5)] == [1.0] * 5


def shorten(symbol: str, keep: int) -> None:
    """Leave a symbol only its newest closes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE price_histories SET close = (SELECT array_agg(CASE WHEN i > cardinality(close) - %s THEN v END ORDER BY i) "
            "FROM unnest(close) WITH ORDINALITY AS c (v, i)) WHERE security_id = (SELECT id FROM securities WHERE symbol = %s)",
            [keep, symbol],
        )


def test_a_short_history_is_left_out_of_the_matrix_and_named(hedge_fund: Portfolio) -> None:
    largest = found(hedge_fund).symbols[0]
    shorten(largest, 26)
    answer = found(hedge_fund)
    assert np.isnan(answer.pairs[0]).all()
    matrix = cut(answer)
    assert matrix.left_out == (largest,)
    assert largest not in matrix.symbols
    assert not np.isnan(matrix.values).any()
    assert answer.means.pairs == len(matrix.symbols) * (len(matrix.symbols) - 1) // 2


def test_a_shorter_overlap_lets_it_in(hedge_fund: Portfolio) -> None:
    largest = found(hedge_fund).symbols[0]
    shorten(largest, 26)
    assert cut(found(hedge_fund, min_overlap=25)).symbols[0] == largest


def test_too_few_returns_are_no_history_at_all(hedge_fund: Portfolio) -> None:
    largest = found(hedge_fund).symbols[0]
    shorten(largest, 20)
    assert largest not in found(hedge_fund, min_overlap=10).symbols


def test_a_deleted_lot_is_gone(hedge_fund: Portfolio) -> None:
    Position.objects.filter(portfolio=hedge_fund, symbol="BRK-B").update(deleted_at="2025-11-20T22:00:00Z")
    assert "BRK-B" not in found(hedge_fund).symbols


def test_a_lot_without_a_usable_price_does_not_count(hedge_fund: Portfolio) -> None:
    row = PositionSnapshot.objects.get(portfolio=hedge_fund, snapshot_date=hedge_fund.results_as_of)
    lots = set(Position.objects.filter(portfolio=hedge_fund, symbol="BRK-B").values_list("pk", flat=True))
    row.quality = ["Z" if lot in lots else flag for lot, flag in zip(row.position_ids, row.quality, strict=True)]
    row.save()
    assert "BRK-B" not in found(hedge_fund).symbols


def test_before_the_first_night_nothing_is_calculated(demo_results: DemoResults) -> None:
    fresh = PortfolioFactory()
    answer = correlate([fresh.pk], None, lookback=60)
    assert isinstance(answer, Missing)
    assert (answer.reason, answer.flag) == ("no_calculation_available", "NO_CORRELATION_CALCULATION")
    assert (answer.positions_analyzed, answer.positions_total, answer.data_days) == (0, 0, 60)


def test_private_holdings_are_too_few_symbols(demo_results: DemoResults) -> None:
    private = Portfolio.objects.get(pk=IDS["family_office_private"])
    answer = correlate([private.pk], private.results_as_of)
    assert isinstance(answer, Missing)
    assert (answer.reason, answer.flag) == ("insufficient_symbols", "INSUFFICIENT_SYMBOLS")
    assert answer.positions_total == Position.objects.filter(portfolio=private).count()


def test_no_pair_with_enough_overlap_is_insufficient(hedge_fund: Portfolio) -> None:
    for symbol in found(hedge_fund).symbols:
        shorten(symbol, 26)
    answer = correlate([hedge_fund.pk], hedge_fund.results_as_of)
    assert isinstance(answer, Missing)
    assert (answer.reason, answer.flag) == ("insufficient_data", "INSUFFICIENT_DATA")


def test_more_overlap_than_window_is_refused(hedge_fund: Portfolio) -> None:
    with pytest.raises(DomainError, match="Min overlap cannot exceed lookback days"):
        correlate([hedge_fund.pk], hedge_fund.results_as_of, lookback=30, min_overlap=31)


def test_the_diversification_of_the_nights_window_is_stored_and_rebuilt_alike(hedge_fund: Portfolio) -> None:
    stored = diversification_of(hedge_fund.pk, hedge_fund.results_as_of)
    CorrelationCalculation.objects.filter(portfolio=hedge_fund).delete()
    rebuilt = diversification_of(hedge_fund.pk, hedge_fund.results_as_of)
    assert isinstance(stored, Diversification)
    assert isinstance(rebuilt, Diversification)
    assert (rebuilt.session, rebuilt.symbols) == (stored.session, stored.symbols)
    assert rebuilt.correlation == pytest.approx(stored.correlation, abs=1e-6)


def test_diversification_weighs_pairs_by_both_holdings(hedge_fund: Portfolio) -> None:
    answer = found(hedge_fund, lookback=60)
    top = list(combinations(range(len(answer.symbols)), 2))
    both = [answer.gross[i] * answer.gross[j] for i, j in top]
    mean = sum(w * abs(answer.pairs[i, j]) for w, (i, j) in zip(both, top, strict=True)) / sum(both)
    score = diversification_of(hedge_fund.pk, hedge_fund.results_as_of, lookback=60)
    assert isinstance(score, Diversification)
    assert score.correlation == pytest.approx(mean, abs=1e-6)
    assert score.score == pytest.approx(100 * (1 - mean), abs=1e-4)


def test_books_together_add_up_by_symbol(demo_results: DemoResults) -> None:
    owner = User.objects.get(email="demo_hnw@sigmasight.com")
    Portfolio.objects.filter(pk__in=[IDS["individual"], IDS["hedge_fund"]]).update(user=owner)
    selection = select_portfolios(owner)
    together = aggregate_correlations(selection)
    assert isinstance(together, Correlations)
    alone: dict[str, float] = {}
    for pk in selection.ids:
        one = correlate([pk], demo_results.session)
        assert isinstance(one, Correlations)
        for symbol, gross in zip(one.symbols, one.gross.tolist(), strict=True):
            alone[symbol] = alone.get(symbol, 0.0) + gross
    largest = together.symbols[0]
    assert largest == max(alone, key=lambda symbol: alone[symbol])
    assert together.gross[0] == pytest.approx(alone[largest], rel=0.02)
    assert list(together.gross) == sorted(together.gross, reverse=True)


def test_one_book_alone_is_the_same_in_the_aggregate(hedge_fund: Portfolio) -> None:
    together = aggregate_correlations(select_portfolios(hedge_fund.user))
    assert isinstance(together, Correlations)
    alone = found(hedge_fund)
    assert together.symbols == alone.symbols
    np.testing.assert_array_equal(together.pairs, alone.pairs)
