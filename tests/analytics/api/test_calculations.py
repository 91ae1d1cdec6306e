"""Owners start the calculations of a portfolio and poll the run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from celery import Celery, current_app
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from analytics.models import BatchRun, BatchStep, RunStatus
from portfolios.models import Portfolio
from tests.analytics.api.callers import client_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def book(demo_results: DemoResults) -> Portfolio:
    cache.clear()
    return Portfolio.objects.get(user__email="demo_individual@sigmasight.com")


@pytest.fixture
def client(book: Portfolio) -> Client:
    return client_of(book.user)


@pytest.fixture
def no_broker() -> Iterator[None]:
    """Tasks go to an address where nothing listens."""
    usual = current_app._get_current_object()
    Celery("nowhere", broker="redis://127.0.0.1:1/0", backend="redis://127.0.0.1:1/1")
    yield
    usual.set_current()


def start(client: Client, book: Portfolio) -> Any:
    return client.post(f"/api/v1/portfolios/{book.pk}/calculate")


def trigger(client: Client, book: Portfolio, **query: Any) -> Any:
    return client.post(f"/api/v1/analytics/portfolio/{book.pk}/calculate", query, content_type="application/json")


def poll(client: Client, book: Portfolio, run_id: Any) -> Any:
    answer = client.get(f"/api/v1/portfolios/{book.pk}/batch-status/{run_id}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def night(**values: Any) -> BatchRun:
    now = timezone.now()
    given = {"kind": "nightly", "trigger": "beat", "source": "simulated", "status": "running", "heartbeat_at": now}
    return BatchRun.objects.create(started_at=now, params={"executor": "celery"}, **{**given, **values})


def test_a_start_is_a_run_of_the_latest_session(client: Client, book: Portfolio, demo_results: DemoResults) -> None:
    answer = start(client, book)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    run = BatchRun.objects.get(pk=told["batch_run_id"])
    assert (run.trigger, run.requested_by, run.scope_portfolio) == ("owner", book.user, book)
    assert (run.target_from, run.target_to) == (demo_results.session, demo_results.session)
    assert told["message"].endswith(f"/api/v1/portfolios/{book.pk}/batch-status/{run.pk}")
    state = poll(client, book, run.pk)
    assert (state["status"], state["triggered_by"]) == ("running", book.user.email)
    assert state["started_at"].endswith("Z")


def test_a_second_start_names_the_first(client: Client, book: Portfolio) -> None:
    first = start(client, book).json()["batch_run_id"]
    for again in (start(client, book), trigger(client, book)):
        assert again.status_code == 409
        assert first in again.json()["detail"]


def test_force_cancels_the_run_of_the_same_portfolio(client: Client, book: Portfolio) -> None:
    first = start(client, book).json()["batch_run_id"]
    BatchStep.objects.create(run_id=first, phase="2", name="phase 2", status="running")
    answer = trigger(client, book, force=True)
    assert answer.status_code == 202, answer.content
    second = answer.json()["batch_run_id"]
    assert BatchRun.objects.get(pk=first).status == RunStatus.CANCELLED
    assert BatchRun.objects.get(pk=first).cancel_requested
    assert (poll(client, book, first)["status"], poll(client, book, second)["status"]) == ("failed", "running")
    assert BatchStep.objects.get(run_id=first).status == "failed"


def test_nobody_cancels_the_night_of_all(client: Client, book: Portfolio) -> None:
    run = night()
    for answer in (start(client, book), trigger(client, book, force="true")):
        assert answer.status_code == 409
        assert str(run.pk) in answer.json()["detail"]
    run.refresh_from_db()
    assert run.is_active


def test_a_run_of_another_portfolio_is_in_nobodys_way(client: Client, book: Portfolio) -> None:
    night(kind="portfolio", trigger="owner", scope_portfolio=PortfolioFactory())
    assert start(client, book).status_code == 200


@pytest.mark.parametrize(
    ("stored", "told"),
    [("queued", "running"), ("running", "running"), ("completed", "completed"), ("partial", "completed"),
     ("failed", "failed"), ("cancelled", "failed")],
)  # fmt: skip
def test_how_runs_end_for_clients(client: Client, book: Portfolio, stored: str, told: str) -> None:
    begun = timezone.now() - dt.timedelta(seconds=90)
    over = {} if told == "running" else {"completed_at": begun + dt.timedelta(seconds=41)}
    run = night(kind="portfolio", scope_portfolio=book, status=stored)
    BatchRun.objects.filter(pk=run.pk).update(started_at=begun, **over)
    state = poll(client, book, run.pk)
    assert state["status"] == told
    assert state["elapsed_seconds"] == 41 if over else state["elapsed_seconds"] >= 90
    assert state["triggered_by"] == "cron"


def test_a_run_without_a_sign_of_life_has_failed(client: Client, book: Portfolio) -> None:
    run = night(scope_portfolio=book, heartbeat_at=timezone.now() - dt.timedelta(minutes=6))
    assert poll(client, book, run.pk)["status"] == "failed"


def test_runs_of_others_and_of_all_are_not_found(client: Client, book: Portfolio) -> None:
    other = PortfolioFactory()
    for run in (night(), night(scope_portfolio=other), BatchRun(pk=UUID(int=7))):
        answer = client.get(f"/api/v1/analytics/portfolio/{book.pk}/batch-status/{run.pk}")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Run not found"})


def test_a_start_without_a_broker_leaves_nothing_active(client: Client, book: Portfolio, no_broker: None) -> None:
    answer = start(client, book)
    assert answer.status_code == 409
    assert "cannot be reached" in answer.json()["detail"]
    run = BatchRun.objects.get(scope_portfolio=book, trigger="owner")
    assert run.status == RunStatus.FAILED
    assert run.error_summary["types"] == ["broker_unreachable"]


def test_what_the_symbols_have_is_told(client: Client, book: Portfolio) -> None:
    told = trigger(client, book).json()
    before = told["preprocessing"]
    # 14 stocks and funds; of its contracts one follows a stock it holds, the other SPY.
    assert (before["symbols_count"], before["security_master_enriched"], before["prices_bootstrapped"]) == (15, 15, 15)
    assert (before["price_coverage_percentage"], before["ready_for_batch"]) == (100, True)
    assert client.get(told["poll_url"]).json()["status"] == "running"


def test_a_portfolio_before_its_first_session_is_done_at_once(demo_results: DemoResults) -> None:
    cache.clear()
    book = PortfolioFactory(equity_as_of=demo_results.session + dt.timedelta(days=1))
    client = client_of(book.user)
    answer = start(client, book)
    assert answer.status_code == 200, answer.content
    assert poll(client, book, answer.json()["batch_run_id"])["status"] == "completed"
