"""Kept connections: used without a question while they are well, replaced when the server has left."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.db.backends.postgresql import base

from portfolios.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def _hang_up() -> None:
    """The server ends the session, as when it restarts."""
    other = connection.copy()
    process = connection.connection.info.backend_pid
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
    other.close()


def test_a_connection_that_is_well_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(wrapper: object) -> bool:
        raise AssertionError

    User.objects.count()
    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", asked)
    assert connection.is_usable()


def test_a_server_that_left_is_noticed_before_the_next_request() -> None:
    User.objects.count()
    _hang_up()
    assert not connection.is_usable()
    connection.close_if_unusable_or_obsolete()
    connection.close_if_health_check_failed()
    assert User.objects.count() == 0


def test_after_an_error_the_server_is_asked() -> None:
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)")
    assert connection.errors_occurred
    assert connection.is_usable()
