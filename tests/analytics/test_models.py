"""The database itself refuses results and runs that cannot be."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from analytics.models import (
    BatchRun,
    BatchStep,
    FactorCorrelation,
    FactorDefinition,
    FactorExposure,
    OptionGreeks,
    PortfolioRisk,
    SessionCoverage,
    StressScenario,
    StressTestResult,
    SymbolFactorExposure,
    SymbolFactorExposureRow,
    SymbolVolatility,
)
from analytics.services.reference import seed_reference
from portfolios.models import Portfolio
from tests.factories import OptionContractFactory, PortfolioFactory, SecurityFactory

pytestmark = pytest.mark.django_db
DAY = dt.date(2025, 6, 30)


def run(portfolio: Portfolio | None = None, **changes: object) -> BatchRun:
    values = {"kind": "nightly", "trigger": "cli", "source": "simulated", "status": "running"} | changes
    return BatchRun.objects.create(scope_portfolio=portfolio, **values)


def test_one_run_of_a_scope_is_active() -> None:
    portfolio = PortfolioFactory()
    run()
    run(portfolio)
    run(PortfolioFactory())
    for scope in (None, portfolio):
        with pytest.raises(IntegrityError, match="batch_run_one_active_per_scope"), transaction.atomic():
            run(scope, status="queued")


def test_finished_runs_do_not_block_a_new_one() -> None:
    for status in ("completed", "partial", "failed", "cancelled", "running"):
        run(status=status)
    assert BatchRun.objects.count() == 5


@pytest.mark.parametrize("changes", [{"status": "done"}, {"kind": "weekly"}, {"trigger": "moon"}])
def test_unknown_words_in_a_run_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="batch_run_"), transaction.atomic():
        run(**changes)


def test_a_shard_of_a_step_is_recorded_once() -> None:
    night = run()
    BatchStep.objects.create(run=night, phase="2.5", name="market_values", shard_no=1)
    with pytest.raises(IntegrityError, match="batch_step_unique"), transaction.atomic():
        BatchStep.objects.create(run=night, phase="2.5", name="market_values", shard_no=1)


def test_a_step_belongs_to_one_of_the_four_phases() -> None:
    with pytest.raises(IntegrityError, match="batch_step_phase_valid"), transaction.atomic():
        BatchStep.objects.create(run=run(), phase="4", name="market_values")


def test_coverage_never_exceeds_what_is_held() -> None:
    with pytest.raises(IntegrityError, match="session_coverage_priced_of_held"), transaction.atomic():
        SessionCoverage.objects.create(session=DAY, symbols_held=3, symbols_priced=4, data_coverage_pct=100)


def test_slots_are_given_once() -> None:
    seed_reference()
    with pytest.raises(IntegrityError, match="display_order"), transaction.atomic():
        FactorDefinition.objects.create(
            name="Liquidity", factor_type="style", calculation_method="provider", display_order=12
        )
    with pytest.raises(IntegrityError, match="slot"), transaction.atomic():
        StressScenario.objects.filter(slot=0).update(slot=21)


def exposure(**changes: object) -> SymbolFactorExposure:
    values = {name: [1.5, float("nan")] for name in ("beta_value", "std_error", "p_value", "r_squared")}
    values |= {"observations": [90, 0], "quality_flag": ["F", "-"], "calculation_date": DAY}
    return SymbolFactorExposure.objects.create(security=SecurityFactory(symbol="AAPL"), **(values | changes))


def test_factor_arrays_are_of_one_length() -> None:
    with pytest.raises(IntegrityError, match="symbol_factor_exposure_arrays_aligned"), transaction.atomic():
        exposure(p_value=[0.5])
    with pytest.raises(IntegrityError, match="symbol_factor_exposure_joint_of_seven"), transaction.atomic():
        exposure(joint_beta=[0.0] * 6)


def test_the_view_shows_each_computed_beta_as_a_row() -> None:
    seed_reference()
    exposure()
    row = SymbolFactorExposureRow.objects.get()
    assert (row.symbol, row.factor_name, row.beta_value, row.observations, row.quality_flag) == (
        "AAPL",
        "Market Beta (90D)",
        1.5,
        90,
        "F",
    )


def test_a_pair_of_factors_is_stored_once() -> None:
    seed_reference()
    low, high = FactorDefinition.objects.order_by("id")[:2]
    values = {
        "calculation_date": DAY,
        "lookback_days": 252,
        "decay_factor": 0.94,
        "data_points": 252,
        "correlation": 0.5,
    }
    FactorCorrelation.objects.create(factor_1=low, factor_2=high, **values)
    with pytest.raises(IntegrityError, match="factor_correlation_pair_once"), transaction.atomic():
        FactorCorrelation.objects.create(factor_1=high, factor_2=low, **values)


def test_a_skipped_contract_says_why() -> None:
    contract = OptionContractFactory()
    with pytest.raises(IntegrityError, match="option_greeks_skip_has_a_reason"), transaction.atomic():
        OptionGreeks.objects.create(security=contract.security, calculation_date=DAY, status="skipped")


def test_a_unit_delta_is_at_most_one() -> None:
    contract = OptionContractFactory()
    with pytest.raises(IntegrityError, match="option_greeks_delta_valid"), transaction.atomic():
        OptionGreeks.objects.create(security=contract.security, calculation_date=DAY, status="ok", delta=-1.01)


def test_volatility_is_not_negative() -> None:
    with pytest.raises(IntegrityError, match="symbol_volatility_not_negative"), transaction.atomic():
        SymbolVolatility.objects.create(security=SecurityFactory(), calculation_date=DAY, realized_volatility_21d=-0.1)


def test_expected_shortfall_is_beyond_value_at_risk() -> None:
    with pytest.raises(IntegrityError, match="portfolio_risk_shortfall_beyond_var"), transaction.atomic():
        PortfolioRisk.objects.create(portfolio=PortfolioFactory(), calculation_date=DAY, var_95_1d=10, es_95_1d=9)


def test_a_portfolio_has_one_row_of_factor_exposures_a_session() -> None:
    portfolio = PortfolioFactory()
    values = {"exposure_value": [1.0], "exposure_dollar": [1.0], "coverage": [1.0], "calculation_date": DAY}
    FactorExposure.objects.create(portfolio=portfolio, **values)
    with pytest.raises(IntegrityError, match="factor_exposure_unique"), transaction.atomic():
        FactorExposure.objects.create(portfolio=portfolio, **values)


def test_stress_arrays_hold_the_same_scenarios() -> None:
    sums = ["direct_pnl", "correlated_pnl", "correlated_pnl_without_vol_shock", "unbounded_pnl", "private_pnl"]
    values = {name: [0.0] * 22 for name in [*sums, "unexplained"]}
    values |= {"factor_impacts": [[0.0] * 8] * 22, "calculation_date": DAY}
    result = StressTestResult.objects.create(portfolio=PortfolioFactory(), **values)
    result.factor_impacts = [[0.0] * 8] * 21
    with pytest.raises(IntegrityError, match="stress_test_result_arrays_aligned"), transaction.atomic():
        result.save()
