"""What would be if: figures after trades that are only thought of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from analytics.services.traded_book import PricedTrade, Trade
from analytics.services.what_if import MOST_TRADES, Measures, WhatIf, what_if
from assistant.tools.arguments import Many, Real, Record, Symbol
from assistant.tools.figures import percent_of, price, quantity, rounded, usd
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding

MOST_SHARES = 100_000_000
DOLLARS = (
    "cash", "long", "short", "gross", "net", "delta_gross", "delta_net", "daily_volatility", "value_at_risk_95",
    "expected_shortfall_95", "value_at_risk_99", "expected_shortfall_99",
)  # fmt: skip
PERCENT = ("top_3", "realized_volatility_21d", "expected_volatility_21d")
PLAIN = ("leverage", "hhi", "effective_positions")
Number = float | int | None


@tool(
    purpose="What a portfolio's exposures, betas, volatility, value at risk, stress and sectors would be after trades that are only "
    "thought of: to weigh a purchase, a sale or a hedge before anybody makes it. Nothing is traded or stored.",
    returns="trades with price and dollars; figures, factor betas, sectors and stress scenarios, each with before, after and change; the "
    "largest changes first",
    source="POST /analytics/portfolio/{id}/what-if: what_if, the engines of the night on the stored inputs",
    arguments=(
        PORTFOLIO,
        Many(
            "trades",
            "The trades, made at the last session's prices without costs. Stocks and funds with prices, and contracts the portfolio "
            "holds, can be traded.",
            one=Record(
                "trade",
                "A trade.",
                parts=(
                    Symbol("symbol", "A symbol.", required=True),
                    Real(
                        "quantity",
                        "Shares or contracts: positive to buy, negative to sell; selling more than is held goes short.",
                        least=-MOST_SHARES,
                        most=MOST_SHARES,
                        required=True,
                    ),
                ),
                required=True,
            ),
            most=MOST_TRADES,
            required=True,
        ),
    ),
)
def run_what_if(call: Call) -> Finding:
    trades = [Trade(one["symbol"], one["quantity"]) for one in call["trades"]]
    book, found = what_if(call.user, call.book.pk, trades)
    if found is None:
        return Finding({"available": False, "reason": "No night has been computed for this portfolio yet."})
    notes: tuple[str, ...] = (
        "Trades are at the marks of the session, without costs or market impact; net asset value stays.",
    )
    if not book.is_current:
        notes += ("Positions were changed after that session: this is of what was held then.",)
    return Finding(_told(found), book.as_of, notes)


def _told(found: WhatIf) -> dict[str, Any]:
    return {
        "net_asset_value_usd": usd(found.equity),
        "trades": [_trade(one) for one in found.trades],
        "figures": _figures(found.before, found.after),
        "factor_betas": _changes(found.before.factors, found.after.factors, rounded),
        "stress_usd": _changes(found.before.stress, found.after.stress, usd),
        "sectors_net_pct": _changes(found.before.sectors_net, found.after.sectors_net, percent_of, fill=0.0),
    }


def _trade(one: PricedTrade) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "quantity": quantity(one.quantity),
        "price_usd": price(one.price),
        "price_date": one.price_date,
        "paid_usd": usd(one.dollars),
    }


def _figures(before: Measures, after: Measures) -> list[dict[str, Any]]:
    rows = []
    for names, unit, shown in ((DOLLARS, "_usd", usd), (PERCENT, "_pct", percent_of), (PLAIN, "", _two)):
        for name in names:
            rows.append({"figure": f"{name}{unit}", **_change(getattr(before, name), getattr(after, name), shown)})
    return rows


def _two(value: Number) -> Number:
    return rounded(value, 2)


def _changes(
    before: Mapping[str, float], after: Mapping[str, float], shown: Callable[[Number], Number], fill: Number = None
) -> list[dict[str, Any]]:
    """Of every name, the largest change first."""
    names = sorted({*before, *after}, key=lambda name: (-abs(after.get(name, 0.0) - before.get(name, 0.0)), name))
    return [{"name": name, **_change(before.get(name, fill), after.get(name, fill), shown)} for name in names]


def _change(before: Number, after: Number, shown: Callable[[Number], Number]) -> dict[str, Number]:
    known = before is not None and after is not None
    return {"before": shown(before), "after": shown(after), "change": shown(after - before) if known else None}  # type: ignore[operator]
