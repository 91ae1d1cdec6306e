"""Stopping a run that works in this process, between two of its steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_asked = threading.Event()


class RunCancelled(Exception):
    """Somebody asked the run to stop; what is done stays, the next run continues."""


class RunInterrupted(RunCancelled):
    """This process was told to end."""


def stop_if_asked() -> None:
    """Called between two steps.

    Raises
    ------
    RunInterrupted if SIGTERM came since `stopping_on_sigterm` began.
    """
    if _asked.is_set():
        raise RunInterrupted("the process was told to end")


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """Inside, SIGTERM lets the step at work finish and stops the run before the next one."""

    def ask(number: int, frame: FrameType | None) -> None:
        _asked.set()

    before = signal.signal(signal.SIGTERM, ask)
    try:
        yield
    finally:
        _asked.clear()
        signal.signal(signal.SIGTERM, before)
