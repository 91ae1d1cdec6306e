"""How many tasks wait for the workers, and who works."""

from __future__ import annotations

from dataclasses import dataclass

import redis
from celery import current_app
from django.conf import settings

CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 0.5


@dataclass(frozen=True)
class Worker:
    """A worker process that answered: what it is at, how many tasks it holds back, which queues it serves."""

    name: str
    active: int
    reserved: int
    tasks: tuple[str, ...]
    queues: tuple[str, ...] = ()


@dataclass(frozen=True)
class Queues:
    """waiting : queue → tasks that no worker has taken yet. unacknowledged : handed to workers and not finished."""

    waiting: dict[str, int]
    unacknowledged: int
    workers: list[Worker]

    @property
    def depth(self) -> int:
        return sum(self.waiting.values())

    @property
    def unserved(self) -> dict[str, int]:
        """Queues in which tasks wait although no worker that answered serves them."""
        served = {name for worker in self.workers for name in worker.queues}
        return {name: length for name, length in self.waiting.items() if length and name not in served}


def queues() -> Queues:
    """What the broker holds and who answers within half a second.

    Raises
    ------
    redis.RedisError if the broker does not answer.
    """
    return Queues(*waiting(), workers())


def waiting() -> tuple[dict[str, int], int]:
    """Tasks that no worker has taken yet by queue, and how many are handed out and not finished.

    Raises
    ------
    redis.RedisError if the broker does not answer.
    """
    client = redis.Redis.from_url(
        settings.CELERY_BROKER_URL, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS
    )
    try:
        pipeline = client.pipeline(transaction=False)
        for name in settings.WORKER_QUEUES:
            pipeline.llen(name)
        pipeline.hlen("unacked")
        *lengths, unacknowledged = pipeline.execute()
    finally:
        client.close()
    return dict(zip(settings.WORKER_QUEUES, lengths, strict=True)), unacknowledged


def workers() -> list[Worker]:
    """Those that answer within half a second."""
    inspect = current_app.control.inspect(timeout=ANSWER_SECONDS)
    active = inspect.active() or {}
    reserved = inspect.reserved() or {} if active else {}
    served = inspect.active_queues() or {} if active else {}
    return [
        Worker(
            name,
            len(tasks),
            len(reserved.get(name, ())),
            tuple(str(task["name"]) for task in tasks),
            tuple(str(queue["name"]) for queue in served.get(name, ())),
        )
        for name, tasks in sorted(active.items())
    ]
