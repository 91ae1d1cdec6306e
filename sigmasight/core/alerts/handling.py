"""What people do about alerts. Every change is noted among the manual changes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from sigmasight.core import clock
from sigmasight.core.alerts.models import STANDING, Alert, AlertMute, AlertStatus
from sigmasight.core.alerts.rules import find
from sigmasight.core.errors import Conflict, DomainError, NotFound
from sigmasight.core.manual_changes import record

LONGEST_MUTE = dt.timedelta(days=90)
LONGEST_NOTE = 2_000


@transaction.atomic
def acknowledge(user: Any, alert_id: int, note: str = "") -> Alert:
    """Say that somebody looks after an alert; it stands until its condition is gone, and is told no more meanwhile unless it gets
    worse. Doing it again replaces the note.

    Raises
    ------
    NotFound; Conflict if it is over; DomainError for a note that is too long.
    """
    alert = _standing(alert_id)
    alert.status, alert.note = AlertStatus.ACKNOWLEDGED, _words(note)
    alert.acknowledged_by, alert.acknowledged_at = user, clock.now()
    alert.save(update_fields=["status", "note", "acknowledged_by", "acknowledged_at"])
    record(user, f"Acknowledged: {alert.note}" if alert.note else "Acknowledged.", [alert])
    return alert


@transaction.atomic
def resolve(user: Any, alert_id: int) -> Alert:
    """End an alert by hand. If its condition still holds, the next look that reads its facts opens another.

    Raises
    ------
    NotFound; Conflict if it is over.
    """
    alert = _standing(alert_id)
    alert.status, alert.resolved_at = AlertStatus.RESOLVED, clock.now()
    alert.save(update_fields=["status", "resolved_at"])
    record(user, "Resolved by hand.", [alert])
    return alert


@transaction.atomic
def mute(
    user: Any, rule: str, *, until: dt.datetime, subject_key: str | None = None, subject: str = "", reason: str = ""
) -> AlertMute:
    """Tell nobody of a rule, or of one subject of it, until a time. Muting again replaces time and reason.

    Raises
    ------
    NotFound for an unknown rule; DomainError for a time that is past or more than 90 days ahead, or a reason that is too long.
    """
    if find(rule) is None:
        raise NotFound("rule_not_found", f"There is no rule {rule!r}.")
    now = clock.now()
    if not now < until <= now + LONGEST_MUTE:
        raise DomainError("mute_until", f"Mute until a time between now and {now + LONGEST_MUTE:%Y-%m-%d %H:%M} UTC.")
    reason = _words(reason)
    silence, _ = AlertMute.objects.update_or_create(
        rule=rule,
        subject_key=subject_key,
        defaults={
            "subject": subject, "until": until, "reason": reason, "created_by": user, "created_at": now,
        },
    )  # fmt: skip
    record(user, f"Muted {silence}{f': {silence.reason}' if silence.reason else ''}", [silence])
    return silence


@transaction.atomic
def unmute(user: Any, mute_id: int) -> None:
    """End a silence; what stands and was not told meanwhile is told with the next look.

    Raises
    ------
    NotFound.
    """
    silence = AlertMute.objects.select_for_update().filter(pk=mute_id).first()
    if silence is None:
        raise NotFound("mute_not_found", "There is no such mute; it may have ended.")
    record(user, f"Unmuted {silence.rule} {silence.subject}".strip() + ".", [silence])
    silence.delete()


def _standing(alert_id: int) -> Alert:
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise NotFound("alert_not_found", "There is no such alert.")
    if alert.status not in STANDING:
        raise Conflict("alert_over", "This alert is over; there is nothing left to do about it.")
    return alert


def _words(text: str) -> str:
    """What a person wrote, as the database takes it."""
    if len(text) > LONGEST_NOTE:
        raise DomainError("note_too_long", f"Write at most {LONGEST_NOTE:,} characters; nothing was changed.")
    return text.replace("\0", "").strip()
