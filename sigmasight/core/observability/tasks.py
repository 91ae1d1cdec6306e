"""Celery: tasks carry the id of the request that asked for them, and say their own in every line."""

from __future__ import annotations

import logging
from typing import Any

from celery import signals

from sigmasight.core.observability.context import Work, enter, ids

HEADER = "request_id"
_before: dict[str, Work | None] = {}


@signals.setup_logging.connect(dispatch_uid="observability.logging")
def keep_our_logging(loglevel: int | str | None = None, **_: object) -> None:
    """Who connects here makes Celery leave LOGGING alone; its --loglevel holds for its own lines."""
    if loglevel is not None:
        logging.getLogger("celery").setLevel(loglevel)


@signals.before_task_publish.connect(dispatch_uid="observability.publish")
def send_ids_along(headers: dict[str, Any] | None = None, **_: object) -> None:
    asked = ids().get("request_id")
    if asked is not None and headers is not None:
        headers[HEADER] = asked


@signals.task_prerun.connect(dispatch_uid="observability.prerun")
def begin(task_id: str, task: Any, **_: object) -> None:
    work = Work({"task": task.name, "task_id": task_id})
    if asked := getattr(task.request, HEADER, None):
        work.ids["request_id"] = str(asked)
    _before[task_id] = enter(work)


@signals.task_postrun.connect(dispatch_uid="observability.postrun")
def end(task_id: str, **_: object) -> None:
    enter(_before.pop(task_id, None))
