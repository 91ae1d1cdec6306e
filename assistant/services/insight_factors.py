"""Findings on what moves a portfolio: the market, styles, single names, and how alike its holdings move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.services.insight_evidence import Evidence
from assistant.services.insight_points import BETA, CORRELATION, ELEVATED, NORMAL, TILT, Point, rated
from assistant.services.insight_words import money, percent

NAMED = 3
# A leaning below this is none, unless it is the largest.
SLIGHT = 0.1
# From this beta on it is told what a hedge of half of it would be.
WORTH_A_HEDGE = 0.5
WHOLE_PCT = 99.5


def beta(evidence: Evidence) -> list[Point]:
    """What a move of the market does, by the 90-day beta."""
    told = evidence.section("overview").get("beta_to_market", {})
    value = told.get("calculated_90d")
    if value is None or evidence.nav is None or evidence.nav <= 0:
        return []
    dollars = value * evidence.nav
    text = f"The market beta over 90 sessions is {value:.2f}: the book moves like {money(dollars)} of the S&P 500, and a fall of 1 % "
    text += f"{'costs' if value >= 0 else 'makes'} {money(abs(dollars) / 100)}."
    advice = None
    severity = rated(abs(value), BETA)
    covered = told.get("coverage_pct")
    if covered is not None and covered < WHOLE_PCT:
        text += f" It counts {percent(covered)} of the holdings; the rest has no market price and no beta."
    if abs(value) >= WORTH_A_HEDGE:
        advice = f"To halve the market beta of {value:.2f}, sell or hedge about {money(abs(dollars) / 2)} of market exposure."
    return [Point("beta", text, severity, abs(dollars) / 100, advice)]


def styles(evidence: Evidence) -> list[Point]:
    """The leanings beside the market, the largest in dollars first."""
    told = evidence.section("factors")
    found: list[Point] = []
    for row in told.get("styles_beside_the_market") or []:
        if row["name"] == "Value" or row.get("beta") is None:
            # Growth and value are the two ends of one factor.
            continue
        if abs(row["beta"]) < SLIGHT and found:
            continue
        severity = rated(abs(row["beta"]), TILT)
        advice = None
        if severity >= ELEVATED:
            advice = (
                f"The leaning of {row['beta']:+.2f} to {row['name'].lower()} is a bet "
                "of its own: keep it on purpose, or take the other side with a fund."
            )
        found.append(Point("styles", _style(row), severity, row.get("usd_per_1pct") or 0.0, advice))
    return sorted(found, key=lambda one: -abs(one.dollars))


STYLE_MOVES = {
    "Growth": "growth stocks beat value stocks by 1 %",
    "Momentum": "recent winners beat the market by 1 %",
    "Size": "small companies beat the market by 1 %",
    "Quality": "profitable, little indebted companies beat the market by 1 %",
    "Low Volatility": "calm stocks beat the market by 1 %",
}
LEANS = {
    "Growth": ("growth stocks", "value stocks"),
    "Momentum": ("recent winners", "recent losers"),
    "Size": ("small companies", "large companies"),
    "Quality": ("quality", "indebted or unprofitable companies"),
    "Low Volatility": ("calm stocks", "volatile stocks"),
}


def _style(row: Mapping[str, Any]) -> str:
    name, value, moved = row["name"], row["beta"], row.get("usd_per_1pct")
    side = LEANS[name][0 if value >= 0 else 1]
    text = f"Beside the market the book leans to {side} ({name.lower()} {value:+.2f}): "
    if moved is None:
        return f"{text}what it makes or loses when {STYLE_MOVES[name]} is not known, no dollars were computed."
    return f"{text}it {'makes' if moved >= 0 else 'loses'} {money(abs(moved))} when {STYLE_MOVES[name]}."


def variance(evidence: Evidence) -> list[Point]:
    """How the factors and single names share the variance."""
    told = evidence.section("risk").get("variance") or {}
    if told.get("factor_share_pct") is None:
        return []
    market = told["factors"].get("Market", {}).get("share_pct")
    text = f"Factors explain {percent(told['factor_share_pct'])} of the variance"
    text += f", the market alone {percent(market)}" if market is not None else ""
    text += f"; {percent(told['specific_share_pct'])} is of single names."
    return [Point("variance", text, NORMAL, evidence.section("risk").get("daily_volatility_usd") or 0)]


def correlation(evidence: Evidence) -> list[Point]:
    """How alike the larger holdings move."""
    told = evidence.section("correlation")
    average = told.get("average_correlation")
    if average is None:
        return []
    text = f"The {told['symbols_included']} larger holdings correlate by {average:.2f} on average over {told['sessions']} sessions"
    if told.get("diversification_score") is not None:
        text += f" (diversification {told['diversification_score']:.0f} of 100)"
    pairs = told.get("highest_pairs", [])[:NAMED]
    if pairs:
        text += "; closest: " + ", ".join(f"{row['pair']} {row['correlation']:.2f}" for row in pairs)
    severity = rated(average, CORRELATION)
    advice = None
    if severity >= ELEVATED:
        advice = f"At an average correlation of {average:.2f} most holdings fall together: a new name diversifies only outside of these."
    return [Point("correlation", f"{text}.", severity, 0, advice)]
