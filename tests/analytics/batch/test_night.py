"""The nightly run on the demo, in this process, against the real database."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import uuid4

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from analytics.batch.night import Outcome, Request, run_night
from analytics.batch.runs import start_run
from analytics.batch.scope import plan_run
from analytics.models import (
    BatchRun,
    BatchStep,
    CorrelationCalculation,
    EngineResult,
    FactorExposure,
    OptionGreeks,
    PortfolioRisk,
    RunStatus,
    ScenarioFactorShock,
    SessionCoverage,
    StressTestResult,
    SymbolFactorExposure,
)
from analytics.services.checksum import results_checksum
from analytics.services.summary import ENGINES, summarise
from marketdata.models import DailyPrice, InstrumentMark, PriceCorrection, Security
from marketdata.services.history import arrays_differ_from_rows, rebuild_histories
from portfolios.models import Portfolio, PortfolioSnapshot, PositionSnapshot
from portfolios.services.equity import record_equity_change
from sigmasight.core.errors import Conflict, DomainError, NotFound
from sigmasight.core.partitions import monthly_models, partitions
from tests.analytics.batch.conftest import LAST

pytestmark = pytest.mark.django_db

SESSIONS = [dt.date(2025, 6, 30), dt.date(2025, 7, 1), dt.date(2025, 7, 2), dt.date(2025, 7, 3)]


def again(**changes: object) -> Outcome:
    return run_night(Request(source="simulated", **({"session": LAST} | changes)))  # type: ignore[arg-type]


def book(name: str) -> Portfolio:
    return Portfolio.objects.get(account_name=name)


def test_every_portfolio_has_every_session(first_nights: Outcome) -> None:
    assert first_nights.run is not None
    assert first_nights.run.status == RunStatus.COMPLETED
    assert first_nights.run.completed_jobs == first_nights.run.total_jobs
    for portfolio in Portfolio.objects.all():
        dates = portfolio.snapshots.order_by("snapshot_date").values_list("snapshot_date", flat=True)  # type: ignore[attr-defined]
        assert list(dates) == SESSIONS
        assert portfolio.results_as_of == LAST


def test_the_months_of_a_run_and_the_next_are_made_ahead(first_nights: Outcome) -> None:
    parts = {(part.table, part.first) for part in partitions(model._meta.db_table for model in monthly_models())}
    wanted = {(model._meta.db_table, dt.date(2025, month, 1)) for model in monthly_models() for month in (6, 7, 8)}
    assert wanted <= parts


def test_first_session_has_the_opening_equity(first_nights: Outcome) -> None:
    for snapshot in PortfolioSnapshot.objects.filter(snapshot_date=SESSIONS[0]).select_related("portfolio"):
        assert snapshot.net_asset_value == snapshot.portfolio.opening_equity
        assert snapshot.daily_pnl == 0


def test_equity_is_cash_plus_holdings(first_nights: Outcome) -> None:
    for s in PortfolioSnapshot.objects.select_related("portfolio"):
        assert s.net_asset_value == s.cash_value + s.net_exposure
        assert s.net_asset_value == s.portfolio.opening_equity + s.cumulative_pnl + s.cumulative_capital_flow
        lots = PositionSnapshot.objects.get(portfolio=s.portfolio, snapshot_date=s.snapshot_date)
        assert sum(lots.market_value) == pytest.approx(float(s.net_exposure), abs=0.05)
        assert sum(lots.daily_pnl) == pytest.approx(float(s.daily_pnl), abs=0.2)


def test_running_again_finds_nothing_to_do(first_nights: Outcome) -> None:
    assert again().run is None


def test_computing_a_session_again_changes_no_row(first_nights: Outcome) -> None:
    before = results_checksum()
    outcome = again(recompute_from=SESSIONS[0])
    assert outcome.run is not None
    assert results_checksum() == before
    assert not BatchStep.objects.filter(run=outcome.run, rows_written__gt=0, phase__in=["2", "3"]).exists()


def test_rolling_on_equals_rolling_from_the_start(first_nights: Outcome) -> None:
    again(session=dt.date(2025, 7, 7))
    step_by_step = results_checksum()
    again(session=dt.date(2025, 7, 7), recompute_from=SESSIONS[0])
    assert results_checksum() == step_by_step


def test_dry_run_changes_nothing(first_nights: Outcome) -> None:
    runs, before = BatchRun.objects.count(), results_checksum()
    outcome = again(session=dt.date(2025, 7, 7), dry_run=True)
    assert len(outcome.plan.needs) == 5
    assert (BatchRun.objects.count(), results_checksum()) == (runs, before)


def test_a_late_flow_rolls_its_own_book_again(first_nights: Outcome) -> None:
    one = book("Demo Individual")
    before = one.snapshots.get(snapshot_date=LAST).net_asset_value  # type: ignore[attr-defined]
    record_equity_change(one.id, "CONTRIBUTION", Decimal("10000"), dt.date(2025, 7, 1))
    plan = plan_run(LAST)
    assert [(need.portfolio_id, need.first) for need in plan.needs] == [(one.id, dt.date(2025, 7, 1))]
    again()
    assert one.snapshots.get(snapshot_date=LAST).net_asset_value == before + 10_000  # type: ignore[attr-defined]
    one.refresh_from_db()
    assert one.dirty_from is None


def test_a_corrected_price_rolls_its_holders_again(first_nights: Outcome) -> None:
    apple = Security.objects.get(symbol="AAPL")
    row = DailyPrice.objects.get(security=apple, date=dt.date(2025, 7, 2))
    row.close = row.low = row.close - 1
    row.save()
    rebuild_histories([apple.id])
    PriceCorrection.objects.create(security=apple, from_date=row.date, kind="price", detected_at=timezone.now())
    outcome = again()
    held = set(Portfolio.objects.filter(positions__security=apple).values_list("id", flat=True)) | set(
        Portfolio.objects.filter(positions__security__option_contract__underlying=apple).values_list("id", flat=True)
    )
    assert {need.portfolio_id for need in outcome.plan.needs} == held
    assert InstrumentMark.objects.get(security=apple, session=row.date).price == row.close


def test_a_corrected_price_of_a_factors_fund_rolls_every_book_again(first_nights: Outcome) -> None:
    fund = Security.objects.get(symbol="USMV")
    assert not fund.positions.exists()  # type: ignore[attr-defined]
    PriceCorrection.objects.create(security=fund, from_date=SESSIONS[2], kind="price", detected_at=timezone.now())
    outcome = again()
    assert {need.portfolio_id for need in outcome.plan.needs} == set(Portfolio.objects.values_list("id", flat=True))
    assert {need.first for need in outcome.plan.needs} == {SESSIONS[2]}


def test_a_correction_found_by_the_run_makes_it_longer_and_its_total_too(first_nights: Outcome) -> None:
    fund = Security.objects.get(symbol="SPY")
    row = DailyPrice.objects.get(security=fund, date=SESSIONS[2])
    row.close = row.low = row.close - 1
    row.save()
    rebuild_histories([fund.id])
    run = again(session=dt.date(2025, 7, 7)).run
    assert run is not None
    assert run.target_from == SESSIONS[2]
    assert run.completed_jobs == run.total_jobs == 5 * 3 + 4


def test_run_batch_from_a_day_asks_for_its_prices_again(first_nights: Outcome) -> None:
    before = results_checksum()
    DailyPrice.objects.filter(security__symbol="AAPL", date=SESSIONS[0]).update(close=F("close") - 1, low=1)
    call_command("run_batch", "--inline", "--source=simulated", f"--from={SESSIONS[0]}", f"--to={LAST}")
    assert results_checksum() == before


def test_a_weekend_computes_nothing(first_nights: Outcome) -> None:
    with pytest.raises(DomainError, match="not a trading session"):
        again(session=dt.date(2025, 7, 5))


def test_the_future_is_refused(first_nights: Outcome) -> None:
    with pytest.raises(DomainError, match="not complete yet"):
        again(session=dt.date(2031, 1, 2))


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (["--date=1990-01-02"], "1990-01-02 is outside the calendar"),
        (["--from=1999-12-31"], "1999-12-31 is outside the calendar"),
        (["--from=2099-01-05"], "2099-01-05 is outside the calendar"),
        (["--from=2025-07-03", "--to=2025-07-01"], "no session to compute between 2025-07-03 and 2025-07-01"),
    ],
)
def test_run_batch_refuses_days_that_cannot_be(first_nights: Outcome, days: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("run_batch", "--inline", "--source=simulated", *days)


def test_a_second_run_is_refused_with_the_id_of_the_first(first_nights: Outcome) -> None:
    first = start_run(kind="nightly", trigger="cli", source="simulated", target_from=LAST, target_to=LAST)
    with pytest.raises(Conflict, match=str(first.id)):
        start_run(kind="nightly", trigger="cli", source="simulated", target_from=LAST, target_to=LAST)


def test_a_run_without_a_heartbeat_is_freed(first_nights: Outcome) -> None:
    dead = start_run(kind="nightly", trigger="cli", source="simulated", target_from=LAST, target_to=LAST)
    BatchRun.objects.filter(pk=dead.pk).update(heartbeat_at=timezone.now() - dt.timedelta(hours=1))
    start_run(kind="nightly", trigger="cli", source="simulated", target_from=LAST, target_to=LAST)
    dead.refresh_from_db()
    assert dead.status == RunStatus.FAILED


def test_prices_of_another_kind_are_refused(first_nights: Outcome, tmp_path: object) -> None:
    (tmp_path / "daily_prices.csv").write_text("symbol,date,close\nSPY,2025-07-03,625.34\n")  # type: ignore[operator]
    with pytest.raises(Conflict, match="do not mix"):
        run_night(Request(source=f"files:{tmp_path}"))


def test_a_dry_run_refuses_what_the_run_would_refuse(first_nights: Outcome, tmp_path: object) -> None:
    with pytest.raises(Conflict, match="simulated prices"):
        run_night(Request(source="live", dry_run=True))
    with pytest.raises(NotFound, match="There is no portfolio"):
        run_night(Request(source="simulated", portfolio_id=uuid4(), dry_run=True))


def test_finished_steps_have_done_all_there_was(first_nights: Outcome) -> None:
    steps = BatchStep.objects.filter(run=first_nights.run)
    assert steps.filter(total__gt=0).count() >= 4
    assert not steps.exclude(done=F("total")).exists()


def test_too_few_prices_stop_the_run_before_marking(first_nights: Outcome) -> None:
    again(session=dt.date(2025, 7, 7))
    DailyPrice.objects.filter(date=dt.date(2025, 7, 7)).delete()
    rebuild_histories(list(Security.objects.filter(price_history__isnull=False).values_list("id", flat=True)))
    outcome = again(session=dt.date(2025, 7, 7), recompute_from=dt.date(2025, 7, 7))
    assert outcome.run is not None
    assert outcome.run.status == RunStatus.FAILED
    assert "insufficient_coverage" in outcome.run.error_summary["types"]
    assert not SessionCoverage.objects.get(session=dt.date(2025, 7, 7)).marked


def test_a_private_book_is_skipped_with_its_reason(first_nights: Outcome) -> None:
    private = book("Demo Family Office Private Opportunities")
    results = EngineResult.objects.get(portfolio=private, calculation_date=LAST).results
    assert results["factor_analysis"]["status"] == "skipped"
    assert results["factor_analysis"]["reason"] == "no_public_positions"
    assert results["position_correlations"]["reason"] == "no_public_positions"
    assert not FactorExposure.objects.filter(portfolio=private).exists()
    assert PortfolioRisk.objects.get(portfolio=private, calculation_date=LAST).var_95_1d is None


def test_every_engine_reports_on_every_book(first_nights: Outcome) -> None:
    for row in EngineResult.objects.all():
        assert set(row.results) == set(ENGINES)
        assert {result["status"] for result in row.results.values()} <= {"ok", "partial", "skipped"}


def test_stress_parts_add_up_to_the_whole(first_nights: Outcome) -> None:
    for row in StressTestResult.objects.filter(calculation_date=LAST):
        whole = np.array(row.correlated_pnl)
        parts = np.array(row.factor_impacts, dtype=float).sum(axis=1) + np.array(row.unexplained)
        assert len(whole) == 22
        np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1.0)


def test_stress_flags_say_what_no_scenario_reaches(first_nights: Outcome) -> None:
    private = book("Demo Family Office Private Opportunities")
    flags = StressTestResult.objects.get(portfolio=private, calculation_date=LAST).flags
    assert flags["skipped"] == flags["loss_exceeds_equity"] == []
    assert ["FO_CRYPTO_DIGITAL", "symbol_skipped"] in flags["uncovered"]
    assert ["FO_GROWTH_PE", "IWM", 1.2] in flags["proxies"]
    result = EngineResult.objects.get(portfolio=private, calculation_date=LAST).results["stress_testing"]
    assert (result["status"], result["skipped"]) == ("partial", flags["uncovered"])


def test_contributions_add_up_to_the_books_risk(first_nights: Outcome) -> None:
    for row in PortfolioRisk.objects.filter(calculation_date=LAST, var_95_1d__isnull=False):
        assert sum(row.component_volatility or []) == pytest.approx(row.volatility_daily, rel=1e-3)
        assert sum(row.component_var or []) == pytest.approx(float(row.var_95_1d), rel=1e-3)
        assert len(row.position_ids or []) == len(row.component_var or [])
        assert row.es_95_1d >= row.var_95_1d
        assert row.var_99_1d >= row.var_95_1d


def test_demo_options_are_valued_at_their_premium_on_the_first_day(first_nights: Outcome) -> None:
    greeks = OptionGreeks.objects.get(security__symbol="SPY271217P00560000", calculation_date=SESSIONS[0])
    assert greeks.price == pytest.approx(29.80, abs=1e-6)
    assert greeks.volatility_source == "implied"
    assert greeks.status == "ok"


def test_spy_has_a_beta_of_one_and_no_style(first_nights: Outcome) -> None:
    row = SymbolFactorExposure.objects.get(security__symbol="SPY", calculation_date=LAST)
    assert row.beta_value[0] == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(row.joint_beta, [1, 0, 0, 0, 0, 0, 0], atol=1e-6)


def test_scenarios_are_kept_plausible(first_nights: Outcome) -> None:
    rows = ScenarioFactorShock.objects.filter(calculation_date=LAST)
    assert rows.count() == 32
    for row in rows:
        assert row.plausibility_scale * row.mahalanobis_length <= 6 + 1e-6


def test_correlations_are_one_row_a_book(first_nights: Outcome) -> None:
    rows = CorrelationCalculation.objects.filter(calculation_date=LAST)
    assert rows.count() == 4
    assert all(0 <= row.overall_correlation <= 1 and row.effective_positions >= 1 for row in rows)


def test_price_arrays_equal_the_rows(first_nights: Outcome) -> None:
    assert arrays_differ_from_rows(list(Security.objects.values_list("id", flat=True))) == []


def test_summary_has_its_final_shape(first_nights: Outcome) -> None:
    summary = summarise(list(Portfolio.objects.all()), source="simulated", wall_seconds=1.0, run=first_nights.run)
    assert summary["as_of"] == LAST.isoformat()
    hedge = summary["portfolios"]["Long/Short Equity Hedge Fund Style Portfolio"]
    assert hedge["entry_exposure"] == {
        "long": 3199588.59,
        "short": 1599899.68,
        "gross": 4799488.27,
        "net": 1599688.91,
        "leverage": 1.4998,
    }
    assert hedge["market_exposure"]["short"] < 0
    assert set(summary["engines"]) == set(ENGINES)


def test_run_batch_says_when_nothing_is_to_do(first_nights: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("run_batch", "--inline", "--date", LAST.isoformat(), "--source", "simulated")
    assert "Nothing to do" in capsys.readouterr().out


def test_run_batch_refuses_contradicting_dates(first_nights: Outcome) -> None:
    with pytest.raises(CommandError, match="different days"):
        call_command("run_batch", "--inline", "--date", "2025-07-02", "--to", "2025-07-03")
