"""A book entered over HTTP, the night that computes it, and the night after one of its lots was sold in part."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from analytics.batch.night import Request, run_night
from marketdata.models import Dividend, InstrumentMark
from portfolios.models import Portfolio, PortfolioSnapshot, Position
from tests.analytics.api.callers import answer
from tests.demo_fixtures import LAST_SESSION, DemoResults

# Whoever is first waits for the demo, and two nights more.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(240)]
ENTRY = dt.date(2025, 11, 3)
LOTS = [
    {"symbol": "AAPL", "quantity": 100, "avg_cost": 200, "position_type": "LONG", "investment_class": "PUBLIC"},
    {"symbol": "MSFT", "quantity": 20, "avg_cost": 480, "position_type": "SHORT", "investment_class": "PUBLIC"},
    {"symbol": "SPY271217P00560000", "quantity": 2, "avg_cost": 30, "position_type": "SP", "investment_class": "OPTIONS"},
]  # fmt: skip


def send(client: Client, method: str, path: str, given: object) -> Any:
    answered = getattr(client, method)(f"/api/v1/{path}", given, content_type="application/json")
    assert answered.status_code in (200, 201), answered.content
    return answered.json()


def night(book: Portfolio) -> None:
    """The night of the last session for one book."""
    run_night(Request(source="simulated", session=LAST_SESSION, portfolio_id=book.pk))
    book.refresh_from_db()
    assert (book.results_as_of, book.dirty_from) == (LAST_SESSION, None)


def expected_equity(book: Portfolio, opening: Decimal) -> Decimal:
    """What was paid in, and what every lot gained since by price, by dividend and by what was sold of it."""
    equity = opening
    for lot in Position.objects.filter(portfolio=book):
        mark = InstrumentMark.objects.get(security=lot.security, session=LAST_SESSION).price
        multiplier = 100 if lot.investment_class == "OPTIONS" else 1
        equity += lot.quantity * multiplier * (mark - lot.entry_price) + lot.realized_pnl
        paid = Dividend.objects.filter(security=lot.security, ex_date__gt=ENTRY, ex_date__lte=LAST_SESSION)
        equity += sum((lot.quantity * dividend.amount for dividend in paid), Decimal(0))
    return equity


def test_the_night_computes_what_was_entered_and_sold(demo_results: DemoResults) -> None:
    client = demo_results.client()
    made = send(client, "post", "portfolios", {"name": "Mine", "account_name": "Mine", "equity_balance": 50_000})
    book = Portfolio.objects.get(pk=made["id"])
    lots = [lot | {"entry_date": ENTRY.isoformat()} for lot in LOTS]
    entered = send(client, "post", "positions/bulk", {"portfolio_id": made["id"], "positions": lots})["positions"]
    assert [lot["quantity"] for lot in entered] == [100, -20, -2]
    book.refresh_from_db()
    assert book.equity_as_of == ENTRY

    night(book)
    assert PortfolioSnapshot.objects.filter(portfolio=book).count() == 14
    shown = answer(client, f"portfolios/{book.pk}")
    assert shown["equity_balance"] == pytest.approx(float(expected_equity(book, Decimal(50_000))), abs=0.02)
    assert shown["position_count"] == 3
    listed = next(one for one in answer(client, "data/portfolios") if one["id"] == made["id"])
    summary = answer(client, "data/positions/details", portfolio_id=made["id"])["summary"]
    assert listed["total_market_value"] == summary["total_market_value"]
    lot = answer(client, f"positions/{entered[1]['id']}")
    assert lot["market_value"] == pytest.approx(-20 * lot["last_price"], abs=0.005)
    assert lot["unrealized_pnl"] == pytest.approx(20 * (480 - lot["last_price"]), abs=0.005)

    # Half of the short is covered on a past day: the book is rolled again from there.
    sold = {"exit_price": 470, "exit_date": "2025-11-12", "close_quantity": 10, "quantity": -10}
    assert send(client, "put", f"positions/{entered[1]['id']}", sold)["realized_pnl"] == 100
    book.refresh_from_db()
    assert book.dirty_from == dt.date(2025, 11, 12)
    night(book)
    again = answer(client, f"portfolios/{book.pk}")["equity_balance"]
    assert again != shown["equity_balance"]
    dividends = Dividend.objects.filter(security__symbol="MSFT", ex_date__gt=ENTRY, ex_date__lte=LAST_SESSION)
    assert not dividends.exists()
    assert again == pytest.approx(float(expected_equity(book, Decimal(50_000))), abs=0.02)
