"""Audits that are kept: by whom and when, on which page, how often."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

import pytest
from celery import Celery, current_app
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from analytics import tasks
from analytics.alerts.audits import found_by_audits
from analytics.audits.catalogue import AUDITS
from analytics.audits.runs import KEPT, audit_now, last_runs, perform, start_all, start_audit
from analytics.audits.scope import Scope
from analytics.models import AuditRun, AuditStatus, RunTrigger
from analytics.services.schedule import AUDITS as WEEKLY
from analytics.services.schedule import schedule_nightly
from portfolios.models import Position, User
from sigmasight.core.errors import Conflict, NotFound
from sigmasight.core.models import ManualChange
from tests.analytics.audits.command import printed_by
from tests.factories import PositionFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/admin/console/audits/"


def of_role(client: Client, role: str) -> User:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return user


@pytest.fixture
def wrong_lot() -> Position:
    lot = PositionFactory(portfolio__account_name="Savings")
    Position.objects.update(quantity=0)
    return lot


@pytest.fixture
def kept(wrong_lot: Position) -> AuditRun:
    audit_now(AUDITS["data"], Scope())
    return AuditRun.objects.get()


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_command_keeps_whole_audits_and_no_parts(wrong_lot: Position) -> None:
    printed_by("data", "--check", "Duplicates")
    printed_by("prices")
    assert not AuditRun.objects.exists()
    assert printed_by("data")[0] == 1
    run = AuditRun.objects.get()
    assert (run.audit, run.status, run.trigger, run.scope) == ("data", AuditStatus.COMPLETED, RunTrigger.CLI, {})
    assert run.errors == run.report["counts"]["error"] > 0


def test_a_limited_audit_is_kept_and_does_not_stand_for_everything(wrong_lot: Position) -> None:
    audit_now(AUDITS["data"], Scope(wrong_lot.portfolio))
    assert AuditRun.objects.get().scope == {"portfolio": "Savings"}
    assert last_runs() == {}


def test_an_operator_starts_an_audit_that_a_worker_does(client: Client) -> None:
    operator = of_role(client, "operator")
    answer = client.post(PAGE, {"audit": "data"}, follow=True)
    assert "was started" in str(next(iter(answer.context["messages"])))
    run = AuditRun.objects.get()
    assert (run.status, run.requested_by) == (AuditStatus.QUEUED, operator)
    assert "Queued since" in text(client, PAGE)
    assert 'hx-trigger="every 4s"' in text(client, PAGE)
    tasks.audit(str(run.pk))
    run.refresh_from_db()
    assert run.status == AuditStatus.COMPLETED
    assert run.checks == 14
    assert 'hx-trigger="every 4s"' not in text(client, PAGE)
    assert ManualChange.objects.filter(change_message="Started the audit of data").exists()


def test_a_viewer_looks_and_starts_nothing(client: Client, kept: AuditRun) -> None:
    of_role(client, "viewer")
    assert "Run now" not in text(client, PAGE)
    assert client.post(PAGE, {"audit": "data"}).status_code == 403
    assert AuditRun.objects.count() == 1


def test_one_audit_of_a_name_is_done_at_a_time(client: Client) -> None:
    of_role(client, "operator")
    start_audit("data")
    answer = client.post(PAGE, {"audit": "data"}, follow=True)
    assert "is being done" in str(next(iter(answer.context["messages"])))
    with pytest.raises(NotFound, match="no audit called 'greeks'"):
        start_audit("greeks")


def test_an_audit_whose_worker_died_does_not_stand_in_the_way() -> None:
    dead = start_audit("data")
    AuditRun.objects.update(created_at=timezone.now() - dt.timedelta(hours=3))
    assert start_audit("data").status == AuditStatus.QUEUED
    dead.refresh_from_db()
    assert (dead.status, dead.error) == (AuditStatus.FAILED, "the worker died over it")


def test_a_message_that_comes_twice_does_nothing_the_second_time() -> None:
    run = start_audit("data")
    perform(str(run.pk))
    ended = AuditRun.objects.get().completed_at
    perform(str(run.pk))
    assert AuditRun.objects.get().completed_at == ended


@pytest.fixture
def no_broker() -> Iterator[None]:
    """Tasks go to an address where nothing listens."""
    usual = current_app._get_current_object()
    Celery("nowhere", broker="redis://127.0.0.1:1/0", backend="redis://127.0.0.1:1/1")
    yield
    usual.set_current()


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_nothing_stays_active() -> None:
    with pytest.raises(Conflict, match="nothing was started"):
        start_audit("data")
    assert AuditRun.objects.get().status == AuditStatus.FAILED


def test_the_schedule_does_all_of_them_on_sundays() -> None:
    schedule_nightly()
    entry = PeriodicTask.objects.get(name=WEEKLY)
    assert (entry.task, entry.crontab.day_of_week) == (tasks.audits.name, "sun")
    start_audit("data")
    assert start_all() == [name for name in KEPT if name != "data"]
    assert AuditRun.objects.filter(trigger=RunTrigger.BEAT).count() == len(KEPT) - 1


def test_the_page_of_an_audit_lists_its_findings_and_filters_them(client: Client, kept: AuditRun) -> None:
    of_role(client, "viewer")
    page = f"{PAGE}{kept.pk}/"
    assert "is open with a quantity of zero" in text(client, page)
    assert "nothing to check: the demo is not seeded" in text(client, page)
    errors = text(client, f"{page}?severity=error")
    assert "is open with a quantity of zero" in errors
    assert "nothing to check" not in errors
    assert "Nothing like that." in text(client, f"{page}?severity=error&check=Tags")
    assert "is open with a quantity of zero" in text(client, f"{page}?text=sAvInGs&page=9")


def test_the_report_is_downloaded_as_json(client: Client, kept: AuditRun) -> None:
    of_role(client, "viewer")
    answer = client.get(f"{PAGE}{kept.pk}/json/")
    assert json.loads(answer.content) == kept.report
    assert f'filename="audit-data-{kept.created_at:%Y-%m-%d}.json"' in answer["Content-Disposition"]


def test_an_unknown_audit_and_one_without_a_report_are_not_there(client: Client) -> None:
    of_role(client, "viewer")
    assert client.get(f"{PAGE}{'0' * 8}-0000-0000-0000-{'0' * 12}/").status_code == 404
    run = start_audit("data")
    assert client.get(f"{PAGE}{run.pk}/json/").status_code == 404
    assert "Queued" in text(client, f"{PAGE}{run.pk}/")


def test_text_of_owners_is_shown_and_not_run(client: Client, kept: AuditRun) -> None:
    of_role(client, "viewer")
    kept.report["checks"][0]["findings"].append(
        {"severity": "error", "subject": "<script>x</script>", "what": "w", "where": "", "advice": ""}
    )
    kept.save()
    assert "&lt;script&gt;x&lt;/script&gt;" in text(client, f"{PAGE}{kept.pk}/")


def test_the_pages_take_a_fixed_number_of_queries(client: Client, kept: AuditRun) -> None:
    of_role(client, "viewer")

    def asked(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    client.get(PAGE)
    before = asked(PAGE), asked(f"{PAGE}{kept.pk}/")
    for name in KEPT:
        AuditRun.objects.create(audit=name, trigger=RunTrigger.ADMIN, requested_by=UserFactory(), status="completed")
    assert (asked(PAGE), asked(f"{PAGE}{kept.pk}/")) == before


def test_errors_are_an_alert_until_an_audit_finds_none(kept: AuditRun) -> None:
    (alert,) = found_by_audits()
    assert alert.message == f"The audit of data found {kept.errors} errors in 14 checks."
    Position.objects.update(quantity=10)
    audit_now(AUDITS["data"], Scope())
    assert list(found_by_audits()) == []
