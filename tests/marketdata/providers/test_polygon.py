"""Option contracts, snapshots and aggregates of Polygon."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from marketdata.providers.base import Capability, OptionContractTerms, Outcome, ProviderError
from marketdata.providers.polygon import OPTIONS, PolygonProvider
from marketdata.providers.symbols import parse_occ
from tests.marketdata.providers import wire
from tests.marketdata.providers.conftest import ONCE
from tests.marketdata.providers.loopback import Loopback, fixture

CONTRACTS = "/v3/reference/options/contracts"
SNAPSHOT = "/v3/snapshot/options/"
SESSION = dt.date(2025, 12, 1)
PUT, CALL = "SPY271217P00560000", "SPY271217C00650000"
KEY = "polygon-key-0123456789"


@pytest.fixture
def polygon(server: Loopback) -> PolygonProvider:
    return PolygonProvider(api_key=KEY, base_url=server.base_url, timeout=0.3, retry=ONCE, workers=1)


def contract(symbol: str) -> OptionContractTerms:
    terms = parse_occ(symbol)
    assert terms is not None
    return terms


def bars_path(ticker: str, start: str, end: str) -> str:
    return f"/v2/aggs/ticker/{ticker}/range/1/day/{start}/{end}"


def reference(symbol: str, **values: Any) -> dict[str, Any]:
    terms = contract(symbol)
    return {
        "ticker": f"O:{symbol}",
        "underlying_ticker": terms.underlying,
        "contract_type": terms.option_type.lower(),
        "strike_price": float(terms.strike),
        "expiration_date": terms.expiration.isoformat(),
        "exercise_style": "american",
        "shares_per_contract": 100,
    } | values


def test_it_is_used_for_options_alone(polygon: PolygonProvider) -> None:
    assert polygon.capabilities == OPTIONS
    assert Capability.PRICES not in polygon.capabilities


def test_recorded_contracts_are_read_over_both_pages(polygon: PolygonProvider, server: Loopback) -> None:
    pages = [fixture(f"polygon_options_contracts_page{number}.json") for number in (1, 2)]
    server.serve(CONTRACTS, lambda query: pages[1] if "cursor" in query else pages[0])
    terms = polygon.option_chain("A", dt.date(2022, 5, 2))
    assert len(terms) == len(pages[0]["results"]) + len(pages[1]["results"])
    assert terms[0] == OptionContractTerms("A220520C00065000", "A", "CALL", Decimal(65), dt.date(2022, 5, 20))
    first, second = server.requests
    assert first.query["underlying_ticker"] == "A"
    # The recorded next_url names another host; key and request stay with the one that is configured.
    assert second.query == {"cursor": "YXA9JTdCJTIySUQlMjIlM0ElMjIy"}
    assert second.headers["Authorization"] == f"Bearer {KEY}"


def test_adjusted_contracts_are_left_out(polygon: PolygonProvider, server: Loopback) -> None:
    server.serve(CONTRACTS, {"results": [reference(PUT), reference(CALL, shares_per_contract=150)]})
    assert [terms.symbol for terms in polygon.option_chain("SPY", SESSION)] == [PUT]


def test_pages_in_a_circle_end(polygon: PolygonProvider, server: Loopback) -> None:
    server.serve(CONTRACTS, {"results": [reference(PUT)], "next_url": "https://elsewhere" + CONTRACTS + "?cursor=x"})
    with pytest.raises(ProviderError, match="circle"):
        polygon.option_chain("SPY", SESSION)
    assert len(server.requests) == 2


def test_no_contracts_are_empty(polygon: PolygonProvider, server: Loopback) -> None:
    server.serve(CONTRACTS, {"results": [], "status": "OK"})
    with pytest.raises(ProviderError) as raised:
        polygon.option_chain("SPY", SESSION)
    assert raised.value.outcome is Outcome.EMPTY


def test_a_snapshot_is_the_quote_of_its_session(polygon: PolygonProvider, server: Loopback) -> None:
    server.serve(SNAPSHOT + "SPY/O:" + PUT, {"results": wire.polygon_snapshot("O:" + PUT, "2025-12-01")})
    (row,) = polygon.option_quotes([contract(PUT)], SESSION, SESSION)
    assert (row.symbol, row.session, row.source) == (PUT, SESSION, "polygon")
    assert (row.bid, row.ask, row.last) == (Decimal("4.9"), Decimal("5.1"), Decimal("5.0"))
    assert (row.implied_volatility, row.volume, row.open_interest) == (Decimal("0.25"), 10, 100)


def test_many_contracts_of_one_underlying_come_from_its_chain(polygon: PolygonProvider, server: Loopback) -> None:
    symbols = [f"SPY271217P00{strike}000" for strike in (500, 520, 540, 560)]
    snapshots = [wire.polygon_snapshot(f"O:{symbol}", "2025-12-01") for symbol in [*symbols, CALL]]
    second_page = "https://api.polygon.io/v3/snapshot/options/SPY?cursor=next"

    def page(query: dict[str, str]) -> Any:
        return {"results": snapshots[3:]} if "cursor" in query else {"results": snapshots[:3], "next_url": second_page}

    server.serve(SNAPSHOT + "SPY", page)
    rows = polygon.option_quotes([contract(symbol) for symbol in symbols], SESSION, SESSION)
    assert [row.symbol for row in rows] == symbols
    query = server.requests[0].query
    assert (query["strike_price.gte"], query["strike_price.lte"]) == ("500", "560")
    assert query["expiration_date.gte"] == query["expiration_date.lte"] == "2027-12-17"


def test_an_old_close_beside_a_new_quote_is_not_the_last(polygon: PolygonProvider, server: Loopback) -> None:
    old = {"close": 3.0, "last_updated": wire.epoch("2025-11-20") * 1_000_000_000}
    snapshot = wire.polygon_snapshot("O:" + PUT, "2025-12-01", day=old)
    server.serve(SNAPSHOT + "SPY/O:" + PUT, {"results": snapshot})
    (row,) = polygon.option_quotes([contract(PUT)], SESSION, SESSION)
    assert (row.session, row.last, row.volume) == (SESSION, None, None)
    assert row.bid == Decimal("4.9")


def test_a_snapshot_of_zeros_is_empty(polygon: PolygonProvider, server: Loopback) -> None:
    nothing = {"day": {"close": 0}, "last_quote": {"bid": 0, "ask": 0}, "implied_volatility": 0}
    snapshot = wire.polygon_snapshot("O:" + PUT, "2025-12-01", **nothing)
    server.serve(SNAPSHOT + "SPY/O:" + PUT, {"results": snapshot})
    with pytest.raises(ProviderError) as raised:
        polygon.option_quotes([contract(PUT)], SESSION, SESSION)
    assert raised.value.outcome is Outcome.EMPTY


def test_earlier_sessions_come_from_aggregates(polygon: PolygonProvider, server: Loopback) -> None:
    start = dt.date(2025, 11, 26)
    path = bars_path("O:" + PUT, "2025-11-26", "2025-12-01")
    server.serve(path, wire.polygon_bars("O:" + PUT, wire.flat(["2025-11-26", "2025-11-28"], close=4.5)))
    server.serve(SNAPSHOT + "SPY/O:" + PUT, {"results": wire.polygon_snapshot("O:" + PUT, "2025-12-01")})
    rows = polygon.option_quotes([contract(PUT)], start, SESSION)
    assert [(str(row.session), row.last) for row in rows] == [
        ("2025-11-26", Decimal("4.5")),
        ("2025-11-28", Decimal("4.5")),
        ("2025-12-01", Decimal("5.0")),
    ]
    assert server.about(path)[0].query["adjusted"] == "false"


def test_a_window_before_the_snapshot_has_closes_only(polygon: PolygonProvider, server: Loopback) -> None:
    path = bars_path("O:" + PUT, "2025-11-26", "2025-11-28")
    server.serve(path, wire.polygon_bars("O:" + PUT, wire.flat(["2025-11-28"], close=4.5)))
    server.serve(SNAPSHOT + "SPY/O:" + PUT, {"results": wire.polygon_snapshot("O:" + PUT, "2025-12-01")})
    (row,) = polygon.option_quotes([contract(PUT)], dt.date(2025, 11, 26), dt.date(2025, 11, 28))
    assert (row.session, row.last, row.bid) == (dt.date(2025, 11, 28), Decimal("4.5"), None)


def test_one_unknown_contract_does_not_lose_the_other(polygon: PolygonProvider, server: Loopback) -> None:
    server.serve(SNAPSHOT + "SPY/O:" + PUT, {"results": wire.polygon_snapshot("O:" + PUT, "2025-12-01")})
    rows = polygon.option_quotes([contract(CALL), contract(PUT)], SESSION, SESSION)
    assert [row.symbol for row in rows] == [PUT]


@pytest.mark.parametrize("name", ["polygon_options_snapshot_contract.json", "polygon_options_snapshot_chain_AAPL.json"])
def test_recorded_snapshots_are_read(polygon: PolygonProvider, server: Loopback, name: str) -> None:
    recorded = fixture(name)
    apple = "AAPL230616C00150000"
    wanted = [apple]
    if isinstance(recorded["results"], list):
        wanted += [f"AAPL230616C00{strike}000" for strike in (100, 110, 120)]
        server.serve(SNAPSHOT + "AAPL", recorded)
    else:
        server.serve(SNAPSHOT + "AAPL/O:" + apple, recorded)
    session = dt.date(2022, 4, 29)
    (row,) = polygon.option_quotes([contract(symbol) for symbol in wanted], session, session)
    assert (row.symbol, row.session) == (apple, session)
    assert (row.bid, row.ask, row.last) == (Decimal("28.9"), Decimal("29.25"), Decimal(29))
    assert row.open_interest == 8133


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"status": 429, "headers": {"Retry-After": "60"}}, Outcome.RATE_LIMITED),
        ({"status": 500}, Outcome.SERVER_ERROR),
        ({"status": 403, "body": '{"status":"NOT_AUTHORIZED"}'}, Outcome.UNAUTHORIZED),
        ({"hang": 1.0}, Outcome.TIMEOUT),
        ({"cut": True}, Outcome.UNREACHABLE),
    ],
)
def test_faults_are_told_apart(
    polygon: PolygonProvider, server: Loopback, fault: dict[str, Any], outcome: Outcome
) -> None:
    server.fault("/v3/", **fault)
    for ask in (
        lambda: polygon.option_quotes([contract(PUT)], SESSION, SESSION),
        lambda: polygon.option_chain("SPY", SESSION),
    ):
        with pytest.raises(ProviderError) as raised:
            ask()
        assert raised.value.outcome is outcome
        assert KEY not in str(raised.value)


@pytest.mark.parametrize("body", ['{"results": [', [1], {"results": {"a": 1}}])
def test_strange_answers_are_malformed(polygon: PolygonProvider, server: Loopback, body: Any) -> None:
    server.serve(CONTRACTS, body)
    with pytest.raises(ProviderError) as raised:
        polygon.option_chain("SPY", SESSION)
    assert raised.value.outcome is Outcome.MALFORMED


def serve_stock(server: Loopback, ticker: str, **bars: Any) -> None:
    path = bars_path(ticker, "2025-11-13", "2025-11-18")
    rows = wire.flat(["2025-11-13", "2025-11-14"], close=1100.0) + wire.flat(["2025-11-17"], close=110.0)
    server.serve(path, wire.polygon_bars(ticker, rows, **bars))
    splits = [
        {"ticker": ticker, "execution_date": "2025-11-17", "split_from": 1, "split_to": 10},
        {"ticker": "OTHER", "execution_date": "2025-11-17", "split_from": 1, "split_to": 3},
    ]
    dividends = [
        {"ticker": ticker, "ex_dividend_date": "2025-11-14", "cash_amount": 0.5, "dividend_type": "CD"},
        {"ticker": ticker, "ex_dividend_date": "2025-11-14", "cash_amount": 2.0, "dividend_type": "SC"},
    ]
    server.serve("/v3/reference/splits", {"results": splits})
    server.serve("/v3/reference/dividends", {"results": dividends})


def test_stock_prices_are_raw_with_their_actions(polygon: PolygonProvider, server: Loopback) -> None:
    serve_stock(server, "BRK.B")
    answer = polygon.prices(["BRK-B"], dt.date(2025, 11, 13), dt.date(2025, 11, 18))
    history = answer.histories["BRK-B"]
    assert history.close.tolist() == [1100.0, 1100.0, 110.0]
    assert [str(day) for day in history.dates] == ["2025-11-13", "2025-11-14", "2025-11-17"]
    assert [event.ratio for event in history.splits] == [Decimal(10)]
    assert [(event.kind, event.amount) for event in history.dividends] == [
        ("regular", Decimal("0.5")),
        ("special", Decimal("2.0")),
    ]


def test_adjusted_stock_bars_are_refused(polygon: PolygonProvider, server: Loopback) -> None:
    serve_stock(server, "ABC", adjusted=True)
    answer = polygon.prices(["ABC"], dt.date(2025, 11, 13), dt.date(2025, 11, 18))
    assert answer.failures["ABC"][0] is Outcome.MALFORMED


def test_recorded_bars_and_actions_are_read(polygon: PolygonProvider, server: Loopback) -> None:
    bars = fixture("polygon_aggs_AAPL_daily.json") | {"adjusted": False}
    server.serve(bars_path("AAPL", "2005-04-01", "2005-04-04"), bars)
    server.serve("/v3/reference/splits", fixture("polygon_splits.json") | {"next_url": None})
    server.serve("/v3/reference/dividends", fixture("polygon_dividends.json") | {"next_url": None})
    answer = polygon.prices(["AAPL"], dt.date(2005, 4, 1), dt.date(2005, 4, 4))
    history = answer.histories["AAPL"]
    assert [str(day) for day in history.dates] == ["2005-04-01", "2005-04-04"]
    assert history.close.tolist() == [1.4604, 1.4675]
    assert np.isfinite(history.volume).all()
    assert (history.splits, history.dividends) == ((), ())
