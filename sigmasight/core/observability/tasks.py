"""Celery: tasks carry the id of the request that asked for them, and say their own in every line."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import signals

from sigmasight.core.observability.context import Work, enter, ids, part_of_present
from sigmasight.core.observability.counters import SECONDS_UP, flush, histogram

log = logging.getLogger("sigmasight.tasks")
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
    told = {"request_id": _header(task, HEADER), "task": task.name, "task_id": task_id}
    # In a worker nothing is around it; a task that is called in place belongs to what calls it.
    before = enter(part_of_present(**told))
    _before[task_id] = before, time.perf_counter()


@signals.task_postrun.connect(dispatch_uid="observability.postrun")
def end(task_id: str, task: Any, state: str | None = None, **_: object) -> None:
    before, began = _before.pop(task_id, (None, time.perf_counter()))
    seconds, ended = time.perf_counter() - began, (state or "unknown").lower()
    TASKS.observe(seconds, task.name, ended)
    if ended != "failure":
        # What comes round every minute and goes well is no news.
        routine = ended == "success" and seconds < 1 and _header(task, "periodic_task_name")
        facts = {"state": ended, "seconds": round(seconds, 3)}
        level = logging.DEBUG if routine else logging.INFO
        log.log(level, "%s %s in %.1f s", task.name, ended, seconds, extra={"facts": facts})
    if not task.request.is_eager:
        # The process may be ended before its thread comes round.
        flush()
    enter(before)


def _header(task: Any, name: str) -> str | None:
    """A header of the task's message; of a task that is called in place they stand elsewhere."""
    found = getattr(task.request, name, None) or (task.request.headers or {}).get(name)
    return str(found) if found else None
