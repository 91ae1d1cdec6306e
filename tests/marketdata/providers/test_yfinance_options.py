"""Option chains and quotes of Yahoo."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from marketdata.providers.base import OptionContractTerms, Outcome, ProviderError
from marketdata.providers.symbols import occ_symbol, parse_occ
from marketdata.providers.yfinance import YFinanceProvider
from tests.marketdata.providers import wire
from tests.marketdata.providers.conftest import ONCE
from tests.marketdata.providers.loopback import Loopback, fixture

CHAIN = "/v7/finance/options/"
SESSION = dt.date(2025, 12, 1)
PUT = "SPY271217P00560000"
CALL = "SPY271217C00650000"


@pytest.fixture
def yahoo(server: Loopback) -> YFinanceProvider:
    return YFinanceProvider(base_url=server.base_url, timeout=0.4, retry=ONCE, workers=1)


def contract(symbol: str) -> OptionContractTerms:
    terms = parse_occ(symbol)
    assert terms is not None
    return terms


def line(symbol: str, **values: Any) -> dict[str, Any]:
    quoted = {"bid": 24.1, "ask": 24.5, "lastPrice": 24.3, "impliedVolatility": 0.21, "volume": 12, "openInterest": 900}
    strike = float(contract(symbol).strike)
    traded = {"lastTradeDate": wire.epoch("2025-12-01", dt.time(15, 0))}
    return {"contractSymbol": symbol, "strike": strike} | quoted | traded | values


def chain(*lines: dict[str, Any]) -> dict[str, Any]:
    return wire.yahoo_options("SPY", lines, session="2025-12-01", expirations=["2027-12-17"])


def test_a_quote_is_dated_with_the_session_of_its_underlying(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHAIN + "SPY", chain(line(PUT), line(CALL)))
    rows = yahoo.option_quotes([contract(PUT)], SESSION, SESSION)
    assert len(rows) == 1
    row = rows[0]
    assert (row.symbol, row.session, row.source) == (PUT, SESSION, "yfinance")
    assert (row.bid, row.ask, row.last) == (Decimal("24.1"), Decimal("24.5"), Decimal("24.3"))
    assert (row.implied_volatility, row.volume, row.open_interest) == (Decimal("0.21"), 12, 900)


def test_contracts_of_one_expiration_share_a_request(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHAIN + "SPY", chain(line(PUT), line(CALL)))
    rows = yahoo.option_quotes([contract(PUT), contract(CALL)], SESSION, SESSION)
    assert {row.symbol for row in rows} == {PUT, CALL}
    (request,) = server.about(CHAIN + "SPY")
    assert request.query["date"] == "1829001600"


def test_a_chain_of_zeros_is_empty(yahoo: YFinanceProvider, server: Loopback) -> None:
    zeros = {"bid": 0, "ask": 0, "lastPrice": 0, "impliedVolatility": 0.00001, "volume": 0, "openInterest": 0}
    server.serve(CHAIN + "SPY", chain(line(PUT, **zeros), line(CALL, **zeros)))
    with pytest.raises(ProviderError) as raised:
        yahoo.option_quotes([contract(PUT), contract(CALL)], SESSION, SESSION)
    assert raised.value.outcome is Outcome.EMPTY


def test_zeros_beside_a_last_price_become_unknown(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHAIN + "SPY", chain(line(PUT, bid=0, ask=0, impliedVolatility=0.5, openInterest=0)))
    (row,) = yahoo.option_quotes([contract(PUT)], SESSION, SESSION)
    assert (row.bid, row.ask, row.implied_volatility, row.open_interest) == (None, None, None, None)
    assert row.last == Decimal("24.3")


def test_a_zero_bid_beside_an_ask_is_a_bid(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHAIN + "SPY", chain(line(PUT, bid=0, ask=0.05)))
    (row,) = yahoo.option_quotes([contract(PUT)], SESSION, SESSION)
    assert (row.bid, row.ask) == (Decimal(0), Decimal("0.05"))


def test_a_trade_of_an_earlier_day_is_not_the_last_of_the_session(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHAIN + "SPY", chain(line(PUT, lastTradeDate=wire.epoch("2025-11-20"))))
    (row,) = yahoo.option_quotes([contract(PUT)], SESSION, SESSION)
    assert row.last is None
    assert row.bid == Decimal("24.1")


def test_missing_fields_are_unknown(yahoo: YFinanceProvider, server: Loopback) -> None:
    bare = {"contractSymbol": PUT, "lastPrice": 24.0}
    server.serve(CHAIN + "SPY", chain(bare))
    (row,) = yahoo.option_quotes([contract(PUT)], SESSION, SESSION)
    assert (row.last, row.bid, row.ask, row.volume) == (Decimal("24.0"), None, None, None)


def test_past_sessions_are_not_filled_with_todays_quotes(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHAIN + "SPY", chain(line(PUT)))
    with pytest.raises(ProviderError) as raised:
        yahoo.option_quotes([contract(PUT)], dt.date(2025, 11, 3), dt.date(2025, 11, 28))
    assert raised.value.outcome is Outcome.EMPTY


def test_the_chain_of_another_underlying_is_refused(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHAIN + "SPY", wire.yahoo_options("QQQ", [line(PUT)], session="2025-12-01"))
    with pytest.raises(ProviderError) as raised:
        yahoo.option_quotes([contract(PUT)], SESSION, SESSION)
    assert raised.value.outcome is Outcome.MALFORMED


def test_the_whole_chain_is_read_expiration_by_expiration(yahoo: YFinanceProvider, server: Loopback) -> None:
    near, far = "SPY260116C00600000", PUT
    expirations = ["2025-06-20", "2026-01-16", "2027-12-17"]

    def answer(query: dict[str, str]) -> Any:
        lines = [line(far)] if query.get("date") == "1829001600" else [line(near)]
        return wire.yahoo_options("SPY", lines, session="2025-12-01", expirations=expirations)

    server.serve(CHAIN + "SPY", answer)
    terms = yahoo.option_chain("SPY", SESSION)
    assert [item.symbol for item in terms] == [near, far]
    assert terms[1] == OptionContractTerms(PUT, "SPY", "PUT", Decimal(560), dt.date(2027, 12, 17))
    assert len(server.about(CHAIN + "SPY")) == 2, "the first expiration came with the list, the past one is not asked"


def test_no_options_listed_is_empty(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHAIN + "ABC", {"optionChain": {"result": [], "error": None}})
    with pytest.raises(ProviderError) as raised:
        yahoo.option_chain("ABC", SESSION)
    assert raised.value.outcome is Outcome.EMPTY


def test_recorded_apple_lists_its_expirations_and_no_contracts(yahoo: YFinanceProvider, server: Loopback) -> None:
    server.serve(CHAIN + "AAPL", fixture("yahoo_options_AAPL_one_expiry.json"))
    with pytest.raises(ProviderError) as raised:
        yahoo.option_chain("AAPL", dt.date(2027, 6, 1))
    assert raised.value.outcome is Outcome.EMPTY
    assert {request.query.get("date") for request in server.about(CHAIN + "AAPL")} == {None, "1813190400"}


@pytest.mark.parametrize("symbol", [PUT, CALL, "F260116C00012500", "BRKB270115P00450000"])
def test_occ_symbols_are_read_and_written(symbol: str) -> None:
    terms = contract(symbol)
    assert occ_symbol(terms.underlying, terms.expiration, terms.option_type, terms.strike) == symbol
    assert parse_occ(f"O:{symbol}") == terms


@pytest.mark.parametrize("symbol", ["SPY", "SPY271317P00560000", "SPY271217X00560000", "TOOLONGNAME271217P00560000"])
def test_what_is_no_occ_symbol_is_none(symbol: str) -> None:
    assert parse_occ(symbol) is None
