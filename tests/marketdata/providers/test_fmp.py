"""Prices, actions and profiles of FMP, in both shapes of its interface."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from marketdata.models import CompanyProfile
from marketdata.providers.base import Outcome, PriceAnswer
from marketdata.providers.fmp import FmpProvider
from tests.marketdata.providers import wire
from tests.marketdata.providers.conftest import ONCE
from tests.marketdata.providers.loopback import Loopback, fixture

PRICES = "/stable/historical-price-eod/full"
SPLITS = "/stable/splits"
DIVIDENDS = "/stable/dividends"
PROFILE = "/stable/profile"
DAYS = ["2025-11-13", "2025-11-14", "2025-11-17", "2025-11-18"]
START, END = dt.date(2025, 11, 13), dt.date(2025, 11, 18)
TODAY = dt.date(2026, 2, 27)
KEY = "fmp-key-0123456789"


@pytest.fixture
def fmp(server: Loopback) -> FmpProvider:
    server.serve(SPLITS, [])
    server.serve(DIVIDENDS, [])
    return FmpProvider(api_key=KEY, base_url=server.base_url, timeout=0.3, retry=ONCE, workers=1, today=lambda: TODAY)


def ask(fmp: FmpProvider, *symbols: str, start: dt.date = START, end: dt.date = END) -> PriceAnswer:
    return fmp.prices(symbols or ("ABC",), start, end)


def test_bars_arrive_oldest_first(fmp: FmpProvider, server: Loopback) -> None:
    server.serve(PRICES, wire.fmp_rows("ABC", wire.flat(DAYS)))
    history = ask(fmp).histories["ABC"]
    assert [str(day) for day in history.dates] == DAYS
    assert (history.source, history.close[0], history.volume[0]) == ("fmp", 100.0, 1000.0)
    query = server.about(PRICES)[0].query
    assert (query["symbol"], query["from"], query["to"], query["apikey"]) == ("ABC", "2025-11-13", "2025-11-18", KEY)


def test_splits_up_to_today_are_undone_and_announced_ones_are_not(fmp: FmpProvider, server: Loopback) -> None:
    server.serve(PRICES, wire.fmp_rows("ABC", wire.flat(DAYS, close=10.0, volume=600.0)))
    server.serve(
        SPLITS,
        [
            {"symbol": "ABC", "date": "2026-04-01", "numerator": 7, "denominator": 1},
            {"symbol": "ABC", "date": "2026-01-15", "numerator": 3, "denominator": 1},
            {"symbol": "ABC", "date": "2025-11-17", "numerator": 2, "denominator": 1},
        ],
    )
    history = ask(fmp).histories["ABC"]
    assert history.close.tolist() == [60.0, 60.0, 30.0, 30.0]
    assert history.volume.tolist() == [100.0, 100.0, 200.0, 200.0]
    assert [(str(event.ex_date), event.ratio) for event in history.splits] == [("2025-11-17", Decimal(2))]


def test_a_reverse_split_is_undone(fmp: FmpProvider, server: Loopback) -> None:
    server.serve(PRICES, wire.fmp_rows("ABC", wire.flat(DAYS, close=30.0)))
    server.serve(SPLITS, [{"symbol": "ABC", "date": "2025-11-17", "numerator": 1, "denominator": 3}])
    history = ask(fmp).histories["ABC"]
    assert history.close.tolist() == [10.0, 10.0, 30.0, 30.0]


def test_dividends_are_as_paid(fmp: FmpProvider, server: Loopback) -> None:
    server.serve(PRICES, wire.fmp_rows("ABC", wire.flat(DAYS)))
    server.serve(SPLITS, [{"symbol": "ABC", "date": "2025-11-18", "numerator": 2, "denominator": 1}])
    server.serve(
        DIVIDENDS,
        [
            {"symbol": "ABC", "date": "2025-11-18", "adjDividend": 0.3},
            {"symbol": "ABC", "date": "2025-11-17", "adjDividend": 0.2},
            {"symbol": "ABC", "date": "2025-11-14", "dividend": 0.5, "adjDividend": 0.25},
            {"symbol": "ABC", "date": "2025-08-14", "dividend": 0.5, "adjDividend": 0.25},
        ],
    )
    paid = ask(fmp).histories["ABC"].dividends
    assert [(str(event.ex_date), event.amount) for event in paid] == [
        ("2025-11-14", Decimal("0.5")),
        ("2025-11-17", Decimal("0.4")),
        ("2025-11-18", Decimal("0.3")),
    ]


@pytest.mark.parametrize("path", [SPLITS, DIVIDENDS])
def test_prices_without_their_actions_are_no_prices(fmp: FmpProvider, server: Loopback, path: str) -> None:
    server.serve(PRICES, wire.fmp_rows("ABC", wire.flat(DAYS)))
    server.fault(path, status=402, body="Premium Query Parameter")
    answer = ask(fmp)
    assert answer.histories == {}
    assert answer.failures["ABC"][0] is Outcome.UNAUTHORIZED


def test_symbols_are_asked_in_its_spelling(fmp: FmpProvider, server: Loopback) -> None:
    server.serve(PRICES, lambda query: wire.fmp_rows(query["symbol"], wire.flat(DAYS)))
    assert set(ask(fmp, "BRK.B", "VIX").histories) == {"BRK.B", "VIX"}
    assert [request.query["symbol"] for request in server.about(PRICES)] == ["BRK-B", "^VIX"]


def test_missing_numbers_are_nan(fmp: FmpProvider, server: Loopback) -> None:
    server.serve(PRICES, [{"symbol": "ABC", "date": "2025-11-13", "close": 9.5, "open": None}])
    history = ask(fmp).histories["ABC"]
    assert history.close.tolist() == [9.5]
    assert np.isnan([history.open[0], history.high[0], history.volume[0]]).all()


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ([], Outcome.EMPTY),
        ({}, Outcome.EMPTY),
        (wire.fmp_rows("ABC", wire.flat(["2020-01-02"])), Outcome.EMPTY),
        (wire.fmp_rows("XYZ", wire.flat(DAYS)), Outcome.MALFORMED),
        ([{"symbol": "ABC", "close": 1.0}], Outcome.MALFORMED),
        ([{"symbol": "ABC", "date": "2025-11-13"}], Outcome.MALFORMED),
        ('[{"symbol": "ABC", ', Outcome.MALFORMED),
        ("null", Outcome.MALFORMED),
        ({"Error Message": "Limit Reach . Please upgrade your plan"}, Outcome.RATE_LIMITED),
        ({"Error Message": "Invalid API KEY. Feel free to create one"}, Outcome.UNAUTHORIZED),
    ],
)
def test_useless_answers_are_failures(fmp: FmpProvider, server: Loopback, body: Any, outcome: Outcome) -> None:
    server.serve(PRICES, body)
    answer = ask(fmp)
    assert answer.histories == {}
    assert answer.failures["ABC"][0] is outcome


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"status": 429}, Outcome.RATE_LIMITED),
        ({"status": 500}, Outcome.SERVER_ERROR),
        ({"status": 401, "body": "Invalid API KEY"}, Outcome.UNAUTHORIZED),
        ({"hang": 1.0}, Outcome.TIMEOUT),
        ({"cut": True}, Outcome.UNREACHABLE),
    ],
)
def test_faults_are_told_apart_without_the_key(
    fmp: FmpProvider, server: Loopback, fault: dict[str, Any], outcome: Outcome
) -> None:
    server.fault(PRICES, **fault)
    failed, reason = ask(fmp).failures["ABC"]
    assert failed is outcome
    assert KEY not in reason


def test_a_refused_key_is_not_tried_on_every_symbol(fmp: FmpProvider, server: Loopback) -> None:
    server.fault("/stable/", status=401)
    answer = ask(fmp, "ABC", "DEF", "GHI")
    assert {outcome for outcome, _ in answer.failures.values()} == {Outcome.UNAUTHORIZED}
    assert len(server.requests) == 1


def test_the_older_interface_is_spoken_too(server: Loopback) -> None:
    fmp = FmpProvider(api_key=KEY, base_url=server.base_url, api="v3", retry=ONCE, workers=1, today=lambda: TODAY)
    base = "/api/v3/historical-price-full/"
    server.serve(base + "ABC", {"symbol": "ABC", "historical": wire.fmp_rows("ABC", wire.flat(DAYS, close=10.0))})
    splits = [{"date": "2025-11-17", "label": "November 17, 25", "numerator": 10, "denominator": 1}]
    server.serve(base + "stock_split/ABC", {"symbol": "ABC", "historical": splits})
    server.serve(base + "stock_dividend/ABC", {})
    assert ask(fmp).histories["ABC"].close.tolist() == [100.0, 100.0, 10.0, 10.0]


@pytest.mark.parametrize(
    ("name", "api", "path"),
    [
        ("fmp_stable_eod_full_AAPL_shaped.json", "stable", PRICES),
        ("fmp_historical_price_full_AAPL_shaped.json", "v3", "/api/v3/historical-price-full/AAPL"),
    ],
)
def test_apple_in_july_2025_in_both_shapes(server: Loopback, name: str, api: Any, path: str) -> None:
    server.serve(path, fixture(name))
    for action in (SPLITS, DIVIDENDS):
        server.serve(action, [])
    for action in ("stock_split", "stock_dividend"):
        server.serve(f"/api/v3/historical-price-full/{action}/AAPL", {})
    fmp = FmpProvider(api_key=KEY, base_url=server.base_url, api=api, retry=ONCE, today=lambda: TODAY)
    history = ask(fmp, "AAPL", start=dt.date(2025, 6, 30), end=dt.date(2025, 7, 11)).histories["AAPL"]
    close = dict(zip(history.dates.astype(str).tolist(), history.close.tolist(), strict=True))
    assert (close["2025-06-30"], close["2025-07-01"], close["2025-07-11"]) == (205.17, 207.82, 211.16)


def test_a_profile_fills_the_columns_it_knows(fmp: FmpProvider, server: Loopback) -> None:
    row = {
        "symbol": "ABC",
        "price": 200.0,
        "marketCap": 3_000_000,
        "beta": 1.1,
        "lastDividend": 1.0,
        "range": "164.08-260.1",
        "companyName": "Example Inc.",
        "fullTimeEmployees": "150000",
        "isEtf": False,
        "isFund": False,
        "sector": "",
    }
    server.serve(PROFILE, [row])
    (profile,) = fmp.profiles(["ABC"], TODAY).values()
    assert profile.values["dividend_yield"] == Decimal("0.005")
    assert (profile.values["week_52_low"], profile.values["week_52_high"]) == (Decimal("164.08"), Decimal("260.1"))
    assert profile.values["employees"] == 150000
    assert "sector" not in profile.values
    assert set(profile.values) <= {field.name for field in CompanyProfile._meta.get_fields()}


def test_an_unknown_profile_is_empty(fmp: FmpProvider, server: Loopback) -> None:
    server.serve(PROFILE, [])
    answer = fmp.profiles(["ABC"], TODAY)
    assert answer == {}
    assert answer.errors["ABC"].outcome is Outcome.EMPTY
