"""An owner with one book, on a Friday evening after the close."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from portfolios.models import Portfolio
from tests.analytics.api.callers import client_of
from tests.factories import PortfolioFactory

TODAY = dt.date(2026, 2, 27)


@pytest.fixture
def evening(monkeypatch: pytest.MonkeyPatch) -> dt.date:
    """The day it is in New York."""
    monkeypatch.setenv("SIGMASIGHT_NOW", f"{TODAY}T17:00:00-05:00")
    return TODAY


@pytest.fixture
def portfolio(evening: dt.date) -> Portfolio:
    return PortfolioFactory(opening_equity=100_000)


@pytest.fixture
def owner(portfolio: Portfolio) -> Client:
    return client_of(portfolio.user)
