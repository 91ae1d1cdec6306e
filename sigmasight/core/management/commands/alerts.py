from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from sigmasight.core.alerts.evaluation import look_and_tell
from sigmasight.core.alerts.models import Alert, AlertStatus, Severity
from sigmasight.core.alerts.reading import open_alerts, watch


class Command(BaseCommand):
    help = "List what is wrong. Exit code 1 if a critical alert is open that nobody has acknowledged."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--evaluate", action="store_true", help="look at every rule first, and tell what is new")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: object, **options: object) -> None:
        if options["evaluate"]:
            look, told = look_and_tell(again=True)
            self.stderr.write(f"{look.opened} opened, {look.resolved} resolved, {told} told.")
        found = open_alerts()
        seen = watch()
        if options["json"]:
            data = {"evaluated_at": seen.at.isoformat() if seen.at else None, "alerts": [_data(one) for one in found]}
            self.stdout.write(json.dumps(data, indent=2))
        else:
            self._list(found)
            if seen.blind:
                when = f"for the last time at {seen.at:%Y-%m-%d %H:%M} UTC" if seen.at else "never yet"
                self.stderr.write(f"The rules were looked at {when}: start worker and beat, or add --evaluate.")
        if any(one.severity == Severity.CRITICAL and one.status == AlertStatus.OPEN for one in found):
            sys.exit(1)

    def _list(self, found: Any) -> None:
        for one in found:
            state = "acknowledged" if one.status == AlertStatus.ACKNOWLEDGED else "muted" if one.is_muted else "open"
            self.stdout.write(f"{one.get_severity_display().upper():<9}{state:<13}{one}")
            self.stdout.write(f"{'':<22}{one.message}{f' (as of {one.as_of})' if one.as_of else ''}")
        if not found:
            self.stdout.write("Nothing is wrong that a rule knows of.")


def _data(one: Alert) -> dict[str, Any]:
    return {
        "id": one.pk, "rule": one.rule, "severity": one.get_severity_display(), "status": one.status,
        "muted": one.is_muted,  # type: ignore[attr-defined]
        "subject": one.subject, "title": one.title, "message": one.message, "as_of": one.as_of or None,
        "figures": one.figures, "named": one.named, "portfolio_id": str(one.portfolio_id) if one.portfolio_id else None,
        "first_seen": one.first_seen.isoformat(), "last_seen": one.last_seen.isoformat(), "count": one.count,
    }  # fmt: skip
