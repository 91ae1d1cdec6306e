"""One reading of what sources send about option contracts: zeros that mean "nothing" become unknown."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from marketdata.providers.base import OptionContractTerms, OptionQuoteRow
from marketdata.providers.values import integer, number, positive

# Outside trading hours and without a market, Yahoo sends 0.00001 and the like in place of a volatility.
_LEAST_VOLATILITY = Decimal("0.001")


def quote_row(
    contract: OptionContractTerms,
    session: dt.date,
    source: str,
    *,
    bid: Any = None,
    ask: Any = None,
    last: Any = None,
    implied_volatility: Any = None,
    volume: Any = None,
    open_interest: Any = None,
    volatility_needs_market: bool = False,
) -> OptionQuoteRow | None:
    """The quote, or None if nothing about the market is known.

    A bid of zero is a bid only beside an ask. With `volatility_needs_market` a volatility without bid and ask is taken
    for a placeholder.
    """
    asked = positive(ask)
    offered = number(bid) if asked is not None else positive(bid)
    if offered is not None and offered < 0:
        offered = None
    traded = positive(last)
    volatility = number(implied_volatility)
    if volatility is not None and (volatility < _LEAST_VOLATILITY or (volatility_needs_market and asked is None)):
        volatility = None
    if asked is None and offered is None and traded is None and volatility is None:
        return None
    interest = integer(open_interest)
    if interest == 0 and asked is None and offered is None:
        interest = None
    return OptionQuoteRow(
        symbol=contract.symbol,
        session=session,
        source=source,
        bid=offered,
        ask=asked,
        last=traded,
        implied_volatility=volatility,
        volume=integer(volume),
        open_interest=interest,
    )
