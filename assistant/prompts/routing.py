"""How much thought a question deserves, by rules on its words."""

from __future__ import annotations

import re
from dataclasses import dataclass

# More than this is a task, not a question.
LONG_QUESTION = 50
DEEP = (
    "thesis", "valuation", "valuations", "dcf", "discounted cash flow", "intrinsic value", "scenario analysis", "due diligence",
    "deep dive", "long-term", "long term", "investment case", "bull case", "bear case", "competitive advantage", "moat",
    "in depth", "in-depth", "comprehensive", "thorough", "thoroughly", "step by step", "trade-off", "trade-offs", "pros and cons",
    "stress my", "rebalance", "hedging strategy", "asset allocation",
)  # fmt: skip
RECENT = (
    "today", "today's", "latest", "news", "now", "right now", "current", "currently", "recent", "recently", "yesterday", "this week",
    "this morning", "this month", "headline", "headlines", "breaking", "fed", "fomc", "powell", "rate cut", "rate cuts", "rate hike",
    "inflation", "cpi", "ppi", "payrolls", "jobs report", "gdp", "earnings", "guidance", "upgrade", "downgrade", "upgraded",
    "downgraded", "tariff", "tariffs", "election", "morning briefing", "market update", "premarket", "pre-market", "after hours",
    "what happened", "why is", "why did",
)  # fmt: skip


@dataclass(frozen=True)
class Route:
    """effort, verbosity : of the vendor's words. web_search : whether the vendor's search is offered. deep : whether the model for
    long thought answers."""

    effort: str = "medium"
    verbosity: str = "medium"
    web_search: bool = False
    deep: bool = False


def route(text: str) -> Route:
    """The route of a message.

    Words of deep analysis, more than 50 words or more than one question ask for much thought; words of recency or of the market ask
    for the web. Both may hold.
    """
    lowered = text.lower().replace("’", "'")
    recent = _RECENT.search(lowered) is not None
    deep = _DEEP.search(lowered) is not None or len(lowered.split()) > LONG_QUESTION or lowered.count("?") > 1
    return Route("high", "high", recent, True) if deep else Route(web_search=recent)


def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the phrases as whole words: "now" is not in "know"."""
    ranked = sorted(phrases, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, ranked))})(?![\w-])")


_DEEP, _RECENT = _any_of(DEEP), _any_of(RECENT)
