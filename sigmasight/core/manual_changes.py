"""Who changed what by hand: the record behind the history of every row and the page "Manual changes"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

LONGEST_NAME = 200


def record(user: Any, message: str, rows: Iterable[Model] = ()) -> None:
    """Note that a person did something to rows, or to none in particular (a repair of everything). To be called in the transaction
    of the change itself."""
    touched = list(rows)
    if not touched:
        LogEntry.objects.create(user_id=user.pk, action_flag=CHANGE, object_repr="", change_message=message)
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=user.pk,
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=str(row)[:LONGEST_NAME],
            action_flag=CHANGE,
            change_message=message,
        )
        for row in touched
    )
