"""One step of a run: its row, its clock split into reading, computing and writing, and what it reports."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F
from django.utils import timezone

from analytics.models import BatchRun, BatchStep, StepStatus
from sigmasight.core.bulk import UpsertCount

PARTS = ("read", "compute", "write")


@dataclass
class StepMeter:
    """Seconds by part, rows by table, and anything the step wants to report."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    rows: dict[str, int] = field(default_factory=dict)
    rows_written: int = 0
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count the time spent inside as `read`, `compute` or `write`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - started

    def wrote(self, table: str, count: UpsertCount) -> None:
        self.rows[table] = self.rows.get(table, 0) + count.offered
        self.rows_written += count.written


@contextmanager
def step(run: BatchRun, phase: str, name: str, *, shard_no: int = 0, **scope: Any) -> Iterator[StepMeter]:
    """Record the step as running, then as completed or failed; an exception is recorded and goes on upwards.

    Parameters
    ----------
    scope : further columns of `BatchStep`, e.g. `portfolio_from`, `sessions_from`, `total`, `unit`.
    """
    now = timezone.now()
    row, fresh = BatchStep.objects.update_or_create(
        run=run, phase=phase, name=name, shard_no=shard_no,
        defaults={
            "status": StepStatus.RUNNING, "started_at": now, "completed_at": None, "heartbeat_at": now, "error": "",
            "worker": f"{socket.gethostname()}:{os.getpid()}", **scope,
        },
    )  # fmt: skip
    BatchStep.objects.filter(pk=row.pk).update(attempts=row.attempts + 1 if not fresh else 1)
    meter = StepMeter()
    try:
        yield meter
    except BaseException as error:
        _close(row, StepStatus.FAILED, meter, f"{type(error).__name__}: {error}"[:2000])
        raise
    _close(row, StepStatus.COMPLETED, meter, "")


def _close(row: BatchStep, status: str, meter: StepMeter, error: str) -> None:
    now = timezone.now()
    BatchStep.objects.filter(pk=row.pk).update(
        done=F("total") if status == StepStatus.COMPLETED else F("done"),
        status=status, completed_at=now, heartbeat_at=now, error=error, rows_written=meter.rows_written,
        seconds={part: round(seconds, 4) for part, seconds in meter.seconds.items()},
    )  # fmt: skip
