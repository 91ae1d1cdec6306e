"""Rules about alerts themselves: one that could not be looked at, and messages that do not arrive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count, Max, Q
from django.urls import reverse

from sigmasight.core import clock
from sigmasight.core.alerts.models import AlertDelivery, AlertRuleState, Severity
from sigmasight.core.alerts.rules import Condition, Rule, find, register

ONE_DAY = dt.timedelta(days=1)
WORRYING_ATTEMPTS = 3


def failed_rules() -> Iterator[Condition]:
    for state in AlertRuleState.objects.exclude(error=""):
        rule = find(state.rule)
        if rule is not None:
            yield Condition(
                key=rule.name,
                subject=rule.title,
                severity=Severity.WARNING,
                message=f"The rule could not be evaluated ({state.error}). Its alerts stand as they were before.",
                as_of=state.evaluated_at,
                named={"rule": rule.name},
            )


def silent_channels() -> Iterator[Condition]:
    since = clock.now() - ONE_DAY
    unsent = Q(sent_at=None, given_up_at=None, attempts__gte=WORRYING_ATTEMPTS)
    rows = (
        AlertDelivery.objects.order_by()
        .values("channel")
        .annotate(
            waiting=Count("id", filter=unsent),
            lost=Count("id", filter=Q(given_up_at__gt=since)),
            last_lost=Max("given_up_at", filter=Q(given_up_at__gt=since)),
            last_sent=Max("sent_at"),
            error=Max("last_error", filter=unsent | Q(given_up_at__gt=since)),
        )
        .filter(Q(waiting__gt=0) | Q(lost__gt=0))
    )
    for row in rows:
        recovered = row["last_sent"] and row["last_lost"] and row["last_sent"] > row["last_lost"]
        if row["waiting"] or not recovered:
            yield Condition(
                key=row["channel"],
                subject=row["channel"],
                severity=Severity.CRITICAL if row["lost"] else Severity.WARNING,
                message=(
                    f"Alerts do not arrive by {row['channel']} ({row['error']}): {row['waiting']} are tried again every five minutes, "
                    f"{row['lost']} were given up in the last day."
                ),
                as_of=clock.now(),
                figures={"waiting": row["waiting"], "given_up": row["lost"]},
                named={"channel": row["channel"]},
            )


register(
    Rule(
        name="rule-failed",
        title="A rule of alerts could not be evaluated",
        check=failed_rules,
        meaning="The code of a rule raised an error or what it asks did not answer, so that nobody watches what it watches.",
        look="The log of the worker: the line that names the rule has the error. Does the page Dashboard show its sources?",
        action=(
            "Where a server is away, bring it back. Where the error is one of the program, note the log and look yourself at what the "
            "rule watches until it is mended."
        ),
        escalate="To the developers if it fails for more than an hour while all servers answer.",
        patience=dt.timedelta(minutes=10),
        last=True,
    )
)
register(
    Rule(
        name="alerts-not-delivered",
        title="Alerts do not arrive",
        check=silent_channels,
        meaning="E-mail or webhook refused messages three times or more; after two hours of trying a message is given up.",
        look="The table Alert deliveries: which channel, since when, which kind of error (a refused connection, HTTP 403, a timeout).",
        action=(
            "Check EMAIL_URL or ALERT_WEBHOOK_URL and whether the other side is up. Read the page Alerts in the console meanwhile: "
            "what was given up is told there alone."
        ),
        escalate="At once to whoever runs the mail server or the receiver of the webhook: nobody is woken while this lasts.",
        place=lambda named: reverse("admin:core_alertdelivery_changelist"),
        last=True,
    )
)
