"""The scheduler's sign of life: whenever beat sends a task, it leaves the time in Redis."""

from __future__ import annotations

import datetime as dt
import logging

import redis
from celery import signals
from django.conf import settings

log = logging.getLogger(__name__)
KEPT_SECONDS = 30 * 86_400
_is_beat = False


@signals.beat_init.connect(dispatch_uid="observability.beat")
def this_is_beat(**_: object) -> None:
    global _is_beat
    _is_beat = True
    tick()


@signals.after_task_publish.connect(dispatch_uid="observability.tick")
def tick(**_: object) -> None:
    """A task was handed to the broker, or beat has started; where that was beat, it lives."""
    if not _is_beat:
        return
    try:
        _client().set(_key(), dt.datetime.now(dt.UTC).isoformat(), ex=KEPT_SECONDS)
    except redis.RedisError as error:
        log.warning("The time of this tick could not be kept: %s", type(error).__name__)


def last_tick() -> dt.datetime | None:
    """When beat last sent a task; None if it never did, or not for a month.

    Raises
    ------
    redis.RedisError.
    """
    found = _client().get(_key())
    return dt.datetime.fromisoformat(str(found)) if found else None


def _key() -> str:
    return f"{settings.REDIS_KEY_PREFIX}:beat:tick"


def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1.0, socket_connect_timeout=0.5, decode_responses=True
    )
