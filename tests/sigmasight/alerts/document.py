"""Writes the alerts into docs/runbook.md from the registry: `python -m tests.sigmasight.alerts.document`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

RUNBOOK = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"
BEGIN = "<!-- alerts: written by python -m tests.sigmasight.alerts.document -->"
END = "<!-- end of alerts -->"


def render() -> str:
    """The runbook with its part about alerts as the rules have it; the rest as it is."""
    from sigmasight.core.alerts.rules import all_rules

    before, _, rest = RUNBOOK.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    parts = [BEGIN]
    for rule in sorted(all_rules(), key=lambda one: one.name):
        parts += [
            f"### {rule.name}",
            f"**{rule.title}.** {rule.meaning}",
            f"- **First look:** {rule.look}\n- **What to do:** {rule.action}\n- **Call for help:** {rule.escalate}",
        ]
    return before + "\n\n".join([*parts, END]) + after


def main() -> int:
    # The registry is read without touching a server.
    for variable, nowhere in (("DATABASE_URL", "postgresql://none"), ("AI_DATABASE_URL", "postgresql://none"),
                              ("REDIS_URL", "redis://none/0")):  # fmt: skip
        os.environ.setdefault(variable, nowhere)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sigmasight.settings")
    import django

    django.setup()
    RUNBOOK.write_text(render())
    return 0


if __name__ == "__main__":
    sys.exit(main())
