"""What it would take to lose much of a portfolio, what past episodes would cost it, and how its risk is spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.services.diversification import Diversification, Spread, diversification
from analytics.services.extremes import extremes, why_not_replayed
from analytics.services.reasons import in_words
from analytics.services.replays import Replay, Replays
from analytics.services.reverse_stress import FURTHEST, SHARES, Reach, ReverseStress
from assistant.tools.arguments import Real
from assistant.tools.figures import known, percent_of, rounded, usd
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding

LEAST_PCT, MOST_PCT = 1, 100
MEMBERS = 8
STILL = "Holdings are those of the session and are not traded on the way; what is not reached is taken to stand still."
UNLIKELY = "Neither has a probability: they tell how much it would take, and what happened, not what is likely."
DAILY = "Of daily returns of a year as they were: in a crash holdings move together more, and the bets become fewer."


@tool(
    purpose="What it would take to lose a given share of a portfolio's equity (the market's fall or rise), and what past crashes and the "
    "worst stretches of the stored prices would do to today's holdings.",
    returns="reverse_stress (net_asset_value_usd, coverage_pct, moves by direction: loss_pct_of_nav, loss_usd, market_move_pct, "
    "in_monthly_deviations, or not_reached with the worst P&L of any move), replays, the worst first (episode, from, to, "
    "market_return_pct, pnl_usd, pct_of_nav, own_returns_pct: share of the dollars with returns of their own), not_replayed with reasons",
    source="GET /analytics/portfolio/{id}/reverse-stress and /replays: extremes",
    arguments=(
        PORTFOLIO,
        Real(
            "loss_pct",
            "The share of the net asset value to lose, in percent. Null: 25, 50 and 100.",
            least=LEAST_PCT,
            most=MOST_PCT,
        ),
    ),
)
def get_extreme_scenarios(call: Call) -> Finding:
    shares = SHARES if call["loss_pct"] is None else (call["loss_pct"] / 100,)
    book, reverse, past = extremes(call.user, call.book.pk, shares)
    if not reverse.reaches and not past.replays:
        return Finding({"available": False, "reason": f"Nothing to apply: {in_words(reverse.reason)}."}, book.as_of)
    return Finding({"reverse_stress": _reverse(reverse)} | _past(past), book.as_of, (STILL, UNLIKELY))


def _reverse(found: ReverseStress) -> dict[str, Any]:
    if not found.reaches:
        return {"available": False, "reason": in_words(found.reason)}
    return {
        "net_asset_value_usd": usd(found.equity),
        "coverage_pct": percent_of(found.coverage),
        "moves": [_reach(one, found) for one in found.reaches],
    }


def _reach(one: Reach, found: ReverseStress) -> dict[str, Any]:
    told: dict[str, Any] = {
        "direction": one.direction,
        "loss_pct_of_nav": percent_of(one.share),
        "loss_usd": usd(one.loss),
        "market_move_pct": percent_of(one.market_move),
    }
    if one.market_move is None:
        furthest = f"{abs(FURTHEST[one.direction]):.0%}"
        reason = f"no {one.direction} of the market up to {furthest} loses so much"
        return told | {"reason": reason, "lowest_pnl_of_any_move_usd": usd(found.worst[one.direction])}
    return told | known({"in_monthly_deviations": rounded(one.monthly_deviations, 1)})


def _past(found: Replays) -> dict[str, Any]:
    if not found.replays:
        return {"replays": [], "not_replayed": [{"reason": in_words(found.reason)}]}
    made = sorted((one for one in found.replays if one.pnl is not None), key=lambda one: one.pnl or 0.0)
    return {
        "prices_since": found.prices_since,
        "replay_coverage_pct": percent_of(found.coverage),
        "replays": [_replay(one) for one in made],
        "not_replayed": [
            {"episode": one.episode.name, "reason": why_not_replayed(one)} for one in found.replays if one.pnl is None
        ],
    }


def _replay(one: Replay) -> dict[str, Any]:
    return known(
        {
            "episode": one.episode.name,
            "from_close_of": one.episode.first,
            "to_close_of": one.episode.last,
            "market_return_pct": percent_of(one.market_return),
            "pnl_usd": usd(one.pnl),
            "pct_of_nav": percent_of(one.share_of_equity),
            "private_part_usd": usd(one.private) or None,
            "own_returns_pct": percent_of(one.own_returns),
        }
    )


@tool(
    purpose="How a portfolio's risk is spread: to how many independent bets it comes, what the holdings take from each other, and which of "
    "them move together as clusters.",
    returns="effective_bets (independent directions of equal variance), largest_bets_pct of the variance, diversification_ratio (1 = "
    "none), daily_volatility_usd, coverage_pct, left_out; effective_positions by weights and correlations; clusters (symbols by size, "
    "average_correlation, pct of what is correlated)",
    source="GET /analytics/portfolio/{id}/diversification: diversification",
    arguments=(PORTFOLIO,),
)
def get_risk_spread(call: Call) -> Finding:
    book, found = diversification(call.user, call.book.pk)
    if found.spread is None and not found.clusters:
        reason = f"No spread of risk: {in_words(found.reason)}."
        return Finding({"available": False, "reason": reason}, book.as_of)
    spread = _spread(found.spread) if found.spread is not None else {"reason": in_words(found.reason)}
    return Finding(spread | _together(found), book.as_of, (DAILY,))


def _spread(found: Spread) -> dict[str, Any]:
    return {
        "sessions": found.observations,
        "effective_bets": rounded(found.effective_bets, 2),
        "largest_bets_pct": [percent_of(one) for one in found.bets],
        "diversification_ratio": rounded(found.diversification_ratio, 2),
        "daily_volatility_usd": usd(found.volatility),
        "coverage_pct": percent_of(found.coverage),
        "left_out_for_too_few_returns": list(found.left_out),
    }


def _together(found: Diversification) -> dict[str, Any]:
    return {
        "effective_positions": rounded(found.effective_positions, 2),
        "clusters_over_sessions": found.cluster_sessions,
        "clusters": [
            {
                "pct_of_correlated": percent_of(one["portfolio_percentage"]),
                "average_correlation": rounded(one["avg_correlation"], 2),
                **_members(one["members"]),
            }
            for one in found.clusters
        ],
    }


def _members(members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    symbols = [one["symbol"] for one in sorted(members, key=lambda one: -one["value"])]
    more = len(symbols) - MEMBERS
    return {"symbols": list(symbols[:MEMBERS])} | ({"and_more": more} if more > 0 else {})
