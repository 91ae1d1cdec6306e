"""Responses, their events and the checks of a request, in the vendor's form."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from tests.fake_ai.script import Answer

Event = dict[str, Any]
_numbers = itertools.count(1)
KNOWN = {
    "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "max_tool_calls", "max_output_tokens",
    "previous_response_id", "conversation", "store", "include", "stream", "stream_options", "reasoning", "text", "temperature",
    "top_p", "truncation", "metadata", "safety_identifier", "prompt_cache_key", "service_tier", "background", "user",
}  # fmt: skip


def refusal_of(body: Mapping[str, Any]) -> str | None:
    """Why a request is refused with 400; None for a good one."""
    if unknown := sorted(set(body) - KNOWN):
        return f"Unknown parameter: '{unknown[0]}'."
    if "model" not in body or "input" not in body:
        return "Missing required parameter."
    items = body["input"] if isinstance(body["input"], list) else []
    kinds = [(item.get("type", "message"), item) for item in items]
    answered = {item["call_id"] for kind, item in kinds if kind == "function_call_output"}
    asked = {item["call_id"] for kind, item in kinds if kind == "function_call"}
    thoughts = {item["id"]: item for kind, item in kinds if kind == "reasoning"}
    for kind, item in kinds:
        if kind == "function_call":
            needed = _thought_of(item["call_id"])
            if needed is not None and needed not in thoughts:
                return (
                    f"Item '{item.get('id')}' of type 'function_call' was provided without its required 'reasoning' item: "
                    f"'{needed}'."
                )
            if item["call_id"] not in answered:
                return f"No tool output found for function call {item['call_id']}."
        if kind == "function_call_output" and item["call_id"] not in asked:
            return f"No tool call found for function call output with call_id {item['call_id']}."
        if kind == "function_call_output" and not isinstance(item["output"], str):
            return "Invalid type for 'output'."
    for known, item in thoughts.items():
        if item.get("encrypted_content") != f"sealed-{known}":
            return f"The encrypted content for item {known} could not be verified."
    return None


def _thought_of(call_id: str) -> str | None:
    """The reasoning item a call was made with: it is part of the call's id here."""
    found = re.fullmatch(r"call_(\d+)_\d+_rs", call_id)
    return f"rs_{found[1]}" if found else None


class Writer:
    """The events of one response, numbered."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body
        self._number = next(_numbers)
        self._sequence = itertools.count()
        self._output: list[Event] = []
        reasoning = body.get("reasoning") or {}
        self._reasons = bool(reasoning.get("effort")) and "reasoning.encrypted_content" in (body.get("include") or ())

    def events(self, answer: Answer) -> Iterator[Event]:
        """All of them; those of text have `piece` set to their number, which is not sent."""
        yield self._event("response.created", response=self._response("in_progress"))
        yield self._event("response.in_progress", response=self._response("in_progress"))
        if self._reasons and (answer.calls or answer.text):
            thought = {"id": f"rs_{self._number}", "type": "reasoning", "summary": []}
            yield from self._item(thought, {**thought, "encrypted_content": f"sealed-rs_{self._number}"})
        if answer.text or answer.refusal:
            yield from self._message(answer)
        for place, (name, arguments) in enumerate(answer.calls):
            yield from self._call(place, name, arguments)
        if answer.error:
            yield self._event("error", code=answer.error, message="scripted", param=None)
        elif answer.status == "failed":
            failure = {"code": answer.reason or "server_error", "message": "scripted"}
            yield self._event("response.failed", response=self._response("failed", error=failure))
        elif answer.status == "incomplete":
            details = {"reason": answer.reason or "max_output_tokens"}
            yield self._event("response.incomplete", response=self._response("incomplete", incomplete_details=details))
        else:
            uncounted: Event = {} if answer.counted else {"usage": None}
            yield self._event("response.completed", response=self._response("completed", **uncounted))

    def whole(self, answer: Answer) -> Event:
        """The response as one object."""
        for _ in self.events(answer):
            pass
        extra: Event = {} if answer.counted else {"usage": None}
        if answer.status == "failed":
            extra = {"error": {"code": answer.reason or "server_error", "message": "scripted"}}
        elif answer.status == "incomplete":
            extra = {"incomplete_details": {"reason": answer.reason or "max_output_tokens"}}
        return self._response(answer.status, **extra)

    def _message(self, answer: Answer) -> Iterator[Event]:
        item = {
            "id": f"msg_{self._number}",
            "type": "message",
            "role": "assistant",
            "status": "in_progress",
            "content": [],
        }
        index, said = len(self._output), answer.refusal or answer.text
        place = {"item_id": item["id"], "output_index": index, "content_index": 0}
        yield self._event("response.output_item.added", output_index=index, item=item)
        kind = "refusal" if answer.refusal else "output_text"
        empty: Event = {"type": kind, kind if answer.refusal else "text": ""}
        if not answer.refusal:
            empty["annotations"] = []
        yield self._event("response.content_part.added", part=empty, **place)
        prefix = "response.refusal" if answer.refusal else "response.output_text"
        for number, piece in enumerate(re.findall(r"\S+\s*|\s+", said), 1):
            yield {**self._event(f"{prefix}.delta", delta=piece, **place, **self._logs(kind)), "piece": number}
        notes = [
            {"type": "url_citation", "title": title, "url": url, "start_index": 0, "end_index": len(said)}
            for title, url in answer.citations
        ]
        for number, note in enumerate(notes):
            yield self._event(
                "response.output_text.annotation.added", annotation=note, annotation_index=number, **place
            )
        part: Event = {"type": kind, "refusal" if answer.refusal else "text": said}
        if not answer.refusal:
            part["annotations"] = notes
        done = {"refusal": said} if answer.refusal else {"text": said}
        yield self._event(f"{prefix}.done", **done, **place, **self._logs(kind))
        yield self._event("response.content_part.done", part=part, **place)
        yield from self._closed({**item, "status": "completed", "content": [part]})

    @staticmethod
    def _logs(kind: str) -> Event:
        return {"logprobs": []} if kind == "output_text" else {}

    def _call(self, place: int, name: str, arguments: Any) -> Iterator[Event]:
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        mark = "_rs" if self._reasons else ""
        item = {
            "id": f"fc_{self._number}_{place}", "type": "function_call", "status": "in_progress", "name": name,
            "call_id": f"call_{self._number}_{place}{mark}", "arguments": "",
        }  # fmt: skip
        index = len(self._output)
        yield self._event("response.output_item.added", output_index=index, item=item)
        where = {"item_id": item["id"], "output_index": index}
        for piece in (text[:7], text[7:]):
            if piece:
                yield self._event("response.function_call_arguments.delta", delta=piece, **where)
        yield self._event("response.function_call_arguments.done", arguments=text, name=name, **where)
        yield from self._closed({**item, "status": "completed", "arguments": text})

    def _item(self, opened: Event, closed: Event) -> Iterator[Event]:
        yield self._event("response.output_item.added", output_index=len(self._output), item=opened)
        yield from self._closed(closed)

    def _closed(self, item: Event) -> Iterator[Event]:
        index = len(self._output)
        self._output.append(item)
        yield self._event("response.output_item.done", output_index=index, item=item)

    def _event(self, kind: str, **fields: Any) -> Event:
        return {"type": kind, "sequence_number": next(self._sequence), **fields}

    def _response(self, status: str, **changed: Any) -> Event:
        taken = len(json.dumps(self._body.get("input", ""))) // 4 + len(self._body.get("instructions") or "") // 4
        given = len(json.dumps(self._output)) // 4
        usage = {
            "input_tokens": taken, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": given,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": taken + given,
        }  # fmt: skip
        return {
            "id": f"resp_{self._number}", "object": "response", "created_at": int(time.time()), "status": status,
            "error": None, "incomplete_details": None, "instructions": None, "metadata": {}, "model": self._body["model"],
            "output": list(self._output), "parallel_tool_calls": True, "temperature": None, "top_p": None,
            "tool_choice": self._body.get("tool_choice", "auto"), "tools": self._body.get("tools", []),
            "usage": None if status == "in_progress" else usage, **changed,
        }  # fmt: skip
