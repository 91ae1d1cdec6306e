"""/onboarding/status: how far a portfolio's computation is, told to its owner alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from analytics.batch import phases
from analytics.batch.runs import finish_run, log, start_run
from analytics.batch.scope import Need, Plan
from analytics.models import BatchRun, BatchStep
from portfolios.models import Portfolio
from sigmasight.core.errors import DomainError
from tests.analytics.api.callers import answer, client_of
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db

SESSION = dt.date(2025, 11, 20)
START = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


@pytest.fixture
def book() -> Portfolio:
    return PortfolioFactory()


def progress(book: Portfolio) -> Any:
    return answer(client_of(book.user), f"onboarding/status/{book.pk}")


def started(book: Portfolio | None = None) -> BatchRun:
    kind = "portfolio" if book else "nightly"
    run = start_run(
        kind=kind, trigger="owner", source="simulated", target_from=SESSION, target_to=SESSION,
        portfolio_id=book.pk if book else None,
    )  # fmt: skip
    BatchRun.objects.filter(pk=run.pk).update(started_at=START)
    return run


def step(run: BatchRun, phase: str, name: str, status: str, *, begin: int = 0, seconds: int = 10, **more: Any) -> None:
    began = START + dt.timedelta(seconds=begin)
    ended = None if status == "running" else began + dt.timedelta(seconds=seconds)
    BatchStep.objects.create(
        run=run, phase=phase, name=name, status=status, started_at=began, completed_at=ended, **more
    )


def states(found: Any) -> dict[str, str]:
    return {phase["phase_id"]: phase["status"] for phase in found["phases"]}


def test_before_the_first_run_there_is_none(book: Portfolio) -> None:
    assert progress(book) == {
        "portfolio_id": str(book.pk), "status": "not_found", "started_at": None, "elapsed_seconds": 0, "overall_progress": None,
        "current_phase_progress": None, "mode": "none", "activity_log": [], "phases": None,
    }  # fmt: skip


def test_results_of_a_run_nobody_remembers_are_complete(book: Portfolio) -> None:
    Portfolio.objects.update(results_as_of=SESSION)
    assert progress(book)["status"] == "completed"


def test_a_run_at_work(book: Portfolio) -> None:
    run = started(book)
    step(run, "1", "prices", "completed")
    step(run, "1", "marks", "completed", begin=10)
    step(run, "2", "phase 2", "running", begin=20)
    found = progress(book)
    assert (found["status"], found["started_at"], found["mode"]) == ("running", "2026-01-05T12:00:00Z", "portfolio")
    assert found["overall_progress"] == {
        "current_phase": "phase_2", "current_phase_name": "P&L and snapshots", "phases_completed": 1, "phases_total": 4,
        "percent_complete": 25,
    }  # fmt: skip
    assert found["current_phase_progress"] == {"current": 0, "total": 1, "unit": "steps"}
    assert states(found) == {
        "phase_1": "completed", "phase_2": "running", "phase_2_5": "pending", "phase_3": "pending",
    }  # fmt: skip
    assert found["phases"][0]["duration_seconds"] == 20
    assert [line["message"] for line in found["activity_log"]] == [
        "Market data: started", "Market data: ended", "P&L and snapshots: started",
    ]  # fmt: skip
    assert found["elapsed_seconds"] > 0


def test_the_last_percent_is_for_the_end(book: Portfolio) -> None:
    run = started(book)
    for phase in ("1", "2", "2.5", "3"):
        step(run, phase, "all", "completed")
    assert progress(book)["overall_progress"]["percent_complete"] == 99
    finish_run(run, "completed")
    found = progress(book)
    assert (found["status"], found["overall_progress"]["percent_complete"]) == ("completed", 100)
    assert (found["overall_progress"]["current_phase"], found["current_phase_progress"]) == (None, None)


def test_a_queued_run_is_running_and_a_partial_one_completed(book: Portfolio) -> None:
    run = started(book)
    BatchRun.objects.update(status="queued", started_at=None)
    found = progress(book)
    assert (found["status"], found["overall_progress"]["percent_complete"]) == ("running", 0)
    assert set(states(found).values()) == {"pending"}
    BatchRun.objects.update(status="partial")
    assert progress(book)["status"] == "completed"
    run.refresh_from_db()


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_run_that_stopped_has_failed_where_it_was(book: Portfolio, status: str) -> None:
    run = started(book)
    step(run, "1", "prices", "completed")
    step(run, "2", "phase 2", "failed", error="KeyError: 'secret'")
    finish_run(run, status, errors=["KeyError: 'secret'"])
    found = progress(book)
    assert found["status"] == "failed"
    assert states(found) == {
        "phase_1": "completed", "phase_2": "failed", "phase_2_5": "pending", "phase_3": "pending",
    }  # fmt: skip
    assert "secret" not in str(found)


def test_another_books_failure_in_a_run_of_all_is_not_ones_own(book: Portfolio) -> None:
    other, run = PortfolioFactory(), started()
    step(run, "1", "prices", "completed")
    step(run, "3", "phase 3", "completed")
    step(run, "3", "phase 3", "failed", shard_no=100_001, portfolio_from=other.pk, portfolio_to=other.pk)
    log(run, "5 portfolios, 1 sessions")
    log(run, "No prices for 1 symbols: SECRETCO.", level="warning")
    log(run, "phase 3: their book: not enough equity", level="error", portfolio_id=other.pk)
    finish_run(run, "partial", errors=["x"])
    mine, theirs = progress(book), progress(other)
    assert (mine["status"], theirs["status"]) == ("completed", "failed")
    assert states(theirs)["phase_3"] == "failed"
    assert "their book" not in str(mine)
    assert "SECRETCO" not in str(mine)
    assert [line["message"] for line in theirs["activity_log"] if line["level"] == "error"] == [
        "phase 3: their book: not enough equity"
    ]


def test_a_run_of_ones_own_tells_everything(book: Portfolio) -> None:
    run = started(book)
    for number in range(60):
        log(run, f"line {number}", level="warning")
    log(run, "the last line")
    lines = progress(book)["activity_log"]
    assert len(lines) == 50
    assert (lines[-1]["message"], lines[-1]["level"]) == ("the last line", "info")
    assert lines[0]["message"] == "line 11"


def test_the_newest_run_counts_and_one_before_the_book_does_not(book: Portfolio) -> None:
    old = started()
    finish_run(old, "failed")
    BatchRun.objects.update(created_at=book.created_at - dt.timedelta(hours=1))
    assert progress(book)["status"] == "not_found"
    finish_run(started(book), "failed")
    newest = started()
    BatchRun.objects.filter(pk=newest.pk).update(created_at=book.created_at + dt.timedelta(hours=1))
    assert (progress(book)["status"], progress(book)["mode"]) == ("running", "nightly")


@pytest.mark.parametrize(
    ("error", "told"),
    [(KeyError("a secret"), "internal error (KeyError)"), (DomainError("x", "Equity is gone."), "Equity is gone.")],
)
def test_a_failure_is_logged_without_the_text_of_an_exception(book: Portfolio, error: Exception, told: str) -> None:
    def work(*_: object) -> None:
        raise error

    run = started(book)
    need = Need(book.pk, book.name, SESSION, SESSION, None, book.updated_at)
    phases.run_shard(run, Plan(SESSION, (need,)), (need,), "3", 0, work, "simulated")
    finish_run(run, "partial")
    found = progress(book)
    assert (found["status"], states(found)["phase_3"]) == ("failed", "failed")
    assert f"phase 3: {book.name}: {told}" in [line["message"] for line in found["activity_log"]]
    assert "secret" not in str(found)


def test_the_log_as_text(book: Portfolio) -> None:
    run = started(book)
    step(run, "1", "prices", "completed", seconds=75)
    log(run, "No prices for 1 symbols: NOSUCH.", level="warning")
    given = client_of(book.user).get(f"/api/v1/onboarding/status/{book.pk}/logs")
    assert given["Content-Type"] == "text/plain; charset=utf-8"
    name = given["Content-Disposition"].partition("filename=")[2].strip('"')
    assert name.startswith(f"portfolio_setup_log_{str(book.pk)[:8]}_")
    assert name.endswith(".txt")
    text = given.content.decode()
    assert "Market data: running, 75 s" in text
    assert "WARNING No prices for 1 symbols: NOSUCH." in text


def test_the_log_as_json_is_whole(book: Portfolio) -> None:
    run = started(book)
    for number in range(70):
        log(run, f"line {number}")
    finish_run(run, "completed")
    given = client_of(book.user).get(f"/api/v1/onboarding/status/{book.pk}/logs", {"format": "JSON"})
    assert given["Content-Disposition"].endswith('.json"')
    body = given.json()
    assert (len(body["activity_log"]), body["final_status"], body["portfolio_name"]) == (70, "completed", book.name)


def test_without_a_run_there_is_no_log(book: Portfolio) -> None:
    refused = client_of(book.user).get(f"/api/v1/onboarding/status/{book.pk}/logs")
    assert refused.status_code == 404
    assert "no computation" in refused.json()["detail"]


@pytest.mark.parametrize("path", ["onboarding/status/{}", "onboarding/status/{}/logs"])
def test_somebody_elses_book_is_404(book: Portfolio, path: str) -> None:
    started(book)
    assert client_of(PortfolioFactory().user).get(f"/api/v1/{path.format(book.pk)}").status_code == 404


def test_a_retry_of_other_portfolios_is_not_told(book: Portfolio) -> None:
    finish_run(started(book), "completed")
    start_run(
        kind="fix",
        trigger="admin",
        source="simulated",
        target_from=SESSION,
        target_to=SESSION,
        params={"retry_of": "x"},
    )
    assert progress(book)["status"] == "completed"
