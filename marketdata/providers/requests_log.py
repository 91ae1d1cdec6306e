"""What was asked of which source, and with what result: one record per request, handed to whoever stores it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from marketdata.providers.base import Outcome


@dataclass(frozen=True)
class RequestRecord:
    """One request to one source, as far as one outcome goes.

    A bulk request whose symbols ended differently leaves one record per outcome, so that the symbols of its records are
    exactly the symbols asked for. `latency_ms` is that of the whole request. `error` never holds a key.
    """

    provider: str
    operation: str
    symbols: tuple[str, ...]
    rows: int
    http_status: int | None
    outcome: Outcome
    error: str
    latency_ms: int
    started_at: dt.datetime

    @property
    def symbols_asked(self) -> int:
        return len(self.symbols)


Recorder = Callable[[RequestRecord], None]


def discard(record: RequestRecord) -> None:
    """A recorder that keeps nothing."""
