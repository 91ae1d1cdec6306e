"""Companies and what is said about them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from assistant.prompts.fence import shortened
from assistant.tools.arguments import Many, PortfolioId, Symbol, Whole
from assistant.tools.books import option_terms
from assistant.tools.figures import known, price, quantity, rounded, usd
from assistant.tools.registry import Call, tool
from assistant.tools.results import Finding
from marketdata.services.profiles import company_profiles
from portfolios.services.access import owned_portfolios
from portfolios.services.valued_lots import valued_lots

DESCRIPTION_SHOWN = 600
NAMES_ASKED, LARGEST = 10, 10
DIGITS, BIG = 4, 1_000
UNSHOWN = {"created_at", "updated_at", "logo_url"}
DATES = "data_as_of is the day the profile was last updated; values of holdings are at the prices of their price_date."


@tool(
    purpose="What is known of a company or fund: business, sector, size, margins, analysts' targets and estimates, and where the person "
    "holds it (as shares or through options). Growth, margins and yields are fractions.",
    returns="profile (fields that are known), held (portfolio, type, quantity, price_usd, market_value_usd, pnl_usd)",
    source="GET /data/company-profiles: company_profiles; valued_lots",
    arguments=(Symbol("symbol", "A symbol such as AAPL.", required=True),),
)
def get_company_profile(call: Call) -> Finding:
    symbol = call["symbol"]
    found = company_profiles([symbol])
    profile = {name: _value(value) for name, value in found[0].items() if name not in UNSHOWN} if found else {}
    books = {book.pk: book.name for book in owned_portfolios(call.user)}
    held = [lot for lot in valued_lots(list(books)) if symbol in (lot.symbol, lot.underlying)]
    data = {
        "symbol": symbol,
        "available": bool(found),
        "profile": known(profile),
        "held": [
            known(
                {
                    "portfolio": books[lot.portfolio_id],
                    "symbol": lot.symbol,
                    "type": lot.position_type,
                    "quantity": quantity(lot.quantity),
                    **option_terms(lot),
                    "price_usd": price(lot.price),
                    "price_date": lot.price_date,
                    "market_value_usd": usd(lot.market_value),
                    "pnl_usd": usd(lot.unrealized_pnl),
                }
            )
            for lot in sorted(held, key=lambda lot: -abs(lot.market_value))
        ],
    }
    as_of = found[0]["last_updated"] if found else None
    return Finding(data, as_of.date() if isinstance(as_of, dt.datetime) else None, (DATES,))


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return shortened(value, DESCRIPTION_SHOWN)
    if isinstance(value, Decimal | float):
        number = float(value)
        return rounded(number, DIGITS) if abs(number) < BIG else round(number)
    return value


@tool(
    purpose="News of symbols or of a portfolio's largest holdings. No news source is connected: it says for which names to use "
    "web_search.",
    returns="news_available (false), advice, symbols to search for",
    source="no news source is connected; the holdings come from valued_lots",
    arguments=(
        Many("symbols", "Symbols to have news of.", one=Symbol("symbol", "A symbol."), most=NAMES_ASKED),
        PortfolioId(
            "portfolio_id", "Without symbols: the ten largest holdings of this portfolio, null for the one in view."
        ),
        Whole("limit", "Number of articles.", default=10, least=1, most=25),
    ),
)
def get_market_news(call: Call) -> Finding:
    symbols = call["symbols"]
    if not symbols:
        lots = sorted(valued_lots([call.book.pk]), key=lambda lot: -abs(lot.market_value))
        priced = [lot.underlying or lot.symbol for lot in lots if lot.security_id is not None]
        symbols = list(dict.fromkeys(priced))[:LARGEST]
    return Finding(
        {
            "news_available": False,
            "advice": "No news source is connected. Use web_search for these names if it is offered; else say that you have no news. "
            "Never write news from memory.",
            "symbols": symbols,
            "articles": [],
        }
    )
