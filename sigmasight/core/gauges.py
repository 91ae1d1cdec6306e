"""Figures of the ground floor for Prometheus: connections of the databases, alerts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, connections
from prometheus_client.core import Metric

from sigmasight.core.alerts.reading import count_by_severity, watch
from sigmasight.core.observability.exposition import gauge, gauges_by, register

CONNECTIONS = """
    SELECT COALESCE(state, 'other'), count(*), current_setting('max_connections')::int
    FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' GROUP BY 1
"""
STATES = ("active", "idle", "idle in transaction", "idle in transaction (aborted)", "other")


@register("databases", reads_tables=False)
def databases() -> Iterator[Metric]:
    """One statement for each database; one that is away is told as down and takes nothing with it."""
    found = {alias: _connections(alias) for alias in ("default", "ai")}
    yield gauges_by(
        "database_up",
        "Whether the database answers",
        [({"database": alias}, float(bool(rows))) for alias, rows in found.items()],
    )
    yield gauges_by(
        "database_connections", "Connections to the database by what they do",
        [({"database": alias, "state": state}, float(sum(row[1] for row in rows if row[0] == state)))
         for alias, rows in found.items() if rows for state in STATES],
    )  # fmt: skip
    yield gauges_by(
        "database_connections_most", "Connections that the server takes",
        [({"database": alias}, rows[0][2]) for alias, rows in found.items() if rows],
    )  # fmt: skip


def _connections(alias: str) -> list[Any]:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute(CONNECTIONS)
            return list(cursor.fetchall())
    except DatabaseError:
        return []


@register("alerts")
def alerts() -> Iterator[Metric]:
    """In two statements."""
    yield gauges_by(
        "alerts_open", "Alerts that stand, acknowledged ones included",
        [({"severity": severity.label}, count) for severity, count in count_by_severity().items()],
    )  # fmt: skip
    looked = watch().at
    yield gauge(
        "alerts_evaluated_timestamp_seconds", "When the rule that waits longest was last looked at",
        looked.timestamp() if looked else None,
    )  # fmt: skip
