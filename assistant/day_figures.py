"""What the language models were asked on a day, among the daily figures of the operations console."""

from __future__ import annotations

from django.db import connection

from analytics.services.day_figures import Day, Figure, collector

QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
STATEMENT = """
    SELECT count(*), count(*) FILTER (WHERE error_type IS NOT NULL), avg(total_latency_ms)::float8, avg(first_token_ms)::float8,
           coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), coalesce(sum(total_tokens), 0),
           avg(tool_calls_count)::float8, percentile_cont(%s::float8[]) WITHIN GROUP (ORDER BY total_latency_ms)
    FROM ai_request_metrics WHERE created_at >= %s AND created_at < %s
"""
BY_MODEL = """
    SELECT model, count(*) FROM ai_request_metrics WHERE created_at >= %s AND created_at < %s GROUP BY model ORDER BY model
"""


@collector("ai_requests")
def ai_requests(day: Day) -> list[Figure]:
    """Requests, failures, tokens and milliseconds of the day in two queries; milliseconds only where there were requests."""
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, [list(QUANTILES), day.start, day.end])
        count, failed, latency, first, taken, given, total, tools, quantiles = cursor.fetchone()
        cursor.execute(BY_MODEL, [day.start, day.end])
        models = cursor.fetchall()
    found = [
        Figure("ai_requests", count), Figure("ai_requests_with_errors", failed), Figure("total_input_tokens", taken),
        Figure("total_output_tokens", given), Figure("total_tokens", total),
    ]  # fmt: skip
    known = {"avg_latency_ms": latency, "avg_first_token_ms": first, "avg_tool_calls": tools}
    known |= {f"latency_p{round(100 * at)}": value for at, value in zip(QUANTILES, quantiles or (), strict=False)}
    found += [Figure(name, value) for name, value in known.items() if value is not None]
    return [*found, *(Figure("model_breakdown", number, {"model": model}) for model, number in models)]
