"""Insights written by rules from the engines' results: what an analyst would say first, with the figures and their date.

Findings are ranked by severity (bounds in `insight_points`), those of one severity by their size in dollars; a briefing and a
daily summary tell what happened before that. Every figure is one of a result, or a sum, difference or share of such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.models import InsightType
from assistant.services import insight_exposure as exposed
from assistant.services import insight_factors as factors
from assistant.services import insight_hedges as hedging
from assistant.services import insight_results as results
from assistant.services import insight_risk as risk
from assistant.services.insight_drafts import BRIEF, DETAILED, LONGEST_TITLE, STANDARD, Assignment, Draft
from assistant.services.insight_evidence import Evidence
from assistant.services.insight_hedges import UNHEDGED
from assistant.services.insight_limits import limitations, missing_text
from assistant.services.insight_pages import page
from assistant.services.insight_points import INFO, Point, gravest, ranked
from assistant.services.insight_titles import title
from assistant.services.insight_words import day, dollars, money

VERSION = "rules-1"
Rule = Callable[[Evidence], list[Point]]

# What each type speaks of; `first` is told before what is ranked.
HAPPENED: tuple[Rule, ...] = (results.session, results.week)
EXPOSED: tuple[Rule, ...] = (exposed.exposure, factors.beta, exposed.concentration)
RISKS: tuple[Rule, ...] = (risk.tail, risk.drivers, risk.volatility, risk.stress)
EVERYTHING: tuple[Rule, ...] = (
    results.record, results.targets, *EXPOSED, exposed.sectors, factors.styles, factors.variance, factors.correlation, *RISKS,
    hedging.hedges,
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """first : rules whose findings are told in this order. then : rules whose findings are ranked. needs : the section without which
    there is little to say."""

    then: tuple[Rule, ...]
    needs: str
    first: tuple[Rule, ...] = ()


PLANS: Mapping[str, Plan] = {
    InsightType.MORNING_BRIEFING: Plan(
        (results.record, results.targets, *EXPOSED, *RISKS), "movers", (*HAPPENED, results.market)
    ),
    InsightType.DAILY_SUMMARY: Plan((results.record, *EXPOSED, *RISKS), "movers", HAPPENED),
    InsightType.VOLATILITY_ANALYSIS: Plan(
        (risk.tail, risk.drivers, factors.variance, factors.correlation), "volatility", (risk.volatility,)
    ),
    InsightType.CONCENTRATION_RISK: Plan(
        (exposed.sectors, risk.drivers, factors.correlation), "concentration", (exposed.concentration,)
    ),
    InsightType.HEDGE_QUALITY: Plan((exposed.exposure, factors.beta, risk.stress), "overview", (hedging.hedges,)),
    InsightType.FACTOR_EXPOSURE: Plan((factors.variance, exposed.sectors), "factors", (factors.beta, factors.styles)),
    InsightType.STRESS_TEST_REVIEW: Plan((risk.tail, factors.beta, results.record), "stress", (risk.stress,)),
    InsightType.CUSTOM: Plan(EVERYTHING, "overview", HAPPENED),
}
# How many findings and recommendations are told.
FEWEST = 2
FEWEST_ANSWERS = 3
LENGTHS = {BRIEF: (4, 2), STANDARD: (7, 4), DETAILED: (12, 6)}

# Words of a question or a focus, by the topics they mean.
TOPICS: Mapping[str, tuple[str, ...]] = {
    "session": ("today", "yesterday", "day", "session", "happened"),
    "movers": ("mover", "today", "yesterday", "gainer", "loser"),
    "week": ("week",),
    "record": ("perform", "return", "earn", "year", "alpha", "benchmark"),
    "drawdown": ("drawdown", "peak", "fall", "recover"),
    "targets": ("target", "upside", "downside"),
    "market": ("market", "index", "indices"),
    "exposure": ("exposure", "leverage", "gross", "net", "long", "short"),
    "options": ("option", "call", "put", "delta", "gamma", "theta", "vega"),
    "cash": ("cash", "margin", "liquid"),
    "beta": ("beta", "market risk", "market fall"),
    "sectors": ("sector", "industr", "technology", "tech", "energy", "financial", "health"),
    "concentration": ("concentrat", "large", "big", "position", "diversif"),
    "single name": ("concentrat", "large", "big", "single"),
    "styles": ("factor", "style", "growth", "value", "momentum", "quality", "size"),
    "variance": ("factor", "variance", "specific"),
    "correlation": ("correlat", "diversif", "together"),
    "volatility": ("volatil", "swing"),
    "value at risk": ("value at risk", "var", "hurt", "risk", "shortfall", "lose", "loss", "tail"),
    "drivers": ("driv", "hurt", "contribut", "risk", "source"),
    "stress": ("stress", "scenario", "crash", "crisis", "worst", "hurt", "recession", "risk"),
    "market fall": ("crash", "hurt", "market", "correction"),
    "rates": ("rate", "yield", "duration", "fed", "inflation"),
    "private": ("private", "illiquid"),
    "hedges": ("hedg", "protect", "short", "insur"),
}  # fmt: skip


def write(evidence: Evidence, assignment: Assignment, *, because: str = "") -> Draft:
    """The insight by rules. Never fails: what is missing is said.

    Parameters
    ----------
    because : why no model wrote it, a sentence for the reader; "" where none was asked for.
    """
    plan = PLANS[assignment.insight_type]
    first = [point for rule in plan.first for point in rule(evidence)]
    if not (assignment.is_briefing and assignment.briefing.include_market_overview):
        first = [point for point in first if point.topic != "market"]
    then = ranked([point for rule in plan.then for point in rule(evidence)])
    points = _unique([*first, *then])
    if missing := missing_text(evidence, plan.needs):
        points.insert(0, Point(plan.needs, missing, INFO))
    if len(points) < FEWEST:
        points = _unique([*points, *ranked([point for rule in EVERYTHING for point in rule(evidence)])])
    if any(UNHEDGED in point.text for point in points):
        points = [point for point in points if point.topic != "market fall"]
    stressed = _stressed(points, assignment.focus)
    if assignment.insight_type == InsightType.CUSTOM and stressed:
        points = stressed if len(stressed) >= FEWEST_ANSWERS else _unique([*stressed, *ranked(points)])[:FEWEST_ANSWERS]
    elif stressed:
        points = _unique([*first[:1], *stressed, *points])
    verbosity = assignment.briefing.verbosity if assignment.is_briefing else STANDARD
    most, most_advice = LENGTHS.get(verbosity, LENGTHS[STANDARD])
    advice = list(dict.fromkeys(point.advice for point in ranked(points) if point.advice))[:most_advice]
    if evidence.as_of is None or not advice:
        advice = [_nothing_to_do(evidence, plan.needs), *advice]
    limits = limitations(evidence, assignment, because=because, answered=bool(stressed))
    known = evidence.as_of is not None and plan.needs in evidence.data
    heading = title(evidence, assignment, points)[:LONGEST_TITLE]
    summary = _summary(evidence, assignment, points, plan.needs)
    return Draft(
        title=heading,
        severity=gravest(points[:most] if known else []).value,
        summary=summary,
        key_findings=tuple(point.text for point in points[:most]),
        recommendations=tuple(advice),
        data_limitations=limits,
        full_analysis=page(evidence, heading, summary, points, advice, limits, verbosity),
        version=VERSION,
    )


def _unique(points: Sequence[Point]) -> list[Point]:
    return list({point.text: point for point in points}.values())


def _stressed(points: Sequence[Point], focus: str) -> list[Point]:
    """The findings that a focus or a question is about, by its words and by the symbols in it."""
    if not focus:
        return []
    lowered = focus.lower()
    wanted = {topic for topic, words in TOPICS.items() if any(re.search(rf"\b{re.escape(w)}", lowered) for w in words)}
    symbols = set(re.findall(r"\b[A-Z][A-Z.\-]{0,5}\b", focus))
    meant = [point for point in points if point.topic in wanted]
    return [*meant, *(point for point in points if point not in meant and _names(point, symbols))]


def _names(point: Point, symbols: set[str]) -> bool:
    return any(
        re.search(rf"(?<![\w.-]){re.escape(symbol)}(?![\w.-])", point.text) for symbol in symbols if len(symbol) > 1
    )


def _summary(evidence: Evidence, assignment: Assignment, points: Sequence[Point], needs: str) -> str:
    """Date and value, then the two things to know."""
    if evidence.as_of is None:
        text = "No night has been computed for this portfolio yet: there are no results to write about."
        return f"{text} Positions stand at {money(evidence.nav)} at what was paid for them." if evidence.nav else text
    parts = [f"As of the close of {day(evidence.as_of)} net asset value (NAV) is {dollars(evidence.nav)}."]
    if needs not in evidence.data:
        parts.append("What was asked for cannot be told; what is known is below.")
    told = points[:1] if assignment.insight_type != InsightType.CUSTOM else points[:2]
    rest = [point for point in ranked(points) if point not in told and point.topic not in ("movers", "market")]
    parts += [_sentence(point.text) for point in [*told, *rest[:1]]]
    if evidence.simulated:
        parts.append("Prices are simulated, not of the market.")
    return " ".join(parts)


def _sentence(text: str) -> str:
    """The first sentence."""
    return re.split(r"(?<=[.!?]) (?=[A-Z])", text, maxsplit=1)[0]


def _nothing_to_do(evidence: Evidence, needs: str) -> str:
    if evidence.as_of is None:
        return "Let the first night be computed (or start it with Recalculate Analytics), then ask again."
    if needs not in evidence.data and not evidence.has_value:
        return "This analysis needs a net asset value above zero: check cash, margin debits and booked flows."
    if needs not in evidence.data:
        return "This analysis needs holdings with a market price; of private ones, enter valuations as they come and map listed proxies."
    return "Nothing here crosses a bound that calls for action; look again when holdings or the market change."
