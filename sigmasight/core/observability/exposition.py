"""The figures as Prometheus reads them: what processes counted, and what the apps read from their tables when they are asked."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator

import redis
from django.db import DatabaseError, connection, transaction
from django.utils.module_loading import autodiscover_modules
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from sigmasight.core.observability import counters

log = logging.getLogger(__name__)
Gauges = Callable[[], Iterable[Metric]]
_parts: dict[str, tuple[Gauges, bool]] = {}


def register(name: str, *, reads_tables: bool = True) -> Callable[[Gauges], Gauges]:
    """Decorator for a function in an app's `gauges` module. It asks a fixed number of statements, whatever the number of rows, and may
    raise OSError, DatabaseError or RedisError where its source is down: the others are told nevertheless.

    reads_tables : of the core database; without that database it is not tried.
    """

    def keep(gauges: Gauges) -> Gauges:
        _parts[name] = gauges, reads_tables
        return gauges

    return keep


def gauge(name: str, text: str, value: float | None, **labels: str) -> Metric:
    """A figure of the moment; without a value it is left out, since it is not zero."""
    return gauges_by(name, text, [(labels, value)])


def gauges_by(name: str, text: str, rows: Iterable[tuple[dict[str, str], float | None]]) -> Metric:
    """One figure for several values of its labels."""
    told = list(rows)
    labels = list(told[0][0]) if told else []
    family = GaugeMetricFamily(f"sigmasight_{name}", text, labels=labels)
    for values, value in told:
        if value is not None:
            family.add_metric([values[label] for label in labels], value)
    return family


def exposition() -> bytes:
    """Everything, in the text format 0.0.4."""
    autodiscover_modules("gauges")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Everything())
    return generate_latest(registry)


class _Everything(Collector):
    def collect(self) -> Iterator[Metric]:
        took: list[tuple[dict[str, str], float | None]] = []
        works: list[tuple[dict[str, str], float | None]] = []
        there = _core_database_is_there()
        for name, (gauges, reads_tables) in {"counters": (_counted, False), **_parts}.items():
            began = time.perf_counter()
            found = _read(name, gauges) if there or not reads_tables else []
            yield from found
            took.append(({"part": name}, time.perf_counter() - began))
            works.append(({"part": name}, float(bool(found))))
        yield gauges_by("scrape_seconds", "How long a part of these figures took", took)
        yield gauges_by("scrape_up", "Whether a part of these figures could be had", works)


def _read(name: str, gauges: Gauges) -> list[Metric]:
    try:
        # A failed statement must not spoil the transaction that the request may be in.
        with transaction.atomic() if connection.in_atomic_block else contextlib.nullcontext():
            return list(gauges())
    except (OSError, DatabaseError, redis.RedisError) as error:
        log.warning("No figures of %s: %s: %s", name, type(error).__name__, error)
    except Exception:  # one broken part must not take the others
        log.exception("The figures of %s are broken", name)
    return []


def _core_database_is_there() -> bool:
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        log.warning("No figures of what is stored: %s", error)
        return False
    return True


def _counted() -> Iterator[Metric]:
    counters.flush()
    found, levels = counters.counted(), counters.open_now()
    for name, series in sorted(counters.declared().items()):
        if isinstance(series, counters.Level):
            yield GaugeMetricFamily(name, series.text, value=levels.get(name, 0))
        elif isinstance(series, counters.Counter):
            family = CounterMetricFamily(name, series.text, labels=series.labels)
            for (*values, _), count in sorted(found.get(name, {}).items()):
                family.add_metric(values, count)
            yield family
        else:
            yield _histogram(series, found.get(name, {}))


def _histogram(series: counters.Histogram, found: dict[tuple[str, ...], float]) -> Metric:
    family = HistogramMetricFamily(series.name, series.text, labels=series.labels)
    for values in sorted({parts[:-1] for parts in found}):
        rising, buckets = 0.0, []
        for bound in series.buckets:
            rising += found.get((*values, bound), 0.0)
            buckets.append((bound, rising))
        family.add_metric(list(values), buckets, sum_value=found.get((*values, counters.SUM), 0.0))
    return family
