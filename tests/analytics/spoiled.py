"""The demo's prices with one fault of each kind."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from marketdata.models import (
    DailyPrice,
    InstrumentMark,
    OptionQuote,
    PriceQuality,
    PriceRejection,
    Security,
    SymbolCollection,
)
from marketdata.services.history import rebuild_histories
from portfolios.models import Portfolio
from tests.factories import PositionFactory

# Sessions that are missing of Apple, the one of Microsoft that is doubted, and the last ones of Johnson & Johnson.
GAP = (dt.date(2025, 10, 6), dt.date(2025, 10, 7))
JUMP = dt.date(2025, 10, 15)
STALE_FROM = dt.date(2025, 11, 17)


def spoil_prices() -> None:
    """A gap of AAPL, a suspect price and a refused row of MSFT, stale JNJ, a lot of NOWHERE without a source, and a contract of the
    demo without quotes."""
    DailyPrice.objects.filter(security__symbol="AAPL", date__in=GAP).delete()
    DailyPrice.objects.filter(security__symbol="JNJ", date__gte=STALE_FROM).delete()
    jump = DailyPrice.objects.get(security__symbol="MSFT", date=JUMP)
    jump.close, jump.high, jump.quality = jump.close * 2, jump.close * 2, PriceQuality.SUSPECT
    jump.save()
    PriceRejection.objects.create(
        symbol="MSFT", date=dt.date(2025, 10, 20), provider="yfinance", reason="close_outside_range",
        payload={"open": 510.0, "high": 512.0, "low": 508.0, "close": 513.5, "volume": None},
    )  # fmt: skip
    PriceRejection.objects.create(
        symbol="GONE", date=None, provider="fmp", reason="wrong_symbol", payload={"close": "inf"}
    )
    nowhere = Security.objects.create(symbol="NOWHERE", name="Nowhere Corp.", security_type="stock")
    SymbolCollection.objects.create(security=nowhere, last_error="not_found: no such symbol", consecutive_failures=2)
    book = Portfolio.objects.get(account_name="Demo Individual")
    PositionFactory(portfolio=book, security=nowhere, quantity=Decimal(5), entry_date=dt.date(2025, 11, 3))
    contract = a_contract()
    OptionQuote.objects.filter(security=contract).delete()
    InstrumentMark.objects.filter(security=contract).update(price_source="model")
    rebuild_histories(list(Security.objects.filter(symbol__in=["AAPL", "JNJ", "MSFT"]).values_list("id", flat=True)))


def a_contract() -> Security:
    """The first contract by symbol that the demo holds."""
    held = Security.objects.filter(security_type="option", positions__exit_date=None, positions__isnull=False)
    return held.order_by("symbol")[0]
