"""A book of cash alone is rolled night after night."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from analytics.batch.night import Request, run_night
from analytics.services.reference import seed_reference
from portfolios.models import PortfolioSnapshot
from tests.factories import OPENED, PortfolioFactory

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]


def test_cash_is_worth_itself_every_night() -> None:
    seed_reference()
    book = PortfolioFactory(opening_equity=Decimal("250000.00"))
    for night in (OPENED, OPENED + dt.timedelta(days=1), OPENED + dt.timedelta(days=2)):
        run_night(Request(source="simulated", session=night))
    told = PortfolioSnapshot.objects.filter(portfolio=book).order_by("snapshot_date")
    assert [one.snapshot_date for one in told] == [OPENED, dt.date(2025, 7, 1), dt.date(2025, 7, 2)]
    for one in told:
        assert (one.net_asset_value, one.cash_value, one.gross_exposure) == (250_000, 250_000, 0)
        assert one.daily_pnl in (None, 0)
