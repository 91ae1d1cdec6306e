"""Telling, against a mail server and a receiver of webhooks that fail in their ways."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.db import connection

from portfolios.models import User
from sigmasight.core import tasks
from sigmasight.core.alerts import channels, own_rules, rules
from sigmasight.core.alerts.delivery import MOST_ATTEMPTS, WAIT, deliver
from sigmasight.core.alerts.evaluation import evaluate
from sigmasight.core.alerts.handling import acknowledge, mute, unmute
from sigmasight.core.alerts.models import Alert, AlertDelivery, AlertMute, Severity
from sigmasight.core.alerts.reading import open_alerts
from sigmasight.core.alerts.rules import Rule
from tests.sigmasight.alerts.conftest import Table
from tests.sigmasight.alerts.servers import Hook, Post, hook_server, mail_server

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _quick(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALERT_TIMEOUT_SECONDS = 0.3
    settings.ALERT_EMAILS, settings.ALERT_WEBHOOK_URL, settings.ALERT_SEVERITY = [], "", "warning"
    monkeypatch.setattr(channels, "FIRST_PAUSE", 0.01)


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    with hook_server() as found:
        settings.ALERT_WEBHOOK_URL = found.url
        yield found


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    with mail_server() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", found.port, False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.ALERT_EMAILS, settings.ALERT_FROM = ["risk@example.com"], "SigmaSight <alerts@example.com>"
        yield found


def told(hook: Hook) -> list[tuple[str, str]]:
    return [(one["event"], one["key"]) for _, body in hook.got for one in body["alerts"]]


def test_what_is_new_and_what_is_over_is_told_once(table: Table, hook: Hook) -> None:
    for keys in (("a",), ("a", "b"), ("b",), ("b",)):
        table.lay(*keys)
        evaluate()
        deliver()
        deliver()
    assert told(hook) == [("opened", "a"), ("opened", "b"), ("resolved", "a")]


def test_the_payload_says_what_is_wrong_and_what_to_do(table: Table, hook: Hook, settings: Any) -> None:
    settings.CONSOLE_URL, settings.ALERT_WEBHOOK_SECRET = "https://risk.example.com/", "shared"
    table.lay("a", severity=Severity.CRITICAL)
    evaluate()
    assert deliver() == 1
    headers, body = hook.got[0]
    alert = Alert.objects.get()
    (one,) = body["alerts"]
    assert body["text"] == "CRITICAL: A leak: pipe a"
    assert (one["rule"], one["severity"], one["figures"]) == ("leak", "critical", {"drops": 3})
    assert one["what_to_do"] == "Turn the tap."
    assert one["console"] == f"https://risk.example.com/admin/console/alerts/?alert={alert.pk}"
    signed = hmac.new(b"shared", hook.bodies[0], hashlib.sha256).hexdigest()
    assert headers["X-SigmaSight-Signature"] == f"sha256={signed}"
    assert headers["X-SigmaSight-Delivery"] == str(AlertDelivery.objects.get().pk)


def test_a_letter_tells_the_worst_first_and_counts_the_rest(table: Table, post: Post) -> None:
    table.lay(*(f"{n:02}" for n in range(channels.LISTED + 5)))
    table.conditions[7] = rules.Condition("07", Severity.CRITICAL, "It bursts.", subject="pipe\nBcc: all@example.com")
    evaluate()
    assert deliver() == channels.LISTED + 5
    (letter,) = post.letters
    assert letter["To"] == "risk@example.com"
    assert (
        "".join(letter["Subject"].splitlines())
        == "[SigmaSight] CRITICAL: A leak: pipe Bcc: all@example.com (and 44 more)"
    )
    assert letter["Bcc"] is None
    assert letter["Message-ID"].endswith("@example.com>")
    text = str(letter.get_payload())
    assert text.startswith("CRITICAL: A leak")
    assert "And 5 more" in text
    assert "What to do: Turn the tap. (docs/runbook.md#leak)" in text


def test_both_channels_are_told_and_one_that_fails_stops_no_other(table: Table, hook: Hook, post: Post) -> None:
    hook.answers = [403]
    table.lay("a")
    evaluate()
    assert deliver() == 1
    assert len(post.letters) == 1
    kept = AlertDelivery.objects.get(channel="webhook")
    assert (kept.sent_at, kept.attempts, kept.last_error) == (None, 1, "HTTP 403")


def test_an_error_of_the_other_side_is_tried_again_at_once(table: Table, hook: Hook) -> None:
    hook.answers = [500, 503]
    table.lay("a")
    evaluate()
    assert deliver() == 1
    assert len(hook.got) == 3
    assert len({headers["X-SigmaSight-Delivery"] for headers, _ in hook.got}) == 1


@pytest.mark.parametrize(
    ("answers", "error", "asked"), [([0, 0, 0], "ReadTimeout", 3), ([302], "HTTP 302", 1), ([404], "HTTP 404", 1)]
)
def test_what_is_not_taken_waits_and_comes_later(
    table: Table, hook: Hook, answers: list[int], error: str, asked: int
) -> None:
    hook.answers = list(answers)
    table.lay("a")
    evaluate()
    assert deliver() == 0
    assert (AlertDelivery.objects.get().last_error, len(hook.got)) == (error, asked)
    assert deliver() == 0
    assert len(hook.got) == asked
    with time_machine.travel(dt.datetime.now(dt.UTC) + WAIT + dt.timedelta(seconds=1)):
        assert deliver() == 1
    assert told(hook)[-1] == ("opened", "a")


def test_a_refused_connection_tells_no_secret(table: Table, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings.ALERT_WEBHOOK_URL = "http://user:hidden@127.0.0.1:9/hook?token=very-secret"
    table.lay("a")
    evaluate()
    assert deliver() == 0
    assert AlertDelivery.objects.get().last_error == "ConnectionError"
    assert "could not be told by webhook: ConnectionError" in caplog.text
    assert not any(secret in caplog.text for secret in ("very-secret", "hidden"))


def test_a_mail_server_that_refuses_is_asked_again(table: Table, post: Post) -> None:
    post.refuses = b"451 later, user=hidden"
    table.lay("a")
    evaluate()
    assert deliver() == 0
    assert AlertDelivery.objects.get().last_error == "SMTPRecipientsRefused"
    post.refuses = None
    AlertDelivery.objects.update(next_attempt_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    assert deliver() == 1


def test_messages_are_given_up_in_the_end_and_that_is_an_alert(table: Table, hook: Hook) -> None:
    hook.answers = [404]
    rules.register(Rule("silent", "Silent", own_rules.silent_channels, "", "", "", "", last=True))
    table.lay("a")
    evaluate()
    AlertDelivery.objects.update(attempts=MOST_ATTEMPTS - 1)
    deliver()
    assert AlertDelivery.objects.get().given_up_at is not None
    evaluate()
    silent = Alert.objects.get(rule="silent")
    assert (silent.severity, silent.figures) == (Severity.CRITICAL, {"waiting": 0, "given_up": 1})
    assert deliver() == 1
    evaluate()
    assert [one.rule for one in open_alerts()] == ["leak"]


def test_little_things_stay_in_the_console(table: Table, hook: Hook) -> None:
    table.lay("a", severity=Severity.INFO)
    assert evaluate().due == 0
    table.lay("a", severity=Severity.WARNING)
    assert evaluate().due == 1


def test_it_is_told_again_when_it_gets_worse_and_not_when_it_gets_better(table: Table, hook: Hook) -> None:
    for severity in (Severity.WARNING, Severity.CRITICAL, Severity.WARNING):
        table.lay("a", severity=severity)
        evaluate()
        deliver()
    assert [body["alerts"][0]["severity"] for _, body in hook.got] == ["warning", "critical"]


def test_what_somebody_looks_after_is_not_told(table: Table, hook: Hook, operator: User, settings: Any) -> None:
    address, settings.ALERT_WEBHOOK_URL = settings.ALERT_WEBHOOK_URL, ""
    table.lay("a")
    evaluate()
    acknowledge(operator, Alert.objects.get().pk)
    settings.ALERT_WEBHOOK_URL = address
    assert evaluate().due == 0


def test_a_patient_rule_is_told_once_it_has_lasted(table: Table, hook: Hook) -> None:
    table.change(patience=dt.timedelta(minutes=10))
    table.lay("a")
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as time:
        for minutes, due in ((0, 0), (9, 0), (1, 1)):
            time.shift(dt.timedelta(minutes=minutes))
            assert evaluate().due == due


@pytest.mark.parametrize("key", [None, "a"])
def test_a_mute_silences_and_what_still_stands_is_told_after_it(
    table: Table, hook: Hook, operator: User, key: str | None
) -> None:
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as time:
        mute(operator, "leak", subject_key=key, until=dt.datetime(2026, 3, 2, 13, tzinfo=dt.UTC), reason="works")
        table.lay("a", "b")
        evaluate()
        deliver()
        assert told(hook) == ([] if key is None else [("opened", "b")])
        time.shift(HOUR)
        evaluate()
        deliver()
        assert sorted(told(hook)) == [("opened", "a"), ("opened", "b")]


def test_a_mute_holds_back_what_was_already_due(table: Table, hook: Hook, operator: User) -> None:
    table.lay("a")
    evaluate()
    silence = mute(operator, "leak", until=dt.datetime.now(dt.UTC) + HOUR)
    assert deliver() == 0
    unmute(operator, silence.pk)
    assert not AlertMute.objects.exists()
    assert deliver() == 1


def test_the_task_looks_and_hands_the_telling_to_the_next(table: Table, hook: Hook) -> None:
    table.lay("a")
    current_app.conf.task_always_eager = True
    try:
        tasks.evaluate_alerts.delay()
        tasks.evaluate_alerts.delay()
    finally:
        current_app.conf.task_always_eager = False
    assert told(hook) == [("opened", "a")]


def test_without_channels_nothing_is_due(table: Table) -> None:
    table.lay("a")
    assert evaluate().due == 0
    assert deliver() == 0


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_tell_it_once(table: Table, hook: Hook) -> None:
    table.lay(*(str(n) for n in range(5)))
    evaluate()
    both, counts = threading.Barrier(4), []

    def send() -> None:
        both.wait(10)
        counts.append(deliver())
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told(hook)) == [("opened", str(n)) for n in range(5)]
    assert sum(counts) == 5


@pytest.mark.django_db(transaction=True)
def test_a_sender_that_dies_loses_nothing(table: Table, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told again with the same number, by which the other side knows it."""
    table.lay("a")
    evaluate()
    send = channels.WebhookChannel.send

    def dies(channel: Any, due: Any) -> None:
        send(channel, due)
        raise KeyboardInterrupt

    monkeypatch.setattr(channels.WebhookChannel, "send", dies)
    with pytest.raises(KeyboardInterrupt):
        deliver()
    monkeypatch.setattr(channels.WebhookChannel, "send", send)
    assert AlertDelivery.objects.get().sent_at is None
    assert deliver() == 1
    assert len({body["delivery"] for _, body in hook.got}) == 1
