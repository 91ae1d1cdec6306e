"""What the assistant does once a day."""

from __future__ import annotations

import datetime as dt

from analytics.services.schedule import ENTRIES, At, Entry

CLEANUP = "Cleanup after people who left"

ENTRIES.update({
    CLEANUP: Entry(
        "assistant.tasks.forget_the_gone", At(dt.time(20, 15)),
        "Deletes memories, feedback and documents of people and portfolios that are gone.",
    ),
    "Morning briefings": Entry(
        "assistant.tasks.write_briefings", At(dt.time(6)),
        "Writes a briefing for every active portfolio with new results, where BRIEFINGS_EVERY_MORNING is set.",
    ),
    "Learning from feedback": Entry(
        "assistant.tasks.nightly_learning", At(dt.time(20)),
        "Turns habits in people's verdicts on answers into memories.",
    ),
})  # fmt: skip
