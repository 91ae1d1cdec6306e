"""The alert about backups that are not made. It looks where BACKUP_DIRECTORY says; without it nobody here can know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from sigmasight.core.alerts.models import Severity
from sigmasight.core.alerts.rules import Condition, Rule, register
from sigmasight.core.backups.making import OLDEST, backups_in, taken_at


def late_backup() -> Iterator[Condition]:
    if not settings.BACKUP_DIRECTORY:
        return
    folders = backups_in(Path(settings.BACKUP_DIRECTORY))
    taken = taken_at(folders[-1]) if folders else None
    age = None if taken is None else timezone.now() - taken
    if age is not None and age <= OLDEST:
        return
    hours = None if age is None else age / dt.timedelta(hours=1)
    told = "There is no complete backup" if hours is None else f"The last complete backup is {hours:,.0f} hours old"
    yield Condition(
        key="",
        severity=Severity.CRITICAL if age is None or age > 2 * OLDEST else Severity.WARNING,
        message=f"{told} in {settings.BACKUP_DIRECTORY}; one a day is expected.",
        as_of=taken,
        figures={} if hours is None else {"hours": round(hours, 1)},
    )


register(
    Rule(
        name="backup-late",
        title="No backup was made",
        check=late_backup,
        meaning="The newest complete backup in BACKUP_DIRECTORY is more than 36 hours old (critical: 72, or there is none).",
        look="What the scheduled job said (docs/upgrading.md tells where it runs): `manage.py backup` gives its reason and exit code 1.",
        action=(
            "Make room, or install what it asks for, then run the job by hand and wait for its last line. If backups are made and kept "
            "elsewhere, unset BACKUP_DIRECTORY here."
        ),
        escalate="To whoever answers for the data, before the third day without a backup.",
    )
)
