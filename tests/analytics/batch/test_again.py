"""What failed is computed again and nothing else; one phase alone is done again for what is published. Rows end as ever."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from analytics.batch import canvas, shards
from analytics.batch.again import failed_ids
from analytics.batch.night import Outcome, Request, request_to_retry, run_night
from analytics.models import BatchRun, BatchStep, Phase, RunKind, RunStatus, StepStatus
from analytics.services.checksum import results_checksum
from analytics.services.run_control import cancel
from portfolios.models import Portfolio, PortfolioSnapshot
from portfolios.services.dirty import mark_dirty
from sigmasight.core.errors import Conflict, DomainError
from tests.analytics.batch.conftest import LAST
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
NEXT = dt.date(2025, 7, 7)
FIRST = dt.date(2025, 6, 30)


@contextmanager
def refusing(book: Portfolio, table: str) -> Iterator[None]:
    """PostgreSQL takes no row of this portfolio meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room for this book'; END $$; "
            f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW "
            f"WHEN (NEW.portfolio_id = '{book.pk}') EXECUTE FUNCTION refuse()"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER refuse ON {table}; DROP FUNCTION refuse()")


def one_book() -> Portfolio:
    book = Portfolio.objects.order_by("id").first()
    assert book is not None
    return book


def undisturbed() -> str:
    """What all results are like after a night in which nothing fails."""
    with transaction.atomic():
        run_night(Request(source="simulated", session=NEXT))
        checksum = results_checksum()
        transaction.set_rollback(True)
    return checksum


def night_with_a_failure(book: Portfolio, table: str = "portfolio_snapshots") -> BatchRun:
    with refusing(book, table):
        run = run_night(Request(source="simulated", session=NEXT)).run
    assert run is not None
    assert run.status == RunStatus.PARTIAL
    return run


def retried(run: BatchRun) -> BatchRun:
    done = run_night(request_to_retry(run, trigger="cli")).run
    assert done is not None
    return done


def on_workers(request: Request) -> BatchRun:
    """The tasks that messages would start, in the order in which a worker would get them."""
    run = canvas.start(request).run
    assert run is not None
    canvas.market_data(str(run.pk))
    while (shard := shards.open_shards(run).order_by("id").first()) is not None and run.is_active:
        if shard.phase == Phase.RISK:
            canvas.symbol_numbers(str(run.pk))
        canvas.work_shard(str(run.pk), shard.phase, shard.shard_no)
        run.refresh_from_db()
    run.refresh_from_db()
    return run


def test_a_retry_computes_what_failed_alone_and_the_rows_are_as_ever(first_nights: Outcome) -> None:
    wanted, book = undisturbed(), one_book()
    run = night_with_a_failure(book, "portfolio_risk")
    assert failed_ids(run) == {book.pk}
    again = retried(run)
    assert (again.status, again.scope_portfolio_id, again.kind) == (RunStatus.COMPLETED, book.pk, RunKind.FIX)
    assert set(
        BatchStep.objects.filter(run=again, phase__in=["2", "3"], total__gt=0).values_list("total", flat=True)
    ) == {1}
    assert results_checksum() == wanted
    with pytest.raises(Conflict, match=str(again.pk)[:8]):
        request_to_retry(run, trigger="cli")


def test_what_failed_on_the_workers_is_retried_there(first_nights: Outcome, settings: Any) -> None:
    settings.BATCH_SHARD_PORTFOLIOS = 2
    wanted, book = undisturbed(), one_book()
    with refusing(book, "portfolio_snapshots"):
        run = on_workers(Request(source="simulated", session=NEXT, executor="celery"))
    assert (run.status, failed_ids(run)) == (RunStatus.PARTIAL, {book.pk})
    failed = BatchStep.objects.filter(run=run, needs__isnull=False)
    assert [(step.phase, step.status, step.total - step.done) for step in failed] == [("2", StepStatus.FAILED, 1)]
    again = on_workers(request_to_retry(run, trigger="admin", executor="celery"))
    assert (again.status, again.completed_jobs) == (RunStatus.COMPLETED, again.total_jobs)
    assert results_checksum() == wanted


def test_a_run_that_is_cancelled_stops_before_its_next_shard_and_is_taken_up_by_a_retry(first_nights: Outcome) -> None:
    wanted = undisturbed()
    run = canvas.start(Request(source="simulated", session=NEXT, executor="celery")).run
    assert run is not None
    canvas.market_data(str(run.pk))
    cancel(UserFactory(is_staff=True), run.pk)
    canvas.work_shard(str(run.pk), "2", 0)
    run.refresh_from_db()
    assert (run.status, run.completed_jobs) == (RunStatus.CANCELLED, 2)
    assert not PortfolioSnapshot.objects.filter(snapshot_date=NEXT).exists()
    retried(run)
    assert results_checksum() == wanted


def test_a_task_that_comes_twice_lays_a_phase_out_once(first_nights: Outcome) -> None:
    run = canvas.start(Request(source="simulated", phase="2", executor="celery")).run
    assert run is not None
    for _ in range(2):
        canvas.market_data(str(run.pk))
    assert [(step.phase, step.status) for step in BatchStep.objects.filter(run=run)] == [("2", StepStatus.PENDING)]


def test_what_a_later_run_computed_is_not_retried(first_nights: Outcome) -> None:
    run = night_with_a_failure(one_book())
    run_night(Request(source="simulated", session=dt.date(2025, 7, 8)))
    with pytest.raises(DomainError, match="Later runs have computed"):
        request_to_retry(run, trigger="cli")


def test_a_run_without_failures_has_nothing_to_retry(first_nights: Outcome) -> None:
    assert first_nights.run is not None
    with pytest.raises(DomainError, match="No shard of run"):
        request_to_retry(first_nights.run, trigger="cli")
    with pytest.raises(CommandError, match="No shard of run"):
        call_command("run_batch", "--inline", "--retry", str(first_nights.run.pk))


@pytest.mark.parametrize("phase", ["2", "2.5", "3"])
def test_a_phase_alone_does_its_own_work_and_changes_no_row(first_nights: Outcome, phase: str) -> None:
    before = results_checksum()
    run = run_night(Request(source="simulated", phase=phase, recompute_from=FIRST)).run
    assert run is not None
    assert (run.status, run.kind, run.target_from, run.target_to) == (RunStatus.COMPLETED, RunKind.FIX, FIRST, LAST)
    assert set(BatchStep.objects.filter(run=run).values_list("phase", flat=True)) == {phase}
    assert run.completed_jobs == run.total_jobs
    assert results_checksum() == before


@pytest.mark.parametrize("phase", ["1", "2", "2.5", "3"])
def test_a_phase_alone_ends_on_the_workers_too(first_nights: Outcome, phase: str, settings: Any) -> None:
    settings.BATCH_SHARD_PORTFOLIOS = 2
    before = results_checksum()
    run = on_workers(Request(source="simulated", phase=phase, session=LAST, recompute_from=LAST, executor="celery"))
    assert (run.status, run.completed_jobs) == (RunStatus.COMPLETED, run.total_jobs)
    assert set(BatchStep.objects.filter(run=run).values_list("phase", flat=True)) == {phase}
    assert results_checksum() == before


def test_a_damaged_row_is_mended_by_its_phase(first_nights: Outcome) -> None:
    before = results_checksum()
    PortfolioSnapshot.objects.filter(snapshot_date=LAST).update(net_asset_value=1)
    run_night(Request(source="simulated", phase="2"))
    assert results_checksum() == before


def test_a_phase_alone_leaves_out_what_waits_for_a_whole_run(first_nights: Outcome) -> None:
    behind, changed = Portfolio.objects.order_by("id")[:2]
    Portfolio.objects.filter(pk=behind.pk).update(results_as_of=FIRST)
    mark_dirty(changed.pk, LAST)
    run = run_night(Request(source="simulated", phase="3")).run
    assert run is not None
    assert run.params["portfolios"] == 3
    assert list(run.params["left_out"].values()) == [2]
    changed.refresh_from_db()
    assert changed.dirty_from == LAST


def test_a_phase_alone_refuses_days_it_cannot_serve(first_nights: Outcome) -> None:
    with pytest.raises(DomainError, match="newest published session, 2025-07-03"):
        run_night(Request(source="simulated", phase="3", session=FIRST))
    with pytest.raises(DomainError, match="no session to compute"):
        run_night(Request(source="simulated", phase="3", recompute_from=NEXT))
    Portfolio.objects.update(results_as_of=None)
    with pytest.raises(DomainError, match="Nothing is published"):
        run_night(Request(source="simulated", phase="2"))


def test_a_run_says_what_it_left_out(first_nights: Outcome) -> None:
    Portfolio.objects.filter(pk=one_book().pk).update(is_active=False)
    run = run_night(Request(source="simulated", session=NEXT)).run
    assert run is not None
    assert (run.params["portfolios"], run.params["left_out"]) == (4, {"switched off": 1})
