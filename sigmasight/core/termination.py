"""Being told to stop as an exception, so that a command's half work and its programs end with it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sigterm_ends() -> Iterator[None]:
    """SIGTERM raises SystemExit in the block, with the exit code that shells give it. For the main thread."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
