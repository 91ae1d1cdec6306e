"""Showing a person how far a run is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from tqdm import tqdm

LINE_SECONDS = 5.0


class Bar(Protocol):
    """What a phase reports to."""

    def advance(self, count: int = 1, note: str = "") -> None: ...


class Progress(Protocol):
    """Opens a bar for one phase of known length."""

    def bar(self, title: str, total: int, unit: str) -> AbstractContextManager[Bar]: ...


class Silent:
    """Reports nothing: workers and tests."""

    @contextmanager
    def bar(self, title: str, total: int, unit: str) -> Iterator[Bar]:
        yield self

    def advance(self, count: int = 1, note: str = "") -> None:
        return


class _TerminalBar:
    def __init__(self, inner: tqdm) -> None:
        self._inner = inner

    def advance(self, count: int = 1, note: str = "") -> None:
        if note:
            self._inner.set_postfix_str(note, refresh=False)
        self._inner.update(count)


class TerminalProgress:
    """One tqdm bar a phase."""

    @contextmanager
    def bar(self, title: str, total: int, unit: str) -> Iterator[Bar]:
        with tqdm(total=total, desc=f"{title:<30}", unit=f" {unit}", leave=True, dynamic_ncols=True) as inner:
            yield _TerminalBar(inner)


class _LineBar:
    def __init__(self, title: str, total: int, unit: str, stream: TextIO) -> None:
        self._title, self._total, self._unit, self._stream = title, total, unit, stream
        self._done, self._started = 0, time.monotonic()
        self._shown = self._started

    def advance(self, count: int = 1, note: str = "") -> None:
        self._done += count
        if time.monotonic() - self._shown >= LINE_SECONDS and self._done < self._total:
            self._shown = time.monotonic()
            self._write(note)

    def _write(self, note: str) -> None:
        seconds = time.monotonic() - self._started
        extra = f"  {note}" if note else ""
        print(
            f"{self._title:<30} {self._done}/{self._total} {self._unit}  {seconds:.1f} s{extra}",
            file=self._stream,
            flush=True,
        )

    def close(self) -> None:
        self._write("")


class LineProgress:
    """A line when a phase ends, and one every five seconds meanwhile: logs, pipes, CI."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    @contextmanager
    def bar(self, title: str, total: int, unit: str) -> Iterator[Bar]:
        line = _LineBar(title, total, unit, self._stream)
        yield line
        line.close()


def for_stream(stream: TextIO) -> TerminalProgress | LineProgress:
    """The progress display that suits where the output goes."""
    return TerminalProgress() if stream.isatty() else LineProgress(stream)
