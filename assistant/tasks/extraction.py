from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import Task, shared_task

from assistant.services import extraction
from sigmasight.core.outages import is_outage

MOST_RETRIES = 3


@shared_task(
    name="assistant.tasks.extract_memories", bind=True, time_limit=180, soft_time_limit=150, ignore_result=True
)
def extract_memories(task: Task, message_id: str) -> int:
    """After a finished turn: remember what it tells about the person. Tried again while the vendor or a database is away."""
    try:
        return extraction.extract_memories(UUID(str(message_id)))
    except Exception as error:
        if not worth_retrying(error):
            raise
        raise task.retry(exc=error, countdown=10 * 2**task.request.retries, max_retries=MOST_RETRIES) from error


def worth_retrying(error: Any) -> bool:
    """Whether a database, the broker or the vendor may be back in a while."""
    return is_outage(error) or bool(getattr(error, "retryable", False))
