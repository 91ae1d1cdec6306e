"""Shards as rows: counted once however often they come, and a book that fails is left out by its name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.utils import timezone

from analytics.batch import canvas, phases, shards
from analytics.batch.night import Outcome, Request, run_night
from analytics.batch.runs import SHARED_STEPS, close_dead_runs, start_run
from analytics.batch.scope import Plan, plan_run
from analytics.models import BatchRun, BatchStep, Phase, RunStatus, StepStatus
from portfolios.models import Portfolio
from sigmasight.core.errors import DomainError
from tests.logged import Written

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
NEXT = dt.date(2025, 7, 7)


@pytest.fixture
def run(first_nights: Outcome, settings: pytest.FixtureRequest) -> BatchRun:
    """A run on workers with its phase 1 done: five shards of one book and one session."""
    settings.BATCH_SHARD_PORTFOLIOS = 1  # type: ignore[attr-defined]
    params = {
        "executor": "celery",
        "source": "simulated",
        "session": NEXT.isoformat(),
        "recompute_from": None,
        "accept_coverage": False,
    }
    run = start_run(kind="nightly", trigger="cli", source="simulated", target_from=NEXT, target_to=NEXT, params=params)
    shards.lay_out(run, plan_run(NEXT), errors=[], durations={"phase_1": 1.0})
    return run


def shard(run: BatchRun, phase: str, number: int) -> BatchStep:
    found = shards.find(run, phase, number)
    assert found is not None
    return found


def test_a_shard_is_counted_once(run: BatchRun) -> None:
    first = shard(run, "2", 0)
    assert not shards.settle(run, first, [])
    assert not shards.settle(run, first, [])
    assert shards.find(run, "2", 0) is None
    assert [shards.settle(run, shard(run, "2", number), []) for number in (1, 2, 3, 4)] == [False, False, False, True]
    assert BatchStep.objects.filter(run=run, phase="2.5", status=StepStatus.PENDING).count() == 5
    assert shards.remaining_plan(run).portfolio_sessions == 5


def test_laying_out_twice_changes_nothing(run: BatchRun) -> None:
    shards.settle(run, shard(run, "2", 0), [])
    shards.lay_out(run, plan_run(NEXT), errors=["again"], durations={})
    run.refresh_from_db()
    assert (run.params["errors"], run.total_jobs) == ([], 5 + SHARED_STEPS)
    assert BatchStep.objects.filter(run=run, phase="2").count() == 5


def test_what_is_lost_has_no_next_phase(run: BatchRun) -> None:
    lost = shard(run, "2", 3)
    shards.settle(run, lost, [lost.portfolio_from])  # type: ignore[list-item]
    run.refresh_from_db()
    assert run.failed_jobs == 1
    assert not BatchStep.objects.filter(run=run, phase="2.5").exists()


def test_a_closed_run_counts_nothing(run: BatchRun) -> None:
    BatchRun.objects.filter(pk=run.pk).update(status=RunStatus.FAILED)
    assert not shards.settle(run, shard(run, "2", 0), [])
    assert shard(run, "2", 0).settled_at is None


def test_a_run_that_stands_still_is_taken_up_three_times_and_then_closed(run: BatchRun) -> None:
    for _ in range(canvas.MOST_REVIVALS):
        BatchRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - dt.timedelta(hours=1))
        assert [taken.pk for taken in canvas._standing_still()] == [run.pk]
        assert close_dead_runs() == []
    BatchRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - dt.timedelta(hours=1))
    assert canvas._standing_still() == []
    assert close_dead_runs() == [run.pk]


def test_what_a_shard_says_names_its_run_phase_number_and_book(run: BatchRun, logged: Callable[..., Written]) -> None:
    def work(*_: object) -> None:
        raise DomainError("no_room", "There is no room.")

    text, plan = logged(), plan_run(NEXT)
    phases.run_shard(run, plan, plan.needs[:1], Phase.RISK, 7, work, "simulated")
    (line,) = text.lines("analytics.batch")
    assert {name: line[name] for name in ("run_id", "phase", "shard", "portfolio_id", "level")} == {
        "run_id": str(run.pk), "phase": "3", "shard": "7", "portfolio_id": str(plan.needs[0].portfolio_id), "level": "ERROR",
    }  # fmt: skip


def test_a_shard_that_is_out_of_time_is_not_taken_apart(run: BatchRun) -> None:
    asked = []

    def slow(plan: Plan, meter: object, family: str) -> None:
        asked.append(len(plan.needs))
        raise SoftTimeLimitExceeded

    plan = plan_run(NEXT)
    with pytest.raises(SoftTimeLimitExceeded):
        phases.run_shard(run, plan, plan.needs, Phase.RISK, 7, slow, "simulated")
    assert asked == [5]


def test_a_book_that_fails_is_named_and_the_others_are_published(first_nights: Outcome) -> None:
    bad = Portfolio.objects.order_by("id").first()
    assert bad is not None
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room for this book'; END $$; "
            "CREATE TRIGGER refuse BEFORE INSERT ON portfolio_snapshots FOR EACH ROW "
            f"WHEN (NEW.portfolio_id = '{bad.id}') EXECUTE FUNCTION refuse()"
        )
    outcome = run_night(Request(source="simulated", session=NEXT))
    assert outcome.run is not None
    assert outcome.run.status == RunStatus.PARTIAL
    failed = BatchStep.objects.filter(run=outcome.run, status=StepStatus.FAILED, total=1)
    assert [(step.phase, step.portfolio_from) for step in failed] == [(Phase.SNAPSHOTS, bad.id)]
    assert Portfolio.objects.filter(results_as_of=NEXT).count() == 4
    bad.refresh_from_db()
    assert bad.results_as_of != NEXT
