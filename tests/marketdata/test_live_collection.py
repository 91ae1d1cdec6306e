"""Collecting through the live chain into the tables: real clients, real HTTP, real rows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from marketdata.models import DailyPrice, Dividend, PriceRejection, ProviderRequest, Security, Split, SymbolCollection
from marketdata.providers.base import Outcome
from marketdata.providers.registry import build_chain
from marketdata.services.collection import CollectionReport, Wanted, collect_prices, record_request_rows
from tests.marketdata.providers import wire
from tests.marketdata.providers.loopback import Loopback

pytestmark = pytest.mark.django_db

DAYS = ["2025-11-13", "2025-11-14", "2025-11-17", "2025-11-18"]
START, END = dt.date(2025, 11, 13), dt.date(2025, 11, 18)
CHART = "/v8/finance/chart/"


@pytest.fixture
def server() -> Iterator[Loopback]:
    loopback = Loopback()
    yield loopback
    loopback.close()


@pytest.fixture(autouse=True)
def live(settings: Any, server: Loopback, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    settings.MARKETDATA_SOURCE, settings.MARKETDATA_PROVIDERS = "live", ["yfinance"]
    settings.YAHOO_BASE_URL = server.base_url
    settings.PROVIDER_TIMEOUT_SECONDS, settings.PROVIDER_ATTEMPTS = 0.4, 1
    settings.PROVIDER_RATES = {"yfinance": (500.0, 10)}
    settings.REDIS_KEY_PREFIX = f"test:{uuid.uuid4().hex}"
    return settings


def wanted(**dollars: float) -> list[Wanted]:
    return [
        Wanted(Security.objects.get_or_create(symbol=s, security_type="stock")[0].id, s, "stock", priority)
        for s, priority in dollars.items()
    ]


def collect(held: list[Wanted], run_id: uuid.UUID | None = None) -> CollectionReport:
    return collect_prices(build_chain(recorder=record_request_rows(run_id)), held, START, END, last_complete=END)


def test_prices_are_stored_raw_with_their_actions(server: Loopback) -> None:
    body = wire.yahoo_chart(
        "NFLX", wire.flat(DAYS, close=110.0), splits={"2025-11-17": (10, 1)}, dividends={"2025-11-14": 0.05}
    )
    server.serve(CHART + "NFLX", body)
    report = collect(wanted(NFLX=1.0))
    assert (report.answered, report.suspect, report.failures) == (1, 0, {})
    closes = list(DailyPrice.objects.order_by("date").values_list("close", flat=True))
    assert closes == [Decimal(1100), Decimal(1100), Decimal(110), Decimal(110)]
    assert Split.objects.get().ratio == 10
    assert Dividend.objects.get().amount == Decimal("0.5")


def test_a_collection_resumes_where_the_budget_ended(server: Loopback, live: Any) -> None:
    for symbol in ("SMALL", "LARGE", "MIDDLE"):
        server.serve(CHART + symbol, wire.yahoo_chart(symbol, wire.flat(DAYS)))
    held = wanted(SMALL=1.0, LARGE=3.0, MIDDLE=2.0)
    live.PROVIDER_BUDGETS = {"yfinance": {"symbols": 2, "window": 600.0}}
    first = collect(held)
    assert (first.answered, list(first.failures)) == (2, ["SMALL"])
    assert first.failures["SMALL"][0] is Outcome.RATE_LIMITED
    live.REDIS_KEY_PREFIX += ":later"
    second = collect(held)
    assert (second.up_to_date, second.answered, second.failures) == (2, 1, {})
    assert len(server.about(CHART + "LARGE")) == 1


def test_a_collection_that_gathered_nothing_is_no_success(server: Loopback) -> None:
    server.fault(CHART, status=500)
    report = collect(wanted(ABC=2.0, DEF=1.0))
    assert report.gathered_nothing
    assert {outcome for outcome, _ in report.failures.values()} == {Outcome.SERVER_ERROR}
    assert SymbolCollection.objects.filter(consecutive_failures=1).count() == 2


def test_every_request_can_be_looked_at(server: Loopback) -> None:
    server.serve(CHART + "ABC", wire.yahoo_chart("ABC", wire.flat(DAYS)))
    run_id = uuid.uuid4()
    collect(wanted(ABC=2.0, NOSUCH=1.0), run_id)
    rows = ProviderRequest.objects.filter(run_id=run_id).order_by("outcome")
    assert [(r.provider, r.operation, r.symbols_asked, r.rows, r.http_status, r.outcome) for r in rows] == [
        ("yfinance", "prices", 1, 0, 404, "not_found"),
        ("yfinance", "prices", 1, 4, 200, "ok"),
    ]


def test_bad_rows_are_refused_and_the_rest_is_stored(server: Loopback) -> None:
    rows: list[wire.Row] = [
        *wire.flat(DAYS[:2], close=10.0),
        (DAYS[2], None, None, None, None, None),
        (DAYS[3], 0.0298, 0.0298, 0.0298, 0.0298, 0.0),
    ]
    server.serve(CHART + "FXNAX", wire.yahoo_chart("FXNAX", rows, dividends={DAYS[1]: 0.0298}, kind="MUTUALFUND"))
    report = collect(wanted(FXNAX=1.0))
    assert report.rejected == {"close_missing": 1, "dividend_as_price": 1}
    assert DailyPrice.objects.count() == 2
    assert set(PriceRejection.objects.values_list("reason", flat=True)) == {"close_missing", "dividend_as_price"}
