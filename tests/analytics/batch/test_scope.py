"""What a run has to do."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest

from analytics.batch.scope import Need, Plan, plan_run
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db


def test_a_lot_from_before_the_calendar_stops_nobodys_night() -> None:
    old, new = (PortfolioFactory(dirty_from=day) for day in (dt.date(1962, 1, 2), None))
    needs = {need.portfolio_id: need for need in plan_run(dt.date(2025, 7, 3)).needs}
    assert needs.keys() == {old.pk, new.pk}
    assert (needs[old.pk].first, needs[old.pk].dirty_seen) == (dt.date(2025, 6, 30), dt.date(1962, 1, 2))


def test_books_that_begin_go_apart_from_those_that_go_on() -> None:
    """A shard rolls from its first session on: lots of that day may be dropped for those that only go on."""
    day, stamp = dt.date(2025, 7, 3), dt.datetime(2025, 7, 3, tzinfo=dt.UTC)
    old = dt.date(2019, 1, 2)
    goes_on, begins, older = (
        Need(UUID(int=number), "", inception, first, None, stamp)
        for number, (inception, first) in enumerate([(old, day), (day, day), (old, old)])
    )
    shards = list(Plan(day, (goes_on, begins, older)).shards(10))
    assert shards == [(begins, older), (goes_on,)]
