"""Rules about nights, results and workers, each with data in which its condition arises and goes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.alerts import nights, results, value_at_risk, workers
from analytics.batch.market import record_coverage
from analytics.batch.runs import finish_run, start_run
from analytics.batch.scope import plan_run
from analytics.models import BatchRun, PortfolioRisk, RunStatus, SessionCoverage
from analytics.services import queues
from analytics.services.ledger_checks import EQUATIONS
from marketdata.models import DailyPrice
from marketdata.services.history import rebuild_histories
from portfolios.models import Portfolio, PortfolioSnapshot, PositionSnapshot, User
from sigmasight.core import tasks
from sigmasight.core.alerts.evaluation import evaluate
from sigmasight.core.alerts.models import Alert, Severity
from sigmasight.core.alerts.reading import open_alerts
from sigmasight.core.alerts.rules import Condition
from tests.analytics.services.conftest import book_of
from tests.factories import PortfolioFactory, PositionFactory, SecurityFactory

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("demo_results")]
NEXT_EVENING = "2025-11-21T21:30:00-05:00"
AFTER_IT = "2025-11-22T00:00:00-05:00"


@pytest.fixture(autouse=True)
def _no_worker_is_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "ANSWER_SECONDS", 0.05)


def one(found: Any) -> Condition:
    (condition,) = list(found)
    return condition


def none(found: Any) -> bool:
    return list(found) == []


def a_night(status: str, *, errors: list[str] | None = None, session: dt.date = dt.date(2025, 11, 21)) -> BatchRun:
    """A run over all portfolios, started and ended as the batch does it."""
    run = start_run(kind="nightly", trigger="beat", source="simulated", target_from=session, target_to=session)
    finish_run(run, status, errors=errors)
    return run


def test_a_failed_night_stands_until_one_is_completed() -> None:
    assert none(nights.failed_night())
    run = a_night(RunStatus.FAILED, errors=["no_prices: None of 80 symbols brought prices from live."])
    found = one(nights.failed_night())
    assert (found.severity, found.key, found.subject) == (Severity.CRITICAL, str(run.pk), "session 2025-11-21")
    assert found.message.endswith("First error: None of 80 symbols brought prices from live.")
    a_night(RunStatus.COMPLETED)
    assert none(nights.failed_night())


def test_a_failed_night_ends_with_a_retry_that_is_completed() -> None:
    failed, day = a_night(RunStatus.PARTIAL, errors=["x"]), dt.date(2025, 11, 21)
    again = start_run(
        kind="fix",
        trigger="admin",
        source="simulated",
        target_from=day,
        target_to=day,
        params={"retry_of": str(failed.pk)},
    )
    assert not none(nights.failed_night())
    finish_run(again, RunStatus.COMPLETED)
    assert none(nights.failed_night())


def test_a_partly_completed_night_is_a_warning_and_its_errors_text_stays_inside() -> None:
    a_night(RunStatus.PARTIAL, errors=["OperationalError: connection to 10.0.0.7 as postgres failed"])
    found = one(nights.failed_night())
    assert found.severity == Severity.WARNING
    assert found.message.endswith("First error: OperationalError.")


def test_a_run_of_one_portfolio_is_no_night() -> None:
    book = book_of("individual")
    day = dt.date(2025, 11, 20)
    run = start_run(
        kind="portfolio", trigger="owner", source="simulated", target_from=day, target_to=day, portfolio_id=book.pk
    )
    finish_run(run, RunStatus.FAILED, errors=["x"])
    assert none(nights.failed_night())


def test_a_night_is_late_from_its_hour_on_until_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-11-21T23:59:00-05:00")
    assert none(nights.late_night())
    monkeypatch.setenv("SIGMASIGHT_NOW", AFTER_IT)
    found = one(nights.late_night())
    assert (found.key, found.severity, found.figures) == ("2025-11-21", Severity.CRITICAL, {"portfolios_behind": 5})
    assert "due by 2025-11-22 00:00 New York" in found.message
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-11-24T20:00:00-05:00")
    assert one(nights.late_night()).key == "2025-11-21"
    a_night(RunStatus.FAILED)
    assert none(nights.late_night())


def test_a_night_that_is_still_at_work_is_late_too(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", NEXT_EVENING)
    settings.ALERT_NIGHT_HOURS = 0.25
    day = dt.date(2025, 11, 21)
    run = start_run(kind="nightly", trigger="beat", source="simulated", target_from=day, target_to=day)
    BatchRun.objects.filter(pk=run.pk).update(total_jobs=9, completed_jobs=3, failed_jobs=1)
    found = one(nights.late_night())
    assert (found.severity, found.named) == (Severity.WARNING, {"run": run.pk})
    assert "4 of 9 jobs are done" in found.message


def test_nobody_waits_for_a_night_that_nothing_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", AFTER_IT)
    Portfolio.objects.update(results_as_of="2025-11-21")
    assert none(nights.late_night())
    Portfolio.objects.all().delete()
    assert none(nights.late_night())


def test_prices_that_are_missing_stop_the_night_until_they_come() -> None:
    book, day = PortfolioFactory(equity_as_of="2025-11-20"), dt.date(2025, 11, 20)
    Portfolio.objects.exclude(pk=book.pk).update(is_active=False)
    held = [SecurityFactory(symbol=name, price_status="known") for name in ("AAA", "BBB")]
    for security in held:
        PositionFactory(portfolio=book, security=security, entry_date=day)
    run = start_run(kind="nightly", trigger="beat", source="simulated", target_from=day, target_to=day)
    for security, reached in zip(held, (None, day), strict=True):
        DailyPrice.objects.create(security=security, date=day, close=50, source="desk")
        rebuild_histories([security.pk])
        found = list(nights.low_coverage())
        assert record_coverage(run, plan_run(day)).last == reached
    assert found[0].subject == "session 2025-11-20"
    assert (found[0].severity, found[0].figures) == (Severity.CRITICAL, {"coverage_pct": 50.0, "floor_pct": 80.0})
    assert "1 of 2 held symbols have a price (50.00 %, the floor is 80 %)" in found[0].message
    assert found[0].message.endswith("Missing: BBB.")
    assert none(nights.low_coverage())


def test_a_session_that_somebody_accepted_is_no_alert() -> None:
    newest = SessionCoverage.objects.filter(session="2025-11-20")
    newest.update(symbols_priced=0, data_coverage_pct=0, marked=False)
    assert one(nights.low_coverage()).key == "2025-11-20"
    newest.update(marked=True, accepted_by="risk@example.com")
    assert none(nights.low_coverage())


def test_a_ledger_balances_until_somebody_changes_it() -> None:
    assert none(results.ledgers())
    book = book_of("hedge_fund")
    newest = PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date=book.results_as_of)
    newest.update(net_asset_value=F("net_asset_value") + 12)
    found = one(results.ledgers())
    assert (found.portfolio_id, found.severity) == (book.pk, Severity.CRITICAL)
    assert found.figures == {"parts": 12.0, "total": 12.0, "day": 12.0}
    assert "Value is not cash plus holdings: 12.00 dollars are left over." in found.message
    newest.update(net_asset_value=F("net_asset_value") - 12)
    assert none(results.ledgers())


def test_each_equation_of_the_ledger_is_checked_by_itself() -> None:
    book = book_of("individual")
    newest = PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date=book.results_as_of)
    for equation, column in (("total", "cumulative_pnl"), ("day", "daily_pnl"), ("parts", "cash_value")):
        newest.update(**{column: F(column) - 1})
        assert set(one(results.ledgers()).figures) == {equation}
        newest.update(**{column: F(column) + 1})
    lots = PositionSnapshot.objects.get(portfolio=book, snapshot_date=book.results_as_of)
    lots.market_value[0] += 5
    lots.save()
    assert set(one(results.ledgers()).figures) == {"holdings"}
    assert set(EQUATIONS) == {"total", "day", "parts", "holdings"}


def test_a_book_that_waits_to_be_rolled_again_is_not_held_against_its_new_opening() -> None:
    book = book_of("individual")
    Portfolio.objects.filter(pk=book.pk).update(opening_equity=1, dirty_from="2025-07-01")
    assert none(results.ledgers())


def test_a_move_that_risk_does_not_explain_is_told_and_one_that_is_small_or_explained_not() -> None:
    assert none(results.jumps())
    book = book_of("hedge_fund")
    evening = PortfolioRisk.objects.filter(portfolio=book, calculation_date__lt=book.results_as_of).latest(
        "calculation_date"
    )
    newest = PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date=book.results_as_of)
    kept = newest.values("daily_pnl", "daily_return").get()
    newest.update(daily_pnl=-5 * evening.var_99_1d, daily_return="-0.04")
    found = one(results.jumps())
    assert "The session made -4.0%" in found.message
    assert "5.0 times the value at risk" in found.message
    newest.update(daily_return="-0.02")
    assert none(results.jumps())
    newest.update(**kept)
    assert none(results.jumps())


def test_a_jump_without_a_value_at_risk_is_larger() -> None:
    book = book_of("hedge_fund")
    PortfolioRisk.objects.filter(portfolio=book).delete()
    newest = PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date=book.results_as_of)
    newest.update(daily_return="0.19")
    assert none(results.jumps())
    newest.update(daily_return="0.21")
    assert "no value at risk" in one(results.jumps()).message


def test_a_loss_beyond_value_at_risk_is_told_for_its_session() -> None:
    book = book_of("hedge_fund")
    PortfolioSnapshot.objects.filter(snapshot_date=book.results_as_of).update(daily_pnl=0)
    assert none(value_at_risk.losses_beyond())
    evening = PortfolioRisk.objects.filter(portfolio=book, calculation_date__lt=book.results_as_of).latest(
        "calculation_date"
    )
    newest = PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date=book.results_as_of)
    newest.update(daily_pnl=-evening.var_99_1d - 1)
    found = one(value_at_risk.losses_beyond())
    assert found.figures == {"loss_usd": float(evening.var_99_1d) + 1, "var_99_usd": float(evening.var_99_1d)}
    newest.update(daily_pnl=-evening.var_99_1d)
    assert none(value_at_risk.losses_beyond())


@pytest.mark.parametrize(("losses", "severity"), [(0, None), (4, Severity.WARNING), (25, Severity.CRITICAL)])
def test_more_losses_than_the_measure_allows_leave_the_green_zone(losses: int, severity: Severity | None) -> None:
    book = book_of("hedge_fund")
    PortfolioSnapshot.objects.update(daily_pnl=0)
    days = (
        PortfolioSnapshot.objects.filter(portfolio=book)
        .order_by("-snapshot_date")
        .values_list("pk", flat=True)[:losses]
    )
    PortfolioSnapshot.objects.filter(pk__in=list(days)).update(daily_pnl=-10_000_000)
    found = {one.portfolio_id: one for one in value_at_risk.zones_left()}
    assert {key: one.severity for key, one in found.items()} == ({book.pk: severity} if severity else {})
    if severity:
        assert f"{losses} losses beyond the value at risk" in found[book.pk].message


def test_a_short_history_is_not_judged() -> None:
    PortfolioSnapshot.objects.update(daily_pnl=-10_000_000)
    PortfolioRisk.objects.filter(calculation_date__lt="2025-09-01").delete()
    assert none(value_at_risk.zones_left())


def test_tasks_that_nobody_serves_are_told_and_those_that_are_taken_not(settings: Any) -> None:
    name = settings.WORKER_QUEUES[-1]
    # Tests that start runs leave their messages there.
    with current_app.connection_for_write() as broker:
        for queue in settings.WORKER_QUEUES:
            broker.default_channel.queue_purge(queue)
    assert none(workers.stuck_queues())
    tasks.send_alerts.apply_async(queue=name)
    try:
        found = one(workers.stuck_queues())
        assert (found.key, found.severity, found.figures["waiting"]) == (f"unserved {name}", Severity.CRITICAL, 1)
    finally:
        with current_app.connection_for_write() as broker:
            broker.default_channel.queue_purge(name)
    assert none(workers.stuck_queues())


def test_a_broker_that_is_away_is_an_alert(settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    assert one(workers.stuck_queues()).key == "broker"


def test_every_rule_is_looked_at_in_as_many_statements_for_many_portfolios_as_for_few() -> None:
    counts = []
    newest = PortfolioSnapshot.objects.filter(snapshot_date="2025-11-20")
    for more in (0, 12):
        for _ in range(more):
            kept = newest.get(portfolio=book_of("individual"))
            kept.pk, kept.portfolio = None, PortfolioFactory(results_as_of="2025-11-20")
            kept.save()
        Alert.objects.all().delete()
        for _ in ("opened", "changed"):
            newest.update(net_asset_value=F("net_asset_value") + 1)
            with CaptureQueriesContext(connection) as asked:
                assert evaluate(again=True).failed == []
            counts.append(len(asked))
    assert counts[:2] == counts[2:]
    assert Alert.objects.filter(rule="ledger-unbalanced", count=2).count() == 17


def test_results_are_looked_at_again_once_a_run_has_ended() -> None:
    evaluate()
    book = book_of("hedge_fund")
    PortfolioSnapshot.objects.filter(portfolio=book).update(net_asset_value=F("net_asset_value") + 12)
    evaluate()
    assert not Alert.objects.filter(rule="ledger-unbalanced").exists()
    a_night(RunStatus.COMPLETED, session=dt.date(2025, 11, 20))
    evaluate()
    assert [one.rule for one in open_alerts(book.pk) if one.rule.startswith("ledger")] == ["ledger-unbalanced"]


def test_every_alert_leads_to_its_place() -> None:
    from sigmasight.core.alerts.console import shown

    a_night(RunStatus.FAILED)
    SessionCoverage.objects.filter(session="2025-11-20").update(data_coverage_pct=10, symbols_priced=1, marked=False)
    PortfolioSnapshot.objects.update(net_asset_value=F("net_asset_value") + 12)
    evaluate(again=True)
    places = {one.rule: shown(one).place for one in Alert.objects.all()}
    assert {"night-failed", "coverage-low", "ledger-unbalanced"} <= set(places)
    assert all(place.startswith("/admin/") for place in places.values())


def test_a_portfolio_page_shows_what_stands_for_it(client: Client) -> None:
    book, other = book_of("hedge_fund"), book_of("individual")
    PortfolioSnapshot.objects.filter(portfolio=book).update(net_asset_value=F("net_asset_value") + 12)
    evaluate(again=True)
    client.force_login(User.objects.create_superuser("root@example.com", "secret-enough-1"))
    for shown, seen in ((book, True), (other, False)):
        text = client.get(reverse("admin:console_portfolios_portfolio_id", args=[shown.pk])).content.decode()
        assert ("The ledger does not balance" in text) == seen
