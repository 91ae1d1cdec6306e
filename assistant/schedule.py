"""What the assistant does once a day."""

from __future__ import annotations

from analytics.services.schedule import DAILY, Daily

CLEANUP = "Cleanup after people who left"

DAILY[CLEANUP] = Daily(
    task="assistant.tasks.forget_the_gone",
    hour=20,
    minute=15,
    description="Deletes memories, feedback and documents of people and portfolios that are gone.",
)
BRIEFINGS = "Morning briefings"
DAILY[BRIEFINGS] = Daily(
    task="assistant.tasks.write_briefings",
    hour=6,
    minute=0,
    description="Writes a briefing for every active portfolio with new results, where BRIEFINGS_EVERY_MORNING is set.",
)
LEARNING = "Learning from feedback"
DAILY[LEARNING] = Daily(
    task="assistant.tasks.nightly_learning",
    hour=20,
    minute=0,
    description="Turns habits in people's verdicts on answers into memories.",
)
