"""Correlations and covariances of factors, and what target prices mean, are explained as they are stored."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from analytics.engines.factors import FACTOR_FUNDS
from analytics.models import FactorCorrelation, FactorCovariance
from analytics.services.explained_factors import JOINT_PAIRS
from analytics.services.explained_targets import OF_TARGETS
from portfolios.models import TargetPrice
from sigmasight.core.errors import DomainError
from tests.analytics.services.conftest import book_of
from tests.analytics.services.test_explanations import explained
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db


def test_correlations_of_factors_are_told_with_the_prices_of_their_funds(demo_results: DemoResults) -> None:
    pair = FactorCorrelation.objects.filter(
        factor_1__name="Value", factor_2__name="Growth", calculation_date=demo_results.session
    )
    slow, fast = pair.order_by("-decay_factor")
    assert slow.correlation != fast.correlation
    for metric, row in (("factor_correlation_slow", slow), ("factor_correlation_fast", fast)):
        found = explained("hedge_fund", metric, "Value / Growth")
        assert (found.value, found.observations) == (pytest.approx(float(row.correlation or 0)), row.data_points)
        assert found.facts["decay"] == pytest.approx(float(row.decay_factor))
    assert found.facts["prices"].keys() == {"VTV", "VUG"}
    assert {one["date"] for one in found.facts["prices"].values()} == {demo_results.session.isoformat()}
    assert (found.status, found.inputs.lots) == ("ok", 0)


def test_a_correlation_of_factors_that_is_unknown_says_why(demo_results: DemoResults) -> None:
    FactorCorrelation.objects.update(correlation=None)
    assert explained("hedge_fund", "factor_correlation_fast", "Value / Growth").reason == "insufficient_data"
    FactorCorrelation.objects.all().delete()
    assert explained("hedge_fund", "factor_correlation_fast", "Value / Growth").reason == "insufficient_data"


def test_covariances_of_the_joint_factors_are_the_stored_ones(demo_results: DemoResults) -> None:
    row = FactorCovariance.objects.get(calculation_date=demo_results.session)
    assert explained("family_office_private", "factor_covariance", "Rates / Rates").value == row.covariance[6][6]
    # Factors of simulated prices have nearly none between them.
    FactorCovariance.objects.update(covariance=[[10 * min(i, j) + max(i, j) for j in range(7)] for i in range(7)])
    pairs = [(i, j) for i in range(7) for j in range(i, 7)]
    for of, (i, j) in zip(JOINT_PAIRS, pairs, strict=True):
        found = explained("hedge_fund", "factor_covariance", of)
        assert (found.value, found.facts["variance_of_second"], found.observations) == (
            10 * i + j,
            11 * j,
            row.observations,
        )
    assert found.facts["prices"].keys() == set(FACTOR_FUNDS)


def test_every_pair_of_factors_that_is_stored_can_be_asked_for(demo_results: DemoResults) -> None:
    stored = FactorCorrelation.objects.filter(calculation_date=demo_results.session, decay_factor=Decimal("0.94"))
    with pytest.raises(DomainError) as refused:
        explained("hedge_fund", "factor_correlation_fast", "")
    offered = str(refused.value).partition(" is of: ")[2].rstrip(".").split(", ")
    assert sorted(offered) == sorted(f"{one.factor_1.name} / {one.factor_2.name}" for one in stored)


@pytest.mark.parametrize("metric", OF_TARGETS)
def test_what_a_target_means_is_the_stored_figure(demo_results: DemoResults, metric: str) -> None:
    for target in TargetPrice.objects.filter(portfolio=book_of("hedge_fund")):
        found = explained("hedge_fund", metric, f"{target.symbol} {target.position_type}")
        stored = getattr(target, OF_TARGETS[metric].column.removeprefix("t."))
        assert found.value == (None if stored is None else pytest.approx(float(stored)))
        assert (found.value is None) == (found.reason is not None)
        assert found.facts["current_price"] == pytest.approx(float(target.current_price))
        assert (found.inputs.lots, found.inputs.newest_price) == (1, demo_results.session)


def test_what_a_target_does_not_tell_has_its_reason(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    columns = ("expected_return_eoy", "target_upside_eoy_value", "position_weight", "contribution_to_portfolio_return")
    row = TargetPrice.objects.filter(
        portfolio=book, position_type="LONG", contribution_to_portfolio_risk__isnull=False
    )[0]
    of = f"{row.symbol} LONG"
    names = [f"position_target_{name}" for name in ("return_eoy", "dollars_eoy", "weight", "return_contribution")]

    def reasons() -> list[str | None]:
        return [explained("hedge_fund", name, of).reason for name in names]

    rows = TargetPrice.objects.filter(pk=row.pk)
    rows.update(**dict.fromkeys(columns), contribution_to_portfolio_risk=None)
    book.positions.filter(symbol=row.symbol).update(exit_date=demo_results.session - dt.timedelta(days=1), exit_price=1)
    assert reasons() == ["beyond_what_is_stored", "not_held", "not_held", "not_held"]
    book.positions.filter(symbol=row.symbol).update(exit_date=None, exit_price=None)
    assert reasons()[1:] == ["beyond_what_is_stored", "no_calculation_available", "no_calculation_available"]
    rows.update(expected_return_eoy=5)
    assert reasons() == [None, *["no_calculation_available"] * 3]
    rows.update(target_price_eoy=None, expected_return_eoy=None, position_weight=1)
    assert reasons() == ["no_target_price", "no_target_price", None, "no_target_price"]
    assert explained("hedge_fund", "position_target_risk_contribution", of).reason == "insufficient_data"
