"""What a model is told when it writes an insight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from assistant.models import InsightSeverity, InsightType
from assistant.prompts.context import memory_block
from assistant.prompts.fence import fence
from assistant.prompts.system import RULES, moment
from assistant.services.insight_drafts import BRIEF, DETAILED, Assignment

VERSION = "insight-1"

TASK = """\
You write one insight about one portfolio, to be read as a card: it is no conversation, nobody answers. The results of the last
computed session stand in the data block "results"; call tools only for what is not there (a single position, a company, what a trade
would change). Answer with the JSON object alone.
- title: one line with the most telling figure, no full stop, 200 characters at most.
- severity: {severities}. By the house's bounds on the figures it is "{severity}"; depart from that by one step at most, with the
  reason in the summary.
- summary: two to four sentences: the date of the figures, the answer, the consequence.
- key_findings: {findings} findings, the gravest or largest first, each one sentence or two with its figures and what they mean.
- recommendations: {advice} things to look at or weigh, each following from a finding; no order to trade, no promise.
- data_limitations: what is missing, partial or simulated, and what that does to the findings; "" if nothing.
- full_analysis: Markdown with a few headings, for the reader who wants to know why.
Use figures as they stand in the results or a tool's answer, rounded at most: do not compute others unless you show how."""

SUBJECTS = {
    InsightType.DAILY_SUMMARY: "the last session. What the book made, why, and what stands out in what it is exposed to.",
    InsightType.VOLATILITY_ANALYSIS: "volatility. How much the book moves, what is forecast, which positions and factors make it so.",
    InsightType.CONCENTRATION_RISK: "concentration. Which names and sectors the book hangs on, and what their fall would cost.",
    InsightType.HEDGE_QUALITY: "hedges. What is held against the market, what it takes off the risk, what it costs, what does not work.",
    InsightType.FACTOR_EXPOSURE: "factors. Market beta, styles and tilts, what they make or cost, how much of the risk they are.",
    InsightType.STRESS_TEST_REVIEW: "stress. Which scenarios hurt most, why this book, what would help, how far the model holds.",
    InsightType.CUSTOM: 'the reader\'s question in the block "wish". Answer it; leave out what does not bear on it.',
}
BRIEFING = """\
Subject: the morning briefing, read before the market opens. Tell in this order: what the book made on the last session and over five
sessions, and who made it; {market}{news}what to watch today (positions with large exposure, targets, scenarios near at hand); what to
look at or do. Take up the last briefing where it is still open (get_morning_briefing)."""
MARKET = "what the market did (get_market_overview); "
NEWS = "the news that bear on the largest holdings, searched on the web, each with its source as a link and its date; "
NO_NEWS = "no news: you have none, and say so in data_limitations; "
LENGTHS = {BRIEF: ("three or four", "two"), DETAILED: ("eight to twelve", "four to six")}
USUAL = ("five to seven", "two to four")

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "title", "severity", "summary", "key_findings", "recommendations", "data_limitations", "full_analysis",
    ],
    "properties": {
        "title": {"type": "string"},
        "severity": {"type": "string", "enum": list(InsightSeverity.values)},
        "summary": {"type": "string"},
        "key_findings": {"type": "array", "items": {"type": "string"}},
        "recommendations": {"type": "array", "items": {"type": "string"}},
        "data_limitations": {"type": "string"},
        "full_analysis": {"type": "string"},
    },
}  # fmt: skip
FORMAT = {"type": "json_schema", "name": "insight", "schema": SCHEMA, "strict": True}


def instructions(assignment: Assignment, *, severity: str, model: str, memories: Sequence[str]) -> str:
    """The analyst's rules, the task and its subject, the moment, and what is remembered of the reader."""
    wanted = assignment.briefing.verbosity if assignment.is_briefing else ""
    findings, advice = LENGTHS.get(wanted, USUAL)
    task = TASK.format(
        severities=", ".join(InsightSeverity.values), severity=severity, findings=findings, advice=advice
    )
    return "\n\n".join([RULES, task, _subject(assignment), moment(model), *memory_block(memories)])


def looks_for_news(assignment: Assignment) -> bool:
    """Whether the reader wants news and the vendor's web search can be asked for them."""
    return assignment.briefing.include_news and bool(settings.OPENAI_WEB_SEARCH)


def _subject(assignment: Assignment) -> str:
    if not assignment.is_briefing:
        return f"Subject: {SUBJECTS[InsightType(assignment.insight_type)]}"
    wishes = assignment.briefing
    return BRIEFING.format(
        market=MARKET if wishes.include_market_overview else "", news=NEWS if looks_for_news(assignment) else NO_NEWS
    )


def request(assignment: Assignment, results: Mapping[str, Any]) -> str:
    """The one message: the results, and what the reader wants, both as data."""
    wish = {
        "type": assignment.insight_type,
        "question": assignment.question,
        "focus": [one for one in (assignment.focus_area, *assignment.briefing.focus_areas) if one] or None,
    }
    told = {name: value for name, value in wish.items() if value is not None}
    return "\n\n".join(["Write the insight.", fence("wish", [told]), fence("results", results)])
