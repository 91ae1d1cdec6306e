"""Betas of lots, of a portfolio and of several as one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from analytics.models import SymbolFactorExposure
from analytics.services.betas import aggregate_betas, beta_comparison, portfolio_betas, provider_beta
from marketdata.models import CompanyProfileRevision
from portfolios.models import Portfolio, PortfolioSnapshot, Position
from portfolios.services.valued_lots import valued_lots
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_lots_are_those_of_the_book_in_its_order(demo_book: Portfolio) -> None:
    _, lots = beta_comparison(demo_book.user, demo_book.id)
    assert [lot.position_id for lot in lots] == [lot.position_id for lot in valued_lots([demo_book.id])]


def test_both_betas_of_a_stock(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    (lot,) = [lot for lot in beta_comparison(book.user, book.id)[1] if lot.symbol == "NVDA"]
    fit = SymbolFactorExposure.objects.get(security__symbol="NVDA", calculation_date=book.results_as_of)
    quoted = CompanyProfileRevision.objects.get(security__symbol="NVDA").beta
    assert lot.market_beta == float(quoted or 0)
    assert lot.calculated_beta == round(fit.beta_value[0], 4)
    assert lot.beta_difference == pytest.approx(fit.beta_value[0] - float(quoted or 0), abs=1e-4)
    assert lot.beta_r_squared == round(fit.r_squared[0], 4)
    assert lot.observations == 90
    assert lot.calculation_date == book.results_as_of


def test_options_and_private_holdings_have_none(demo_results: Any) -> None:
    for name, symbol in (("hedge_fund", "META271217C00900000"), ("family_office_private", "FO_GROWTH_PE")):
        book = book_of(name)
        (lot,) = [lot for lot in beta_comparison(book.user, book.id)[1] if lot.symbol == symbol]
        assert (lot.market_beta, lot.calculated_beta, lot.beta_difference, lot.observations) == (None,) * 4


def test_a_quoted_beta_without_a_fit_has_no_difference(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    fit = SymbolFactorExposure.objects.get(security__symbol="NVDA", calculation_date=book.results_as_of)
    fit.beta_value[0] = float("nan")
    fit.save()
    (lot,) = [lot for lot in beta_comparison(book.user, book.id)[1] if lot.symbol == "NVDA"]
    assert lot.market_beta is not None
    assert (lot.calculated_beta, lot.beta_difference, lot.beta_r_squared, lot.observations) == (None,) * 4


def test_deleted_lots_are_gone(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    Position.objects.filter(portfolio=book, symbol="NVDA").update(deleted_at="2025-11-20T12:00Z")
    assert "NVDA" not in {lot.symbol for lot in beta_comparison(book.user, book.id)[1]}


def test_the_portfolio_beta_is_the_sum_of_its_stocks_per_dollar_of_equity(demo_results: Any) -> None:
    book = book_of("family_office_public")
    betas = {lot.position_id: lot for lot in beta_comparison(book.user, book.id)[1]}
    nav = float(snapshot_of(book).net_asset_value)
    lots = valued_lots([book.id])
    own = sum(float(lot.market_value) / nav * (betas[lot.position_id].calculated_beta or 0) for lot in lots)
    published = portfolio_betas(book.user, book.id).snapshot
    assert own == pytest.approx(float(published["beta_calculated_90d"]), abs=2e-3)
    quoted = provider_beta(book.user, book.id)[1]
    assert quoted is not None
    with_beta = [lot for lot in lots if betas[lot.position_id].market_beta is not None]
    assert (quoted.positions_with_beta, quoted.positions_total) == (len(with_beta), len(lots))
    assert quoted.coverage_percentage == round(100 * len(with_beta) / len(lots), 2)


def test_no_beta_where_there_is_nothing_public(demo_results: Any) -> None:
    book = book_of("family_office_private")
    assert provider_beta(book.user, book.id)[1] is None
    assert portfolio_betas(book.user, book.id).engine["reason"] == "no_public_positions"


def test_several_are_the_sum_of_their_dollars(demo_results: Any) -> None:
    public = book_of("family_office_public")
    found = aggregate_betas(public.user)
    weight = found.selection.portfolios[0].weight
    beta = float(snapshot_of(public).beta_calculated_90d or 0)
    assert found.beta == found.beta_90d == round(weight * beta, 4)
    assert found.beta_1y == round(weight * float(snapshot_of(public).beta_provider_1y or 0), 4)
    assert found.coverage == round(weight, 4)
    assert found.beta_of_covered == beta
    assert [member.contribution for member in found.members] == [round(weight * beta, 8), None]


def test_the_provider_helps_where_there_is_no_own_one(demo_results: Any) -> None:
    book = book_of("individual")
    PortfolioSnapshot.objects.filter(portfolio=book).update(beta_calculated_90d=None, beta_provider_1y=Decimal("0.5"))
    found = aggregate_betas(book.user)
    assert (found.beta, found.beta_90d, found.beta_1y) == (0.5, None, 0.5)


def test_a_beta_of_zero_is_a_beta(demo_results: Any) -> None:
    book = book_of("individual")
    PortfolioSnapshot.objects.filter(portfolio=book).update(beta_calculated_90d=0)
    found = aggregate_betas(book.user)
    assert (found.beta, found.coverage, found.members[0].contribution) == (0.0, 1.0, 0.0)


def test_nobody_has_one_or_there_is_nobody() -> None:
    for user in (PortfolioFactory().user, UserFactory()):
        found = aggregate_betas(user)
        assert (found.beta, found.beta_90d, found.beta_1y, found.beta_of_covered) == (None,) * 4
