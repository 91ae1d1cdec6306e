"""The line above an insight: its most telling figure."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.models import InsightType
from assistant.prompts.fence import shortened
from assistant.services.insight_drafts import Assignment
from assistant.services.insight_evidence import Evidence
from assistant.services.insight_factors import LEANS
from assistant.services.insight_hedges import hedge_count
from assistant.services.insight_points import Point
from assistant.services.insight_words import day, dollars, holding, money, percent

QUESTION = 120
NAMES = {kind.value: kind.label for kind in InsightType}


def title(evidence: Evidence, assignment: Assignment, points: Sequence[Point]) -> str:
    """One line without a full stop."""
    kind = assignment.insight_type
    if evidence.as_of is None:
        return f"{NAMES[kind]}: no results yet"
    if kind == InsightType.CUSTOM:
        return shortened(" ".join((assignment.question or "").split()), QUESTION) or "What the results say"
    made = {
        InsightType.MORNING_BRIEFING: _session,
        InsightType.DAILY_SUMMARY: _session,
        InsightType.VOLATILITY_ANALYSIS: _volatility,
        InsightType.CONCENTRATION_RISK: _concentration,
        InsightType.HEDGE_QUALITY: _hedges,
        InsightType.FACTOR_EXPOSURE: _factors,
        InsightType.STRESS_TEST_REVIEW: _stress,
    }[InsightType(kind)](evidence)
    return made or f"{NAMES[kind]}: no result to speak of"


def _session(evidence: Evidence) -> str:
    told = evidence.section("movers").get("portfolio") or {}
    made, fraction = told.get("day_pnl_usd"), told.get("day_return_pct")
    when = f"{day(evidence.as_of or '')}"
    if made is None:
        return ""
    if not made:
        return f"{when}: unchanged at {dollars(evidence.nav)}"
    text = f"{when}: {'up' if made > 0 else 'down'} {money(abs(made))}"
    text += f" ({percent(fraction, 2, sign=True)})" if fraction is not None else ""
    worst = _worst(evidence)
    return f"{text}; {worst} in the worst stress scenario" if worst else text


def _worst(evidence: Evidence) -> str:
    rows = evidence.section("stress").get("scenarios") or []
    worst = min((row["impact_pct"] for row in rows), default=None)
    return percent(worst, sign=True) if worst is not None and worst < 0 else ""


def _volatility(evidence: Evidence) -> str:
    told = evidence.section("volatility")
    if told.get("realized_21d_pct") is None:
        return ""
    text = f"Volatility {percent(told['realized_21d_pct'])} a year"
    if told.get("expected_21d_pct") is not None:
        text += f", {percent(told['expected_21d_pct'])} expected for the coming month"
    return text


def _concentration(evidence: Evidence) -> str:
    told = evidence.section("concentration")
    if not told.get("largest"):
        return ""
    top = told["largest"][0]
    name = holding(top["symbol"], "SHORT" if top["net_value_usd"] < 0 else None)
    return (
        f"{name[:1].upper()}{name[1:]} is {percent(top['pct_of_gross'])} of the "
        f"book; {told['symbols']} names weigh like {told['effective_positions']:.1f}"
    )


def _hedges(evidence: Evidence) -> str:
    sums = evidence.section("overview").get("exposures") or {}
    if not sums:
        return ""
    value = evidence.section("overview").get("beta_to_market", {}).get("calculated_90d")
    text = (
        _unshorted(evidence)
        if not sums["short_usd"]
        else f"Shorts offset {percent(100 * abs(sums['short_usd']) / sums['long_usd'])} of the longs"
        if sums["long_usd"]
        else "Short only"
    )
    return f"{text}; market beta {value:.2f}" if value is not None else text


def _unshorted(evidence: Evidence) -> str:
    count = hedge_count(evidence)
    return "No hedges" if not count else f"{count} hedge{'s' if count > 1 else ''}, no short positions"


def _factors(evidence: Evidence) -> str:
    told = evidence.section("factors").get("styles_beside_the_market") or []
    rows = [row for row in told if row["name"] in LEANS and row.get("beta") is not None]
    value = evidence.section("overview").get("beta_to_market", {}).get("calculated_90d")
    if value is None or not rows:
        return ""
    largest = max(rows, key=lambda row: abs(row.get("usd_per_1pct") or 0))
    side = LEANS[largest["name"]][0 if largest["beta"] >= 0 else 1]
    return f"Market beta {value:.2f}, leaning most to {side} ({largest['name'].lower()} {largest['beta']:+.2f})"


def _stress(evidence: Evidence) -> str:
    rows = evidence.section("stress").get("scenarios") or []
    if not rows:
        return ""
    worst = min(rows, key=lambda row: row["impact_usd"])
    return (
        f"{worst['name']} would cost {money(abs(worst['impact_usd']))} ({percent(worst['impact_pct'], sign=True)})"
        if worst["impact_usd"] < 0
        else "No stress scenario costs the book anything"
    )
