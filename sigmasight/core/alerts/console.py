"""The page "Alerts" and the first panel of the dashboard."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch
from django.utils.dateparse import parse_datetime

from sigmasight.core import clock
from sigmasight.core.alerts import handling
from sigmasight.core.alerts.delivery import muted
from sigmasight.core.alerts.models import STANDING, Alert, AlertStatus, Severity
from sigmasight.core.alerts.reading import active_mutes, count_by_severity, standing, watch
from sigmasight.core.alerts.rules import Rule, all_rules, find
from sigmasight.core.console import pages
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.console.panels import Panel
from sigmasight.core.console.panels import register as register_panel
from sigmasight.core.console.sections import Section
from sigmasight.core.errors import DomainError

ON_A_PAGE = 25
ON_THE_PANEL = 4
LONGEST_NUMBER = 19
HOURS = {"1": "1 hour", "8": "8 hours", "24": "24 hours"}
STATUSES = {"": "standing", "open": "open", "acknowledged": "acknowledged", "resolved": "over", "all": "all"}
TONES = {Severity.CRITICAL: "bad", Severity.WARNING: "warn", Severity.INFO: ""}


@dataclass(frozen=True)
class Shown:
    """An alert with what the page says beside it."""

    alert: Alert
    rule: Rule | None

    @property
    def tone(self) -> str:
        return TONES[Severity(self.alert.severity)]

    @property
    def stands(self) -> bool:
        return self.alert.status in STANDING

    @property
    def place(self) -> str:
        """The address of what it is about, empty where there is none."""
        if self.rule is None or self.rule.place is None:
            return ""
        named = dict(self.alert.named)
        if self.alert.portfolio_id:
            named["portfolio"] = str(self.alert.portfolio_id)
        try:
            return self.rule.place(named)
        except (KeyError, NoReverseMatch):
            return ""


def shown(alert: Alert) -> Shown:
    return Shown(alert, find(alert.rule))


def alerts_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        pages.require(request, "core.handle_alert")
        _handle(request)
        return redirect(f"{request.path}?{request.GET.urlencode()}" if request.GET else request.path)
    # Rows hold no null character, and the database takes none in a question.
    wanted = {
        name: request.GET.get(name, "").replace("\0", "")
        for name in ("status", "severity", "rule", "portfolio", "alert")
    }
    found = Paginator(_wanted(wanted), ON_A_PAGE).get_page(request.GET.get("page"))
    return pages.show(
        request,
        "console/alerts.html",
        {
            "found": found,
            "shown": [shown(alert) for alert in found],
            "counts": [(severity.label, TONES[severity], many) for severity, many in count_by_severity().items()],
            "watch": watch(),
            "mutes": [(one, find(one.rule)) for one in active_mutes()],
            "wanted": wanted,
            "statuses": STATUSES,
            "severities": [severity.label for severity in sorted(Severity, reverse=True)],
            "rules": all_rules(),
            "hours": HOURS,
            "earliest": f"{clock.now():%Y-%m-%dT%H:%M}",
            "may_handle": request.user.has_perm("core.handle_alert"),
            "query": urlencode({name: value for name, value in wanted.items() if value}),
        },
    )


def _wanted(wanted: dict[str, str]) -> QuerySet[Alert]:
    found = standing()
    if wanted["alert"] or wanted["status"] in ("resolved", "all"):
        found = Alert.objects.annotate(is_muted=muted(clock.now())).select_related("acknowledged_by")
    if wanted["alert"]:
        return found.filter(pk=_number(wanted["alert"]))
    if wanted["status"] == "resolved":
        found = found.order_by("-resolved_at", "-id")
    elif wanted["status"] == "all":
        found = found.order_by("-last_seen", "-id")
    if wanted["status"] in AlertStatus.values:
        found = found.filter(status=wanted["status"])
    if wanted["severity"].upper() in Severity.__members__:
        found = found.filter(severity=Severity[wanted["severity"].upper()])
    if wanted["rule"]:
        found = found.filter(rule=wanted["rule"])
    if wanted["portfolio"]:
        portfolio = _uuid(wanted["portfolio"])
        found = found.filter(portfolio_id=portfolio) if portfolio else found.none()
    return found


def _number(text: str) -> int:
    """A row's number, 0 for what is none."""
    return int(text) if text.isdecimal() and len(text) < LONGEST_NUMBER else 0


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _handle(request: HttpRequest) -> None:
    given = request.POST
    number = _number(given.get("id", ""))
    try:
        if given.get("action") == "acknowledge":
            handling.acknowledge(request.user, number, given.get("note", ""))
            messages.success(request, "Acknowledged.")
        elif given.get("action") == "resolve":
            handling.resolve(request.user, number)
            messages.success(request, "Resolved.")
        elif given.get("action") == "mute":
            _mute(request, number)
        elif given.get("action") == "unmute":
            handling.unmute(request.user, number)
            messages.success(request, "Told again from now on.")
        else:
            messages.error(request, "That is no action of this page; nothing was changed.")
    except DomainError as refusal:
        messages.error(request, refusal.message)


def _mute(request: HttpRequest, number: int) -> None:
    given = request.POST
    alert = Alert.objects.filter(pk=number).first()
    if alert is None:
        raise DomainError("alert_not_found", "There is no such alert; nothing was muted.")
    whole = given.get("scope") == "rule"
    silence = handling.mute(
        request.user,
        alert.rule,
        subject_key=None if whole else alert.subject_key,
        subject="" if whole else alert.subject,
        until=_until(given.get("hours", ""), given.get("until", "")),
        reason=given.get("reason", ""),
    )
    messages.success(request, f"Muted until {silence.until:%Y-%m-%d %H:%M} UTC.")


def _until(hours: str, until: str) -> dt.datetime:
    if hours in HOURS:
        return clock.now() + dt.timedelta(hours=int(hours))
    try:
        moment = parse_datetime(until)
    except ValueError:
        moment = None
    if moment is None:
        raise DomainError("mute_until", "Say until when, for example 2026-03-01T08:00 (UTC); nothing was muted.")
    return moment.replace(tzinfo=dt.UTC)


def panel() -> dict[str, Any]:
    counts = count_by_severity()
    worst = standing().filter(status=AlertStatus.OPEN)[:ON_THE_PANEL]
    return {
        "counts": [(severity.label, TONES[severity], many) for severity, many in counts.items()],
        "worst": [shown(alert) for alert in worst],
        "all": sum(counts.values()),
        "watch": watch(),
    }


page = pages.register(
    ConsolePage("Alerts", "alerts/", "core.view_alert", alerts_page, icon="notifications", section=Section.START)
)
register_panel(
    Panel("Alerts", "core.view_alert", "console/alerts_panel.html", panel, icon="notifications", order=5,
          link="admin:console_alerts")
)  # fmt: skip
