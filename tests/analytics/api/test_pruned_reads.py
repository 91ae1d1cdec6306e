"""What the API reads of the tables cut by month: the month of the published session, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portfolios.models import Portfolio
from sigmasight.core.partitions import monthly_models, partitions
from tests.demo_fixtures import DemoResults

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]
ACCOUNT = "demo_hedgefundstyle"
PATHS = (
    "data/portfolio/{book}/complete",
    "data/positions/details?portfolio_id={book}",
    "analytics/portfolio/{book}/overview",
    "analytics/portfolio/{book}/correlation-matrix",
    "analytics/portfolio/{book}/diversification-score",
    "analytics/portfolio/{book}/factor-exposures",
    "analytics/portfolio/{book}/stress-test",
    "analytics/portfolio/{book}/sector-exposure",
    "analytics/portfolio/{book}/volatility",
    "analytics/portfolio/{book}/risk-metrics",
    "analytics/aggregate/stress-test",
)


def scanned(node: dict[str, Any]) -> Iterator[str]:
    """The relations that a plan really went into."""
    if node["Actual Loops"] and "Relation Name" in node:
        yield node["Relation Name"]
    for part in node.get("Plans", ()):
        yield from scanned(part)


def test_one_month_is_read(demo_results: DemoResults) -> None:
    book = Portfolio.objects.get(user__email=f"{ACCOUNT}@sigmasight.com")
    client = demo_results.client(ACCOUNT)
    tables = [model._meta.db_table for model in monthly_models()]
    parts = {part.name: part for part in partitions(tables)}
    assert len({part.first for part in parts.values()}) >= 6
    seen = set()
    for path in PATHS:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/api/v1/" + path.format(book=book.pk)).status_code == 200, path
        for query in asked.captured_queries:
            if not any(table in query["sql"] for table in tables) or not query["sql"].lstrip().startswith(
                ("SELECT", "WITH")
            ):
                continue
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"].replace("%", "%%"))
                (plan,) = cursor.fetchone()[0]
            read = {parts[name] for name in scanned(plan["Plan"]) if name in parts}
            seen |= {part.table for part in read}
            assert all(part.first <= demo_results.session < part.end for part in read), (
                path,
                json.dumps(plan, indent=1),
            )
    assert seen == set(tables)
