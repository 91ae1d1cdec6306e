"""What an insight does not know, in sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from analytics.services.reasons import REASONS
from assistant.models import InsightType
from assistant.services.insight_drafts import Assignment
from assistant.services.insight_evidence import PARTIAL, UNRELIABLE, Evidence
from assistant.services.insight_words import listed, percent
from marketdata.models import Security

NAMED = 5
SECTION_NAMES = {
    "overview": "market beta",
    "performance": "performance",
    "movers": "movers",
    "sectors": "sector weights",
    "concentration": "concentration",
    "volatility": "volatility",
    "factors": "factor exposures",
    "correlation": "correlations",
    "stress": "stress tests",
    "risk": "value at risk",
    "targets": "price targets",
    "market": "market overview",
}
# The note of the tool says it, and so does the text of the findings.
SAID = (
    "Gainers and losers",
    "Losses are positive",
    "Shares of the value",
    "Correlations are of",
    "Volatilities are",
    "plausibility_scale",
    "Gross weights",
)


def limitations(evidence: Evidence, assignment: Assignment, *, because: str, answered: bool) -> str:
    """Sentences, the weightiest first; "" where nothing limits it."""
    lines = []
    if because:
        lines.append(because)
    if assignment.insight_type == InsightType.CUSTOM and assignment.question:
        text = (
            "The question was answered by the findings that bear on its words."
            if answered
            else "No finding bears on the words of the question: these are the gravest of all."
        )
        lines.append(text)
        if strangers := _not_held(evidence, assignment.question):
            lines.append(f"{listed(strangers)} {'is' if len(strangers) == 1 else 'are'} not held in this book.")
    if assignment.is_briefing and assignment.briefing.include_news:
        lines.append("News were not looked up.")
    if evidence.simulated:
        lines.append("Prices are simulated: every figure is made up and says nothing of the market.")
    wanted = [name for name in evidence.missing if name != "market" or assignment.is_briefing]
    lines += _missing({name: _reason(evidence, name) for name in wanted})
    lines += _covered(evidence)
    lines += [
        note
        for name, notes in evidence.notes.items()
        for note in notes
        if not note.startswith(SAID) and (name != "market" or assignment.is_briefing)
    ]
    left_out = evidence.section("risk").get("left_out") or []
    if left_out:
        lines.append(f"The value at risk leaves out {_some([row['symbol'] for row in left_out])}.")
    return " ".join(dict.fromkeys(lines))


ENGINES = {
    "factors": "factor_analysis",
    "correlation": "position_correlations",
    "stress": "stress_testing",
    "risk": "factor_analysis",
    "volatility": "factor_analysis",
}


def _reason(evidence: Evidence, name: str) -> str:
    """What the engine says of itself, where it was skipped; else what the tool says."""
    told = evidence.engines.get(ENGINES.get(name, ""), {})
    skipped = told.get("status") == "skipped" and told.get("reason")
    return str(skipped or evidence.missing[name])


def missing_text(evidence: Evidence, name: str) -> str:
    """Why a section is missing, as a sentence; "" if it is not."""
    return " ".join(_missing({name: _reason(evidence, name)})) if name in evidence.missing else ""


def _missing(missing: Mapping[str, str]) -> list[str]:
    """Sections with the same reason in one sentence."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in missing.items():
        text = reason.strip().rstrip(".")
        text = re.sub(r"^No (volatility|value at risk): ", "", text)
        by_reason.setdefault(REASONS.get(text, text), []).append(SECTION_NAMES.get(name, name))
    return [
        f"No {listed(names).replace(', ', ', no ').replace(' and ', ' and no ')}: {reason}."
        for reason, names in by_reason.items()
    ]


def _covered(evidence: Evidence) -> list[str]:
    quality = evidence.quality()
    partial = [
        f"{SECTION_NAMES[name]} {percent(told['coverage_pct'])}"
        for name, told in quality.items()
        if told["status"] in (PARTIAL, UNRELIABLE)
    ]
    if not partial:
        return []
    return [f"Not all holdings count; covered are: {listed(partial)}. What is not covered counts as standing still."]


def _not_held(evidence: Evidence, question: str) -> list[str]:
    """Symbols the question names that are known and not held."""
    named = set(re.findall(r"\b[A-Z][A-Z.\-]{1,5}\b", question)) - evidence.held
    return sorted(Security.objects.filter(symbol__in=named).values_list("symbol", flat=True)) if named else []


def _some(symbols: Sequence[str]) -> str:
    return listed(symbols[:NAMED]) + (f" and {len(symbols) - NAMED} more" if len(symbols) > NAMED else "")
