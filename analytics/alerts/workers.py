"""Queues that nobody serves or that grow, and a broker that does not answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from redis.exceptions import RedisError

from analytics.alerts import places
from analytics.services.queues import queues
from sigmasight.core import clock
from sigmasight.core.alerts.models import Severity
from sigmasight.core.alerts.rules import Condition, Rule, register

BACKLOG = 1_000


def stuck_queues() -> Iterator[Condition]:
    try:
        found = queues()
    except (RedisError, OSError) as error:
        yield Condition(
            key="broker", subject="broker", severity=Severity.CRITICAL, as_of=clock.now(),
            message=f"The broker does not answer ({type(error).__name__}): no task is started and none ends.",
        )  # fmt: skip
        return
    for name, waiting in found.unserved.items():
        yield Condition(
            key=f"unserved {name}", subject=f"queue {name}", severity=Severity.CRITICAL, as_of=clock.now(),
            message=f"{waiting:,} tasks wait in the queue {name} and no worker that serves it answers.",
            figures={"waiting": waiting, "workers": len(found.workers)},
        )  # fmt: skip
    for name, waiting in found.waiting.items():
        if waiting > BACKLOG and name not in found.unserved:
            yield Condition(
                key=f"backlog {name}", subject=f"queue {name}", severity=Severity.WARNING, as_of=clock.now(),
                message=f"{waiting:,} tasks wait in the queue {name}; the workers do not keep up.",
                figures={"waiting": waiting, "workers": len(found.workers)},
            )  # fmt: skip


register(
    Rule(
        name="queue-stuck",
        title="Tasks wait for workers",
        check=stuck_queues,
        meaning=(
            "Tasks lie in a queue and no worker that serves it answers, or more than 1,000 wait, or the broker itself is away. It "
            "is told once it has lasted ten minutes. Without any worker the schedule cannot look either: the page Alerts says then "
            "that nobody looks."
        ),
        look="Panel Queues and workers; on the hosts: are the worker processes there, and what do the last lines of their log say?",
        action=(
            "Start the workers (`docker compose up -d worker`). With a backlog let them work it off, or start more of them. Tasks lose "
            "nothing by waiting: every one of them may be done late or twice. A broker that is away: see 'Redis is lost' below."
        ),
        escalate="If workers start and end again: their log has the reason, often memory.",
        patience=dt.timedelta(minutes=10),
        place=places.runs,
    )
)
