from __future__ import annotations

import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.db.utils import DataError
from kombu.exceptions import OperationalError as BrokerError

from sigmasight.core.outages import is_outage


@pytest.mark.django_db
def test_what_the_database_refuses_is_no_outage() -> None:
    with pytest.raises(DataError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert not is_outage(refused.value)


def test_no_connection_is_an_outage() -> None:
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect("postgresql://nobody@127.0.0.1:1/none", connect_timeout=2)
    assert is_outage(refused.value)
    wrapped = OperationalError("gone")
    wrapped.__cause__ = refused.value
    assert is_outage(wrapped)


@pytest.mark.parametrize(
    ("error", "expected"),
    [(psycopg.errors.AdminShutdown(), True), (psycopg.errors.DeadlockDetected(), False), (psycopg.errors.DiskFull(), False),
     (psycopg.errors.CannotConnectNow(), True), (BrokerError("gone"), True), (ValueError(), False)],
)  # fmt: skip
def test_kinds(error: Exception, expected: bool) -> None:
    assert is_outage(error) is expected
