"""The newest price and how it moved."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from marketdata.models import DailyPrice, InstrumentMark, OptionQuote, PriceQuality, Security, Split
from marketdata.services.quotes import newest_quotes
from tests.factories import OptionContractFactory, SecurityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-11-14T21:30:00-05:00")


def bar(security: Security, day: int, close: str, **fields: object) -> None:
    DailyPrice.objects.create(
        security=security, date=dt.date(2025, 11, day), close=Decimal(close), source="simulated", **fields
    )


def test_a_quote_is_the_newest_session_against_the_one_before() -> None:
    security = SecurityFactory(symbol="AAA")
    bar(security, 13, "50")
    bar(security, 14, "51", high="52", low="49.5", volume=1234)
    bar(security, 17, "60")
    [quote] = newest_quotes(["AAA", "NOSUCH"]).values()
    assert (quote.price, quote.bid, quote.ask, quote.high, quote.low, quote.volume) == (
        51,
        50.99,
        51.01,
        52,
        49.5,
        1234,
    )
    assert (quote.change, quote.change_percent) == (1, 2)
    assert quote.at == dt.datetime(2025, 11, 14, 21, tzinfo=dt.UTC)
    assert quote.source == "simulated"


def test_a_split_is_no_move() -> None:
    security = SecurityFactory(symbol="AAA")
    bar(security, 13, "1000")
    bar(security, 14, "101")
    Split.objects.create(security=security, ex_date=dt.date(2025, 11, 14), ratio=10, source="x")
    [quote] = newest_quotes(["AAA"]).values()
    assert (quote.change, quote.change_percent) == (1, 1)


def test_a_suspect_price_is_neither_the_newest_nor_the_one_before() -> None:
    security = SecurityFactory(symbol="AAA")
    for day, close, quality in [(12, "50", "ok"), (13, "500", "suspect"), (14, "49", "ok")]:
        bar(security, day, close, quality=PriceQuality(quality))
    [quote] = newest_quotes(["AAA"]).values()
    assert (quote.price, quote.change, quote.change_percent) == (49, -1, -2)


def test_on_the_first_day_the_move_is_unknown() -> None:
    bar(SecurityFactory(symbol="AAA"), 14, "0.005")
    [quote] = newest_quotes(["AAA"]).values()
    assert (quote.change, quote.change_percent, quote.volume, quote.bid) == (None, None, 0, 0)
    assert quote.high == quote.low == quote.price


def test_options_are_quoted_only_where_asked_for() -> None:
    contract = OptionContractFactory().security
    for day, price in ((13, 4), (14, 5)):
        session = dt.date(2025, 11, day)
        InstrumentMark.objects.create(
            security=contract,
            session=session,
            price=price,
            price_date=session,
            quality="fresh",
            price_source="simulated",
        )
    assert newest_quotes([contract.symbol]) == {}
    [quote] = newest_quotes([contract.symbol], include_options=True).values()
    assert (quote.price, quote.bid, quote.ask, quote.volume, quote.change_percent) == (5, 4.99, 5.01, 0, 25)
    OptionQuote.objects.create(
        security=contract, session=dt.date(2025, 11, 14), bid="4.9", ask="5.2", volume=7, source="simulated"
    )
    [quote] = newest_quotes([contract.symbol], include_options=True).values()
    assert (quote.bid, quote.ask, quote.volume) == (4.9, 5.2, 7)
