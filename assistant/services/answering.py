"""The answer to one turn as events: attempts, the fallback model, heartbeats, and a reader who leaves.

The answer is written by a task of its own into a queue; the reader's side takes from it and says that it is alive when nothing comes.
Whatever happens, the stream ends with exactly one `done` or `error`, and the stored turn is filled and released.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator
from typing import Any

from celery import current_app
from django.conf import settings
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from assistant.llm import loop
from assistant.llm.client import ModelError
from assistant.llm.events import Finished, LoopEvent, ResponseStarted, Text, ToolFinished, ToolStarted
from assistant.prompts.routing import Route, route
from assistant.prompts.system import PromptContext, composed, computed, remembered
from assistant.services.sse import Event, EventStream
from assistant.services.threads import in_thread
from assistant.services.turns import Outcome, Turn, finish_turn
from assistant.tools.registry import ToolContext, call_tool, tool_schemas
from assistant.tools.results import ToolResult

log = logging.getLogger(__name__)

LONGEST_BACKOFF, JITTER = 5.0, 0.25
# A server takes milliseconds from a response to its first piece.
UNREAD_SECONDS = 5.0
LEFT, SERVER_ERROR = "client_disconnected", "SERVER_ERROR"
SORRY = "Something went wrong on our side. Please try again."
_unfinished: set[asyncio.Task[None]] = set()


class Answer:
    """The answer to a turn that was begun in the database. Read once, by `async for`.

    A reader who leaves ends the vendor's stream too; what was said by then is kept, and the next turn is let in.
    """

    def __init__(self, turn: Turn) -> None:
        self._writing = _Writing(turn)
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_read = False

    def begin(self) -> None:
        """Begin to write, on the running event loop; reading begins it too."""
        if self._task is None:
            self._loop = asyncio.get_running_loop()
            self._task = self._loop.create_task(self._writing.write())
            # Kept from being collected, also when the reader's request is gone.
            _unfinished.add(self._task)
            self._task.add_done_callback(_unfinished.discard)
            self._loop.call_later(UNREAD_SECONDS, self._unread)

    def leave(self) -> None:
        """Nobody reads on; also where nobody ever did. On the event loop; once all is written it changes nothing."""
        writing = self._writing
        writing.reader_left = True
        if self._task is None:
            self.begin()
        # What follows the last event is no reader's.
        elif writing.has_begun and not writing.is_told:
            self._task.cancel()

    def _unread(self) -> None:
        """Where the reader leaves while the response is on its way through the middleware, it is dropped and never closed."""
        if not self._is_read and self._task is not None and not self._task.done():
            self.leave()

    def close(self) -> None:
        """The same from any thread, for what was begun."""
        if self._loop is not None and self._task is not None and not self._task.done():
            self._loop.call_soon_threadsafe(self.leave)

    async def __aiter__(self) -> AsyncGenerator[Event]:
        self._is_read = True
        self.begin()
        writing, ended = self._writing, False
        try:
            while True:
                try:
                    async with asyncio.timeout(settings.CHAT_HEARTBEAT_SECONDS):
                        event = await writing.events.get()
                except TimeoutError:
                    event = writing.stream.event("heartbeat", {})
                if event is None:
                    ended = True
                    return
                yield event
        finally:
            if not ended:
                self.leave()


class _Writing:
    """One answer in the making."""

    def __init__(self, turn: Turn) -> None:
        self.events: asyncio.Queue[Event | None] = asyncio.Queue()
        self.stream = EventStream(turn.run_id)
        self._turn = turn
        self._route: Route = route(turn.text)
        self._searches = self._route.web_search and settings.OPENAI_WEB_SEARCH
        self._outcome = Outcome(model=settings.OPENAI_MODEL_DEEP if self._route.deep else settings.OPENAI_MODEL)
        self._began = time.monotonic()
        self._known: loop.Known = {}
        self._timeline: list[dict[str, Any]] = []
        self._pieces = [0, 0]
        self._attempts = 0
        self._tools_ended: list[float] = []
        self._gaps: list[int] = []
        # Whether this attempt's response was named to the reader.
        self._named = False
        self._saved = False
        # A task that is cancelled before its first step never runs: then it must find out by itself.
        self.has_begun = self.reader_left = self.is_told = False

    async def write(self) -> None:
        """Fill the queue; None is its end."""
        self.has_begun = True
        try:
            if self.reader_left:
                raise asyncio.CancelledError
            self._announce()
            async with asyncio.timeout(settings.CHAT_TURN_SECONDS):
                await self._attempt_until_said()
        except asyncio.CancelledError:
            await self._save(LEFT, "The reader left before the answer was complete.")
        except TimeoutError:
            await self._fail("api_failure", f"The answer took longer than {settings.CHAT_TURN_SECONDS:.0f} seconds.")
        except ModelError as error:
            await self._fail(self._kind(error), str(error))
        except Exception:
            log.exception("Turn %s failed", self._turn.run_id)
            await self._fail(SERVER_ERROR, SORRY, retryable=True)
        else:
            await self._end()
        finally:
            self.is_told = True
            self.events.put_nowait(None)
        if self._outcome.error_type is None:
            await in_thread(_remember, str(self._turn.assistant_message_id))

    async def _attempt_until_said(self) -> None:
        turn = self._turn
        self._mark("attempt_start")
        context = PromptContext(
            user=turn.user, mode=turn.mode, model=self._outcome.model, ui_context=turn.context,
            portfolio_id=turn.portfolio_id, portfolio_ids=turn.portfolio_ids, query=turn.text,
        )  # fmt: skip
        # From two databases at once; the question is embedded meanwhile.
        books, memories = await asyncio.gather(in_thread(computed, context), in_thread(remembered, context))
        prompt = composed(context, books, memories)
        while True:
            self._attempts += 1
            try:
                await self._attempt(prompt)
                return
            except ModelError as error:
                if not error.retryable or self._outcome.text or self._attempts > settings.CHAT_RETRIES:
                    raise
                await self._wait_and_switch(error)

    async def _attempt(self, prompt: str) -> None:
        turn, way = self._turn, self._route
        who = ToolContext(turn.user, turn.portfolio_id, turn.portfolio_ids)

        def call(name: str, arguments: str) -> ToolResult:
            return call_tool(who, name, arguments)

        events = loop.run(
            model=self._outcome.model, instructions=prompt, tools=tool_schemas(web_search=self._searches), call=call,
            items=[*({"role": role, "content": text} for role, text in turn.history), {"role": "user", "content": turn.text}],
            effort=way.effort, verbosity=way.verbosity, usage=self._outcome.usage, known=self._known,
        )  # fmt: skip
        self._named = False
        async for event in events:
            self._take(event)

    def _take(self, event: LoopEvent) -> None:
        match event:
            case ResponseStarted(response_id):
                self._outcome.response_id = response_id
                if not self._named:
                    self._named = True
                    self._send("response_id", {"response_id": response_id, "provider": "openai"}, mark="response_id")
            case Text(delta):
                self._say(delta)
            case ToolStarted(call_id, name, arguments):
                called = {"tool_call_id": call_id, "tool_name": name, "tool_args": arguments}
                self._send("tool_call", called, mark="tool_call")
            case ToolFinished(call_id, name, result, duration):
                self._outcome.tools.append(
                    {"name": name, "id": call_id, "duration_ms": duration, "failed": result.failed}
                )
                self._tools_ended.append(time.monotonic())
                returned: dict[str, Any] = {
                    "tool_call_id": call_id, "tool_name": name, "tool_result": result.summary, "duration_ms": duration,
                }  # fmt: skip
                self._send("tool_result", returned, mark="tool_result")
            case Finished():
                pass

    def _say(self, delta: str) -> None:
        now = time.monotonic()
        if self._outcome.first_token_ms is None:
            self._outcome.first_token_ms = self._since(now)
            self._mark("token_first")
        if self._tools_ended:
            self._gaps += [round(1000 * (now - ended)) for ended in self._tools_ended]
            self._tools_ended.clear()
        self._pieces[bool(self._outcome.tools)] += 1
        self._outcome.text += delta
        self._send("token", {"delta": delta})

    async def _wait_and_switch(self, error: ModelError) -> None:
        pause = min(
            settings.CHAT_BACKOFF_SECONDS * 2 ** (self._attempts - 1) + random.uniform(0, JITTER), LONGEST_BACKOFF
        )
        told = {
            "info_type": "retry_scheduled", "attempt": self._attempts, "max_attempts": settings.CHAT_RETRIES + 1,
            "retry_in_ms": round(1000 * pause), "retryable": error.retryable,
        }  # fmt: skip
        self._send("info", told)
        self._timeline.append({"type": "retry_scheduled", "t_ms": self._since(), "delay_ms": round(1000 * pause)})
        await asyncio.sleep(pause)
        before, after = self._outcome.model, settings.OPENAI_MODEL_FALLBACK
        if after and after != before:
            self._outcome.model = after
            told = {"info_type": "model_switch", "from": before, "to": after, "attempt": self._attempts + 1}
            self._send("info", told, mark="fallback_switch")
        self._mark("attempt_start")

    # -- beginning and end

    def _announce(self) -> None:
        turn, shown = self._turn, self._turn.context
        created = {
            "user_message_id": turn.user_message_id, "assistant_message_id": turn.assistant_message_id,
            "conversation_id": turn.conversation_id, "run_id": turn.run_id,
        }  # fmt: skip
        self.events.put_nowait(Event("message_created", created))
        self._mark("message_created")
        begun = {
            "conversation_id": turn.conversation_id, "mode": turn.mode, "model": self._outcome.model,
            "reasoning_effort": loop.effort_for(self._outcome.model, self._route.effort) or "none",
            "text_verbosity": self._route.verbosity, "web_search_enabled": self._searches,
            "page_hint": shown.get("page_hint"), "route": shown.get("route"), "portfolio_id": turn.portfolio_id,
            "portfolio_ids": list(turn.portfolio_ids) or None,
        }  # fmt: skip
        self._send("start", begun, mark="start")

    async def _end(self) -> None:
        outcome = self._outcome
        await self._save()
        self._mark("done_emit")
        switched = self._attempts > 1 and outcome.model == settings.OPENAI_MODEL_FALLBACK
        told = {
            "final_text": outcome.text, "tool_calls_count": len(outcome.tools), "latency_ms": outcome.latency_ms,
            "token_counts": {"initial": self._pieces[0], "continuation": self._pieces[1], **outcome.usage.known()},
            "post_tool_first_token_gaps_ms": self._gaps, "event_timeline": self._timeline, "fallback_used": switched,
            "model_used": outcome.model,
            "retry_stats": {
                "attempts": self._attempts, "max_retries": settings.CHAT_RETRIES, "used_fallback_model": switched,
            },
        }  # fmt: skip
        self._send("done", told)

    async def _fail(self, kind: str, text: str, *, retryable: bool = False) -> None:
        self._mark("error")
        await self._save(kind, text)
        told = {"error": text, "message": text, "error_type": kind, "retryable": retryable, "attempts": self._attempts}
        self._send("error", told)

    async def _save(self, kind: str | None = None, text: str | None = None) -> None:
        if self._saved:
            return
        self._saved = True
        outcome = self._outcome
        outcome.error_type, outcome.error_message, outcome.latency_ms = kind, text, self._since()
        try:
            # A reader who leaves now does not stop it.
            await asyncio.shield(in_thread(finish_turn, self._turn, outcome))
        except Exception:
            log.exception("Turn %s could not be stored", self._turn.run_id)

    def _kind(self, error: ModelError) -> str:
        """A failure after tools is one of the continuation, unless its reason is known more closely."""
        if self._outcome.tools and error.error_type == "api_failure":
            return "continuation_failed"
        return error.error_type

    # -- telling

    def _send(self, name: str, data: dict[str, Any], *, mark: str | None = None) -> None:
        if mark:
            self._mark(mark)
        self.events.put_nowait(self.stream.event(name, data))

    def _mark(self, what: str) -> None:
        self._timeline.append({"type": what, "t_ms": self._since()})

    def _since(self, now: float | None = None) -> int:
        return round(1000 * ((now or time.monotonic()) - self._began))


def mode_changed(run_id: str, conversation_id: Any, mode: str, model: str) -> list[Event]:
    """The three events that answer a `/mode` command."""
    sentence = f"Mode changed to {mode}"
    stream = EventStream(run_id)
    begun = {"conversation_id": conversation_id, "mode": mode, "model": model}
    return [
        # The frontend reads `data.conversation_id`, the contract has the fields at the top: both are there.
        Event("start", {**begun, "type": "start", "run_id": run_id, "seq": 0, "data": begun, "timestamp": time.time_ns() // 1_000_000}),
        Event("message", {"delta": sentence, "role": "system"}),
        stream.event("done", {"final_text": sentence, "tool_calls_count": 0}),
    ]  # fmt: skip


def _remember(message_id: str) -> None:
    """Hand the finished turn to the memories. A broker that is away loses a memory, not an answer."""
    try:
        current_app.send_task("assistant.tasks.extract_memories", [message_id], retry=False, ignore_result=True)
    except (KombuError, RedisError):
        log.warning("Memories of message %s are not extracted: the broker does not answer", message_id)
