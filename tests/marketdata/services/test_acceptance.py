"""Staff accept a suspect price: it counts from its day on, and its holders are rolled again."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client

from marketdata.models import DailyPrice, PriceCorrection, PriceHistory, PriceQuality, Security
from marketdata.services.acceptance import accept_prices
from marketdata.services.history import rebuild_histories
from portfolios.models import User

pytestmark = pytest.mark.django_db
STAFF = uuid4()
DAYS = (dt.date(2025, 7, 1), dt.date(2025, 7, 2))


@pytest.fixture
def jump() -> DailyPrice:
    security = Security.objects.create(symbol="JMP", name="Jump", security_type="stock", price_status="known")
    DailyPrice.objects.create(security=security, date=DAYS[0], close=10, source="simulated")
    price = DailyPrice.objects.create(
        security=security, date=DAYS[1], close=25, source="simulated", quality=PriceQuality.SUSPECT
    )
    rebuild_histories([security.id])
    return price


def closes() -> list[float]:
    return PriceHistory.objects.get(security__symbol="JMP").close


def test_an_accepted_price_counts(jump: DailyPrice) -> None:
    assert closes() == [10, pytest.approx(np.nan, nan_ok=True)]
    assert accept_prices([jump.pk], by=STAFF) == 1
    assert closes() == [10, 25]
    correction = PriceCorrection.objects.get()
    assert (correction.security_id, correction.from_date, correction.processed_at) == (jump.security_id, DAYS[1], None)


def test_accepting_twice_changes_nothing(jump: DailyPrice) -> None:
    accept_prices([jump.pk], by=STAFF)
    assert accept_prices([jump.pk], by=STAFF) == 0
    assert PriceCorrection.objects.count() == 1


def test_staff_accept_in_the_console(jump: DailyPrice) -> None:
    staff = User.objects.create_superuser("staff@example.com", "a-long-password", full_name="Staff")
    client = Client()
    client.force_login(staff)
    answer = client.post(
        "/admin/marketdata/dailyprice/", {"action": "accept", "_selected_action": [jump.pk]}, follow=True
    )
    assert "1 suspect prices accepted" in answer.content.decode()
    jump.refresh_from_db()
    assert jump.quality == PriceQuality.OK
