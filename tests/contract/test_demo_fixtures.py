"""The demo database of the API's tests: computed to its last session, on its own clock, untouched by what tests do."""

from __future__ import annotations

import pytest
from django.db import connection

from portfolios.models import Portfolio, Position, User
from sigmasight.core import clock
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db


def test_every_book_has_results_of_the_last_session(demo_results: DemoResults) -> None:
    assert clock.market_today() == demo_results.session
    assert set(Portfolio.objects.values_list("results_as_of", flat=True)) == {demo_results.session}


def test_a_deletion_lasts_for_its_test_only(demo_results: DemoResults) -> None:
    Position.objects.all().delete()


def test_after_a_deletion_everything_is_there(demo_results: DemoResults) -> None:
    assert Position.objects.count() == 84
    assert User.objects.count() == 5
    assert connection.settings_dict["NAME"] == demo_results.database


def test_a_token_opens_the_account(demo_results: DemoResults) -> None:
    me = demo_results.client("demo_hnw").get("/api/v1/auth/me")
    assert me.json()["email"] == "demo_hnw@sigmasight.com"
