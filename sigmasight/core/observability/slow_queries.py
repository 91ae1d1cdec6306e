"""Statements that take longer than SLOW_QUERY_MS, in a run of the batch twenty times that, are told with their shape and never with
their values."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from sigmasight.core.observability.context import ids, present
from sigmasight.core.observability.counters import counter

log = logging.getLogger(__name__)
SLOW = counter("sigmasight_slow_statements", "Statements that took longer than SLOW_QUERY_MS", "database")
LONGEST, SHOWN = 600, 160
# A run of the batch moves all portfolios of a shard in a statement: half a second is nothing there.
IN_A_RUN = 20
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_LIST = re.compile(r"(%s|%\(\w+\)s)(?:\s*,\s*(?:%s|%\(\w+\)s))+")


def shape(statement: object) -> str:
    """A statement on one line: placeholders as they are, literals as '?', long lists as one, cut at 600 characters."""
    text = statement.decode(errors="replace") if isinstance(statement, bytes) else str(statement)
    text = _LIST.sub(r"\1, …", _LITERAL.sub("'?'", " ".join(text.split())))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def measured(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Around every statement of a connection: counted for the request, told where it is slow."""
    work = present()
    if work is not None:
        work.tally.statements += 1
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        _tell_if_slow(context["connection"].alias, sql, time.perf_counter() - began)


@contextmanager
def timed(alias: str, statement: object) -> Iterator[None]:
    """The same for a COPY, which Django does not see."""
    began = time.perf_counter()
    try:
        yield
    finally:
        _tell_if_slow(alias, statement, time.perf_counter() - began)


def _tell_if_slow(alias: str, statement: object, seconds: float) -> None:
    limit = settings.SLOW_QUERY_MS * (IN_A_RUN if "run_id" in ids() else 1)
    if not limit or 1000 * seconds < limit:
        return
    spent, text = round(1000 * seconds), shape(statement)
    SLOW.add(alias)
    facts = {"database": alias, "ms": spent, "statement": text}
    begins = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    log.warning("%d ms on %s: %s", spent, alias, begins, extra={"facts": facts})
