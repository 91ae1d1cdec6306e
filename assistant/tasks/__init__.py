"""Celery tasks of the assistant (queue `assistant`): names on the wire for its services."""

from assistant.tasks import extraction, upkeep

__all__ = ["extraction", "upkeep"]
