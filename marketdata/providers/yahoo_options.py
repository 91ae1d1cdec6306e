"""Option chains out of Yahoo's JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from marketdata.providers.base import OptionContractTerms, OptionQuoteRow
from marketdata.providers.option_rows import quote_row
from marketdata.providers.symbols import parse_occ
from marketdata.providers.values import market_date, number, utc_date


def expiration_epochs(chain: dict[str, Any]) -> dict[dt.date, int]:
    """Listed expirations: Yahoo names a day by its midnight in UTC."""
    return {utc_date(epoch): int(epoch) for epoch in chain.get("expirationDates") or []}


def epoch_of(expiration: dt.date) -> int:
    return int(dt.datetime.combine(expiration, dt.time(), dt.UTC).timestamp())


def session_of(chain: dict[str, Any]) -> dt.date | None:
    """The session whose market the chain shows, from the last trade of the underlying."""
    traded = number((chain.get("quote") or {}).get("regularMarketTime"))
    return None if traded is None else market_date(float(traded))


def contract_lines(chain: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """Calls and puts of every expiration in the answer."""
    for expiry in chain.get("options") or []:
        for side in ("calls", "puts"):
            yield from (line for line in expiry.get(side) or [] if isinstance(line, dict))


def contract_terms(chain: dict[str, Any], underlying: str) -> list[OptionContractTerms]:
    """Terms of every contract in the answer whose OCC symbol and strike agree."""
    terms = []
    for line in contract_lines(chain):
        parsed = parse_occ(str(line.get("contractSymbol", "")), underlying)
        strike = number(line.get("strike"))
        if parsed is not None and strike in (None, parsed.strike):
            terms.append(parsed)
    return terms


def quote_rows(
    chain: dict[str, Any], contracts: Sequence[OptionContractTerms], session: dt.date, source: str
) -> list[OptionQuoteRow]:
    """Quotes of the wanted contracts; those of which nothing but zeros is known are left out."""
    wanted = {contract.symbol: contract for contract in contracts}
    rows = []
    for line in contract_lines(chain):
        contract = wanted.get(str(line.get("contractSymbol", "")))
        if contract is None:
            continue
        row = quote_row(
            contract,
            session,
            source,
            bid=line.get("bid"),
            ask=line.get("ask"),
            last=_last_of_session(line, session),
            implied_volatility=line.get("impliedVolatility"),
            volume=line.get("volume"),
            open_interest=line.get("openInterest"),
            volatility_needs_market=True,
        )
        if row is not None:
            rows.append(row)
    return rows


def _last_of_session(line: dict[str, Any], session: dt.date) -> Decimal | None:
    """The last price, unless it is known to be of an earlier day."""
    traded = number(line.get("lastTradeDate"))
    if traded is not None and market_date(float(traded)) != session:
        return None
    return number(line.get("lastPrice"))
