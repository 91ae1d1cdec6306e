"""How log lines look and where they go: one JSON object a line for machines, short lines for people, both without secrets."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import threading
from types import TracebackType
from typing import Any, TextIO

from sigmasight.core.observability.context import ids
from sigmasight.core.observability.masking import mask, masked

FORMATS: tuple[str, ...] = ("json", "line")
# Characters of a line's message or traceback, and how many are looked through for it.
LONGEST, LOOKED_THROUGH = 20_000, 80_000
# Names and cuts of ids in a line for people, 0 for none; in JSON they stand whole, under their own names.
SHORT = {
    "request_id": ("req", 8), "user_id": ("user", 8), "task": ("", 0), "task_id": ("task", 8), "run_id": ("run", 8),
    "phase": ("phase", 8), "shard": ("shard", 12), "portfolio_id": ("portfolio", 8),
}  # fmt: skip
CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)} | {
    ord("\n"): "\n    "
}


def configuration(kind: str, level: str) -> dict[str, Any]:
    """The value of Django's LOGGING. `kind` is one of `FORMATS`."""
    through = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"console": {"()": "sigmasight.core.observability.logs.Console", "kind": kind}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Those that bring handlers of their own: everything goes one way, or it would go past the masks.
            **dict.fromkeys(("django", "django.server", "celery", "celery.task", "uvicorn", "uvicorn.error"), through),
            # Our own line for each request says more, and no query string.
            "uvicorn.access": {"handlers": [], "propagate": False},
            "django.request": {"level": "ERROR"},
            "yfinance": {"level": "CRITICAL"},
            "httpx2": {"level": "WARNING"},
            "fontTools": {"level": "WARNING"},
            "celery.utils.functional": {"level": "WARNING"},
            # That a task came, and that it went: sigmasight.tasks says the latter. Failures are told here, with their traceback.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }  # fmt: skip


def _beginning(text: str) -> str:
    return mask(text[:LOOKED_THROUGH])[:LONGEST]


def _end(text: str) -> str:
    """Of a traceback, which says at its end what happened."""
    return mask(text[-LOOKED_THROUGH:])[-LONGEST:]


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, the ids of the work at hand, the record's `facts`, an exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": f"{dt.datetime.fromtimestamp(record.created, dt.UTC):%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": _beginning(record.getMessage()),
        }
        line |= masked(getattr(record, "facts", None) or {}) | ids()
        if record.exc_info and record.exc_info[0] is not None:
            line["exception_type"] = record.exc_info[0].__qualname__
            line["exception"] = _end(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = _end(record.stack_info)
        # ASCII alone, so that a terminal's or a file's encoding cannot break it.
        return json.dumps(line, default=str)


class Lines(logging.Formatter):
    """For people: time (UTC), level, logger, message, ids cut short. Further lines of a message are set in, so that nobody's input
    passes for a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        told = [f"{name} {value[:cut]}" for key, value in ids().items() for name, cut in [SHORT[key]] if cut]
        line = f"{at:%Y-%m-%d %H:%M:%S} {record.levelname:<7} {record.name}: {record.getMessage()}"
        if told:
            line += f" [{' '.join(told)}]"
        text = _beginning(line).translate(CONTROL)
        if record.exc_info and record.exc_info[0] is not None:
            text += "\n" + _end(self.formatException(record.exc_info))
        if record.stack_info:
            text += "\n" + _end(record.stack_info)
        return text


class Console(logging.StreamHandler[TextIO]):
    """Writes to standard error; progress bars on the same terminal stay whole."""

    def __init__(self, kind: str, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self.setFormatter(JsonLines() if kind == "json" else Lines())

    def emit(self, record: logging.LogRecord) -> None:
        bars = sys.modules.get("tqdm")
        if bars is None or not self.stream.isatty():
            super().emit(record)
            return
        with bars.tqdm.external_write_mode(file=self.stream):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """A line that cannot be written is no reason to show its arguments, as the standard library would."""
        kind = sys.exc_info()[0]
        sys.stderr.write(f"A log line of {record.name} could not be written: {kind.__name__ if kind else 'unknown'}\n")


def take_last_words() -> None:
    """Exceptions that end a process or a thread go through the log as well, instead of to the terminal as they are."""

    def ends(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        logging.getLogger("sigmasight").critical("The process ends: %s", kind.__name__, exc_info=(kind, error, trace))

    def thread_ends(told: threading.ExceptHookArgs) -> None:
        if told.exc_type is SystemExit or told.exc_value is None:
            return
        name = told.thread.name if told.thread else "unknown"
        found = (told.exc_type, told.exc_value, told.exc_traceback)
        logging.getLogger("sigmasight").error("The thread %s ends: %s", name, told.exc_type.__name__, exc_info=found)

    sys.excepthook, threading.excepthook = ends, thread_ends
