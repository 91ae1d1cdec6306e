"""Staff judge the prices of what is held, in trading days, and have them refreshed where that helps."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from analytics.models import BatchRun
from marketdata import calendar
from marketdata.models import DailyPrice, Security
from portfolios.models import InvestmentClass, Portfolio
from tests.demo_fixtures import DemoResults
from tests.factories import OptionContractFactory, PortfolioFactory, PositionFactory, SecurityFactory

pytestmark = pytest.mark.django_db

END = dt.date(2025, 11, 20)


@pytest.fixture
def staff(demo_results: DemoResults, db: None) -> Client:
    cache.clear()
    return demo_results.client("demo_admin", admin=True)


@pytest.fixture
def book(staff: Client) -> Portfolio:
    return PortfolioFactory(equity_as_of=dt.date(2025, 11, 3))


def held(book: Portfolio, symbol: str, days: int, *, behind: int = 0, quality: str = "ok") -> Security:
    """A stock in the book with prices of so many sessions, the last of them so many sessions before the last."""
    security = SecurityFactory(symbol=symbol)
    last = calendar.shift(END, -behind)
    sessions = calendar.sessions(calendar.shift(last, 1 - days), last) if days else []
    DailyPrice.objects.bulk_create(
        DailyPrice(security=security, date=day, close=10, source="test", quality=quality) for day in sessions
    )
    PositionFactory(portfolio=book, security=security)
    return security


def quality(staff: Client, **query: Any) -> Any:
    answer = staff.get("/api/v1/admin/batch/data-quality", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def refresh(staff: Client, **given: Any) -> Any:
    answer = staff.post("/api/v1/admin/batch/data-quality/refresh", given, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_score_by_hand(staff: Client, book: Portfolio) -> None:
    held(book, "FULL", 60)
    held(book, "LATE", 60, behind=1)
    held(book, "STALE", 60, behind=2)
    held(book, "YOUNG", 29)
    held(book, "NEVER", 0)
    found = quality(staff, portfolio_id=book.pk)
    # Current and fresh: FULL, LATE, YOUNG; with history: FULL, LATE, STALE.
    assert found["quality_score"] == pytest.approx(0.4 * 0.6 + 0.3 * 0.6 + 0.3 * 0.6)
    assert (found["status"], found["total_symbols"]) == ("failed", 5)
    parts = found["coverage_details"]
    assert parts["current_prices"]["missing_symbols"] == ["NEVER", "STALE"]
    assert parts["historical_data"]["insufficient_symbols"] == ["NEVER", "YOUNG"]
    assert parts["data_freshness"]["stale_symbols"] == ["NEVER", "STALE"]
    assert parts["current_prices"]["coverage_percentage"] == 60
    assert parts["historical_data"]["symbol_details"]["STALE"] == {
        "has_sufficient_data": True, "historical_days": 58, "first_date": calendar.shift(END, -59).isoformat(),
        "last_date": "2025-11-18",
    }  # fmt: skip
    # The evening of the 20th is 5.5 hours after its close.
    ages = {symbol: one["hours_old"] for symbol, one in parts["data_freshness"]["symbol_details"].items()}
    assert ages == {"FULL": 5.5, "LATE": 29.5, "STALE": 53.5, "YOUNG": 5.5, "NEVER": None}
    assert (found["thresholds"]["data_freshness_hours"], len(found["recommendations"])) == (30, 3)


def test_the_demo_passes_and_needs_nothing(staff: Client) -> None:
    found = quality(staff)
    assert (found["status"], found["quality_score"]) == ("passed", 1)
    assert found["recommendations"] == ["All prices are current and complete; nothing needs to be refreshed."]
    assert refresh(staff)["status"] == "no_action_needed"
    assert not BatchRun.objects.filter(params__has_key="collects").exists()


def test_doubted_prices_do_not_count(staff: Client, book: Portfolio) -> None:
    held(book, "DOUBTED", 60, quality="suspect")
    assert quality(staff, portfolio_id=book.pk)["quality_score"] == 0


def test_only_public_lots_that_are_open(staff: Client, book: Portfolio) -> None:
    PositionFactory(portfolio=book, position_type="LC", security=OptionContractFactory().security)
    PositionFactory(portfolio=book, investment_class=InvestmentClass.PRIVATE, security=None, symbol="FUND", quantity=1)
    found = quality(staff, portfolio_id=book.pk)
    assert (found["status"], found["total_symbols"]) == ("warning", 0)
    assert found["message"] == "No public symbol is held."


def test_a_refresh_of_one_portfolio(staff: Client, book: Portfolio) -> None:
    held(book, "STALE", 60, behind=5)
    told = refresh(staff, portfolio_id=str(book.pk))
    assert (told["status"], told["current_quality_score"]) == ("refresh_started", 0.3)
    run = BatchRun.objects.get(params__collects="market data")
    assert run.scope_portfolio_id == book.pk
    assert str(run.pk) in told["message"]


def test_an_unknown_portfolio(staff: Client) -> None:
    assert staff.get("/api/v1/admin/batch/data-quality", {"portfolio_id": str(uuid4())}).status_code == 404
