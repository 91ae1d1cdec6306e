"""Every figure that can be explained is the stored one, with what it was made from."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.engines.factors import JOINT_FACTORS
from analytics.models import (
    CorrelationCalculation,
    FactorCorrelation,
    FactorCovariance,
    FactorExposure,
    MarketRiskScenario,
    OptionGreeks,
    PortfolioRisk,
    StressTestResult,
    SymbolDailyMetrics,
    SymbolFactorExposure,
    SymbolVolatility,
)
from analytics.models.stress import MARKET_SCENARIOS
from analytics.services.explained_measures import CORRELATION, MEASURES, OF_THE_BOOK
from analytics.services.explained_parts import TAIL_NAMES
from analytics.services.explanations import Explanation, explain
from analytics.services.factors import FactorReadings, factors_of
from analytics.services.measure import RISK
from analytics.services.measured_figures import measured_figures
from analytics.services.stress import StressTest, stress_test_of
from analytics.services.value_at_risk import value_at_risk
from marketdata import calendar
from portfolios.models import Portfolio, PortfolioSnapshot, PositionSnapshot, TargetPrice
from sigmasight.core.errors import DomainError, NotFound
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("metric", OF_THE_BOOK)
def test_the_value_is_the_stored_one(demo_book: Portfolio, metric: str) -> None:
    measure = OF_THE_BOOK[metric]
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


@pytest.mark.parametrize("metric", ["market_beta", "realized_volatility_21d", "drawdown", "daily_return"])
def test_what_is_missing_for_want_of_equity_says_so(demo_results: DemoResults, metric: str) -> None:
    book = book_of("hedge_fund")
    columns = {
        OF_THE_BOOK[metric].column: None,
        "net_asset_value": -1,
        "cash_value": -1 - snapshot_of(book).net_exposure,
    }
    PortfolioSnapshot.objects.filter(pk=snapshot_of(book).pk).update(**columns)
    assert explained("hedge_fund", metric, "").reason == "invalid_equity"
    assert measured_figures(book.pk, demo_results.session).figures[metric].reason == "invalid_equity"


def explained(name: str, metric: str, of: str) -> Explanation:
    book = book_of(name)
    return explain(book.user, book.pk, metric, of)[1]


def test_every_factor_scenario_and_tail_is_the_served_one(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    factors = factors_of(book.pk)
    assert isinstance(factors, FactorReadings)
    for one in factors.readings:
        found = explained("hedge_fund", "factor_exposure", one.name)
        assert (found.value, found.facts["dollars"]) == (
            pytest.approx(one.beta, abs=1e-6),
            pytest.approx(one.dollars, abs=0.01),
        )
    stress = stress_test_of(book.pk, book.results_as_of)
    assert isinstance(stress, StressTest)
    for effect in stress.scenarios[:5]:
        found = explained("hedge_fund", "stress_pnl", effect.scenario_id)
        assert found.value == pytest.approx(effect.dollars, abs=0.01)
        assert found.facts["plausibility_scale"] == pytest.approx(effect.plausibility_scale)
        assert found.facts["shock"]
    _, risk = value_at_risk(book.user, book.pk)
    for name, tail in zip(TAIL_NAMES, risk.tails, strict=True):
        assert name == f"{tail.method}_{tail.confidence:.0%}_{tail.horizon}d".replace("%", "")
        assert explained("hedge_fund", "value_at_risk", name).value == pytest.approx(tail.value_at_risk)
        assert explained("hedge_fund", "expected_shortfall", name).value == pytest.approx(tail.expected_shortfall)


def test_contributions_of_all_symbols_make_the_whole(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    symbols = set(book.positions.filter(exit_date=None, deleted_at=None).values_list("symbol", flat=True))
    for metric, whole in (("risk_contribution", "daily_volatility"), ("var_contribution", "var_95_1d")):
        parts = [explained("hedge_fund", metric, symbol).value or 0.0 for symbol in symbols]
        assert sum(parts) == pytest.approx(explained("hedge_fund", whole, "").value, rel=1e-4)


def test_a_symbol_is_told_with_its_own_observations_and_prices(demo_results: DemoResults) -> None:
    found = explained("hedge_fund", "symbol_market_beta", "NVDA")
    row = SymbolFactorExposure.objects.get(security__symbol="NVDA", calculation_date=demo_results.session)
    assert (found.value, found.observations) == (pytest.approx(row.beta_value[0]), row.observations[0])
    assert found.facts["standard_error"] == pytest.approx(row.std_error[0])
    assert found.inputs.lots == 1
    swing = explained("hedge_fund", "symbol_realized_volatility_21d", "NVDA")
    stored = SymbolVolatility.objects.get(security__symbol="NVDA", calculation_date=demo_results.session)
    assert swing.value == pytest.approx(float(stored.realized_volatility_21d))


@pytest.mark.parametrize("name", ["delta", "gamma", "theta", "vega", "rho"])
def test_a_greek_is_told_with_the_inputs_of_its_model(demo_results: DemoResults, name: str) -> None:
    contract = book_of("hedge_fund").positions.filter(investment_class="OPTIONS").order_by("symbol")[0]
    found = explained("hedge_fund", name, contract.symbol)
    row = OptionGreeks.objects.get(security=contract.security_id, calculation_date=demo_results.session)
    assert found.value == pytest.approx(float(getattr(row, name)))
    assert found.facts["underlying_price"] == pytest.approx(float(row.underlying_price))
    assert found.facts["volatility_source"] == row.volatility_source
    assert found.facts["rate_source"] == row.rate_source


@pytest.mark.parametrize(
    ("metric", "of", "complaint"),
    [
        ("factor_exposure", "", "Say by `of` which factor"), ("factor_exposure", "Luck", "Momentum"),
        ("stress_pnl", "x' OR true --", "which scenario"), ("value_at_risk", "historical", "historical_95_1d"),
        ("symbol_market_beta", "TSLA2", "NVDA"), ("delta", "NVDA", "which contract"), ("hhi", "NVDA", "leave `of` out"),
    ],
)  # fmt: skip
def test_a_part_that_is_not_there_is_refused_with_those_that_are(
    demo_results: DemoResults, metric: str, of: str, complaint: str
) -> None:
    with pytest.raises(DomainError, match=complaint):
        explained("hedge_fund", metric, of)


def test_a_private_holding_has_no_beta_and_the_reason_is_its_own(demo_results: DemoResults) -> None:
    book = book_of("family_office_private")
    symbol = book.positions.order_by("symbol").values_list("symbol", flat=True)[0]
    found = explained("family_office_private", "symbol_market_beta", symbol)
    assert (found.value, found.computed_at) == (None, None)
    assert found.reason


def test_the_factor_model_is_the_stored_one(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    row = FactorExposure.objects.get(portfolio=book, calculation_date=demo_results.session)
    for metric in ("factor_volatility", "specific_volatility"):
        assert explained("hedge_fund", metric, "").value == pytest.approx(getattr(row, metric))
    assert explained("hedge_fund", "factor_r_squared", "").value == pytest.approx(row.r_squared)
    for k, factor in enumerate(JOINT_FACTORS):
        found = explained("hedge_fund", "joint_loading", factor)
        assert found.value == pytest.approx(row.joint_value[k])
        assert found.facts["direct_std_error"] == pytest.approx(row.direct_std_error[k])


def test_every_plain_move_is_the_stored_one(demo_results: DemoResults) -> None:
    row = MarketRiskScenario.objects.get(portfolio=book_of("hedge_fund"), calculation_date=demo_results.session)
    for k, (name, _) in enumerate(MARKET_SCENARIOS):
        found = explained("hedge_fund", "market_move_pnl", name)
        assert found.value == pytest.approx(row.predicted_pnl[k])
        assert found.facts["convexity_effect"] == pytest.approx(row.convexity_effect[k])


def test_lots_add_up_to_the_book(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    symbols = set(book.positions.filter(exit_date=None, deleted_at=None).values_list("symbol", flat=True))
    parts = [explained("hedge_fund", "position_value", symbol).value or 0.0 for symbol in symbols]
    assert sum(parts) == pytest.approx(explained("hedge_fund", "net_exposure", "").value)
    entries = [explained("hedge_fund", "position_entry_value", symbol).value or 0.0 for symbol in symbols]
    gains = [explained("hedge_fund", "position_unrealized_pnl", symbol).value or 0.0 for symbol in symbols]
    assert sum(gains) == pytest.approx(sum(parts) - sum(entries))


def test_sectors_are_those_of_the_snapshot(demo_results: DemoResults) -> None:
    weights = snapshot_of(book_of("hedge_fund")).sector_exposure["portfolio_weights"]
    assert explained("hedge_fund", "sector_weight", "Energy").value == pytest.approx(weights["Energy"])
    assert "Utilities" not in weights
    assert explained("hedge_fund", "sector_weight", "Utilities").value == 0


def test_a_contract_is_told_with_the_volatility_of_its_quote(demo_results: DemoResults) -> None:
    contract = book_of("hedge_fund").positions.filter(investment_class="OPTIONS").order_by("symbol")[0]
    row = OptionGreeks.objects.get(security=contract.security_id, calculation_date=demo_results.session)
    assert explained("hedge_fund", "contract_price", contract.symbol).value == pytest.approx(row.price)
    found = explained("hedge_fund", "implied_volatility", contract.symbol)
    assert found.value == pytest.approx(float(row.implied_volatility or 0))
    assert found.facts["volatility_source"] == row.volatility_source


def test_a_symbols_joint_fit_is_told_with_its_loadings(demo_results: DemoResults) -> None:
    row = SymbolFactorExposure.objects.get(security__symbol="NVDA", calculation_date=demo_results.session)
    found = explained("hedge_fund", "symbol_joint_r_squared", "NVDA")
    assert (found.value, found.observations) == (pytest.approx(row.joint_r_squared), row.joint_observations)
    assert dict(zip(found.facts["factors"], found.facts["loadings"], strict=True)) == pytest.approx(
        dict(zip(JOINT_FACTORS, row.joint_beta or (), strict=True))
    )


def test_returns_of_a_symbol_are_those_of_the_search(demo_results: DemoResults) -> None:
    row = SymbolDailyMetrics.objects.get(security__symbol="NVDA")
    for span in ("1d", "mtd", "1y"):
        found = explained("hedge_fund", f"symbol_return_{span}", "NVDA")
        assert found.value == pytest.approx(float(getattr(row, f"return_{span}")))
    assert found.facts["price"] == pytest.approx(float(row.current_price or 0))


def test_every_stored_column_of_a_book_is_explained() -> None:
    """What a table of results holds is a figure, a fact told with one, or named here as no figure at all."""
    keys = {"id", "created_at", "updated_at", "portfolio_id", "snapshot_date", "calculation_date", "security_id"}
    apart = {
        # The ledger's own marks and running totals in millionths, which the figures beside them tell.
        "cash_micro", "realized_micro", "flow_micro", "cost_micro", "twr_peak", "input_hash", "is_complete",
        # What a row is of, how much went into it, and the settings it was made with.
        "position_ids", "observations", "duration_days", "min_position_value", "min_portfolio_weight", "filter_mode",
        "correlation_threshold", "metrics_date", "factor_1_id", "factor_2_id", "symbol", "position_type", "position_id", "created_by_id",
        "quantity", "price", "quality", "reason", "method_version", "regression_window", "flags", "quality_flag",
    }  # fmt: skip
    # Betas of `symbol_factor_exposures` again, for the search; and what no provider fills.
    apart |= {name for name in SymbolDailyMetrics.__dict__ if name.startswith("factor_")} | {
        "pb_ratio",
        "enterprise_value",
    }
    for model in (
        PortfolioSnapshot, PositionSnapshot, PortfolioRisk, FactorExposure, CorrelationCalculation, StressTestResult, MarketRiskScenario,
        SymbolFactorExposure, SymbolVolatility, SymbolDailyMetrics, OptionGreeks, FactorCorrelation, FactorCovariance, TargetPrice,
    ):  # fmt: skip
        table = model._meta.db_table
        told = {
            word
            for one in MEASURES.values()
            if one.table == table
            for word in re.findall(r"\w+", " ".join((one.column, one.counted, *one.facts.values())))
        }
        columns = {field.column for field in model._meta.concrete_fields} - keys - apart
        assert columns - told == set(), table


@pytest.mark.parametrize("metric", [name for name, measure in MEASURES.items() if measure.of])
def test_a_part_is_explained_in_four_statements(demo_results: DemoResults, metric: str) -> None:
    examples = {"factor": "Momentum", "scenario": "market_down_5", "tail": "filtered_99_10d", "symbol": "NVDA"} | {
        "joint factor": "Rates", "market move": "ir_up_100bp", "sector": "Energy", "pair of joint factors": "Momentum / Momentum",
        "pair of factors": "Value / Growth", "holding with a target": "NVDA LONG",
    }  # fmt: skip
    book = book_of("hedge_fund")
    contract = book.positions.filter(investment_class="OPTIONS")[0].symbol
    with CaptureQueriesContext(connection) as statements:
        explain(book.user, book.pk, metric, examples.get(MEASURES[metric].of, contract))
    assert len(statements) <= 4


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
