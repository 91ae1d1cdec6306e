"""Events of an answer as the body of a response."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterable

from django.http import HttpResponse, StreamingHttpResponse

from assistant.services.answering import Answer
from assistant.services.insight_chat import flat
from assistant.services.sse import Event, frame

KIND = "text/event-stream"
HEADERS = {
    "Cache-Control": "no-cache",
    # Neither a proxy nor our own compression may hold words back.
    "X-Accel-Buffering": "no",
    "Content-Encoding": "identity",
}
# A comment line: the older form has no event for it.
ALIVE = b": alive\n\n"


class AnswerResponse(StreamingHttpResponse):
    """An answer, each event as it comes. `older`: in the form without envelopes."""

    def __init__(self, answer: Answer, *, older: bool = False) -> None:
        super().__init__(framed(aiter(answer), older=older), content_type=KIND, headers=HEADERS)
        self.answer = answer

    def close(self) -> None:
        super().close()
        self.answer.close()


def at_once(events: Iterable[Event], *, older: bool = False) -> HttpResponse:
    """Events that are all there."""
    return HttpResponse(b"".join(_text(event, older=older) for event in events), content_type=KIND, headers=HEADERS)


async def framed(events: AsyncGenerator[Event], *, older: bool) -> AsyncGenerator[bytes]:
    """Events as text."""
    # A reader who leaves ends the answer now, not when somebody collects it.
    async with contextlib.aclosing(events):
        async for event in events:
            if text := _text(event, older=older):
                yield text


def _text(event: Event, *, older: bool) -> bytes:
    if not older:
        return frame(event)
    told = flat(event)
    if told is None:
        return b""
    return ALIVE if told.name == "heartbeat" else frame(told)
