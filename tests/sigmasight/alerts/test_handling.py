"""What people may do about alerts, on the page and by the command."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portfolios.models import User
from sigmasight.core import clock
from sigmasight.core.alerts.evaluation import evaluate
from sigmasight.core.alerts.handling import acknowledge, mute, resolve, unmute
from sigmasight.core.alerts.models import Alert, AlertMute, Severity
from sigmasight.core.alerts.reading import active_mutes, open_alerts
from sigmasight.core.alerts.rules import all_rules
from sigmasight.core.errors import Conflict, DomainError, NotFound
from tests.sigmasight.alerts import document
from tests.sigmasight.alerts.conftest import Table, of_role

pytestmark = pytest.mark.django_db
PAGE = "/admin/console/alerts/"


@pytest.fixture
def alert(table: Table) -> Alert:
    table.lay("a")
    evaluate()
    return Alert.objects.get()


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def said(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_an_acknowledgement_names_who_and_why_and_is_noted(alert: Alert, operator: User) -> None:
    acknowledge(operator, alert.pk, " The plumber\0 comes. ")
    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by, alert.note) == ("acknowledged", operator, "The plumber comes.")
    assert LogEntry.objects.get(user=operator).change_message == "Acknowledged: The plumber comes."


def test_what_is_over_cannot_be_acknowledged(alert: Alert, operator: User) -> None:
    resolve(operator, alert.pk)
    for act in (acknowledge, resolve):
        with pytest.raises(Conflict, match="over"):
            act(operator, alert.pk)
        with pytest.raises(NotFound):
            act(operator, 0)
    assert LogEntry.objects.count() == 1


def test_a_mute_ends_between_now_and_ninety_days(alert: Alert, operator: User) -> None:
    for hours in (-1, 0, 24 * 91):
        with pytest.raises(DomainError, match="between now"):
            mute(operator, "leak", until=clock.now() + dt.timedelta(hours=hours))
    with pytest.raises(NotFound, match="no rule"):
        mute(operator, "other", until=clock.now() + dt.timedelta(hours=1))
    assert not AlertMute.objects.exists()


def test_muting_again_replaces_the_time(alert: Alert, operator: User) -> None:
    for hours in (1, 5):
        mute(operator, "leak", until=clock.now() + dt.timedelta(hours=hours), reason=f"{hours} h")
    (silence,) = active_mutes()
    assert silence.reason == "5 h"
    assert open_alerts()[0].is_muted  # type: ignore[attr-defined]
    unmute(operator, silence.pk)
    assert [entry.change_message for entry in LogEntry.objects.order_by("pk")][-1] == "Unmuted leak."
    with pytest.raises(NotFound):
        unmute(operator, silence.pk)


def test_the_page_shows_acknowledges_mutes_and_unmutes(table: Table, alert: Alert, desk: Client) -> None:
    table.change(action="Turn the `tap` & wait.")
    text = said(desk.get(PAGE))
    assert "It drips." in text
    assert "Turn the <code>tap</code> &amp; wait." in text
    form = {"id": alert.pk, "action": "acknowledge", "note": "mine"}
    assert "Acknowledged by" in said(desk.post(PAGE, form, follow=True))
    assert "Muted until" in said(desk.post(PAGE, {"id": alert.pk, "action": "mute", "hours": "8"}, follow=True))
    silence = AlertMute.objects.get()
    assert (silence.subject_key, silence.subject) == ("a", "pipe a")
    desk.post(PAGE, {"id": silence.pk, "action": "unmute"})
    assert not AlertMute.objects.exists()
    desk.post(PAGE, {"id": alert.pk, "action": "resolve"})
    assert "over since" in said(desk.get(PAGE, {"status": "resolved"}))


def test_a_mute_until_a_date_for_the_whole_rule(alert: Alert, desk: Client) -> None:
    until = (clock.now() + dt.timedelta(days=3)).replace(second=0, microsecond=0)
    form = {"id": alert.pk, "action": "mute", "hours": "", "scope": "rule", "until": f"{until:%Y-%m-%dT%H:%M}"}
    desk.post(PAGE, form)
    assert (AlertMute.objects.get().until, AlertMute.objects.get().subject_key) == (until, None)


@pytest.mark.parametrize(
    "form",
    [
        {"action": "acknowledge", "id": "0"}, {"action": "mute", "id": "x", "hours": "1"}, {"action": "unmute", "id": "7"},
        {"action": "mute", "hours": "", "until": "soon"}, {"action": "mute", "hours": "", "until": "2026-02-31T10:00"},
        {"action": "mute", "hours": "", "until": "2020-01-01T10:00"}, {"action": "explode"},
        {"action": "unmute", "id": "9" * 5000}, {"action": "acknowledge", "note": "x" * 2001},
    ],
)  # fmt: skip
def test_nonsense_is_told_and_changes_nothing(alert: Alert, desk: Client, form: dict[str, str]) -> None:
    answer = desk.post(PAGE, {"id": alert.pk, **form}, follow=True)
    assert answer.status_code == 200
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert not LogEntry.objects.exists()


def test_viewers_look_and_do_nothing(alert: Alert, client: Client) -> None:
    client.force_login(of_role("viewer"))
    assert "Acknowledge or resolve" not in said(client.get(PAGE))
    assert client.post(PAGE, {"id": alert.pk, "action": "acknowledge"}).status_code == 403
    client.force_login(User.objects.create_user("nobody@example.com", "secret-enough-1", is_staff=True))
    assert client.get(PAGE).status_code == 403
    assert Alert.objects.get().status == "open"


def test_the_page_filters(table: Table, desk: Client) -> None:
    table.lay("a", "b")
    table.conditions[1] = table.conditions[1].__class__("b", Severity.CRITICAL, "It bursts.", subject="pipe b")
    evaluate()
    worst = Alert.objects.get(subject_key="b")
    for query, seen in (
        ({"severity": "critical"}, {"b"}), ({"severity": "info"}, set()), ({"rule": "leak"}, {"a", "b"}),
        ({"status": "acknowledged"}, set()), ({"alert": worst.pk}, {"b"}), ({"alert": "x"}, set()),
        ({"alert": "9" * 30}, set()), ({"status": "all"}, {"a", "b"}),
        ({"portfolio": "nonsense"}, set()), ({"page": "99"}, {"a", "b"}), ({"severity": "worse", "status": "?"}, {"a", "b"}),
    ):  # fmt: skip
        answer = desk.get(PAGE, query)
        assert {one.alert.subject_key for one in answer.context["shown"]} == seen, query


def test_the_page_asks_as_much_for_many_as_for_few(table: Table, desk: Client, operator: User) -> None:
    counts = []
    for many in (2, 20):
        table.lay(*(str(n) for n in range(many)))
        evaluate()
        for one in Alert.objects.all():
            acknowledge(operator, one.pk)
        mute(operator, "leak", subject_key=str(many), until=clock.now() + dt.timedelta(hours=1))
        desk.get(PAGE)
        with CaptureQueriesContext(connection) as asked:
            desk.get(PAGE)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[0] < 20


def test_the_dashboard_shows_the_worst_first(table: Table, desk: Client) -> None:
    table.lay("a", "b")
    table.conditions[1] = table.conditions[1].__class__("b", Severity.CRITICAL, "It bursts.", subject="pipe b")
    evaluate()
    text = said(desk.get(reverse("admin:panel", args=["alerts"])))
    assert text.index("pipe b") < text.index("pipe a")


def test_the_command_lists_and_fails_while_something_critical_is_open(
    table: Table, operator: User, capsys: pytest.CaptureFixture[str]
) -> None:
    table.lay("a")
    call_command("alerts", "--evaluate")
    assert "WARNING  open         A leak: pipe a" in capsys.readouterr().out
    table.lay("a", severity=Severity.CRITICAL)
    with pytest.raises(SystemExit, match="1"):
        call_command("alerts", "--evaluate", "--json")
    (told,) = json.loads(capsys.readouterr().out)["alerts"]
    assert (told["rule"], told["severity"], told["figures"], told["count"]) == ("leak", "critical", {"drops": 3}, 2)
    acknowledge(operator, told["id"])
    call_command("alerts")
    assert "acknowledged" in capsys.readouterr().out


def test_the_runbook_has_every_rule_as_the_registry_has_it() -> None:
    assert Path(document.RUNBOOK).read_text() == document.render()
    for rule in all_rules():
        assert all((rule.meaning, rule.look, rule.action, rule.escalate)), rule.name
