"""The Batch page of the console: what it shows and to whom, starting, cancelling, retrying, comparing, the log."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analytics.models import BatchLogEntry, BatchRun, BatchStep, RunStatus, StepStatus
from analytics.services.schedule import NIGHTLY, schedule_nightly
from portfolios.models import Portfolio
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]
PAGE, START, COMPARE = (reverse(f"admin:console_batch{name}") for name in ("", "_start", "_compare"))
QUERIES = 24
CELERY = {
    "executor": "celery",
    "source": "simulated",
    "session": None,
    "recompute_from": None,
    "accept_coverage": False,
}


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


def as_role(client: Client, role: str) -> Client:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return client


@pytest.fixture
def viewer(client: Client) -> Client:
    return as_role(client, "viewer")


@pytest.fixture
def operator(client: Client) -> Client:
    return as_role(client, "operator")


def of(run: BatchRun, part: str = "") -> str:
    return reverse(f"admin:console_batch_run_id{part}", args=[run.pk])


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def night() -> BatchRun:
    return BatchRun.objects.order_by("created_at")[0]


def running(**fields: Any) -> BatchRun:
    """A run on workers in the middle of phase 2: one of two shards is counted, a portfolio of it failed."""
    now = timezone.now()
    books = list(Portfolio.objects.order_by("id"))
    run = BatchRun.objects.create(
        **{"kind": "nightly", "trigger": "beat", "source": "simulated", "status": "running", "started_at": now - dt.timedelta(seconds=30),
           "heartbeat_at": now, "total_jobs": 509, "target_from": dt.date(2025, 11, 20), "target_to": dt.date(2025, 11, 20),
           "params": CELERY | {"portfolios": 5, "left_out": {"up to date": 2}}} | fields,
    )  # fmt: skip
    BatchStep.objects.create(run=run, phase="1", name="prices", status="completed", started_at=now, completed_at=now)
    BatchStep.objects.create(
        run=run, phase="2", name="phase 2", shard_no=0, status="failed", started_at=now, completed_at=now, settled_at=now,
        total=3, done=2, unit="portfolios", error="ValueError: no price", portfolio_from=books[0].pk, portfolio_to=books[2].pk,
        needs=[{"id": str(books[0].pk), "name": books[0].name}],
    )  # fmt: skip
    BatchStep.objects.create(
        run=run, phase="2", name="phase 2", shard_no=1, status="running", started_at=now, total=2, unit="portfolios",
        needs=[{"id": str(books[3].pk)}, {"id": str(books[4].pk)}],
    )  # fmt: skip
    BatchLogEntry.objects.create(run=run, level="error", message="phase 2: no price", portfolio=books[0], at=now)
    return run


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len([one for one in asked if "SAVEPOINT" not in one["sql"]])


def test_a_quiet_evening_shows_the_last_runs_and_asks_for_nothing_more(viewer: Client) -> None:
    schedule_nightly()
    answer = viewer.get(PAGE)
    text = text_of(answer)
    for said in ("Nothing runs now", "Last runs", str(night().pk)[:8], NIGHTLY):
        assert said in text, said
    assert re.search(r"[A-Z][a-z]{2} \d{4}-\d\d-\d\d 21:00 [A-Z][a-z]{2} \d{4}-\d\d-\d\d 0[12]:00 on", text)
    assert 'hx-trigger="every 2s"' not in answer.content.decode()


def test_a_run_at_work_is_shown_with_its_phase_shards_portfolios_and_errors(viewer: Client) -> None:
    run = running(total_jobs=9)
    answer = viewer.get(PAGE)
    text = text_of(answer)
    for said in ("phase 2 of 4: P&amp;L and snapshots", "1 of 2", "2 of 5", "skipped 2 up to date", "shard 1 of 2 portfolios",
                 "phase 2: no price", "unknown"):  # fmt: skip
        assert said in text, said
    page = answer.content.decode()
    assert f'hx-get="{of(run, "_live")}' in page
    assert re.search(r'<progress class="tall" max="100" value="40" aria-label="Progress of run', page)


def test_the_live_part_stops_asking_when_the_run_ends_and_brings_the_list(viewer: Client) -> None:
    run = running()
    assert "every 2s" in viewer.get(of(run, "_live")).content.decode()
    BatchRun.objects.filter(pk=run.pk).update(status=RunStatus.COMPLETED, completed_at=timezone.now())
    part = viewer.get(of(run, "_live")).content.decode()
    assert "every 2s" not in part
    assert 'id="runs" hx-swap-oob' in part
    assert "100 %" in part


def test_a_reader_is_told_of_a_phase_once(viewer: Client) -> None:
    run = running()
    first = viewer.get(of(run, "_live")).content.decode()
    said = "Running: phase 2 of 4, P&amp;L and snapshots"
    assert f'id="live-said" hx-swap-oob="innerHTML">{said}' in first
    again = viewer.get(of(run, "_live"), {"said": "Running: phase 2 of 4, P&L and snapshots"}).content.decode()
    assert 'id="live-said"' not in again


def test_what_is_left_is_told_by_a_run_of_like_size(viewer: Client) -> None:
    past = night()
    text = text_of(viewer.get(of(running(total_jobs=past.total_jobs), "_live")))
    assert "about" in text
    assert f"if it fares like run {str(past.pk)[:8]}" in text


def test_every_page_takes_a_fixed_number_of_queries(viewer: Client) -> None:
    first = running()
    BatchStep.objects.create(
        run=night(), phase="3", name="phase 3", shard_no=49, status="failed", total=1, portfolio_from=first.pk
    )
    before = {
        address: queries(viewer, address)
        for address in (PAGE, of(first, "_live"), of(first), of(night()), of(night(), "_log"))
    }
    for place in range(8):
        BatchRun.objects.create(
            kind="fix", trigger="admin", source="simulated", status="failed", scope_portfolio=Portfolio.objects.first()
        )
        BatchStep.objects.create(
            run=first, phase="3", name="phase 3", shard_no=place, status="running", started_at=timezone.now()
        )
        BatchStep.objects.create(run=night(), phase="3", name="phase 3", shard_no=50 + place, status="failed", total=1,
                                 portfolio_from=Portfolio.objects.all()[place % 5].pk, completed_at=timezone.now(), error="x")  # fmt: skip
        BatchLogEntry.objects.create(run=night(), message="x", portfolio=Portfolio.objects.first())
    after = {address: queries(viewer, address) for address in before}
    assert after == before
    assert max(after.values()) <= QUERIES


def test_a_viewer_looks_and_starts_nothing(viewer: Client) -> None:
    run = running()
    page = viewer.get(PAGE).content.decode()
    assert "Start a run" not in page
    assert "Cancel …" not in page
    for address in (START, of(run, "_cancel"), of(run, "_retry")):
        assert viewer.get(address).status_code == viewer.post(address).status_code == 403
    assert viewer.get(of(run)).status_code == viewer.get(COMPARE).status_code == 200
    run.refresh_from_db()
    assert not run.cancel_requested


def test_staff_without_a_role_sees_nothing(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    run = night()
    for address in (PAGE, of(run), of(run, "_live"), of(run, "_log_download"), of(run, "_engines"), COMPARE):
        assert client.get(address).status_code == 403


def test_a_start_is_told_before_it_is_made(operator: Client) -> None:
    text = text_of(operator.get(START, {"first": "2025-11-17", "last": "", "portfolio": "", "phase": ""}))
    for said in ("portfolios 5", "sessions 4 2025-11-17 to 2025-11-20", "Phase 2.5", "Start it"):
        assert said in text, said
    assert BatchRun.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {"kind": "nightly", "target_from": dt.date(2025, 11, 20)}),
        ({"first": "2025-11-17", "last": "2025-11-20"}, {"kind": "backfill", "target_from": dt.date(2025, 11, 17)}),
        ({"phase": "3"}, {"kind": "fix", "params__phase": "3", "target_from": dt.date(2025, 11, 20)}),
        ({"phase": "1", "first": "2025-11-17"}, {"kind": "fix", "params__phase": "1", "params__prices_again": True}),
    ],
)
def test_all_or_a_range_or_a_phase_is_started_and_recorded(
    operator: Client, given: dict[str, str], wanted: dict[str, Any]
) -> None:
    text = text_of(operator.post(START, {"phase": ""} | given, follow=True))
    run = BatchRun.objects.get(trigger="admin", status="running", scope_portfolio=None, **wanted)
    assert f"Run {str(run.pk)[:8]} was started." in text
    note = LogEntry.objects.get(object_id=str(run.pk))
    assert (note.change_message, note.user_id) == ("Started the run.", run.requested_by_id)


def test_one_portfolio_is_started(operator: Client) -> None:
    book = Portfolio.objects.order_by("id")[1]
    assert "portfolios 1" in text_of(operator.get(START, {"portfolio": str(book.pk), "phase": ""}))
    operator.post(START, {"portfolio": str(book.pk), "phase": ""})
    assert BatchRun.objects.get(trigger="admin").scope_portfolio_id == book.pk


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"first": "2025-11-15"},
            "2025-11-15 is not a trading session of the New York Stock Exchange; 2025-11-14 and 2025-11-17 are",
        ),
        ({"first": "1990-01-02"}, "outside the calendar"),
        ({"first": "20.11.2025"}, "Enter a valid date"),
        ({"last": "2025-11-20"}, "Give the first session as well"),
        ({"first": "2025-11-20", "last": "2025-11-17"}, "The range ends before it begins"),
        ({"first": "2025-11-20", "last": "2025-11-24"}, "2025-11-24 is not complete yet"),
        ({"first": "2025-11-14", "last": "2025-11-17"}, "would go stale"),
        ({"phase": "2", "first": "2025-11-14", "last": "2025-11-17"}, "up to the newest published session, 2025-11-20"),
        ({"portfolio": "0b0e7a52-0000-4000-8000-000000000000"}, "There is no such portfolio"),
        ({"phase": "9"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_started_is_refused_with_its_reason(operator: Client, given: dict[str, str], said: str) -> None:
    for ask, status in ((operator.get, 200), (operator.post, 400)):
        answer = ask(START, {"phase": ""} | given)
        assert answer.status_code == status
        assert said in answer.content.decode().replace("&#x27;", "'"), ask
    assert not BatchRun.objects.filter(trigger="admin").exists()


def test_a_run_in_the_way_is_named_and_nothing_is_started(operator: Client) -> None:
    run = running()
    assert str(run.pk)[:8] in text_of(operator.get(START, {"phase": ""})).partition("What it will do")[2]
    assert f"Run {run.pk} is running since" in text_of(operator.post(START, {"phase": ""}), 409)
    assert BatchRun.objects.filter(status="running").count() == 1


def test_starts_and_stops_ask_for_a_token_of_their_form(operator: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    for address in (START, of(running(), "_cancel"), of(night(), "_retry")):
        assert strict.post(address, {"phase": ""}).status_code == 403


def test_a_run_is_cancelled_once_and_recorded(operator: Client) -> None:
    run = running()
    assert "Let it run" in text_of(operator.get(of(run, "_cancel")))
    for _ in range(2):
        operator.post(of(run, "_cancel"))
    run.refresh_from_db()
    assert run.cancel_requested
    assert LogEntry.objects.filter(object_id=str(run.pk)).count() == 1
    assert "Stopping" in text_of(operator.get(PAGE))
    assert "has ended already" in text_of(operator.post(of(night(), "_cancel"), follow=True))


def test_what_failed_is_retried_and_recorded(operator: Client) -> None:
    run = running()
    BatchRun.objects.filter(pk=run.pk).update(
        status=RunStatus.PARTIAL, completed_at=timezone.now(), error_summary={"count": 1}
    )
    lost = Portfolio.objects.order_by("id")[0]
    Portfolio.objects.filter(pk=lost.pk).update(results_as_of="2025-11-19")
    BatchStep.objects.filter(run=run, status=StepStatus.RUNNING).delete()
    page = text_of(operator.get(of(run)))
    assert "Retry 1 failed portfolio" in page
    assert "ValueError: no price" in page
    assert lost.name in text_of(operator.get(of(run, "_retry")))
    operator.post(of(run, "_retry"))
    again = BatchRun.objects.get(params__retry_of=str(run.pk))
    assert (again.scope_portfolio_id, again.target_from, again.target_to) == (lost.pk, run.target_to, run.target_to)
    assert LogEntry.objects.filter(object_id=str(again.pk)).exists()
    assert f"Done again by run {str(again.pk)[:8]}" in text_of(operator.get(of(run)))


def test_nothing_to_retry_is_said(operator: Client) -> None:
    assert "No shard of run" in text_of(operator.post(of(night(), "_retry"), follow=True))


def test_the_page_of_a_run_shows_the_clock_the_shards_and_the_engines(viewer: Client) -> None:
    run = night()
    answer = viewer.get(of(run))
    text = text_of(answer)
    for said in (
        "On the clock",
        "Portfolios that failed 0",
        "Shards and steps",
        "phase 2.5",
        "Prices of 2025-11-20",
        "Risk analytics: ended",
    ):
        assert said in text, said
    assert b"<svg class=" in answer.content
    engines = text_of(viewer.get(of(run, "_engines")))
    assert re.search(r"factor_analysis 4 1 skipped \(no_public_positions\)", engines)
    assert viewer.get(reverse("admin:console_batch_run_id", args=[uuid4()])).status_code == 404


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"level": "error"}, {"phase 2: no price", "step phase 2, shard 0: ValueError: no price"}),
        ({"phase": "1"}, {"Market data: started", "Market data: ended"}),
        (
            {"text": "NO PRICE", "phase": "2", "level": "error"},
            {"phase 2: no price", "step phase 2, shard 0: ValueError: no price"},
        ),
        ({"text": "nowhere"}, set()),
    ],
)
def test_the_log_is_filtered_and_downloaded_alike(viewer: Client, given: dict[str, str], kept: set[str]) -> None:
    run = running()
    BatchStep.objects.filter(run=run, phase="1").update(started_at=run.started_at, completed_at=run.started_at)
    file = viewer.get(of(run, "_log_download"), given | {"format": "txt"})
    assert file["Content-Disposition"] == f'attachment; filename="batch-run-{run.pk}.txt"'
    told = file.content.decode().splitlines()
    assert len(told) == len(kept)
    shown = viewer.get(of(run, "_log"), given).content.decode()
    for message in kept:
        assert any(line.endswith(message) for line in told), message
        assert message in shown


def test_a_log_is_downloaded_without_formulas(viewer: Client) -> None:
    run = running()
    BatchLogEntry.objects.create(run=run, level="warning", message='=HYPERLINK("http://evil")\nsecond line')
    file = viewer.get(of(run, "_log_download"), {"format": "csv", "level": "warning"})
    assert file["Content-Type"].startswith("text/csv")
    head, row = file.content.decode().split("\r\n")[:2]
    assert head == "at,level,phase,portfolio,message"
    assert "\"'=HYPERLINK(" in row
    text = viewer.get(of(run, "_log_download"), {"level": "warning"}).content.decode()
    assert len(text.splitlines()) == 1


def test_two_runs_are_compared(viewer: Client) -> None:
    first, second = night(), running()
    BatchRun.objects.filter(pk=second.pk).update(
        status=RunStatus.PARTIAL, completed_at=timezone.now(), phase_durations={"phase_2": 2.0}
    )
    answer = viewer.get(COMPARE, {"first": str(first.pk), "second": str(second.pk)})
    text = text_of(answer)
    lost = Portfolio.objects.order_by("id")[0]
    assert re.search(rf"Failed in the second alone \d .*{re.escape(lost.name)}", text)
    for said in ("longer by", "100.00 %", f"{first.completed_jobs} of {first.total_jobs}", "Failed in both 0 None"):
        assert said in text, said
    assert answer.content.count(b'<rect class="s1"') >= 4
    assert queries(viewer, f"{COMPARE}?first={first.pk}&second={second.pk}") <= QUERIES


@pytest.mark.parametrize("deleted", [False, True])
def test_what_is_told_of_a_portfolio_leads_to_its_page_while_it_is_there(viewer: Client, deleted: bool) -> None:
    first, second = night(), running()
    lost = Portfolio.objects.order_by("id")[0]
    if deleted:
        Portfolio.objects.filter(pk=lost.pk).update(deleted_at=timezone.now(), is_active=False)
    link = f'<a href="{reverse("admin:console_portfolios_portfolio_id", args=[lost.pk])}">{lost.name}</a>'
    compared = viewer.get(COMPARE, {"first": str(first.pk), "second": str(second.pk)})
    for answer in (compared, viewer.get(of(second)), viewer.get(of(second, "_log"))):
        assert (link in answer.content.decode()) is not deleted
        assert ("(deleted)" in answer.content.decode()) is deleted


def test_a_comparison_asks_for_two_runs_that_exist(viewer: Client) -> None:
    assert "Choose the second run." in text_of(viewer.get(COMPARE, {"first": str(night().pk)}))
    assert "no run&#x27;s identifier" in text_of(viewer.get(COMPARE, {"first": "x", "second": "y"}))
    assert "does not exist" in text_of(viewer.get(COMPARE, {"first": str(night().pk), "second": str(uuid4())}))
