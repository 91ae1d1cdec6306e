"""The audit of stored results: everything comes out again on the demo, and whatever is changed is found."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from analytics.audits.catalogue import AUDITS, run_audit
from analytics.audits.scope import Scope
from analytics.models import (
    CorrelationCalculation,
    FactorCorrelation,
    FactorExposure,
    MarketRiskScenario,
    OptionGreeks,
    PortfolioRisk,
    ScenarioFactorShock,
    StressScenario,
    StressTestResult,
    SymbolFactorExposure,
    SymbolVolatility,
)
from marketdata.models import DailyPrice
from portfolios.models import Portfolio, PortfolioSnapshot, PositionSnapshot
from tests.analytics.audits.command import audit, findings
from tests.demo_fixtures import LAST_SESSION

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]
FUND = "Demo Hedge Fund Style"
EARLIER = dt.date(2025, 10, 1)


def of_symbol(model: Any, symbol: str = "AAPL", session: dt.date = LAST_SESSION) -> Any:
    return model.objects.get(security__symbol=symbol, calculation_date=session)


def of_book(model: Any, session: dt.date = LAST_SESSION, account: str = FUND) -> Any:
    return model.objects.get(portfolio__account_name=account, calculation_date=session)


def store(row: Any, **values: object) -> None:
    type(row).objects.filter(pk=row.pk).update(**values)


def with_changed(values: Sequence[Any], place: int, by: float) -> list[Any]:
    changed = list(values)
    changed[place] += by
    return changed


def change_beta() -> None:
    row = of_symbol(SymbolFactorExposure)
    store(row, beta_value=with_changed(row.beta_value, 0, 0.001))


def forget_beta() -> None:
    row = of_symbol(SymbolFactorExposure)
    store(row, beta_value=[None, *row.beta_value[1:]])


def snapshot(session: dt.date = LAST_SESSION, **values: object) -> None:
    PortfolioSnapshot.objects.filter(portfolio__account_name=FUND, snapshot_date=session).update(**values)


def lot_arrays(name: str, by: float) -> None:
    row = PositionSnapshot.objects.get(portfolio__account_name=FUND, snapshot_date=LAST_SESSION)
    store(row, **{name: with_changed(getattr(row, name), 0, by)})


def array_of(model: Any, name: str, by: float = 5.0) -> None:
    row = of_book(model)
    store(row, **{name: with_changed(getattr(row, name), 0, by)})


def shocks(key: str) -> Any:
    return ScenarioFactorShock.objects.filter(calculation_date=LAST_SESSION, scenario_key=key)


def flagged(**flags: object) -> None:
    row = of_book(StressTestResult)
    store(row, flags=row.flags | flags)


def change_a_part() -> None:
    row = of_book(StressTestResult)
    parts = [list(scenario) for scenario in row.factor_impacts]
    parts[0][0] += 50.0
    store(row, factor_impacts=parts)


def change_prices() -> None:
    DailyPrice.objects.filter(security__symbol="AAPL", date=EARLIER).update(
        close=F("close") * 1.01, high=F("close") * 1.1
    )


def change_correlation() -> None:
    row = FactorCorrelation.objects.filter(calculation_date=LAST_SESSION).earliest("id")
    store(row, correlation=0.123456)


Plant = Callable[[], object]
FAULTS: list[tuple[str, Plant, str]] = [
    ("Betas of symbols", change_beta, "market beta is stored as"),
    ("Betas of symbols", forget_beta, "market beta is stored as unknown"),
    ("Betas of symbols", change_prices, "market beta is stored as"),
    ("Volatilities of symbols", lambda: store(of_symbol(SymbolVolatility), realized_volatility_21d=0.5), "21 sessions is stored as 0.5"),
    ("Correlations of factors", change_correlation, "correlation is stored as 0.123456"),
    ("Greeks", lambda: store(of_symbol(OptionGreeks, "AAPL271217P00180000"), delta=F("delta") / 2), "delta is stored as"),
    ("Roll-forward of snapshots", lambda: snapshot(EARLIER, net_asset_value=F("net_asset_value") + 1), "value of the evening before"),
    ("Roll-forward of snapshots", lambda: snapshot(daily_pnl=F("daily_pnl") + 1), "unrealised plus realised"),
    ("Roll-forward of snapshots", lambda: snapshot(daily_return=0.5), "daily return is not the P&L over the value before"),
    ("Roll-forward of snapshots", lambda: snapshot(twr_index=2), "twr index is not"),
    ("Roll-forward of snapshots", lambda: snapshot(gross_exposure=F("gross_exposure") + 1), "is not long less short"),
    ("Lots of snapshots", lambda: lot_arrays("price", 1.0), "is valued at"),
    ("Lots of snapshots", lambda: lot_arrays("price", 1.0), "its close is"),
    ("Lots of snapshots", lambda: lot_arrays("market_value", 100.0), "the snapshot says"),
    ("Exposures of portfolios", lambda: snapshot(hhi=5), "hhi is stored as 5"),
    ("Exposures of portfolios", lambda: snapshot(net_delta_exposure=0), "net delta exposure is stored as 0"),
    ("Factor exposures of portfolios", lambda: array_of(FactorExposure, "exposure_dollar"), "Market Beta (90D) is stored as"),
    ("Factor exposures of portfolios", lambda: array_of(FactorExposure, "exposure_value"), "Market Beta (90D) per dollar"),
    ("Factor exposures of portfolios", lambda: of_book(FactorExposure).delete(), "has no factor exposures"),
    ("Volatilities of portfolios", lambda: snapshot(realized_volatility_63d=0.5), "realized volatility 63d is stored as 0.5"),
    ("Volatilities of portfolios", lambda: snapshot(beta_portfolio_regression=None), "is stored as unknown"),
    ("Correlations of holdings", lambda: store(of_book(CorrelationCalculation), overall_correlation=0.5), "overall correlation is stored"),
    ("Value at risk", lambda: store(of_book(PortfolioRisk), var_95_1d=F("var_95_1d") - 1), "value at risk at 95 % is stored"),
    ("Value at risk", lambda: store(of_book(PortfolioRisk), es_99_1d=F("es_99_1d") + 1), "expected shortfall at 99 %"),
    ("Value at risk", lambda: array_of(PortfolioRisk, "component_var"), "sum of component var"),
    ("Scenario impacts", lambda: array_of(StressTestResult, "correlated_pnl"), ": impact is stored as"),
    ("Scenario impacts", change_a_part, "part of joint factor 1"),
    ("Scenario impacts", lambda: array_of(StressTestResult, "unexplained"), "sum of its parts"),
    ("Scenario impacts", lambda: of_book(StressTestResult).delete(), "has no stress results"),
    ("Scenario impacts", lambda: shocks("market_up_5").delete(), "recomputed unknown"),
    ("Scenario impacts", lambda: store(of_book(StressTestResult), coverage="0.5"), "share of holdings with a known move is stored as 0.5"),
    ("Scenario impacts", lambda: flagged(uncovered=[["AAPL", "insufficient_data"]]), "lots without a known move are stored as AAPL"),
    ("Scenario impacts", lambda: flagged(skipped=["market_up_5"]), "scenarios that were skipped are stored as market_up_5"),
    ("Plain moves of market and rates", lambda: array_of(MarketRiskScenario, "linear_pnl"), "market_up_5: by betas"),
    ("Plain moves of market and rates", lambda: array_of(MarketRiskScenario, "predicted_pnl"), "market_up_5: by revaluation"),
    ("Plain moves of market and rates", lambda: shocks("move:ir_up_100bp").delete(), "recomputed unknown"),
    ("Plain moves of market and rates", lambda: of_book(FactorExposure).delete(), "market_up_5: by betas is stored as"),
    ("Plain moves of market and rates", lambda: array_of(MarketRiskScenario, "convexity_effect"), "market_up_5: convexity"),
]  # fmt: skip


def test_everything_stored_comes_out_again() -> None:
    code, report = audit("calculations")
    assert code == 0
    assert report["counts"] == {"checks": 13, "error": 0, "warning": 0, "information": 0}
    seen = {check["name"]: check["looked_at"] for check in report["checks"]}
    assert seen["Scenario impacts"] == {"impacts recomputed": 5 * 22}
    assert seen["Betas of symbols"]["betas recomputed"] > 100


@pytest.mark.parametrize(("check", "plant", "told"), FAULTS, ids=[f"{check}: {told}" for check, _, told in FAULTS])
def test_a_changed_result_is_found(check: str, plant: Plant, told: str) -> None:
    plant()
    code, found = findings("calculations", check, "--portfolio", FUND)
    assert code == 1
    assert any(told in one["what"] for one in found), found


def test_a_snapshot_that_is_left_out_is_found() -> None:
    PortfolioSnapshot.objects.filter(portfolio__account_name=FUND, snapshot_date=EARLIER).delete()
    code, found = findings("calculations", "Roll-forward of snapshots")
    assert code == 1
    assert any("no snapshot of 1 session" in one["what"] for one in found)


def test_past_sessions_come_out_again_across_a_split() -> None:
    code, report = audit("calculations", "--date", "2025-10-01")
    assert code == 0
    assert report["scope"] == {"date": "2025-10-01"}
    assert report["counts"]["error"] == report["counts"]["warning"] == 0


def test_a_sample_is_as_large_as_it_is_asked_for() -> None:
    _, report = audit("calculations", "--check", "Betas of symbols", "--sample", "3")
    assert report["checks"][0]["looked_at"] == {"betas recomputed": 6}


def test_a_book_of_private_holdings_says_what_it_has_nothing_of() -> None:
    _, found = findings(
        "calculations", "Factor exposures of portfolios", "--portfolio", "Demo Family Office Private Opportunities"
    )
    assert ["nothing to check" in one["what"] for one in found] == [True]


def test_moves_that_are_not_known_are_told() -> None:
    _, report = audit("calculations")
    told = {check["name"]: "; ".join(check["told"]) for check in report["checks"]}
    private = "Demo Family Office Private Opportunities"
    assert f"FO_PRIVATE_CREDIT of {private}" in told["Scenario impacts"]
    assert f"no exposure is known, and checked so: {private}" in told["Plain moves of market and rates"]


def test_a_scenario_that_could_not_be_formed_is_skipped_if_it_is_stored_as_unknown() -> None:
    row, place = of_book(StressTestResult), StressScenario.objects.get(scenario_id="market_up_5").slot
    shocks("market_up_5").delete()
    flagged(skipped=["market_up_5"])
    for name in ("correlated_pnl", "private_pnl", "unexplained"):
        store(row, **{name: with_changed(getattr(row, name), place, math.nan)})
    store(row, factor_impacts=[[math.nan] * 8 if k == place else part for k, part in enumerate(row.factor_impacts)])
    code, report = audit("calculations", "--check", "Scenario impacts", "--portfolio", FUND)
    assert code == 0
    assert f"stored as unknown: Market Rally 5% ({LAST_SESSION})" in "; ".join(report["checks"][0]["told"])


def test_results_of_another_set_of_scenarios_are_not_compared() -> None:
    StressScenario.objects.filter(scenario_id="market_up_5").update(active=False)
    code, found = findings("calculations", "Scenario impacts", "--portfolio", FUND)
    assert code == 0
    assert "has 22 scenarios, 21 are active by now" in found[0]["what"]


def test_a_book_that_was_changed_after_its_results_waits_for_the_night() -> None:
    Portfolio.objects.filter(account_name=FUND).update(dirty_from=EARLIER)
    _, report = audit("calculations", "--check", "Exposures of portfolios")
    (only,) = report["checks"]
    assert only["looked_at"]["portfolios"] == 4
    assert only["told"] == [f"left out until the next night, for their lots were changed: {FUND}"]


def test_the_greeks_have_an_audit_of_their_own() -> None:
    assert audit("greeks", "--sample", "20")[0] == 0
    store(of_symbol(OptionGreeks, "AAPL271217P00180000"), vega=F("vega") * 2)
    assert audit("greeks", "--sample", "20")[0] == 1


def test_queries_do_not_grow_with_the_lots() -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            run_audit(AUDITS["calculations"], Scope(Portfolio.objects.get(account_name=FUND)))
        return len(queries)

    before = asked()
    row = PositionSnapshot.objects.get(portfolio__account_name=FUND, snapshot_date=LAST_SESSION)
    names = [field.name for field in row._meta.concrete_fields if isinstance(field, ArrayField)]
    store(row, **{name: getattr(row, name)[:5] for name in names})
    assert asked() == before
