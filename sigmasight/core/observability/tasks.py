"""Celery: tasks carry the id of the request that asked for them, and say their own in every line."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import signals

from sigmasight.core.observability.context import Work, enter, ids
from sigmasight.core.observability.counters import SECONDS_UP, flush, histogram

HEADER = "request_id"
TASKS = histogram(
    "sigmasight_task_seconds", "Tasks of the workers by how they ended", "task", "state", bounds=SECONDS_UP
)
_before: dict[str, tuple[Work | None, float]] = {}


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
    _before[task_id] = enter(work), time.perf_counter()


@signals.task_postrun.connect(dispatch_uid="observability.postrun")
def end(task_id: str, task: Any, state: str | None = None, **_: object) -> None:
    before, began = _before.pop(task_id, (None, time.perf_counter()))
    TASKS.observe(time.perf_counter() - began, task.name, (state or "unknown").lower())
    if not task.request.is_eager:
        # The process may be ended before its thread comes round.
        flush()
    enter(before)
