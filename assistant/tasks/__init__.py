"""Celery tasks of the assistant (queue `assistant`): names on the wire for its services."""

from assistant.tasks import briefings, extraction, upkeep

__all__ = ["briefings", "extraction", "upkeep"]
