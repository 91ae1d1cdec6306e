"""What the language models were asked over the last days, for staff: counts, times, tokens, failures, tools, models.

Each figure set is one or two queries over `ai_request_metrics`, which is kept thirty days. What is not known is None, never 0.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
MOST_SAMPLES = 3


@dataclass(frozen=True)
class Window:
    """The last days, up to now."""

    days: int
    start: dt.datetime
    end: dt.datetime

    @classmethod
    def of_days(cls, days: int) -> Window:
        end = timezone.now()
        return cls(days, end - dt.timedelta(days=days), end)


@dataclass(frozen=True)
class Overview:
    """`tool_requests` used at least one tool; averages are over the requests that have the figure."""

    requests: int
    failed: int
    tool_requests: int
    avg_latency_ms: float | None
    avg_input_tokens: float | None
    avg_output_tokens: float | None
    input_tokens: int
    output_tokens: int
    tool_calls: int


@dataclass(frozen=True)
class Latency:
    """Milliseconds of requests that succeeded; `quantiles` are those of `QUANTILES`. All None without samples."""

    samples: int
    quantiles: Sequence[float | None]
    average: float | None
    least: float | None
    most: float | None
    first_token: float | None


@dataclass(frozen=True)
class DayOfTokens:
    """A day in UTC."""

    date: dt.date
    input_tokens: int
    output_tokens: int
    total_tokens: int
    requests: int
    avg_input_tokens: float | None
    avg_output_tokens: float | None


@dataclass(frozen=True)
class Failure:
    error_type: str
    count: int
    samples: Sequence[str]


@dataclass(frozen=True)
class Tools:
    """`by_name` are (tool, calls), most called first."""

    calls: int
    requests: int
    by_name: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Model:
    name: str
    requests: int
    avg_latency_ms: float | None
    avg_tokens: float | None


def overview(window: Window) -> Overview:
    """All requests of the window in one query."""
    (row,) = _rows(
        """
        SELECT count(*), count(error_type), count(*) FILTER (WHERE tool_calls_count > 0), avg(total_latency_ms)::float8,
               avg(input_tokens)::float8, avg(output_tokens)::float8, coalesce(sum(input_tokens), 0)::bigint,
               coalesce(sum(output_tokens), 0)::bigint, coalesce(sum(tool_calls_count), 0)::bigint
        FROM ai_request_metrics WHERE created_at BETWEEN %(start)s AND %(end)s
        """,
        window,
    )
    return Overview(*row)


def latency(window: Window) -> Latency:
    """Requests that were answered, in one query."""
    (row,) = _rows(
        """
        SELECT count(total_latency_ms), percentile_cont(%(quantiles)s::float8[]) WITHIN GROUP (ORDER BY total_latency_ms),
               avg(total_latency_ms)::float8, min(total_latency_ms), max(total_latency_ms), avg(first_token_ms)::float8
        FROM ai_request_metrics WHERE created_at BETWEEN %(start)s AND %(end)s AND error_type IS NULL
        """,
        window,
        quantiles=list(QUANTILES),
    )
    samples, quantiles, *rest = row
    return Latency(samples, quantiles or [None] * len(QUANTILES), *rest)


def tokens_by_day(window: Window) -> list[DayOfTokens]:
    """Days with requests, oldest first, in one query."""
    rows = _rows(
        """
        SELECT (created_at AT TIME ZONE 'UTC')::date AS day, coalesce(sum(input_tokens), 0)::bigint,
               coalesce(sum(output_tokens), 0)::bigint, coalesce(sum(total_tokens), 0)::bigint, count(*),
               avg(input_tokens)::float8, avg(output_tokens)::float8
        FROM ai_request_metrics WHERE created_at BETWEEN %(start)s AND %(end)s GROUP BY day ORDER BY day
        """,
        window,
    )
    return [DayOfTokens(*row) for row in rows]


def failures(window: Window) -> tuple[int, list[Failure]]:
    """How many requests there were, and the kinds of failures among them, most frequent first; two queries."""
    ((total,),) = _rows(
        "SELECT count(*) FROM ai_request_metrics WHERE created_at BETWEEN %(start)s AND %(end)s", window
    )
    rows = _rows(
        """
        SELECT error_type, count(*),
               (array_agg(DISTINCT error_message) FILTER (WHERE error_message <> ''))[:%(most)s]
        FROM ai_request_metrics WHERE created_at BETWEEN %(start)s AND %(end)s AND error_type IS NOT NULL
        GROUP BY error_type ORDER BY count(*) DESC, error_type
        """,
        window,
        most=MOST_SAMPLES,
    )
    return total, [Failure(kind, count, samples or []) for kind, count, samples in rows]


def tools_used(window: Window) -> Tools:
    """Calls of tools by name; two queries."""
    ((calls, requests),) = _rows(
        """
        SELECT coalesce(sum(tool_calls_count), 0)::bigint, count(*)
        FROM ai_request_metrics WHERE created_at BETWEEN %(start)s AND %(end)s AND tool_calls_count > 0
        """,
        window,
    )
    by_name = _rows(
        """
        SELECT coalesce(nullif(call ->> 'name', ''), 'unknown') AS tool, count(*)
        FROM ai_request_metrics CROSS JOIN LATERAL jsonb_array_elements(tool_calls -> 'tools') AS call
        WHERE created_at BETWEEN %(start)s AND %(end)s AND jsonb_typeof(tool_calls -> 'tools') = 'array'
        GROUP BY tool ORDER BY count(*) DESC, tool
        """,
        window,
    )
    return Tools(calls, requests, [(name, count) for name, count in by_name])


def models_used(window: Window) -> list[Model]:
    """Requests by model, most used first, in one query."""
    rows = _rows(
        """
        SELECT model, count(*), avg(total_latency_ms)::float8, avg(total_tokens)::float8
        FROM ai_request_metrics WHERE created_at BETWEEN %(start)s AND %(end)s
        GROUP BY model ORDER BY count(*) DESC, model
        """,
        window,
    )
    return [Model(*row) for row in rows]


def _rows(statement: str, window: Window, **more: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"start": window.start, "end": window.end, **more})
        return list(cursor.fetchall())
