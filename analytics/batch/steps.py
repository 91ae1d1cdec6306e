"""One step of a run: its row, its clock split into reading, computing and writing, and what it reports."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from analytics.batch.stopping import stop_if_asked
from analytics.models import BatchRun, BatchStep, StepStatus
from sigmasight.core import bulk
from sigmasight.core.bulk import UpsertCount
from sigmasight.core.observability.context import observed

PARTS = ("read", "compute", "write")


@dataclass
class StepMeter:
    """Seconds by part on the clock and of this process's CPU, the same by engine, rows by table, and anything the step wants to
    report."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    cpu: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    engines: dict[str, float] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    rows_written: int = 0
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count the time spent inside as `read`, `compute` or `write`."""
        started, busy = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - started
            self.cpu[name] += time.thread_time() - busy

    @contextmanager
    def engine(self, name: str) -> Iterator[None]:
        """Count the CPU time spent inside for an engine, within the part it belongs to."""
        busy = time.thread_time()
        try:
            yield
        finally:
            self.engines[name] = self.engines.get(name, 0.0) + time.thread_time() - busy

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
    stop_if_asked()
    now = timezone.now()
    row, fresh = BatchStep.objects.update_or_create(
        run=run, phase=phase, name=name, shard_no=shard_no,
        defaults={
            "status": StepStatus.RUNNING, "started_at": now, "completed_at": None, "heartbeat_at": now, "error": "",
            "worker": f"{socket.gethostname()}:{os.getpid()}", **scope,
        },
    )  # fmt: skip
    BatchStep.objects.filter(pk=row.pk).update(attempts=row.attempts + 1 if not fresh else 1)
    meter, statements = StepMeter(), StatementCount()
    try:
        with statements, observed(run_id=run.pk, phase=phase):
            yield meter
    except BaseException as error:
        _close(row, StepStatus.FAILED, meter, statements.count, f"{type(error).__name__}: {error}"[:2000])
        raise
    _close(row, StepStatus.COMPLETED, meter, statements.count, "")


class StatementCount:
    """How many SQL statements run inside the block, COPY included."""

    def __init__(self) -> None:
        self.count = 0
        self._wrapper = connection.execute_wrapper(self._counted)

    def __enter__(self) -> StatementCount:
        self._copies = bulk.copies_made()
        self._wrapper.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._wrapper.__exit__(*error)
        self.count += bulk.copies_made() - self._copies

    def _counted(self, execute: Any, *arguments: Any) -> Any:
        self.count += 1
        return execute(*arguments)


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def _close(row: BatchStep, status: str, meter: StepMeter, statements: int, error: str) -> None:
    now = timezone.now()
    BatchStep.objects.filter(pk=row.pk).update(
        done=F("total") if status == StepStatus.COMPLETED else F("done"),
        status=status, completed_at=now, heartbeat_at=now, error=error, rows_written=meter.rows_written,
        seconds=_rounded(meter.seconds),
        measured={
            "cpu": _rounded(meter.cpu), "engines": _rounded(meter.engines), "rows": meter.rows, "statements": statements,
        },
    )  # fmt: skip
