"""Figures that processes count while they work. All add up in one place, the Redis server, so that whichever web process is asked tells
of all of them and of the workers, and a restart loses nothing.

Counting is an addition in memory; a thread of each process carries what is new to Redis every few seconds. Without Redis the figures
wait in their process.
"""

from __future__ import annotations

import atexit
import bisect
import functools
import json
import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import redis
from django.conf import settings

FLUSH_SECONDS = 5.0
# What a process has open counts as long as it has told of it lately.
LEVEL_SECONDS = 4 * FLUSH_SECONDS
KEPT_SECONDS = 90 * 86_400
SEPARATOR = "\x1f"
SUM = "sum"
MILLISECONDS_UP = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)
SECONDS_UP = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)

# Reentrant: what collects garbage while the lock is held may end a request, which is counted.
_lock = threading.RLock()
_pending: dict[str, float] = {}
_levels: dict[str, int] = {}
_carrier: threading.Thread | None = None


@dataclass(frozen=True)
class Counter:
    """A number that grows. The values of `labels` must come from a short list, since each combination is kept."""

    name: str
    text: str
    labels: tuple[str, ...] = ()

    def add(self, *values: str, by: float = 1.0) -> None:
        _count({SEPARATOR.join((self.name, *values, "")): by})


@dataclass(frozen=True)
class Histogram:
    """Durations in seconds, counted by upper bounds."""

    name: str
    text: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = MILLISECONDS_UP

    @functools.cached_property
    def buckets(self) -> tuple[str, ...]:
        """The upper bounds as text. Counts are kept by them, so that other bounds of a later release do not mix with them."""
        return (*map(str, self.bounds), "+Inf")

    def observe(self, seconds: float, *values: str) -> None:
        at = SEPARATOR.join((self.name, *values))
        place = bisect.bisect_left(self.bounds, seconds)
        _count({f"{at}{SEPARATOR}{self.buckets[place]}": 1.0, f"{at}{SEPARATOR}{SUM}": seconds})


@dataclass(frozen=True)
class Level:
    """How many of something are open in all processes at the moment, as of their last report."""

    name: str
    text: str

    def move(self, by: int) -> None:
        with _lock:
            _levels[self.name] = _levels.get(self.name, 0) + by
        _schedule()


Series = Counter | Histogram | Level
S = TypeVar("S", Counter, Histogram, Level)
_series: dict[str, Series] = {}


def declared() -> Mapping[str, Series]:
    """Every series that was made by `counter`, `histogram` or `level`, by name."""
    return _series


def counter(name: str, text: str, *labels: str) -> Counter:
    return _declare(Counter(name, text, labels))


def histogram(name: str, text: str, *labels: str, bounds: tuple[float, ...] = MILLISECONDS_UP) -> Histogram:
    return _declare(Histogram(name, text, labels, bounds))


def level(name: str, text: str) -> Level:
    return _declare(Level(name, text))


def _declare(series: S) -> S:
    if series.name in _series:
        raise ValueError(f"Two series are called {series.name}.")
    _series[series.name] = series
    return series


def _count(what: Mapping[str, float]) -> None:
    with _lock:
        for field, by in what.items():
            _pending[field] = _pending.get(field, 0.0) + by
    _schedule()


def _schedule() -> None:
    global _carrier
    if _carrier is None:
        _carrier = threading.Thread(target=_carry, name="figures", daemon=True)
        _carrier.start()


def _carry() -> None:
    """Carry while there is something to carry, or to report as open."""
    global _carrier
    while True:
        time.sleep(FLUSH_SECONDS)
        flush()
        with _lock:
            if not _pending and not any(_levels.values()):
                _carrier = None
                return


def flush() -> bool:
    """Carry what is new to Redis. False where it does not answer: nothing is lost then, it is tried again."""
    with _lock:
        taken, open_now = dict(_pending), dict(_levels)
        _pending.clear()
    try:
        pipeline = _client().pipeline(transaction=True)
        for field, by in taken.items():
            pipeline.hincrbyfloat(_key("counted"), field, by)
        pipeline.expire(_key("counted"), KEPT_SECONDS)
        if open_now:
            told = json.dumps({"at": time.time(), "levels": open_now})
            pipeline.hset(_key("open"), f"{socket.gethostname()}:{os.getpid()}", told)
        pipeline.execute()
    except (redis.RedisError, OSError):
        with _lock:
            for field, by in taken.items():
                _pending[field] = _pending.get(field, 0.0) + by
        return False
    return True


def counted() -> dict[str, dict[tuple[str, ...], float]]:
    """By name of a series and its parts (values of labels, then the bucket, "sum", or "" of a counter) what was counted.

    Raises
    ------
    redis.RedisError.
    """
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for field, value in _client().hgetall(_key("counted")).items():
        name, *parts = str(field).split(SEPARATOR)
        found.setdefault(name, {})[tuple(parts)] = float(value)
    return found


def open_now() -> dict[str, int]:
    """Levels by name over all processes that reported of late; those that are long gone are forgotten.

    Raises
    ------
    redis.RedisError.
    """
    sums: dict[str, int] = {}
    gone = []
    for process, told in _client().hgetall(_key("open")).items():
        report = json.loads(told)
        if time.time() - report["at"] > LEVEL_SECONDS:
            gone.append(process)
            continue
        for name, count in report["levels"].items():
            sums[name] = sums.get(name, 0) + count
    if gone:
        _client().hdel(_key("open"), *gone)
    return sums


def _key(what: str) -> str:
    return f"{settings.REDIS_KEY_PREFIX}:figures:{what}"


def _client() -> redis.Redis:
    return _connected(settings.REDIS_URL)


@functools.lru_cache(maxsize=2)
def _connected(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=0.5, decode_responses=True)


def _begin_anew() -> None:
    """In a forked process: what the parent counted is the parent's, and its thread did not come along."""
    global _lock, _carrier
    _lock, _carrier = threading.RLock(), None
    _pending.clear()
    _levels.clear()


os.register_at_fork(after_in_child=_begin_anew)
atexit.register(lambda: flush() if _pending else None)
