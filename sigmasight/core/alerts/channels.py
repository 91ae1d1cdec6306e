"""The ways to tell of alerts: by e-mail and by webhook, where the settings name them. docs/alerts.md has the payload.

What goes wrong is told by its kind alone: addresses of webhooks and answers of mail servers may hold secrets.
"""

from __future__ import annotations

import hashlib
import hmac
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Protocol

import orjson
import requests
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from sigmasight.core import clock
from sigmasight.core.alerts.models import Alert, AlertDelivery, DeliveryKind, Severity
from sigmasight.core.alerts.rules import find

# Told in one letter; the rest is counted.
LISTED = 40
IN_ONE_LETTER, IN_ONE_REQUEST = 10_000, 100
ATTEMPTS = 3
FIRST_PAUSE = 0.5
TOO_MANY_REQUESTS, REQUEST_TIMEOUT = 429, 408


class NotDelivered(Exception):
    """A channel failed; the text is the kind of its failure."""


class Channel(Protocol):
    """name : in the rows of deliveries. most : deliveries of one message."""

    name: str
    most: int

    def send(self, due: Sequence[AlertDelivery]) -> None:
        """Tell of them in one message, or raise NotDelivered."""


def channels() -> list[Channel]:
    """Those that are set up."""
    found: list[Channel] = []
    if settings.ALERT_EMAILS:
        found.append(EmailChannel())
    if settings.ALERT_WEBHOOK_URL:
        found.append(WebhookChannel())
    return found


def least_severity() -> Severity:
    """What is less severe stays in the console."""
    return Severity[settings.ALERT_SEVERITY.upper()]


def headline(due: Sequence[AlertDelivery]) -> str:
    """The worst news in one line, and how many more there are."""
    worst = min(due, key=_importance)
    more = f" (and {len(due) - 1:,} more)" if len(due) > 1 else ""
    return f"{_word(worst)}: {worst.alert}{more}"


def _importance(one: AlertDelivery) -> tuple[bool, int, int]:
    return one.kind == DeliveryKind.RESOLVED, -one.severity, one.pk


def _word(one: AlertDelivery) -> str:
    return "RESOLVED" if one.kind == DeliveryKind.RESOLVED else Severity(one.severity).label.upper()


def _console(alert: Alert) -> str:
    return f"{settings.CONSOLE_URL.rstrip('/')}/admin/console/alerts/?alert={alert.pk}" if settings.CONSOLE_URL else ""


class EmailChannel:
    """One letter to all addresses of ALERT_EMAILS."""

    name, most = "email", IN_ONE_LETTER

    def send(self, due: Sequence[AlertDelivery]) -> None:
        letter = EmailMessage(
            # Names of portfolios are the owners' words; a header has one line.
            subject=" ".join(f"[SigmaSight] {headline(due)}".split()),
            body=letter_text(due),
            from_email=settings.ALERT_FROM,
            to=settings.ALERT_EMAILS,
            headers={"Message-ID": f"<alert-{due[0].pk}@{parseaddr(settings.ALERT_FROM)[1].rpartition('@')[2]}>"},
            connection=get_connection(timeout=settings.ALERT_TIMEOUT_SECONDS),
        )
        try:
            letter.send()
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(f"{type(error).__name__} {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotDelivered(type(error).__name__) from None


def letter_text(due: Sequence[AlertDelivery]) -> str:
    """The letter: worst first, each with what to do."""
    ordered = sorted(due, key=_importance)
    parts = [_paragraph(one) for one in ordered[:LISTED]]
    if len(ordered) > LISTED:
        parts.append(f"And {len(ordered) - LISTED:,} more: see the page Alerts of the console.")
    return "\n\n".join(parts) + "\n"


def _paragraph(one: AlertDelivery) -> str:
    alert, rule = one.alert, find(one.alert.rule)
    lines = [f"{_word(one)}: {alert}"]
    if one.kind == DeliveryKind.RESOLVED and alert.resolved_at:
        lines.append(f"Over since {alert.resolved_at:%Y-%m-%d %H:%M} UTC, begun {alert.first_seen:%Y-%m-%d %H:%M} UTC.")
    else:
        lines.append(alert.message + (f" (as of {alert.as_of})" if alert.as_of else ""))
        if rule:
            lines.append(f"What to do: {rule.action} ({rule.runbook})")
    if address := _console(alert):
        lines.append(address)
    return "\n".join(lines)


def payload(due: Sequence[AlertDelivery]) -> dict[str, Any]:
    """What a webhook gets."""
    return {
        "version": 1,
        "delivery": due[0].pk,
        "sent_at": clock.now().isoformat(),
        "text": headline(due),
        "alerts": [_as_data(one) for one in due],
    }


def _as_data(one: AlertDelivery) -> dict[str, Any]:
    alert, rule = one.alert, find(one.alert.rule)
    return {
        "delivery": one.pk, "event": one.kind, "id": alert.pk, "rule": alert.rule, "severity": Severity(one.severity).label,
        "status": alert.status, "key": alert.subject_key, "subject": alert.subject, "title": alert.title,
        "message": alert.message, "as_of": alert.as_of or None, "figures": alert.figures, "named": alert.named,
        "portfolio_id": str(alert.portfolio_id) if alert.portfolio_id else None,
        "first_seen": alert.first_seen.isoformat(), "last_seen": alert.last_seen.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None, "count": alert.count,
        "what_to_do": rule.action if rule else None, "runbook": rule.runbook if rule else None,
        "console": _console(alert) or None,
    }  # fmt: skip


@dataclass(frozen=True)
class _Refused(Exception):
    """The other side answered with something else than 2xx."""

    status: int


class WebhookChannel:
    """A POST of JSON to ALERT_WEBHOOK_URL, signed where ALERT_WEBHOOK_SECRET is set. Redirections are not followed."""

    name, most = "webhook", IN_ONE_REQUEST

    def send(self, due: Sequence[AlertDelivery]) -> None:
        body = orjson.dumps(payload(due))
        headers = {"Content-Type": "application/json", "X-SigmaSight-Delivery": str(due[0].pk)}
        if secret := settings.ALERT_WEBHOOK_SECRET:
            digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-SigmaSight-Signature"] = f"sha256={digest}"
        tries = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=FIRST_PAUSE, max=4),
            retry=retry_if_exception(_may_pass),
            reraise=True,
        )
        try:
            tries(_post, body, headers)
        except _Refused as refusal:
            raise NotDelivered(f"HTTP {refusal.status}") from None
        except (requests.RequestException, ValueError) as error:
            raise NotDelivered(type(error).__name__) from None


def _post(body: bytes, headers: dict[str, str]) -> None:
    with requests.post(
        settings.ALERT_WEBHOOK_URL, data=body, headers=headers, timeout=settings.ALERT_TIMEOUT_SECONDS,
        allow_redirects=False, stream=True,
    ) as answer:  # fmt: skip
        if not 200 <= answer.status_code < 300:
            raise _Refused(answer.status_code)


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, _Refused):
        return error.status >= 500 or error.status in (TOO_MANY_REQUESTS, REQUEST_TIMEOUT)
    return isinstance(error, requests.ConnectionError | requests.Timeout)
