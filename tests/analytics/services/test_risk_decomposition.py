"""Factor and specific risk of the demo's books, and their betas by variant, from the rows of their symbols."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.models import FactorCovariance, SymbolFactorExposure
from analytics.services.beta_variants import beta_variants
from analytics.services.risk_decomposition import risk_decomposition
from portfolios.models import Portfolio
from sigmasight.core.errors import NotFound
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_parts_add_up(demo_book: Portfolio) -> None:
    _, found = risk_decomposition(demo_book.user, demo_book.id)
    if found.volatility is None:
        assert found.reason == "no_public_positions"
        return
    assert found.factor_share is not None
    assert found.specific_share is not None
    assert found.factor_share + found.specific_share == pytest.approx(1)
    assert sum(part.share or 0 for part in found.factors) == pytest.approx(found.factor_share, abs=1e-5)
    parts = (found.factor_volatility or 0) ** 2 + (found.specific_volatility or 0) ** 2
    assert found.volatility == pytest.approx(np.sqrt(parts), abs=1e-8)
    assert found.r_squared == pytest.approx(found.factor_share, abs=0.15)
    assert found.styles["Value"] == -found.styles["Growth"]
    assert found.agrees is True
    for part in found.factors:
        assert part.std_error is not None
        assert part.std_error > 0


def test_by_hand_from_the_rows_of_the_symbols(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    _, found = risk_decomposition(book.user, book.id)
    _, betas = beta_variants(book.user, book.id)
    rows = {
        row.security.symbol: row
        for row in SymbolFactorExposure.objects.filter(calculation_date=book.results_as_of).select_related("security")
    }
    covariance = np.array(FactorCovariance.objects.get(calculation_date=book.results_as_of).covariance)
    weights = np.array([s.weight for s in betas.symbols])
    loadings = weights @ np.array([rows[s.symbol].joint_beta for s in betas.symbols])
    left = np.array([rows[s.symbol].joint_residual_volatility for s in betas.symbols])
    assert found.factor_volatility == pytest.approx(np.sqrt(loadings @ covariance @ loadings), rel=1e-5)
    assert found.specific_volatility == pytest.approx(np.sqrt(((weights * left) ** 2).sum()), rel=1e-5)
    for variant, key in (("vasicek", "vasicek"), ("dimson", "dimson"), ("ols_252d", "beta_252d")):
        by_symbol = np.array([(rows[s.symbol].market_beta_detail or {})[key] for s in betas.symbols])
        assert betas.betas[variant] == pytest.approx(weights @ by_symbol, abs=2e-6)


def test_the_plain_beta_is_the_stored_one_and_that_of_the_books_own_series(demo_book: Portfolio) -> None:
    _, found = beta_variants(demo_book.user, demo_book.id)
    stored = snapshot_of(demo_book)
    if stored.beta_calculated_90d is None:
        assert found.reason == "no_position_betas"
        assert set(found.betas.values()) == {None}
        return
    assert found.betas["ols_90d"] == pytest.approx(float(stored.beta_calculated_90d), abs=1e-4)
    assert found.coverage == pytest.approx(float(stored.beta_coverage or 0), abs=1e-4)
    assert found.direct == pytest.approx(found.betas["ols_90d"], abs=0.02)
    assert found.betas["vasicek"] != found.betas["ols_90d"]


def test_two_queries(demo_results: Any) -> None:
    book = book_of("individual")
    with CaptureQueriesContext(connection) as queries:
        risk_decomposition(book.user, book.id)
    assert len(queries) == 2


@pytest.mark.parametrize("ask", [risk_decomposition, beta_variants])
def test_before_the_first_night_nothing_is_calculated(ask: Any) -> None:
    book = PortfolioFactory()
    assert ask(book.user, book.id)[1].reason == "no_calculation_available"


@pytest.mark.parametrize("ask", [risk_decomposition, beta_variants])
def test_another_persons_is_not_found(demo_results: Any, ask: Any) -> None:
    with pytest.raises(NotFound):
        ask(UserFactory(), book_of("individual").id)
