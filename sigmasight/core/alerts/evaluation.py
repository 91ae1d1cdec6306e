"""One look at everything that rules watch: what is new, what still stands, what is over."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F

from sigmasight.core import clock
from sigmasight.core.alerts.delivery import deliver, plan_deliveries
from sigmasight.core.alerts.models import STANDING, Alert, AlertRuleState, AlertStatus
from sigmasight.core.alerts.rules import Condition, Rule, all_rules
from sigmasight.core.outages import is_outage

log = logging.getLogger(__name__)
LONGEST_KEY, LONGEST_NAME = 200, 255
# How long alerts that are over are kept: a year can be looked back on.
KEPT = dt.timedelta(days=400)
FOUND = ("subject", "severity", "title", "message", "figures", "named", "portfolio_id", "as_of")


@dataclass
class Look:
    """What one look brought: alerts opened and resolved, messages now due, rules that failed."""

    opened: int = 0
    resolved: int = 0
    due: int = 0
    failed: list[str] = field(default_factory=list)


def evaluate(*, again: bool = False) -> Look:
    """Look at every rule, each in a transaction of its own, and note whom to tell. Two looks at once wait for each other rule by
    rule. A rule that fails leaves its alerts as they are and stops no other.

    Parameters
    ----------
    again : look at what expensive rules watch even if nothing has changed there since the last look.

    Raises
    ------
    OperationalError where the core database is away.
    """
    look, rules = Look(), all_rules()
    AlertRuleState.objects.bulk_create([AlertRuleState(rule=rule.name) for rule in rules], ignore_conflicts=True)
    for rule in rules:
        _look_at(rule, look, again)
    names, now = [rule.name for rule in rules], clock.now()
    with transaction.atomic():
        AlertRuleState.objects.exclude(rule__in=names).delete()
        Alert.objects.filter(resolved_at__lt=now - KEPT).delete()
        gone = Alert.objects.filter(status__in=STANDING).exclude(rule__in=names)
        look.resolved += gone.update(status=AlertStatus.RESOLVED, resolved_at=now)
        look.due = plan_deliveries(now)
    return look


def look_and_tell(*, again: bool = False) -> tuple[Look, int]:
    """Look and tell in this process, for commands that work without workers. Returns the look and how many alerts were told."""
    return evaluate(again=again), deliver()


def _look_at(rule: Rule, look: Look, again: bool) -> None:
    began = time.perf_counter()
    try:
        with transaction.atomic():
            state = AlertRuleState.objects.select_for_update().get(rule=rule.name)
            # Not sooner: another look may have gone on until now.
            now = clock.now()
            facts = rule.facts() if rule.facts else ""
            if again or rule.facts is None or facts != state.facts or state.error or state.evaluated_at is None:
                opened, resolved = _compare(rule, list(rule.check()), now)
                look.opened += opened
                look.resolved += resolved
            state.facts, state.error, state.evaluated_at = facts, "", now
            state.seconds = round(time.perf_counter() - began, 3)
            state.save()
    except Exception as error:
        if is_outage(error) and not _core_answers():
            raise
        log.exception("The rule %s of alerts failed", rule.name)
        look.failed.append(rule.name)
        AlertRuleState.objects.filter(rule=rule.name).update(error=type(error).__name__, evaluated_at=clock.now())


def _core_answers() -> bool:
    """A rule may also fail because another server is away; that is no reason to leave the others out."""
    try:
        return AlertRuleState.objects.exists() or True
    except Exception:  # noqa: BLE001 - whatever it is, the database cannot be asked
        return False


def _compare(rule: Rule, conditions: Iterable[Condition], now: dt.datetime) -> tuple[int, int]:
    """Bring the standing alerts of a rule in line with what holds now. Returns how many were opened and resolved."""
    holds = {condition.key[:LONGEST_KEY]: condition for condition in conditions}
    standing = {alert.subject_key: alert for alert in Alert.objects.filter(rule=rule.name, status__in=STANDING)}
    Alert.objects.bulk_create(
        Alert(rule=rule.name, subject_key=key, first_seen=now, last_seen=now, **_found(rule, condition))
        for key, condition in holds.items()
        if key not in standing
    )
    seen = [alert for key, alert in standing.items() if key in holds]
    changed, worse = [], []
    for alert in seen:
        found = _found(rule, holds[alert.subject_key])
        if any(getattr(alert, name) != value for name, value in found.items()):
            if holds[alert.subject_key].severity > alert.severity:
                worse.append(alert.pk)
            for name, value in found.items():
                setattr(alert, name, value)
            changed.append(alert)
    Alert.objects.bulk_update(changed, FOUND)
    Alert.objects.filter(pk__in=[alert.pk for alert in seen]).update(last_seen=now, count=F("count") + 1)
    # Who took note of something took no note of what it has become.
    Alert.objects.filter(pk__in=worse, status=AlertStatus.ACKNOWLEDGED).update(status=AlertStatus.OPEN)
    over = [alert.pk for key, alert in standing.items() if key not in holds and alert.last_seen <= now - rule.lingers]
    resolved = Alert.objects.filter(pk__in=over).update(status=AlertStatus.RESOLVED, resolved_at=now)
    return len(holds.keys() - standing.keys()), resolved


def _found(rule: Rule, condition: Condition) -> dict[str, object]:
    return {
        "subject": condition.subject[:LONGEST_NAME],
        "severity": condition.severity,
        "title": rule.title,
        "message": condition.message,
        "figures": dict(condition.figures),
        "named": {kind: str(name) for kind, name in condition.named.items()},
        "portfolio_id": condition.portfolio_id,
        "as_of": condition.as_of_text,
    }
