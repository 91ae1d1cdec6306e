"""What the present work belongs to: a request, a person, a task, a run, a phase, a shard. Log lines and errors carry it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

# In this order a line shows them.
FIELDS = ("request_id", "user_id", "task", "task_id", "run_id", "phase", "shard", "portfolio_id")


@dataclass(slots=True)
class Tally:
    """SQL statements of a request."""

    statements: int = 0


@dataclass(slots=True)
class Work:
    """Ids by name of `FIELDS`, and what is counted for the request as a whole."""

    ids: dict[str, str] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)


_present: ContextVar[Work | None] = ContextVar("work", default=None)


def present() -> Work | None:
    """The work at hand; None outside of any."""
    return _present.get()


def enter(work: Work | None) -> Work | None:
    """Make this the work at hand and return what was. For those who cannot use a `with`: whoever enters sets back what he got."""
    before = _present.get()
    _present.set(work)
    return before


def part_of_present(**ids: object) -> Work:
    """Work within the present one with these ids more; None leaves an id as it is."""
    outer = _present.get()
    told = {name: str(value) for name, value in ids.items() if value is not None}
    return Work(told) if outer is None else Work(outer.ids | told, outer.tally)


@contextmanager
def observed(**ids: object) -> Iterator[None]:
    """Everything said inside carries these ids (names of `FIELDS`) beside those that hold outside."""
    before = enter(part_of_present(**ids))
    try:
        yield
    finally:
        enter(before)


def note(**ids: object) -> None:
    """Add to the work at hand what becomes known on the way, such as who is calling; outside of any work nothing happens."""
    work = _present.get()
    if work is not None:
        work.ids.update((name, str(value)) for name, value in ids.items() if value is not None)


def ids() -> dict[str, str]:
    """The ids of the work at hand in the order of `FIELDS`."""
    work = _present.get()
    return {} if work is None else {name: work.ids[name] for name in FIELDS if name in work.ids}
