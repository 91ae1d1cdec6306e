"""How every part does that the system needs, looked at side by side within a few seconds."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from django.db import connections
from django.utils.module_loading import autodiscover_modules

from sigmasight.core.observability.masking import mask
from sigmasight.core.setup_checks import Check, Finding, Verdict, failed

log = logging.getLogger(__name__)
# All of them together; what has not answered by then has failed.
BUDGET_SECONDS = 4.0
MOST_AT_ONCE = 16

_probes: dict[str, Check] = {}
_asked: dict[str, Future[Examined]] = {}


@dataclass(frozen=True)
class Examined:
    """A part, what was found, and how long that took."""

    name: str
    finding: Finding
    milliseconds: int


def register(name: str) -> Callable[[Check], Check]:
    """Decorator for a function in an app's `probes` module: it looks at one part and says `ok`, `warning` or `failed`, in words that say
    what to do. What it raises is a failure."""

    def keep(probe: Check) -> Check:
        _probes[name] = probe
        return probe

    return keep


def examine(seconds: float | None = None) -> list[Examined]:
    """Every part within `seconds`, or else the usual budget. A part that still does not answer since it was asked before is not
    asked again."""
    autodiscover_modules("probes")
    seconds = BUDGET_SECONDS if seconds is None else seconds
    began = time.perf_counter()
    for name, probe in _probes.items():
        if name not in _asked or _asked[name].done():
            _asked[name] = _threads().submit(_look, name, probe)
    mine = {name: _asked[name] for name in _probes}
    wait(mine.values(), seconds)
    spent = round(1000 * (time.perf_counter() - began))
    silent = failed(f"no answer within {seconds:g} s")
    return [found.result() if found.done() else Examined(name, silent, spent) for name, found in mine.items()]


def worst(found: list[Examined]) -> Verdict:
    """Of all parts."""
    verdicts = {one.finding.verdict for one in found}
    return next((one for one in (Verdict.FAILED, Verdict.WARNING) if one in verdicts), Verdict.OK)


def _look(name: str, probe: Check) -> Examined:
    began = time.perf_counter()
    try:
        finding = probe()
    except Exception as error:  # noqa: BLE001 - a broken part is what is looked for
        finding = failed(mask(f"{type(error).__name__}: {error}".strip().replace("\n", " "))[:300])
    finally:
        connections.close_all()
    return Examined(name, finding, round(1000 * (time.perf_counter() - began)))


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="health")
