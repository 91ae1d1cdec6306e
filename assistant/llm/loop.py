"""One loop for chat and insights: ask the model, run the tools it wants, give it what they found, until it has answered.

Nothing stays with the vendor (`store=False`): every round sends the whole conversation again, with the model's own reasoning in the
encrypted form in which it came, since a function call is refused without it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from django.conf import settings

from assistant.llm.client import ModelError, async_client, transport_errors
from assistant.llm.events import (
    Finished,
    LoopEvent,
    LoopResult,
    ResponseStarted,
    Text,
    ToolCaller,
    ToolFinished,
    ToolStarted,
    Usage,
)
from assistant.llm.pricing import cost_usd
from assistant.services.threads import in_thread
from assistant.tools import results
from assistant.tools.results import ToolResult

MAX_ROUNDS, MAX_CALLS, AT_ONCE = 6, 12, 4
Known = dict[tuple[str, str], ToolResult]


async def run(
    *,
    model: str,
    instructions: str,
    items: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    call: ToolCaller,
    effort: str = "medium",
    verbosity: str = "medium",
    max_rounds: int = MAX_ROUNDS,
    max_calls: int = MAX_CALLS,
    text_format: Mapping[str, Any] | None = None,
    usage: Usage | None = None,
    known: Known | None = None,
) -> AsyncIterator[LoopEvent]:
    """The events of one answer, the last of them `Finished`.

    Parameters
    ----------
    items : the conversation, oldest first, in the vendor's form. call : runs one tool, in a thread.
    text_format : JSON schema format of the text, where it is to be JSON. usage : grows with every round, also of a run that fails.
    known : results of calls made before; a call with the same arguments is not made again.

    Raises
    ------
    ModelError if the vendor fails, stops early or falls silent; text that was handed out before stays said.
    """
    conversation: list[Any] = list(items)
    usage = Usage() if usage is None else usage
    tool_runs = _ToolRuns(call, max_calls, {} if known is None else known)
    said: list[str] = []
    citations: list[dict[str, Any]] = []
    for number in range(1, max_rounds + 1):
        answer, began = _Answer(usage, citations), len(said)
        asked = {
            "instructions": instructions,
            "input": conversation,
            "max_output_tokens": settings.OPENAI_MAX_OUTPUT_TOKENS,
            "store": False,
            **_manner(model, effort, verbosity, text_format),
        }
        if tools:
            asked |= {"tools": list(tools), "tool_choice": "none" if number == max_rounds else "auto"}
        with transport_errors():
            # As the body's own fields: the library goes through every key of named arguments, eight milliseconds for our tools.
            stream = await async_client().responses.create(model=model, stream=True, extra_body=asked)
            try:
                async for event in stream:
                    made = answer.take(event)
                    if isinstance(made, Text):
                        made = made if text_format else _set_off(made, said, began)
                        said.append(made.delta)
                    if made is not None:
                        yield made
            finally:
                await stream.close()
        answer.require_complete()
        conversation += answer.items
        # A server may let a model call tools where it was told not to: there is no round left to tell it what they found.
        if not answer.calls or number == max_rounds:
            break
        found: dict[str, ToolResult] = {}
        async for step in tool_runs.run(answer.calls):
            if isinstance(step, ToolFinished):
                found[step.call_id] = step.result
            yield step
        conversation += [
            {"type": "function_call_output", "call_id": wanted.call_id, "output": found[wanted.call_id].text}
            for wanted in answer.calls
        ]
    if not "".join(said).strip():
        raise ModelError("The AI service answered nothing.", error_type="incomplete_response", retryable=True)
    yield Finished("".join(said), model, citations)


def run_to_end(*, seconds: float | None = None, **arguments: Any) -> LoopResult:
    """The same for callers without an event loop: the whole answer. Takes what `run` takes, and raises what it raises.

    Parameters
    ----------
    seconds : how long it may take; a turn's time at most.
    """
    limit = settings.CHAT_TURN_SECONDS if seconds is None else min(seconds, settings.CHAT_TURN_SECONDS)
    usage = arguments.setdefault("usage", Usage())

    async def collect() -> tuple[Finished, list[tuple[str, ToolResult]]]:
        calls: list[tuple[str, ToolResult]] = []
        finished = Finished("", arguments["model"])
        async with asyncio.timeout(limit):
            async for event in run(**arguments):
                if isinstance(event, ToolFinished):
                    calls.append((event.name, event.result))
                elif isinstance(event, Finished):
                    finished = event
        return finished, calls

    try:
        finished, calls = asyncio.run(collect())
    except TimeoutError as error:
        raise ModelError("The AI service took too long.") from error
    cost = cost_usd(finished.model, usage.input_tokens, usage.output_tokens) if usage.known() else None
    return LoopResult(finished.text, finished.model, usage, tuple(calls), tuple(finished.citations), cost)


def _set_off(piece: Text, said: Sequence[str], began: int) -> Text:
    """What is said after tools is a paragraph of its own. `began` : pieces that were said before this round."""
    follows = bool(said) and len(said) == began and not said[-1][-1].isspace()
    return Text(f"\n\n{piece.delta}") if follows else piece


def effort_for(model: str, wanted: str) -> str | None:
    """The word of effort to send: the wanted one if the model takes it, else its strongest; None for a model that does not reason."""
    words = next((words for name, words in settings.OPENAI_EFFORTS.items() if model.startswith(name)), None)
    if not words:
        return None
    return wanted if wanted in words else words[-1]


def _manner(model: str, effort: str, verbosity: str, text_format: Mapping[str, Any] | None) -> dict[str, Any]:
    word = effort_for(model, effort)
    manner: dict[str, Any] = {}
    text: dict[str, Any] = {"format": dict(text_format)} if text_format else {}
    if word is not None:
        manner |= {"reasoning": {"effort": word}, "include": ["reasoning.encrypted_content"]}
        text["verbosity"] = verbosity
    return manner | ({"text": text} if text else {})


class _Answer:
    """One response of the vendor, put together from its events."""

    def __init__(self, usage: Usage, citations: list[dict[str, Any]]) -> None:
        self.items: list[dict[str, Any]] = []
        self.calls: list[Any] = []
        self._usage = usage
        self._citations = citations
        self._ended = False

    def take(self, event: Any) -> ResponseStarted | Text | None:
        match event.type:
            case "response.created":
                return ResponseStarted(event.response.id)
            case "response.output_text.delta" | "response.refusal.delta":
                return Text(event.delta) if event.delta else None
            case "response.output_item.done":
                self.items.append(event.item.model_dump(mode="json", exclude_unset=True))
                if event.item.type == "function_call":
                    self.calls.append(event.item)
            case "response.output_text.annotation.added":
                note = event.annotation if isinstance(event.annotation, dict) else dict(event.annotation)
                if note.get("url"):
                    self._citations.append({"url": note["url"], "title": note.get("title") or ""})
            case "response.completed":
                self._usage.add(event.response.usage)
                self._ended = True
            case "response.incomplete":
                self._usage.add(event.response.usage)
                raise _incomplete(event.response.incomplete_details)
            case "response.failed":
                self._usage.add(event.response.usage)
                raise _failed(getattr(event.response.error, "code", None))
            case "error":
                raise _failed(event.code)
        return None

    def require_complete(self) -> None:
        """A stream that just stops was cut."""
        if not self._ended:
            raise ModelError("The answer of the AI service broke off.", retryable=True)


class _ToolRuns:
    """Runs the tools of one answer: four at once, so many in all, none twice with the same arguments."""

    def __init__(self, call: ToolCaller, most: int, known: Known) -> None:
        self._call = call
        self._left = most
        self._known = known
        self._running: dict[tuple[str, str], asyncio.Task[ToolResult]] = {}

    async def run(self, wanted: Sequence[Any]) -> AsyncIterator[ToolStarted | ToolFinished]:
        for first in range(0, len(wanted), AT_ONCE):
            batch = wanted[first : first + AT_ONCE]
            for one in batch:
                yield ToolStarted(one.call_id, one.name, _readable(one.arguments))
            running = [asyncio.ensure_future(self._one(one)) for one in batch]
            try:
                for finished in asyncio.as_completed(running):
                    yield await finished
            finally:
                for task in running:
                    task.cancel()

    async def _one(self, wanted: Any) -> ToolFinished:
        key = (wanted.name, _canonical(wanted.arguments))
        if key in self._known:
            return ToolFinished(wanted.call_id, wanted.name, self._known[key], 0)
        if (twin := self._running.get(key)) is not None:
            return ToolFinished(wanted.call_id, wanted.name, await asyncio.shield(twin), 0)
        if self._left <= 0:
            text = "No more tools can be called in this turn. Answer with what you have, and say what is missing."
            return ToolFinished(wanted.call_id, wanted.name, _without_answer(text, wanted, retryable=False), 0)
        self._left -= 1
        began = time.monotonic()
        self._running[key] = asyncio.ensure_future(self._called(wanted))
        try:
            result = await self._running[key]
        finally:
            del self._running[key]
        if not result.failed:
            self._known[key] = result
        return ToolFinished(wanted.call_id, wanted.name, result, round(1000 * (time.monotonic() - began)))

    async def _called(self, wanted: Any) -> ToolResult:
        try:
            async with asyncio.timeout(settings.CHAT_TOOL_SECONDS):
                return await in_thread(self._call, wanted.name, wanted.arguments)
        except TimeoutError:
            text = f"{wanted.name} took longer than {settings.CHAT_TOOL_SECONDS:.0f} seconds. Go on without it."
            return _without_answer(text, wanted, retryable=True)


def _without_answer(text: str, wanted: Any, *, retryable: bool) -> ToolResult:
    return results.failed(results.EXECUTION, text, retryable=retryable, requested=_readable(wanted.arguments))


def _readable(arguments: str) -> dict[str, Any]:
    try:
        value = json.loads(arguments or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _canonical(arguments: str) -> str:
    try:
        return json.dumps(json.loads(arguments or "{}"), sort_keys=True)
    except ValueError:
        return arguments


def _incomplete(details: Any) -> ModelError:
    if getattr(details, "reason", None) == "content_filter":
        text = "The AI service stopped: its content filter refused the rest."
    else:
        text = "The answer grew too long and was cut off."
    return ModelError(text, error_type="incomplete_response")


def _failed(code: str | None) -> ModelError:
    if code == "insufficient_quota":
        return ModelError("The quota of the AI service is used up.", error_type="quota_exceeded")
    if code == "rate_limit_exceeded":
        return ModelError("The AI service is busy.", error_type="rate_limit_exceeded", retryable=True)
    return ModelError("The AI service failed.", retryable=code in (None, "server_error", "vector_store_timeout"))
