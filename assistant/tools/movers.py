"""What moved a portfolio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.services.movers import Mover, daily_movers
from assistant.tools.arguments import Real
from assistant.tools.figures import percent_of, usd
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding

SIDE = 5


@tool(
    purpose="What moved a portfolio on its last session and over five sessions: who made and who cost money, shorts and options "
    "counted as they work for the book.",
    returns="portfolio (pnl_usd and return_pct of day and week), day and week gainers and losers by P&L (5 each), movers: every holding "
    "whose price moved by threshold_pct or more (price_change_pct, pnl_usd), largest P&L first",
    source="daily_movers: the ledger's position snapshots and split-adjusted prices",
    arguments=(
        PORTFOLIO,
        Real(
            "threshold_pct",
            "Least price change in percent, its sign aside, of `movers`.",
            default=0.5,
            least=0,
            most=50,
        ),
    ),
)
def get_daily_movers(call: Call) -> Finding:
    book, found = daily_movers(call.user, call.book.pk)
    if found is None:
        return Finding({"available": False, "reason": "No night has been computed for this portfolio yet."})
    moved = [
        _row(one)
        for one in found.holdings
        if abs(one.change_day or 0) * 100 >= call["threshold_pct"] and one.change_day is not None
    ]
    return Finding(
        {
            "session": found.session,
            "week_since_close_of": found.since,
            "portfolio": {
                "day_pnl_usd": usd(found.pnl_day),
                "day_return_pct": percent_of(found.return_day),
                "week_pnl_usd": usd(found.pnl_week),
                "week_return_pct": percent_of(found.return_week),
            },
            "day": _sides(found.holdings, "pnl_day"),
            "week": _sides(found.holdings, "pnl_week"),
            "movers": moved,
            "holdings_below_threshold": len(found.holdings) - len(moved),
        },
        book.as_of,
        ("Gainers and losers are ranked by what they made for the book: a short position gains when its price falls.",),
    )


def _sides(holdings: Sequence[Mover], name: str) -> dict[str, Any]:
    ranked = sorted(holdings, key=lambda one: -getattr(one, name))
    change = name.replace("pnl", "change")
    return {
        side: [
            {
                "symbol": one.symbol,
                "type": one.position_type,
                "price_change_pct": percent_of(getattr(one, change)),
                "pnl_usd": usd(getattr(one, name)),
            }
            for one in ones
        ]
        for side, ones in (
            ("gainers", [one for one in ranked if getattr(one, name) > 0][:SIDE]),
            ("losers", [one for one in reversed(ranked) if getattr(one, name) < 0][:SIDE]),
        )
    }


def _row(one: Mover) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "type": one.position_type,
        "value_usd": usd(one.value),
        "price_change_pct": percent_of(one.change_day),
        "pnl_usd": usd(one.pnl_day),
        "week_change_pct": percent_of(one.change_week),
        "week_pnl_usd": usd(one.pnl_week),
    }
