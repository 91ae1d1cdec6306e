"""Alerts as pages and commands show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Min, QuerySet

from sigmasight.core import clock
from sigmasight.core.alerts.delivery import muted
from sigmasight.core.alerts.models import STANDING, Alert, AlertMute, AlertRuleState, Severity

# Beats come every five minutes: three missed ones mean that nobody looks.
BLIND_AFTER = dt.timedelta(minutes=20)


def standing() -> QuerySet[Alert]:
    """What is open or acknowledged, worst first, each with `is_muted`."""
    return (
        Alert.objects.filter(status__in=STANDING)
        .annotate(is_muted=muted(clock.now()))
        .select_related("acknowledged_by")
    )


def open_alerts(portfolio_id: UUID | None = None) -> Sequence[Alert]:
    """What stands, of one portfolio or of everything, worst first; one query."""
    found = standing()
    return list(found if portfolio_id is None else found.filter(portfolio_id=portfolio_id))


def count_by_severity() -> dict[Severity, int]:
    """How many alerts stand, worst first; one query."""
    rows = Alert.objects.filter(status__in=STANDING).order_by().values("severity").annotate(alerts=Count("id"))
    found = {row["severity"]: row["alerts"] for row in rows}
    return {severity: found.get(severity, 0) for severity in sorted(Severity, reverse=True)}


def active_mutes() -> Sequence[AlertMute]:
    """The silences that last, the one that ends first in front; one query."""
    return list(AlertMute.objects.filter(until__gt=clock.now()).select_related("created_by"))


@dataclass(frozen=True)
class Watch:
    """When the rules were last looked at: `at` is None before the first time; `blind` says that it is too long ago."""

    at: dt.datetime | None

    @property
    def blind(self) -> bool:
        return self.at is None or self.at < clock.now() - BLIND_AFTER


def watch() -> Watch:
    """Whether somebody looks; one query."""
    return Watch(AlertRuleState.objects.aggregate(oldest=Min("evaluated_at"))["oldest"])
