"""/data/factors/etf-prices: the newest price of every style factor's fund."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from marketdata.models import DailyPrice
from tests.analytics.api.callers import answer
from tests.demo_fixtures import DemoResults
from tests.factories import SecurityFactory

pytestmark = pytest.mark.django_db


def prices(demo: DemoResults, **query: Any) -> Any:
    return answer(demo.client(), "data/factors/etf-prices", **query)


def test_the_seven_funds_at_their_newest_close(demo_results: DemoResults) -> None:
    found = prices(demo_results)
    assert {row["factor_name"]: symbol for symbol, row in found["data"].items()} == {
        "Market Beta": "SPY", "Value": "VTV", "Growth": "VUG", "Momentum": "MTUM", "Quality": "QUAL", "Size": "IWM",
        "Low Volatility": "USMV",
    }  # fmt: skip
    newest = max(row["updated_at"] for row in found["data"].values())
    assert found["metadata"] == {"factor_model": "7-factor", "etf_count": 7, "timestamp": newest}
    for symbol, row in found["data"].items():
        price = DailyPrice.objects.get(security__symbol=symbol, date=demo_results.session)
        assert (row["current_price"], row["open"], row["volume"]) == (
            float(price.close), float(price.open or 0), price.volume,
        )  # fmt: skip
        assert (row["date"], row["data_source"]) == ("2025-11-20", "simulated")


def test_factors_by_name_and_unknown_ones_passed_over(demo_results: DemoResults) -> None:
    assert list(prices(demo_results, factors="Growth, Value ,Luck")["data"]) == ["VTV", "VUG"]
    assert prices(demo_results, factors="Luck")["data"] == {}
    assert len(prices(demo_results, factors="")["data"]) == 7


def test_a_doubted_price_is_not_shown_and_a_bare_close_is(demo_results: DemoResults) -> None:
    spy = SecurityFactory(symbol="SPY")
    for days, close, quality in ((1, "600", "ok"), (2, "60", "suspect")):
        DailyPrice.objects.create(
            security=spy, date=demo_results.session + dt.timedelta(days=days), close=Decimal(close), source="test",
            quality=quality,
        )  # fmt: skip
    row = prices(demo_results)["data"]["SPY"]
    assert (row["current_price"], row["date"], row["data_source"]) == (600, "2025-11-21", "test")
    assert (row["open"], row["high"], row["low"], row["volume"]) == (None, None, None, None)


def test_a_fund_without_prices_is_left_out(demo_results: DemoResults) -> None:
    DailyPrice.objects.filter(security__symbol="QUAL").delete()
    found = prices(demo_results)
    assert "QUAL" not in found["data"]
    assert found["metadata"]["etf_count"] == 6
