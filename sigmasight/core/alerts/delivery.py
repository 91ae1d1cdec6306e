"""Who has to be told what, and telling it.

What is due is read off the alerts themselves and kept as `AlertDelivery` rows, one for each alert, channel, event and severity. A
message is sent while its rows are locked, and marked in the same transaction. Two senders never send the same; a process that dies
while sending leaves the rows due, and they are sent again. So nothing is lost, and the one thing that can come twice is a message
whose sender died, or lost the database, between the other side's taking it and the commit. It carries the same number both times.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from sigmasight.core import clock
from sigmasight.core.alerts.channels import Channel, NotDelivered, channels, least_severity
from sigmasight.core.alerts.models import Alert, AlertDelivery, AlertMute, AlertStatus, DeliveryKind
from sigmasight.core.alerts.rules import find

log = logging.getLogger(__name__)
# Of an end nobody was told for so long (a channel that was down, a mute), nobody needs to hear.
LATEST_END = dt.timedelta(days=7)
WAIT = dt.timedelta(minutes=5)
# About two hours; then the message is given up, which is an alert itself.
MOST_ATTEMPTS = 24


def muted(now: dt.datetime, of: str = "") -> Exists:
    """For a query: whether an alert is muted. `of` is the way from the row to its alert, "alert__" for a delivery."""
    subject = Q(subject_key=None) | Q(subject_key=OuterRef(f"{of}subject_key"))
    return Exists(AlertMute.objects.filter(subject, rule=OuterRef(f"{of}rule"), until__gt=now))


def plan_deliveries(now: dt.datetime) -> int:
    """Note what has to be told over the channels that are set up. Returns how many messages are due, those of earlier included."""
    found = [one for channel in channels() for one in (*_openings(channel, now), *_endings(channel, now))]
    AlertDelivery.objects.bulk_create(found, ignore_conflicts=True)
    return sum(_due(channel, now).count() for channel in channels())


def _openings(channel: Channel, now: dt.datetime) -> list[AlertDelivery]:
    told = AlertDelivery.objects.filter(
        alert=OuterRef("pk"), channel=channel.name, kind=DeliveryKind.OPENED, severity__gte=OuterRef("severity")
    )
    untold = Alert.objects.filter(~Exists(told), ~muted(now), status=AlertStatus.OPEN, severity__gte=least_severity())
    ripe = [alert for alert in untold.order_by("id") if _has_lasted(alert, now)]
    return [_delivery(alert, channel, DeliveryKind.OPENED, now) for alert in ripe]


def _has_lasted(alert: Alert, now: dt.datetime) -> bool:
    rule = find(alert.rule)
    return rule is None or alert.first_seen <= now - rule.patience


def _endings(channel: Channel, now: dt.datetime) -> list[AlertDelivery]:
    of_this = AlertDelivery.objects.filter(alert=OuterRef("pk"), channel=channel.name)
    over = Alert.objects.filter(
        Exists(of_this.filter(kind=DeliveryKind.OPENED)),
        ~Exists(of_this.filter(kind=DeliveryKind.RESOLVED)),
        ~muted(now),
        status=AlertStatus.RESOLVED,
        resolved_at__gt=now - LATEST_END,
    )
    return [_delivery(alert, channel, DeliveryKind.RESOLVED, now) for alert in over.order_by("id")]


def _delivery(alert: Alert, channel: Channel, kind: DeliveryKind, now: dt.datetime) -> AlertDelivery:
    return AlertDelivery(
        alert=alert, channel=channel.name, kind=kind, severity=alert.severity, created_at=now, next_attempt_at=now
    )


def _due(channel: Channel, now: dt.datetime) -> QuerySet[AlertDelivery]:
    return AlertDelivery.objects.filter(
        ~muted(now, "alert__"), channel=channel.name, sent_at=None, given_up_at=None, next_attempt_at__lte=now
    )


def deliver() -> int:
    """Send what is due over every channel. A channel that fails is tried again minutes later, and does not stop the others.

    Returns
    -------
    How many alerts were told, by all channels together.
    """
    return sum(_deliver_over(channel) for channel in channels())


def _deliver_over(channel: Channel) -> int:
    told = 0
    while True:
        now = clock.now()
        with transaction.atomic():
            due = list(
                _due(channel, now)
                .select_for_update(skip_locked=True, of=("self",))
                .select_related("alert")
                .order_by("id")[: channel.most]
            )
            if not due:
                return told
            try:
                channel.send(due)
            except NotDelivered as failure:
                _put_off(due, str(failure), now)
                log.warning("%s alerts could not be told by %s: %s", len(due), channel.name, failure)
                return told
            AlertDelivery.objects.filter(pk__in=[one.pk for one in due]).update(sent_at=clock.now(), last_error="")
        told += len(due)


def _put_off(due: list[AlertDelivery], reason: str, now: dt.datetime) -> None:
    for one in due:
        one.attempts += 1
        one.last_error = reason[:200]
        one.next_attempt_at = now + WAIT
        one.given_up_at = now if one.attempts >= MOST_ATTEMPTS else None
    AlertDelivery.objects.bulk_update(due, ["attempts", "last_error", "next_attempt_at", "given_up_at"])
