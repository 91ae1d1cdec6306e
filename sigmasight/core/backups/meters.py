"""How far a backup or a restore is, for who waits: bars on a terminal, a line for each finished step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from tqdm import tqdm

from sigmasight.core.backups.making import Meter


def meter_for(stream: TextIO) -> Meter:
    return _bars(stream) if stream.isatty() else _lines(stream)


def _bars(stream: TextIO) -> Meter:
    @contextmanager
    def meter(title: str, total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
        scaled = unit == "B"
        with tqdm(
            total=total, desc=f"{title:<16}", unit=unit, unit_scale=scaled, unit_divisor=1024, file=stream
        ) as bar:
            yield bar.update

    return meter


def _lines(stream: TextIO) -> Meter:
    @contextmanager
    def meter(title: str, total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
        started, done = time.monotonic(), 0

        def advance(count: int) -> None:
            nonlocal done
            done += count

        yield advance
        amount = "" if not done else f"{done / 2**20:,.1f} MiB" if unit == "B" else f"{done:,} {unit}s"
        print(f"{title:<16} {amount:>14}  {time.monotonic() - started:.1f} s", file=stream, flush=True)

    return meter
