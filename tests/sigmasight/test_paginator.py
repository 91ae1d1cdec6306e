"""Lists of large tables are counted without counting."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from marketdata.models import Security
from sigmasight.core import paginator
from sigmasight.core.paginator import EstimatingPaginator
from tests.factories import SecurityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paginator, "COUNTED", 3)


def test_small_tables_are_counted() -> None:
    SecurityFactory.create_batch(2)
    assert EstimatingPaginator(Security.objects.all(), 10).count == 2


def test_large_tables_are_estimated(django_assert_num_queries: Any) -> None:
    SecurityFactory.create_batch(5)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE securities")
    with django_assert_num_queries(1):
        assert EstimatingPaginator(Security.objects.order_by("symbol"), 2).count == 5


def test_large_selections_are_counted_up_to_a_limit() -> None:
    made = SecurityFactory.create_batch(5)
    assert EstimatingPaginator(Security.objects.exclude(symbol="NONE"), 2).count == 3
    assert EstimatingPaginator(Security.objects.filter(symbol=made[0].symbol), 2).count == 1


def test_lists_without_a_table_are_counted() -> None:
    assert EstimatingPaginator([1, 2, 3, 4, 5], 2).count == 5
