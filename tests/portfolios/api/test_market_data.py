"""Prices and profiles of what a portfolio holds, on the demo's last evening."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from marketdata.models import DailyPrice, Split
from portfolios.models import Portfolio, Position
from sigmasight.core.demo import rows
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db
BOOK = next(row["id"] for row in rows("portfolios") if row["portfolio"] == "hedge_fund")
ACCOUNT = "demo_hedgefundstyle"
PROFILES = "/api/v1/data/company-profiles"


@pytest.fixture
def client(demo_results: DemoResults, db: None) -> Client:
    return demo_results.client(ACCOUNT)


def history(client: Client, **query: Any) -> Any:
    return client.get(f"/api/v1/data/prices/historical/{BOOK}", query).json()


def test_history_is_that_of_the_rows_in_todays_shares(client: Client, demo_results: DemoResults) -> None:
    answer = history(client)
    first, last = demo_results.session - dt.timedelta(days=150), demo_results.session
    assert answer["metadata"] == {
        "lookback_days": 150,
        "start_date": first.isoformat(),
        "end_date": last.isoformat(),
        "trading_days_included": len(answer["symbols"]["AAPL"]["dates"]),
    }
    splits = list(Split.objects.values_list("security__symbol", "ex_date", "ratio"))
    assert any(symbol in answer["symbols"] for symbol, *_ in splits)
    for symbol, series in answer["symbols"].items():
        stored = DailyPrice.objects.filter(security__symbol=symbol, date__gte=first, date__lte=last).order_by("date")
        assert series["dates"] == [row.date.isoformat() for row in stored]
        assert series["data_points"] == len(series["dates"])
        assert series["adjusted_close"] == series["close"]
        assert series["source"] == "simulated"
        for place, row in enumerate(stored):
            ratio = 1
            for other, ex_date, one in splits:
                ratio *= one if other == symbol and row.date < ex_date <= last else 1
            for name in ("open", "high", "low", "close"):
                assert series[name][place] == pytest.approx(float(getattr(row, name) / ratio), abs=1e-6)
            assert series["volume"][place] == round((row.volume or 0) * ratio)


def test_history_holds_the_listed_lots_and_the_style_funds(client: Client) -> None:
    held = set(Position.objects.filter(portfolio_id=BOOK, investment_class="PUBLIC").values_list("symbol", flat=True))
    assert set(history(client, include_factor_etfs="false", lookback_days=7)["symbols"]) == held
    funds = {"SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV"}
    assert set(history(client, lookback_days=7)["symbols"]) == held | funds


def test_history_ends_with_the_published_session(client: Client) -> None:
    Portfolio.objects.filter(pk=BOOK).update(results_as_of="2025-11-14")
    answer = history(client, lookback_days=30)
    assert answer["metadata"]["end_date"] == "2025-11-14"
    assert answer["symbols"]["NFLX"]["dates"][-1] == "2025-11-14"
    assert answer["symbols"]["NFLX"]["close"][-1] == float(
        DailyPrice.objects.get(security__symbol="NFLX", date="2025-11-14").close
    )


def test_closed_and_deleted_lots_are_gone(client: Client) -> None:
    Position.objects.filter(portfolio_id=BOOK, symbol="AMD").update(exit_date="2025-11-19", exit_price=1)
    Position.objects.filter(portfolio_id=BOOK, symbol="XOM").update(deleted_at=timezone.now())
    symbols = history(client, lookback_days=7)["symbols"]
    assert not {"AMD", "XOM"} & symbols.keys()
    meta = client.get(PROFILES, {"portfolio_id": BOOK}).json()["meta"]
    assert not {"AMD", "XOM"} & set(meta["requested_symbols"])


def test_profiles_of_a_portfolio(client: Client) -> None:
    answer = client.get(PROFILES, {"portfolio_id": BOOK}).json()
    symbols = [profile["symbol"] for profile in answer["profiles"]]
    meta = answer["meta"]
    assert symbols == sorted(symbols)
    assert (meta["query_type"], meta["portfolio_id"], meta["returned_profiles"]) == ("portfolio", BOOK, len(symbols))
    assert len(meta["requested_symbols"]) == 30
    assert set(symbols) | set(meta["missing_profiles"]) == set(meta["requested_symbols"])
    apple = next(profile for profile in answer["profiles"] if profile["symbol"] == "AAPL")
    assert (apple["sector"], apple["data_source"]) == ("Technology", "simulated")
    assert apple["current_year_earnings_avg"] > 0


def test_profiles_of_lots_keep_their_order_and_repeats(client: Client) -> None:
    lots = {lot.symbol: str(lot.pk) for lot in Position.objects.filter(portfolio_id=BOOK)}
    ids = [lots["MSFT"], lots["AAPL"], lots["MSFT"]]
    meta = client.get(PROFILES, {"position_ids": ",".join(ids), "fields": "beta"}).json()["meta"]
    assert meta["position_ids"] == ids
    assert meta["requested_symbols"] == ["MSFT", "AAPL", "MSFT"]
    assert meta["position_symbol_map"] == {lots["MSFT"]: "MSFT", lots["AAPL"]: "AAPL"}
    assert meta["fields_requested"] == ["symbol", "beta"]


def test_profiles_of_symbols_in_any_spelling_and_only_some_fields(client: Client) -> None:
    answer = client.get(PROFILES, {"symbols": " brk.b,nosuch,,aapl", "fields": "sector, symbol"}).json()
    assert answer["profiles"] == [
        {"sector": "Technology", "symbol": "AAPL"},
        {"sector": "Financial Services", "symbol": "BRK-B"},
    ]
    assert answer["meta"]["requested_symbols"] == ["BRK-B", "NOSUCH", "AAPL"]
    assert answer["meta"]["missing_profiles"] == ["NOSUCH"]
    assert client.get(PROFILES, {"symbols": ""}).json()["profiles"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"symbols": "AAPL", "portfolio_id": BOOK}, 400),
        ({"symbols": "AAPL", "fields": "nonsense"}, 400),
        ({"position_ids": "nonsense"}, 400),
        ({"portfolio_id": "nonsense"}, 422),
        ({"symbols": ",".join(["AAPL"] * 501)}, 422),
        ({"portfolio_id": UUID(int=1)}, 404),
        ({"position_ids": UUID(int=1)}, 404),
    ],
)
def test_what_cannot_be_asked_is_refused(client: Client, query: dict[str, Any], status: int) -> None:
    assert client.get(PROFILES, query).status_code == status
