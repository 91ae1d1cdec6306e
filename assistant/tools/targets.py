"""What the owner expects and how he has sorted it: target prices and tags."""

from __future__ import annotations

from typing import Any

from assistant.prompts.fence import shortened
from assistant.tools.figures import known, percent, price, usd
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding
from portfolios.models import TargetPrice
from portfolios.services.target_prices import targets_of
from portfolios.services.target_sums import sum_targets
from tagging.services.tags import list_tags
from tagging.services.values import UNUSED, tag_values

DESCRIPTION_SHOWN = 120


@tool(
    purpose="The owner's own target prices of a portfolio with upside and downside, and what they add up to. They are his "
    "expectations, not forecasts of the market.",
    returns="summary (coverage_pct, expected returns in percent, dollars at the targets), targets by size of the expected dollars",
    source="GET /target-prices/{id} and .../summary: targets_of, sum_targets",
    arguments=(PORTFOLIO,),
)
def get_target_prices(call: Call) -> Finding:
    targets = targets_of(call.book.pk)
    sums = sum_targets(call.book.pk, targets)
    data = {
        "summary": {
            "positions": sums.total_positions,
            "positions_with_targets": sums.positions_with_targets,
            "coverage_pct": percent(sums.coverage),
            "expected_return_eoy_pct": percent(sums.return_eoy),
            "expected_return_next_year_pct": percent(sums.return_next_year),
            "downside_return_pct": percent(sums.downside_return),
            "upside_eoy_usd": usd(sums.dollars_eoy),
            "upside_next_year_usd": usd(sums.dollars_next_year),
            "downside_usd": usd(sums.downside_dollars),
        },
        "targets": [_target(one) for one in sorted(targets, key=lambda one: -abs(one.target_upside_eoy_value or 0))],
    }
    return Finding(data, call.book.results_as_of)


def _target(one: TargetPrice) -> dict[str, Any]:
    return known(
        {
            "symbol": one.symbol,
            "type": one.position_type,
            "price_usd": price(one.current_price),
            "price_at": one.price_updated_at,
            "target_eoy_usd": price(one.target_price_eoy),
            "return_eoy_pct": percent(one.expected_return_eoy),
            "target_next_year_usd": price(one.target_price_next_year),
            "return_next_year_pct": percent(one.expected_return_next_year),
            "downside_target_usd": price(one.downside_target_price),
            "downside_pct": percent(one.downside_return),
            "weight_pct": percent(one.position_weight),
        }
    )


@tool(
    purpose="The owner's tags (strategies, themes) with how often each is used and what it holds in a portfolio: for questions about a "
    "tag or a sleeve of the book.",
    returns="tags (name, description, usage_count over all portfolios; in the portfolio: symbols, net and gross value, unrealized P&L)",
    source="GET /tags: list_tags; tag_values",
    arguments=(PORTFOLIO,),
)
def get_position_tags(call: Call) -> Finding:
    values = tag_values(call.book.pk)
    rows = [
        known(
            {
                "name": tag.name,
                "description": shortened(tag.description, DESCRIPTION_SHOWN),
                "usage_count": tag.links,  # type: ignore[attr-defined]
                "symbols": list((value := values.get(tag.pk, UNUSED)).symbols),
                "net_value_usd": usd(value.net),
                "gross_value_usd": usd(value.gross),
                "unrealized_pnl_usd": usd(value.unrealized_pnl),
            }
        )
        for tag in list_tags(call.user)
    ]
    rows.sort(key=lambda row: -row["gross_value_usd"])
    notes = ("A position may carry several tags: their values do not add up to the portfolio.",)
    return Finding({"tags": rows, "total_tags": len(rows)}, call.book.results_as_of, notes)
