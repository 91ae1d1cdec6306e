"""The state of every part: what is told, what makes it a failure, and that no part can hold up the others."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.db import connections
from django.test import Client

from analytics.models import BatchRun, RunStatus
from analytics.probes import night
from marketdata.models import ProviderState
from marketdata.probes import breakers
from sigmasight.core import clock, probes
from sigmasight.core.observability import beat, deep_health
from sigmasight.core.observability.deep_health import Examined, examine
from sigmasight.core.setup_checks import Finding, Verdict, failed, ok, warning

# Parts are looked at in threads, whose connections see what is committed.
pytestmark = pytest.mark.django_db(databases=["default", "ai"])


@pytest.fixture(autouse=True)
def _signs_of_this_test(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # However busy the machine is.
    monkeypatch.setattr(deep_health, "BUDGET_SECONDS", 60.0)
    settings.REDIS_KEY_PREFIX = f"health-{os.urandom(6).hex()}"


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let there be these parts and no others."""

    def be(**found: Finding | Callable[[], Finding]) -> None:
        looks = {name: one if callable(one) else (lambda one=one: one) for name, one in found.items()}
        monkeypatch.setattr(deep_health, "_probes", looks)
        monkeypatch.setattr(deep_health, "_asked", {})

    return be


def test_every_part_is_told(client: Client) -> None:
    answer = client.get("/health/deep")
    told = {one["name"]: one for one in answer.json()["checks"]}
    assert sorted(told) == ["ai_database", "beat", "core_database", "disk", "night", "providers", "redis", "workers"]
    assert {told[name]["status"] for name in ("core_database", "ai_database", "redis")} == {"ok"}
    assert told["ai_database"]["message"].startswith("answers, all migrations applied, pgvector 0.")
    assert told["workers"]["message"] == "none answers: start celery worker"
    assert (answer.status_code, answer.json()["status"]) == (503, "failed")
    assert all(isinstance(one["milliseconds"], int) for one in told.values())


def test_a_warning_is_no_failure(client: Client, parts: Callable[..., None]) -> None:
    parts(a=ok("fine"), b=warning("soon full"))
    answer = client.get("/health/deep")
    assert (answer.status_code, answer.json()["status"]) == (200, "warning")


def test_a_part_that_hangs_holds_up_nobody_and_is_asked_once(parts: Callable[..., None]) -> None:
    over, asked = threading.Event(), []

    def hangs() -> Finding:
        asked.append(1)
        over.wait(20)
        return ok("at last")

    parts(hangs=hangs, works=ok("fine"))
    for _ in range(3):
        found = {one.name: one.finding for one in examine(0.05)}
        assert found == {"hangs": failed("no answer within 0.05 s"), "works": ok("fine")}
    assert len(asked) == 1
    over.set()
    assert [one.finding for one in examine(20)] == [ok("at last"), ok("fine")]


def test_what_a_part_raises_is_told_without_secrets(parts: Callable[..., None]) -> None:
    def broken() -> Finding:
        raise OSError("cannot reach redis://:hunter2hunter2@broker:6379/0")

    parts(broken=broken)
    assert examine()[0].finding == failed("OSError: cannot reach redis://:***@broker:6379/0")


def test_a_database_that_is_away_has_failed(monkeypatch: pytest.MonkeyPatch, parts: Callable[..., None]) -> None:
    monkeypatch.setitem(connections.settings["ai"], "PORT", 9)
    parts(core=probes.core_database, ai=probes.ai_database)
    core, ai = examine()
    assert core.finding == ok("answers, all migrations applied")
    assert ai.finding.verdict == Verdict.FAILED
    assert ai.finding.message.startswith("OperationalError")


def test_a_migration_that_is_not_applied_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "_written", lambda: frozenset({("portfolios", "0999_tomorrow")}))
    assert probes.core_database() == failed(
        "1 migrations are not applied, the first portfolios.0999_tomorrow: python manage.py migrate_all"
    )


def test_beat_lives_where_it_has_sent_a_task_lately(monkeypatch: pytest.MonkeyPatch) -> None:
    def send() -> None:
        current_app.send_task("tests.nothing", queue="nobody", ignore_result=True)

    send()
    assert probes.scheduler() == failed("has not sent a task yet: start celery beat")
    monkeypatch.setattr(beat, "_is_beat", True)
    send()
    assert probes.scheduler().verdict == Verdict.OK
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=11)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    assert probes.scheduler().verdict == Verdict.FAILED


def test_a_source_that_rests_is_a_warning() -> None:
    assert breakers() == ok("no source was asked yet")
    ProviderState.objects.create(provider="fmp", breaker="open")
    assert breakers() == warning("breaker open: fmp")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(RunStatus.COMPLETED, Verdict.OK), (RunStatus.PARTIAL, Verdict.WARNING), (RunStatus.FAILED, Verdict.FAILED)],
)
def test_the_last_night_counts(status: str, verdict: Verdict) -> None:
    assert night().verdict == Verdict.WARNING
    BatchRun.objects.create(kind="nightly", trigger="beat", source="simulated", status=status, completed_at=clock.now())
    assert night().verdict == verdict


def test_old_results_are_a_failure_whatever_the_night_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.factories import PortfolioFactory

    PortfolioFactory(results_as_of=dt.date(2025, 7, 3))
    BatchRun.objects.create(
        kind="nightly", trigger="beat", source="simulated", status="completed", completed_at=clock.now()
    )
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-07-07T12:00:00-04:00")
    assert night().verdict == Verdict.OK
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-07-09T12:00:00-04:00")
    assert night().verdict == Verdict.FAILED


def test_the_worst_part_decides() -> None:
    def of(*findings: Finding) -> Verdict:
        return deep_health.worst([Examined("x", one, 0) for one in findings])

    assert of(ok(""), warning("")) == Verdict.WARNING
    assert of(warning(""), failed(""), ok("")) == Verdict.FAILED
    assert of() == Verdict.OK
