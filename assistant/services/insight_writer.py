"""Who writes an insight: a language model over the results and the tools (the fallback model if the first is busy or fails), or rules
where no model can.

What a model wrote is believed only so far: its JSON must fit the schema, and its figures must stand in the results or in what a tool
told it. A few that do not are named in the limitations; if they are more than a quarter (three at least) the text is thrown away and
rules write instead.
"""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from assistant.llm.client import ModelError, configured
from assistant.llm.events import LoopResult, Usage
from assistant.llm.loop import run_to_end
from assistant.models import InsightSeverity
from assistant.prompts import insights as prompts
from assistant.prompts.fence import encode, plain, shortened
from assistant.services import insight_rules
from assistant.services.insight_drafts import LONGEST_TITLE, Assignment, Draft
from assistant.services.insight_evidence import MARKET, Evidence
from assistant.services.insight_numbers import numbers_of, unfounded
from assistant.services.memories import memories_for_prompt
from assistant.services.request_metrics import record_request
from assistant.tools.registry import ToolContext, call_tool, tool_schemas
from portfolios.models import User

log = logging.getLogger(__name__)

PROVIDER = "openai"
NO_MODEL = "No language model is set up: this was written by rules from the results of the engines."
STOOD_IN = (
    "The language model could not write this ({reason}): it was written by rules from the results of the engines."
)
UNREADABLE = "its answer could not be read"
UNFOUNDED = "its text named figures that stand in no result"
NO_TIME = "there was no time left for it"
FAILED = "it failed"
MEMORIES, MEMORY_CHARACTERS = 15, 1_500
MOST_LINES, LONGEST_LINE, LONGEST_TEXT = 12, 1_000, 40_000
# A model is not asked for an answer it cannot give in time.
LEAST_SECONDS = 15.0
TOLERATED, TOLERATED_SHARE = 2, 0.25
MOST_NAMED = 8


class Unusable(Exception):
    """What the model wrote cannot be shown; the text says why."""


def write(user: User, evidence: Evidence, assignment: Assignment, *, seconds: float) -> Draft:
    """The insight; never fails for want of a model.

    Parameters
    ----------
    seconds : how long a model may take.
    """
    if not configured():
        return insight_rules.write(evidence, assignment, because=NO_MODEL)
    severity = insight_rules.write(evidence, assignment).severity
    until = time.monotonic() + seconds
    reason = NO_TIME
    for model in filter(None, dict.fromkeys([settings.OPENAI_MODEL, settings.OPENAI_MODEL_FALLBACK])):
        left = until - time.monotonic()
        if left < LEAST_SECONDS:
            break
        try:
            return _tried(user, evidence, assignment, severity, model, left)
        except (ModelError, Unusable) as failure:
            reason = str(failure).strip().rstrip(".")
            if not getattr(failure, "retryable", False):
                break
    reason = f"{reason[:1].lower()}{reason[1:]}"
    return insight_rules.write(evidence, assignment, because=STOOD_IN.format(reason=reason))


def _tried(user: User, evidence: Evidence, assignment: Assignment, severity: str, model: str, seconds: float) -> Draft:
    """What one model writes; how it went is recorded.

    Raises
    ------
    ModelError if it does not answer. Unusable if its answer cannot be shown.
    """
    usage, began = Usage(), time.monotonic()
    answer: LoopResult | None = None
    failure: ModelError | Unusable | None = None
    try:
        answer = _asked(user, evidence, assignment, severity, model, seconds, usage)
        return _believed(evidence, assignment, answer)
    except (ModelError, Unusable) as error:
        failure = error
        raise
    except Exception as error:
        log.exception("An insight could not be written by a model")
        failure = Unusable(FAILED)
        raise failure from error
    finally:
        _record(user, model, usage, began, answer, failure)


def _asked(
    user: User, evidence: Evidence, assignment: Assignment, severity: str, model: str, seconds: float, usage: Usage
) -> LoopResult:
    book, wishes = evidence.book, assignment.briefing
    memories = memories_for_prompt(user.pk, book.pk, characters=MEMORY_CHARACTERS, newest=MEMORIES)
    offered = tool_schemas(web_search=assignment.is_briefing and prompts.looks_for_news(assignment))
    if assignment.is_briefing and not wishes.include_market_overview:
        offered = [one for one in offered if one.get("name") != MARKET]
    return run_to_end(
        model=model,
        instructions=prompts.instructions(assignment, severity=severity, model=model, memories=memories),
        items=[{"role": "user", "content": prompts.request(assignment, evidence.context())}],
        tools=offered,
        call=functools.partial(call_tool, ToolContext(user, book.pk, (book.pk,))),
        text_format=prompts.FORMAT,
        usage=usage,
        seconds=seconds,
    )


def _believed(evidence: Evidence, assignment: Assignment, answer: LoopResult) -> Draft:
    """The draft of what a model answered.

    Raises
    ------
    Unusable if it is no such JSON, says nothing, or names too many figures that are nowhere in the data.
    """
    told = _parsed(answer.text)
    findings, advice = _lines(told["key_findings"]), _lines(told["recommendations"])
    title, summary = shortened(" ".join(told["title"].split()), LONGEST_TITLE), plain(told["summary"]).strip()
    if not (title and summary and findings):
        raise Unusable(UNREADABLE)
    analysis = plain(told["full_analysis"])[:LONGEST_TEXT]
    sources = [encode(evidence.context()), assignment.focus, *(result.text for _, result in answer.calls)]
    text = "\n".join([title, summary, *findings, *advice, analysis])
    missing, figures = unfounded(text, numbers_of(sources))
    if len(missing) > TOLERATED and len(missing) > TOLERATED_SHARE * figures:
        raise Unusable(UNFOUNDED)
    return Draft(
        title=title,
        severity=told["severity"],
        summary=summary,
        key_findings=tuple(findings),
        recommendations=tuple(advice),
        data_limitations=_limits(evidence, plain(told["data_limitations"]).strip(), missing),
        full_analysis=analysis,
        model=answer.model,
        provider=PROVIDER,
        version=prompts.VERSION,
        cost_usd=answer.cost_usd,
        input_tokens=answer.usage.known().get("input_tokens"),
        output_tokens=answer.usage.known().get("output_tokens"),
        tools=len(answer.calls),
        facts={
            "tools": [{"name": name, "failed": result.failed} for name, result in answer.calls],
            "citations": [dict(one) for one in answer.citations],
            "figures": {"in_text": figures, "not_in_results": missing},
        },
    )


def _parsed(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError as error:
        raise Unusable(UNREADABLE) from error
    texts = ("title", "severity", "summary", "data_limitations", "full_analysis")
    lists = ("key_findings", "recommendations")
    if (
        not isinstance(told, dict)
        or not all(isinstance(told.get(name), str) for name in texts)
        or not all(
            isinstance(told.get(name), list) and all(isinstance(one, str) for one in told[name]) for name in lists
        )
        or told["severity"] not in InsightSeverity.values
    ):
        raise Unusable(UNREADABLE)
    return told


def _lines(texts: Sequence[str]) -> list[str]:
    lines = [shortened(" ".join(text.split()), LONGEST_LINE) for text in texts]
    return [line for line in lines if line][:MOST_LINES]


def _limits(evidence: Evidence, told: str, missing: Sequence[str]) -> str:
    parts = [told] if told else []
    if evidence.simulated and "simulat" not in told.lower():
        parts.append("Prices are simulated: every figure is made up and says nothing of the market.")
    if missing:
        named = ", ".join(missing[:MOST_NAMED]) + (" and more" if len(missing) > MOST_NAMED else "")
        parts.append(f"Not found in the results, so to be checked: {named}.")
    return " ".join(parts)


def _record(
    user: User, model: str, usage: Usage, began: float, answer: LoopResult | None, failure: ModelError | Unusable | None
) -> None:
    calls: Sequence[Mapping[str, Any]] = (
        [{"name": name, "failed": result.failed} for name, result in answer.calls] if answer else []
    )
    kind = getattr(failure, "error_type", "unusable_answer") if failure else None
    record_request(
        user_id=user.pk,
        conversation_id=None,
        message_id=None,
        model=model,
        usage=usage,
        first_token_ms=None,
        total_latency_ms=round(1000 * (time.monotonic() - began)),
        tools=[dict(one) for one in calls],
        error_type=kind,
        error_message=str(failure) if failure else None,
    )
