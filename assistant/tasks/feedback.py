from __future__ import annotations

from uuid import UUID

from celery import Task, shared_task

from assistant.services import learning, lessons
from assistant.tasks.extraction import MOST_RETRIES, worth_retrying


@shared_task(
    name="assistant.tasks.learn_from_feedback", bind=True, time_limit=180, soft_time_limit=150, ignore_result=True
)
def learn_from_feedback(task: Task, feedback_id: str) -> int:
    """After a verdict on an answer. Tried again while the vendor or a database is away."""
    try:
        return lessons.learn_from_feedback(UUID(str(feedback_id)))
    except Exception as error:
        if not worth_retrying(error):
            raise
        raise task.retry(exc=error, countdown=10 * 2**task.request.retries, max_retries=MOST_RETRIES) from error


@shared_task(name="assistant.tasks.nightly_learning", ignore_result=True)
def nightly_learning() -> int:
    """Once a day: habits in people's verdicts. Returns how many people were looked at."""
    return len(learning.nightly_learning().learned)
