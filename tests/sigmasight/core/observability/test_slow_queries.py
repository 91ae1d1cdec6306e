"""Slow statements are told with their shape, and never with a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import connections

from sigmasight.core import bulk
from sigmasight.core.observability.context import observed
from sigmasight.core.observability.slow_queries import shape
from tests.logged import Written

pytestmark = pytest.mark.django_db(databases=["default", "ai"])
SLOW = "sigmasight.core.observability.slow_queries"


@pytest.mark.parametrize("alias", ["default", "ai"])
def test_a_slow_statement_is_told(logged: Callable[..., Written], settings: Any, alias: str) -> None:
    settings.SLOW_QUERY_MS = 20
    text = logged("json")
    with observed(request_id="r1"), connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s),\n   %s, 'literal'", [0.03, "hunter2"])
    (line,) = text.lines(SLOW)
    assert (line["database"], line["statement"], line["request_id"]) == (alias, "SELECT pg_sleep(%s), %s, '?'", "r1")
    assert line["ms"] >= 20
    assert "hunter2" not in text.getvalue()


def test_a_run_of_the_batch_has_twenty_times_as_long(logged: Callable[..., Written], settings: Any) -> None:
    settings.SLOW_QUERY_MS = 5
    text = logged("json")
    for seconds in (0.03, 0.11):
        with observed(run_id="r1"), connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [seconds])
    assert [line["ms"] >= 110 for line in text.lines(SLOW)] == [True]


def test_quick_statements_are_not_told_and_nothing_is_when_it_is_off(
    logged: Callable[..., Written], settings: Any
) -> None:
    text = logged("json")
    for limit, seconds in ((500, 0), (0, 0.03)):
        settings.SLOW_QUERY_MS = limit
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [seconds])
    assert text.lines(SLOW) == []


def test_a_slow_copy_is_told(logged: Callable[..., Written], settings: Any) -> None:
    settings.SLOW_QUERY_MS = 20
    text = logged("json")
    read = bulk.read_columns("SELECT 1 AS one, pg_sleep(0.03)::text AS nothing")
    assert np.array_equal(read["one"], [1])
    assert [line["statement"][:4] for line in text.lines(SLOW)] == ["COPY"]


def test_the_shape_of_a_statement() -> None:
    assert (
        shape("SELECT *\n  FROM t WHERE a IN (%s, %s, %s) AND b = 'it''s'")
        == "SELECT * FROM t WHERE a IN (%s, …) AND b = '?'"
    )
    assert len(shape("SELECT " + "a, " * 1000)) == 600
