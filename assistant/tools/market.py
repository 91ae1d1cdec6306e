"""The market as a whole, from stored prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.tools.arguments import Flag
from assistant.tools.figures import best_first, percent, rounded
from assistant.tools.prices import quote_row
from assistant.tools.registry import Call, tool
from assistant.tools.results import Finding
from marketdata.services.quotes import Quote, newest_quotes
from marketdata.services.securities import SECTOR_FUNDS, VOLATILITY_INDEX

INDICES = {"SPY": "S&P 500", "QQQ": "Nasdaq 100", "DIA": "Dow Jones 30", "IWM": "Russell 2000"}
RATES_AND_CREDIT = {"TLT": "long Treasuries", "IEF": "7-10 year Treasuries", "HYG": "high-yield credit", "GLD": "gold"}
# Lower bounds of the average change of the first three, percent.
SENTIMENTS = ((1.0, "strong_bullish"), (0.25, "bullish"), (-0.25, "neutral"), (-1.0, "bearish"))
VIX_WORDS = ((12, "very_low"), (18, "low"), (25, "moderate"), (35, "elevated"))
SENTIMENT_OF = ("SPY", "QQQ", "DIA")
ENDS = 3


@tool(
    purpose="The market's last session: indices, sectors, rates and credit, and the VIX where it is stored.",
    returns="indices, sentiment (a word for their average change), sectors best first with the top and bottom three, rates_and_credit, "
    "vix with its word (null where no VIX is stored)",
    source="newest_quotes of index, sector and bond funds",
    arguments=(
        Flag("include_sectors", "Whether the eleven sector funds are given.", default=True),
        Flag("include_vix", "Whether the VIX is given.", default=True),
    ),
)
def get_market_overview(call: Call) -> Finding:
    wanted = {*INDICES, *RATES_AND_CREDIT}
    wanted |= set(SECTOR_FUNDS.values()) if call["include_sectors"] else set()
    wanted |= {VOLATILITY_INDEX} if call["include_vix"] else set()
    quotes = newest_quotes(wanted)
    data: dict[str, Any] = {
        "indices": _named(INDICES, quotes),
        "sentiment": sentiment(quotes),
        "rates_and_credit": _named(RATES_AND_CREDIT, quotes),
    }
    if call["include_sectors"]:
        sectors = _named({symbol: name for name, symbol in SECTOR_FUNDS.items()}, quotes)
        sectors.sort(key=lambda row: best_first(row.get("change_pct")))
        names = [row["name"] for row in sectors if row.get("change_pct") is not None]
        data |= {"top_sectors": names[:ENDS], "bottom_sectors": names[::-1][:ENDS], "sectors": sectors}
    if call["include_vix"]:
        data["vix"] = vix(quotes.get(VOLATILITY_INDEX))
    rows = [*data["indices"], *data["rates_and_credit"], *data.get("sectors", [])]
    missing = sorted(wanted - set(quotes))
    notes = (f"No prices are stored of {', '.join(missing)}.",) if missing else ()
    return Finding(data, max((row["session"] for row in rows), default=None), notes)


def sentiment(quotes: Mapping[str, Quote]) -> dict[str, Any] | None:
    """A word for the average change of the indices that have one, None without any."""
    changes = [quotes[symbol].change_percent for symbol in SENTIMENT_OF if symbol in quotes]
    told = [change for change in changes if change is not None]
    if not told:
        return None
    average = sum(told) / len(told)
    word = next((word for bound, word in SENTIMENTS if average > bound), "strong_bearish")
    return {"word": word, "average_change_pct": percent(average), "of": [s for s in SENTIMENT_OF if s in quotes]}


def vix(quote: Quote | None) -> dict[str, Any] | None:
    """The index and its word; of the index itself only, never of a fund that follows it."""
    if quote is None:
        return None
    word = next((word for bound, word in VIX_WORDS if quote.price < bound), "high")
    return {"level": rounded(quote.price, 2), "change": rounded(quote.change, 2), "volatility": word}


def _named(names: Mapping[str, str], quotes: Mapping[str, Quote]) -> list[dict[str, Any]]:
    return [{"name": name, **quote_row(quotes[symbol])} for symbol, name in names.items() if symbol in quotes]
