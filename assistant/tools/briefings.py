"""Briefings written before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from assistant.models import Insight
from assistant.services.briefings import briefings
from assistant.tools.arguments import Flag, Whole
from assistant.tools.figures import known
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding
from portfolios.services.holdings import held_symbols
from sigmasight.core import clock

HOUR = 3600
MOST_NAMED = 10


@tool(
    purpose="The latest morning briefing of a portfolio: what was told before, so that it can be taken up or corrected.",
    returns="available, title, summary, key_findings, recommendations, severity, written_at, age_hours, written_by",
    source="insights of the database, of this portfolio alone",
    arguments=(PORTFOLIO,),
)
def get_morning_briefing(call: Call) -> Finding:
    found = briefings(call.book.pk, limit=1)
    if not found:
        return Finding({"available": False, "reason": "No briefing has been written for this portfolio yet."})
    return Finding({"available": True, **_told(found[0], full=False)}, call.book.results_as_of)


@tool(
    purpose="Past morning briefings of a portfolio, newest first: how the view has changed, what keeps coming back.",
    returns="briefings (as get_morning_briefing; on demand the full text by paragraphs), severity counts, holdings named most often",
    source="insights of the database, of this portfolio alone",
    arguments=(
        PORTFOLIO,
        Whole("limit", "Number of briefings.", default=5, least=1, most=10),
        Flag("include_full_analysis", "Whether the whole texts are given.", default=False),
    ),
)
def get_briefing_history(call: Call) -> Finding:
    found = briefings(call.book.pk, limit=call["limit"])
    return Finding(
        {
            "briefings": [_told(one, full=call["include_full_analysis"]) for one in found],
            "severities": dict(Counter(one.severity for one in found)),
            "named_most_often": _named(found, held_symbols(call.book.pk)),
        },
        call.book.results_as_of,
    )


def _told(one: Insight, *, full: bool) -> dict[str, Any]:
    return known(
        {
            "title": one.title,
            "severity": one.severity,
            "written_at": one.created_at,
            "age_hours": round((clock.now() - one.created_at).total_seconds() / HOUR, 1),
            "written_by": one.model_used,
            "summary": one.summary,
            "key_findings": one.key_findings,
            "recommendations": one.recommendations,
            "data_limitations": one.data_limitations,
            "full_analysis": [part.strip() for part in (one.full_analysis or "").split("\n\n") if part.strip()]
            if full
            else None,
        }
    )


def _named(found: Sequence[Insight], symbols: Sequence[str]) -> list[dict[str, Any]]:
    """Holdings by the number of briefings that name them as a word."""
    counts: Counter[str] = Counter()
    for one in found:
        words = set(
            re.findall(
                r"[A-Z0-9][A-Z0-9._-]*",
                " ".join([one.title, one.summary, one.full_analysis or "", *map(str, one.key_findings)]),
            )
        )
        counts.update({symbol for symbol in symbols if symbol in words})
    return [{"symbol": symbol, "briefings": count} for symbol, count in counts.most_common(MOST_NAMED)]
