"""The services stand on a Friday evening, after the close."""

from __future__ import annotations

import datetime as dt

import pytest

from portfolios.models import Portfolio
from tests.factories import PortfolioFactory

TODAY = dt.date(2026, 2, 27)


@pytest.fixture(autouse=True)
def _friday_evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", f"{TODAY}T17:00:00-05:00")


@pytest.fixture
def portfolio() -> Portfolio:
    return PortfolioFactory(opening_equity=100_000, equity_as_of=dt.date(2025, 6, 30))
