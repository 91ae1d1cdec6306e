"""What a run has to do."""

from __future__ import annotations

import datetime as dt

import pytest

from analytics.batch.scope import plan_run
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db


def test_a_lot_from_before_the_calendar_stops_nobodys_night() -> None:
    old, new = (PortfolioFactory(dirty_from=day) for day in (dt.date(1962, 1, 2), None))
    needs = {need.portfolio_id: need for need in plan_run(dt.date(2025, 7, 3)).needs}
    assert needs.keys() == {old.pk, new.pk}
    assert (needs[old.pk].first, needs[old.pk].dirty_seen) == (dt.date(2025, 6, 30), dt.date(1962, 1, 2))
