"""Securities by symbol: OCC option symbols, symbols that are never priced from a market, the proxies of the factors."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal

from marketdata.models import Security, SecurityType
from marketdata.providers.base import OptionContractTerms

OCC_SYMBOL = re.compile(r"(?P<root>[A-Z][A-Z0-9.]{0,5})(?P<date>\d{6})(?P<kind>[CP])(?P<strike>\d{8})")
SYNTHETIC = frozenset(
    {
        "HOME_EQUITY", "TREASURY_BILLS", "CRYPTO_BTC_ETH", "TWO_SIGMA_FUND", "A16Z_VC_FUND", "STARWOOD_REIT", "BX_PRIVATE_EQUITY",
        "RENTAL_SFH", "ART_COLLECTIBLES", "RENTAL_CONDO", "MONEY_MARKET", "EQ5D6A2D8F",
    }
)  # fmt: skip
SYNTHETIC_PREFIXES = ("FO_", "EQ_", "CASH_")
STYLE_FUNDS = ("SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV")
FACTOR_FUNDS = (*STYLE_FUNDS, "TLT")
SECTOR_FUNDS = {
    "Technology": "XLK", "Financials": "XLF", "Healthcare": "XLV", "Consumer Discretionary": "XLY", "Consumer Staples": "XLP",
    "Energy": "XLE", "Industrials": "XLI", "Materials": "XLB", "Real Estate": "XLRE", "Utilities": "XLU",
    "Communication Services": "XLC",
}  # fmt: skip
MARKET_FUNDS = ("QQQ", "VTI", "IEF", "SHY", "HYG", "LQD", "DJP", "VNQ", "GLD")
VOLATILITY_INDEX = "VIX"
TREASURY_SERIES = ("DGS1MO", "DGS3MO", "DGS6MO", "DGS1", "DGS2", "DGS5", "DGS10", "DGS30")
PROXIES = (*FACTOR_FUNDS, *MARKET_FUNDS, *SECTOR_FUNDS.values(), VOLATILITY_INDEX)
_PROXY_TYPES = {"DJP": SecurityType.ETN, VOLATILITY_INDEX: SecurityType.INDEX}


def is_synthetic(symbol: str) -> bool:
    """Whether the symbol stands for a private holding that no market prices."""
    return symbol in SYNTHETIC or symbol.startswith(SYNTHETIC_PREFIXES)


def parse_occ(symbol: str) -> OptionContractTerms | None:
    """The terms an OCC option symbol spells (root, YYMMDD, C or P, strike in thousandths), None for other symbols."""
    match = OCC_SYMBOL.fullmatch(symbol.replace(" ", "").upper())
    if match is None:
        return None
    try:
        expiration = dt.datetime.strptime(match["date"], "%y%m%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None
    return OptionContractTerms(
        match[0], match["root"], "CALL" if match["kind"] == "C" else "PUT", Decimal(match["strike"]) / 1000, expiration
    )


def canonical(symbol: str) -> str:
    """The one spelling of a symbol: upper case, classes of shares with a hyphen (BRK.B is BRK-B)."""
    return symbol.strip().upper().replace(".", "-")


def ensure_securities(symbols: Iterable[str], security_type: str = SecurityType.STOCK) -> dict[str, Security]:
    """The securities of the symbols, created where they are new. New ones are `unverified` until a source knows them."""
    wanted = [canonical(symbol) for symbol in symbols]
    there = {security.symbol: security for security in Security.objects.filter(symbol__in=wanted)}
    fresh = [Security(symbol=s, name=s, security_type=security_type) for s in dict.fromkeys(wanted) if s not in there]
    Security.objects.bulk_create(fresh, ignore_conflicts=True)
    if fresh:
        there = {security.symbol: security for security in Security.objects.filter(symbol__in=wanted)}
    return there


def ensure_proxies() -> dict[str, int]:
    """Ids of the funds and indices the engines need, by symbol, created where they are missing."""
    there = dict(Security.objects.filter(symbol__in=PROXIES).values_list("symbol", "id"))
    for symbol in PROXIES:
        if symbol not in there:
            security, _ = Security.objects.get_or_create(
                symbol=symbol, defaults={"name": symbol, "security_type": _PROXY_TYPES.get(symbol, SecurityType.ETF)}
            )
            there[symbol] = security.id
    return there
