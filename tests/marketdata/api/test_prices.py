"""Prices by symbol over HTTP, on the demo's last evening."""

from __future__ import annotations

import datetime as dt
import math
from itertools import pairwise
from typing import Any

import pytest

from marketdata.models import DailyPrice
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db


@pytest.fixture
def get(demo_results: DemoResults, db: None) -> Any:
    client = demo_results.client()
    return lambda path: client.get(f"/api/v1/data/prices/{path}")


def test_a_benchmark_serves_the_frontends_returns(get: Any, demo_results: DemoResults) -> None:
    answer = get("benchmark/spy?lookback_days=400").json()
    dates, closes = answer["data"]["dates"], answer["data"]["close"]
    assert (answer["symbol"], answer["available"], answer["message"]) == ("SPY", True, None)
    assert all(earlier < later for earlier, later in pairwise(dates))
    assert len(closes) == len(dates) == answer["metadata"]["trading_days_found"] >= 253
    assert all(isinstance(close, float) and math.isfinite(close) and close > 0 for close in closes)
    assert dates[-1] == answer["metadata"]["last_date"] == demo_results.session.isoformat()
    assert dates[0] >= answer["metadata"]["start_date"] == (demo_results.session - dt.timedelta(400)).isoformat()
    assert answer["metadata"]["source"] == "simulated"
    stored = dict(DailyPrice.objects.filter(security__symbol="SPY").values_list("date", "close"))
    assert closes == [float(stored[dt.date.fromisoformat(date)]) for date in dates]


def test_a_split_leaves_no_jump_in_a_chart(get: Any) -> None:
    closes = get("benchmark/NFLX?lookback_days=30").json()["data"]["close"]
    assert max(abs(later / earlier - 1) for earlier, later in pairwise(closes)) < 0.25
    raw = DailyPrice.objects.get(security__symbol="NFLX", date="2025-11-14").close
    assert float(raw) / 10 == pytest.approx(closes[-5], abs=1e-6)


def test_days_may_be_told_in_seconds(get: Any) -> None:
    days = get("benchmark/SPY?lookback_days=7&date_format=unix").json()["data"]["dates"]
    assert days[-1] == dt.datetime(2025, 11, 20, tzinfo=dt.UTC).timestamp()


def test_an_unknown_symbol_is_an_answer(get: Any) -> None:
    answer = get("benchmark/NOSUCH").json()
    assert (answer["available"], answer["data"]) == (False, None)
    assert "NOSUCH" in answer["message"]
    assert answer["metadata"]["trading_days_found"] == 0


@pytest.mark.parametrize(
    "path",
    ["benchmark/SPY?lookback_days=0", "benchmark/SPY?lookback_days=4000", f"benchmark/{'X' * 33}", "benchmark/A%00B",
     "quotes", "quotes?symbols=", "quotes?symbols=A%00B", "quotes?symbols=" + ",".join(["AAPL"] * 101)],
)  # fmt: skip
def test_what_cannot_be_asked_is_422(get: Any, path: str) -> None:
    assert get(path).status_code == 422


def test_quotes_come_in_the_order_asked_for(get: Any) -> None:
    answer = get("quotes?symbols=msft, aapl,NOSUCH,,MSFT").json()
    assert [quote["symbol"] for quote in answer["quotes"]] == ["MSFT", "AAPL", "MSFT"]
    counts = {"requested_symbols": ["MSFT", "AAPL", "NOSUCH", "", "MSFT"], "successful_quotes": 3, "failed_quotes": 2}
    assert counts.items() <= answer["metadata"].items()
    first = answer["quotes"][0]
    newest, before = DailyPrice.objects.filter(security__symbol="MSFT").order_by("-date")[:2]
    assert first["last_price"] == float(newest.close)
    assert first["day_change"] == pytest.approx(float(newest.close - before.close))
    assert first["day_change_percent"] == pytest.approx(float(100 * (newest.close / before.close - 1)), abs=1e-4)
    assert (first["timestamp"], first["source"]) == ("2025-11-20T21:00:00Z", "simulated")
    assert answer["metadata"]["timestamp"] == first["timestamp"]


def test_an_option_is_quoted_like_its_mark(get: Any) -> None:
    path = "quotes?symbols=AAPL271217P00180000"
    assert get(path).json()["quotes"] == []
    [quote] = get(f"{path}&include_options=true").json()["quotes"]
    assert quote["bid"] < quote["last_price"] < quote["ask"]
