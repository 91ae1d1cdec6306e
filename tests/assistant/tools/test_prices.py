"""Prices, companies, the market and what moved: stored prices, dated, with the signs of the book."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from assistant.tools.market import sentiment, vix
from marketdata.models import DailyPrice, Security
from marketdata.services.quotes import Quote, newest_quotes
from portfolios.models import PortfolioSnapshot, PositionSnapshot
from tests.assistant.tools.asking import ask, books_of, data_of, person
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db

QUOTE = Quote(
    "SPY",
    100.0,
    99.99,
    100.01,
    101.0,
    99.0,
    10,
    "simulated",
    1.0,
    1.0,
    dt.datetime(2025, 11, 20, 21, tzinfo=dt.UTC),
    False,
)


def test_history_is_split_adjusted_newest_first_and_bounded(demo_results: DemoResults) -> None:
    book = books_of(person())[0]
    result = ask("get_prices_historical", lookback_days=400, symbols=["NFLX", "META", "IBM"])
    served = (
        demo_results.client("demo_hedgefundstyle")
        .get(f"/api/v1/data/prices/historical/{book.pk}?lookback_days=180")
        .json()["symbols"]
    )
    found = {row["symbol"]: row for row in data_of(result)["symbols"]}
    assert set(found) == {"NFLX", "META"}
    assert "lookback_days: 180 was used, the bounds are 1 to 180." in result.envelope["meta"]["notes"]
    assert "Not held, so not shown: IBM." in result.envelope["meta"]["notes"]
    bars = found["NFLX"]["bars"]
    assert [bar["c"] for bar in reversed(bars)] == pytest.approx(served["NFLX"]["close"], abs=0.006)
    assert bars[0]["d"] == "2025-11-20"
    assert max(bar["c"] for bar in bars) < 300, "a split of ten is no fall"
    assert len(result.text) <= 10_000


def test_quotes_have_no_bid_where_nobody_bids(demo_results: DemoResults) -> None:
    found = data_of(ask("get_current_quotes", symbols=["nvda", "NOSUCH"]))
    assert found["without_prices"] == ["NOSUCH"]
    [row] = found["quotes"]
    quote = newest_quotes(["NVDA"])["NVDA"]
    assert row["price_usd"] == pytest.approx(quote.price, abs=0.006)
    assert row["session"] == "2025-11-20"
    assert row["source"] == "simulated"
    assert "bid_usd" not in row


def test_six_symbols_are_five_and_it_is_said(demo_results: DemoResults) -> None:
    result = ask("get_current_quotes", symbols="SPY,QQQ,IWM,NVDA,META,AAPL")
    assert len(data_of(result)["quotes"]) == 5
    assert result.envelope["meta"]["applied"]["symbols"] == ["SPY", "QQQ", "IWM", "NVDA", "META"]
    assert result.envelope["meta"]["notes"] == ["symbols: the first 5 of 6 were used, 5 is the most."]


def test_factor_funds_are_measured_against_the_market(demo_results: DemoResults) -> None:
    rows = {row["symbol"]: row for row in data_of(ask("get_factor_etf_prices", lookback_days=30))["funds"]}
    assert set(rows) == {"SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV"}
    spy = Security.objects.get(symbol="SPY")
    closes = dict(DailyPrice.objects.filter(security=spy, date__lte="2025-11-20").values_list("date", "close"))
    days = sorted(closes)
    assert rows["SPY"]["change_pct_5_sessions"] == pytest.approx(
        100 * float(closes[days[-1]] / closes[days[-6]] - 1), abs=0.006
    )
    assert rows["SPY"]["ahead_of_market_pct"] == 0
    assert rows["IWM"]["ahead_of_market_pct"] == pytest.approx(
        rows["IWM"]["change_pct_window"] - rows["SPY"]["change_pct_window"], abs=0.011
    )
    only = data_of(ask("get_factor_etf_prices", factors=["Size", "Value"]))["funds"]
    assert {row["factor"] for row in only} == {"Size", "Value"}


def test_a_company_is_told_with_what_is_held_of_it(demo_results: DemoResults) -> None:
    found = data_of(ask("get_company_profile", symbol="nvda"))
    assert found["profile"]["company_name"] == "NVIDIA Corporation"
    assert found["profile"]["data_source"] == "simulated"
    assert {row["type"] for row in found["held"]} == {"LONG", "LC"}
    unknown = data_of(ask("get_company_profile", symbol="NOSUCH"))
    assert (unknown["available"], unknown["profile"], unknown["held"]) == (False, {}, [])


def test_news_are_searched_on_the_web_for_the_largest_holdings(demo_results: DemoResults) -> None:
    found = data_of(ask("get_market_news"))
    assert found["news_available"] is False
    assert "web_search" in found["advice"]
    assert found["symbols"][:3] == ["META", "NFLX", "GOOGL"]
    assert len(found["symbols"]) == 10
    assert data_of(ask("get_market_news", symbols=["IBM"]))["symbols"] == ["IBM"]


def test_movers_are_what_the_ledger_booked(demo_results: DemoResults) -> None:
    book = books_of(person())[0]
    found = data_of(ask("get_daily_movers", threshold_pct=0))
    night = PortfolioSnapshot.objects.get(portfolio=book, snapshot_date=demo_results.session)
    lots = PositionSnapshot.objects.get(portfolio=book, snapshot_date=demo_results.session)
    assert found["portfolio"]["day_pnl_usd"] == pytest.approx(float(night.daily_pnl), abs=0.51)
    assert sum(row["pnl_usd"] for row in found["movers"]) == pytest.approx(
        sum(lots.daily_pnl), abs=len(found["movers"])
    )
    week = PortfolioSnapshot.objects.filter(
        portfolio=book, snapshot_date__gt="2025-11-13", snapshot_date__lte="2025-11-20"
    )
    assert found["portfolio"]["week_pnl_usd"] == pytest.approx(float(sum(one.daily_pnl for one in week)), abs=0.51)
    assert len(found["movers"]) == 30
    gains = [row["pnl_usd"] for row in found["day"]["gainers"]]
    losses = [row["pnl_usd"] for row in found["day"]["losers"]]
    assert gains == sorted(gains, reverse=True)
    assert losses == sorted(losses)
    assert min(gains) > 0 > max(losses)


def test_a_short_that_rises_is_a_loser_and_a_split_moves_nothing(demo_results: DemoResults) -> None:
    rows = {(row["symbol"], row["type"]): row for row in data_of(ask("get_daily_movers", threshold_pct=0))["movers"]}
    short = rows["NFLX", "SHORT"]
    assert short["price_change_pct"] > 0 > short["pnl_usd"]
    assert abs(short["week_change_pct"]) < 20, "split 10:1 within the week"
    written = rows["META271217C00900000", "SC"]
    assert written["price_change_pct"] > 0 > written["pnl_usd"]
    for row in rows.values():
        if row["type"] in ("LONG", "LC", "LP") and abs(row["pnl_usd"]) > 1:
            assert row["price_change_pct"] * row["pnl_usd"] > 0


def test_the_threshold_is_of_the_price(demo_results: DemoResults) -> None:
    found = data_of(ask("get_daily_movers", threshold_pct=5))
    assert found["movers"]
    assert all(abs(row["price_change_pct"]) >= 5 for row in found["movers"])
    assert found["holdings_below_threshold"] == 30 - len(found["movers"])


def test_the_market_is_told_from_stored_prices(demo_results: DemoResults) -> None:
    result = ask("get_market_overview")
    found = data_of(result)
    assert [row["symbol"] for row in found["indices"]] == ["SPY", "QQQ", "IWM"]
    assert "No prices are stored of DIA." in result.envelope["meta"]["notes"]
    assert len(found["sectors"]) == 11
    changes = [row["change_pct"] for row in found["sectors"]]
    assert changes == sorted(changes, reverse=True)
    assert found["top_sectors"] == [row["name"] for row in found["sectors"][:3]]
    assert found["bottom_sectors"][0] == found["sectors"][-1]["name"]
    level = newest_quotes(["VIX"])["VIX"]
    assert found["vix"]["level"] == pytest.approx(level.price, abs=0.006)
    bare = data_of(ask("get_market_overview", include_sectors=False, include_vix=False))
    assert {"sectors", "vix"}.isdisjoint(bare)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (1.2, "strong_bullish"),
        (0.5, "bullish"),
        (0.0, "neutral"),
        (-0.25, "bearish"),
        (-0.9, "bearish"),
        (-1.0, "strong_bearish"),
    ],
)
def test_a_word_for_the_day(change: float, word: str) -> None:
    found = sentiment({"SPY": replace(QUOTE, change_percent=change)})
    assert found is not None
    assert found["word"] == word
    assert sentiment({"SPY": replace(QUOTE, change_percent=None)}) is None


@pytest.mark.parametrize(
    ("level", "word"),
    [(11.9, "very_low"), (12, "low"), (18, "moderate"), (25, "elevated"), (34.9, "elevated"), (35, "high")],
)
def test_a_word_for_the_vix_and_none_without_it(level: float, word: str) -> None:
    found = vix(replace(QUOTE, symbol="VIX", price=level))
    assert found is not None
    assert found["volatility"] == word
    assert vix(None) is None
