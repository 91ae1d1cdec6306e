"""Celery tasks of the assistant (queue `assistant`): names on the wire for its services."""

from assistant.tasks import briefings, extraction, feedback, upkeep

__all__ = ["briefings", "extraction", "feedback", "upkeep"]
