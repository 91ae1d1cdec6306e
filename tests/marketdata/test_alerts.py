"""Rules about sources and prices."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from marketdata import alerts, calendar
from marketdata.models import Breaker, DailyPrice, ProviderState, SymbolCollection
from marketdata.services.acceptance import accept_prices
from sigmasight.core.alerts.models import Severity
from tests.factories import SecurityFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-11-20T21:30:00-05:00")


def test_an_open_breaker_is_told_until_it_closes() -> None:
    state = ProviderState.objects.create(
        provider="yfinance", breaker=Breaker.OPEN, failures=5, open_until=dt.datetime(2025, 11, 21, 2, 5, tzinfo=dt.UTC)
    )
    ProviderState.objects.create(provider="fmp", breaker=Breaker.HALF_OPEN)
    (found,) = alerts.open_breakers()
    assert (found.key, found.figures) == ("yfinance", {"failures": 5})
    assert "rests until 2025-11-21 02:05 UTC" in found.message
    state.breaker = Breaker.CLOSED
    state.save()
    assert list(alerts.open_breakers()) == []


def test_a_suspect_price_is_told_until_it_is_accepted() -> None:
    security = SecurityFactory(symbol="ABC")
    days = calendar.sessions(dt.date(2025, 11, 18), dt.date(2025, 11, 20))
    for day, close in zip(days, ("100", "101", "202"), strict=True):
        DailyPrice.objects.create(security=security, date=day, close=Decimal(close), source="desk")
    assert list(alerts.suspect_prices()) == []
    DailyPrice.objects.filter(date=days[-1]).update(quality="suspect")
    (found,) = alerts.suspect_prices()
    assert (found.key, found.severity) == ("ABC 2025-11-20", Severity.INFO)
    assert "desk says 202.00 dollars, +100% from 101.00" in found.message
    SymbolCollection.objects.create(security=security, priority=5_000)
    (found,) = alerts.suspect_prices()
    assert found.severity == Severity.WARNING
    accept_prices([DailyPrice.objects.get(date=days[-1]).pk], by=UserFactory().pk)
    assert list(alerts.suspect_prices()) == []


def test_old_suspects_are_no_news() -> None:
    security = SecurityFactory(symbol="ABC")
    DailyPrice.objects.create(
        security=security, date=dt.date(2025, 10, 1), close=Decimal(5), source="desk", quality="suspect"
    )
    assert list(alerts.suspect_prices()) == []
