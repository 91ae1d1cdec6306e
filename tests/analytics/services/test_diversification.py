"""How risk is spread: bets and ratio from rows of prices, clusters and effective positions as the night stored them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.models import CorrelationCalculation, PortfolioRisk
from analytics.services.diversification import Diversification, diversification
from analytics.services.risk_decomposition import risk_decomposition
from marketdata.models import DailyPrice
from marketdata.services.history import rebuild_histories
from portfolios.models import Portfolio
from sigmasight.core.errors import NotFound
from tests.analytics.services.conftest import book_of
from tests.analytics.services.test_replays import values_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


def spread_out(book: Portfolio) -> Diversification:
    return diversification(book.user, book.pk)[1]


def test_ratio_and_bets_are_near_those_of_the_sample(demo_results: DemoResults) -> None:
    """The sample's covariance from closes alone, by pandas; shrinkage and dividends make the rest."""
    book = book_of("family_office_public")
    values = pd.Series(values_of(book))
    rows = DailyPrice.objects.filter(security__symbol__in=values.index, date__lte=demo_results.session)
    closes = pd.DataFrame(rows.values_list("date", "security__symbol", "close"), columns=["day", "symbol", "close"])
    returns = closes.astype({"close": float}).pivot(index="day", columns="symbol", values="close").pct_change()[-252:]
    returns = returns.where(returns.abs() < 0.5, 0.0)
    covariance = returns[values.index].cov()
    own, directions = np.linalg.eigh(covariance)
    parts = own * (directions.T @ values) ** 2 / (values @ covariance @ values)
    found = spread_out(book).spread
    assert found is not None
    assert found.observations == 252
    assert found.volatility == pytest.approx(float(np.sqrt(values @ covariance @ values)), rel=0.05)
    ratio = float((values.abs() @ np.sqrt(np.diag(covariance))) / np.sqrt(values @ covariance @ values))
    assert found.diversification_ratio == pytest.approx(ratio, rel=0.05)
    assert found.effective_bets == pytest.approx(float(np.exp(-(parts * np.log(parts)).sum())), rel=0.15)
    assert found.bets[0] == pytest.approx(float(parts.max()), rel=0.1)


def test_it_is_of_the_same_holdings_as_the_stored_risk(demo_book: Portfolio) -> None:
    found = spread_out(demo_book)
    night = PortfolioRisk.objects.get(portfolio=demo_book, calculation_date=demo_book.results_as_of)
    if night.volatility_daily is None:
        assert (found.spread, found.reason) == (None, "no_public_positions")
        return
    assert found.spread is not None
    assert found.spread.volatility == pytest.approx(night.volatility_daily, rel=0.05)
    assert (found.spread.effective_bets or 0) >= 1
    assert sum(found.spread.bets) <= 1 + 1e-5
    assert 0 <= (found.spread.shrinkage or 0) <= 1


def test_clusters_and_positions_are_the_nights(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    night = CorrelationCalculation.objects.get(portfolio=book, calculation_date=demo_results.session)
    found = spread_out(book)
    assert list(found.clusters) == night.clusters
    assert found.clusters
    assert found.effective_positions == float(night.effective_positions or 0)


def test_a_young_symbol_is_left_out_by_name(demo_results: DemoResults) -> None:
    book, avgo = book_of("family_office_public"), DailyPrice.objects.filter(security__symbol="AVGO")
    newest = avgo.order_by("-date").values_list("date", flat=True)[40]
    security = avgo[0].security_id
    avgo.filter(date__lt=newest).delete()
    rebuild_histories([security])
    found = spread_out(book).spread
    assert found is not None
    assert found.left_out == ("AVGO",)
    values = values_of(book)
    assert found.coverage == pytest.approx(1 - values["AVGO"] / sum(values.values()), abs=1e-5)


def test_betas_stand_beside_the_direct_one(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    found = spread_out(book).betas
    assert found.betas["ols_90d"] == pytest.approx(found.direct, abs=1e-3)
    assert risk_decomposition(book.user, book.pk)[1].agrees is not None


def test_before_the_first_night_there_is_none_and_foreign_books_are_not_there(demo_results: DemoResults) -> None:
    found = spread_out(PortfolioFactory())
    assert (found.spread, found.clusters, found.reason) == (None, (), "no_calculation_available")
    with pytest.raises(NotFound):
        diversification(UserFactory(), book_of("hedge_fund").pk)
