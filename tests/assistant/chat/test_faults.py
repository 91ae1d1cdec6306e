"""A vendor that fails, falls silent or is not there; a reader who leaves; two questions at once."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings as django_settings
from django.db import connection

from analytics.services.queues import waiting
from assistant.models import AIRequestMetric, Conversation, Message
from assistant.services import ai_database, answering
from tests.assistant.chat.reading import Person, Stream, events_of
from tests.assistant.outages import locked
from tests.fake_ai.script import Answer, Fault
from tests.fake_ai.server import FakeAI

# The test's own transaction sees what the application commits.
pytestmark = pytest.mark.django_db(databases=["default", "ai"])
Make = Callable[..., Person]


def eventually(condition: Callable[[], Any], seconds: float = 10) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def committed(change: Callable[[], object]) -> None:
    """Made on a connection of its own, so that the application sees it."""

    def work() -> None:
        change()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    "step",
    [
        Fault(500), Fault(503), Fault(429, "rate_limit_exceeded", kind="requests"), Answer("", status="failed", reason="server_error"),
        Answer("", error="server_error"), Answer("never said", cut_after=0), Answer("never said", hold_after=0),
    ],
    ids=["500", "503", "429", "failed", "error", "cut", "silence"],
)  # fmt: skip
def test_before_the_first_word_another_model_tries(
    vendor: FakeAI, person: Make, settings: Any, step: Answer | Fault
) -> None:
    settings.OPENAI_TIMEOUT_SECONDS = 0.5
    vendor.script(step, Answer("All is well."))
    stream = person().ask("How am I?")
    retry, switch = stream.of("info")
    assert (retry["info_type"], retry["attempt"], retry["max_attempts"], retry["retryable"]) == (
        "retry_scheduled", 1, 3, True,
    )  # fmt: skip
    assert (switch["info_type"], switch["to"], switch["attempt"]) == ("model_switch", "gpt-4.1-mini", 2)
    assert stream.names().count("start") == 1
    assert (stream.end.name, stream.end.data["final_text"]) == ("done", "All is well.")
    assert (stream.end.data["fallback_used"], stream.end.data["model_used"]) == (True, "gpt-4.1-mini")
    last = vendor.bodies()[-1]
    assert last["model"] == "gpt-4.1-mini"
    assert "reasoning" not in last


def test_three_failures_are_an_error(vendor: FakeAI, person: Make) -> None:
    vendor.script(Fault(500), Fault(500), Fault(500), Answer("too late"))
    stream = person().ask("How am I?")
    assert stream.end.data == {
        "error": "The AI service failed.", "message": "The AI service failed.", "error_type": "api_failure",
        "retryable": False, "attempts": 3,
    }  # fmt: skip
    answer = Message.objects.get(pk=stream[0].payload["assistant_message_id"])
    assert (answer.content, answer.error["type"]) == ("", "api_failure")
    told = AIRequestMetric.objects.get(message_id=answer.pk)
    assert (told.error_type, told.total_tokens, told.first_token_ms) == ("api_failure", None, None)


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (Fault(429, "insufficient_quota", kind="insufficient_quota"), "quota_exceeded"),
        (Fault(401, "invalid_api_key"), "authentication_error"),
        (Fault(400), "api_failure"),
    ],
)
def test_what_cannot_get_better_is_not_tried_again(vendor: FakeAI, person: Make, step: Fault, kind: str) -> None:
    vendor.script(step)
    stream = person().ask("How am I?")
    assert (stream.end.name, stream.end.data["error_type"], stream.end.data["attempts"]) == ("error", kind, 1)
    assert "scripted" not in stream.end.data["error"]


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (Answer("One two three four", cut_after=2), "api_failure"),
        (Answer("One two ", status="incomplete"), "incomplete_response"),
        (Answer("One two ", status="failed", reason="server_error"), "api_failure"),
    ],
)
def test_after_the_first_word_what_was_said_stays(vendor: FakeAI, person: Make, step: Answer, kind: str) -> None:
    vendor.script(step, Answer("must not be said"))
    asker = person()
    stream = asker.ask("Count")
    assert (stream.end.name, stream.end.data["error_type"], stream.text()) == ("error", kind, "One two ")
    assert stream.of("info") == []
    answer = Message.objects.get(pk=stream[0].payload["assistant_message_id"])
    assert (answer.content, answer.error["type"]) == ("One two ", kind)
    vendor.forget()
    vendor.script(Answer("Fine."))
    assert asker.ask("Again").end.name == "done"


def test_a_failure_after_tools_is_one_of_the_continuation(vendor: FakeAI, person: Make) -> None:
    vendor.script(Answer("So: ", calls=[("get_target_prices", {"portfolio_id": None})]), Fault(400))
    stream = person().ask("Targets?")
    assert (stream.end.name, stream.end.data["error_type"]) == ("error", "continuation_failed")


def test_a_silent_vendor_is_bridged_by_heartbeats(vendor: FakeAI, person: Make, settings: Any) -> None:
    settings.CHAT_HEARTBEAT_SECONDS = 0.1
    vendor.script(Answer("At last.", before=0.6))
    names = person().ask("Think").names()
    assert names.count("heartbeat") >= 3
    assert names.index("heartbeat") < names.index("token")


def test_a_tool_that_waits_is_bridged_by_heartbeats(vendor: FakeAI, person: Make, settings: Any) -> None:
    settings.CHAT_HEARTBEAT_SECONDS = 0.1
    vendor.script(Answer(calls=[("get_target_prices", {"portfolio_id": None})]), Answer("At last."))
    asker, seen = person(), Stream()
    with locked("target_prices", using="default"):
        events = events_of(asker.post("Targets?").iter_content(None))
        for event in events:
            seen.append(event)
            if "tool_call" in seen.names() and event.name == "heartbeat":
                break
    seen += events
    names = seen.names()
    assert "heartbeat" in names[names.index("tool_call") : names.index("tool_result")]
    assert seen.of("tool_result")[0]["tool_result"]["error"] is None
    assert seen.end.data["final_text"] == "At last."


def test_a_slow_tool_is_given_up_and_the_answer_goes_on(vendor: FakeAI, person: Make, settings: Any) -> None:
    settings.CHAT_TOOL_SECONDS = 0.0001
    vendor.script(Answer(calls=[("get_risk_analysis", {"portfolio_id": None})]), Answer("Without it, then."))
    stream = person().ask("Risk?")
    assert "took longer" in stream.of("tool_result")[0]["tool_result"]["error"]["message"]
    assert stream.end.data["final_text"] == "Without it, then."


def test_a_turn_has_an_end(vendor: FakeAI, person: Make, settings: Any) -> None:
    settings.CHAT_TURN_SECONDS = 0.4
    vendor.script(Answer("On and on", hold_after=2))
    stream = person().ask("Go on")
    assert (stream.end.name, stream.text()) == ("error", "On and ")
    assert "longer than" in stream.end.data["error"]
    eventually(lambda: vendor.open == 0)


def test_without_a_key_the_error_says_what_to_do(vendor: FakeAI, person: Make, settings: Any) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    stream = person().ask("Hello?")
    assert (stream.end.name, stream.end.data["error_type"]) == ("error", "authentication_error")
    assert "OPENAI_API_KEY" in stream.end.data["error"]
    assert stream.names() == ["message_created", "start", "error"]


def test_a_reader_who_leaves_ends_the_vendors_stream(vendor: FakeAI, person: Make) -> None:
    vendor.script(Answer("one two three four", hold_after=2))
    asker = person()
    answer = asker.post("Count")
    seen = Stream()
    for event in events_of(answer.iter_content(None)):
        seen.append(event)
        if seen.text() == "one two ":
            break
    answer.close()
    eventually(lambda: vendor.open == 0 and vendor.left == 1)
    message = Message.objects.filter(pk=seen[0].payload["assistant_message_id"])
    eventually(lambda: message.get().content)
    assert (message.get().content, message.get().error["type"]) == ("one two ", "client_disconnected")
    assert AIRequestMetric.objects.get(message_id=message.get().pk).error_type == "client_disconnected"
    assert Conversation.objects.get(pk=asker.conversation).busy_until is None


def test_a_reader_who_leaves_before_the_first_word_leaves_no_claim(
    vendor: FakeAI, person: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "UNREAD_SECONDS", 0.5)
    vendor.script(Answer("never read", hold_after=1))
    asker = person()
    place = urlsplit(asker.base)
    body = json.dumps({"conversation_id": asker.conversation, "text": "Count"})
    lines = [f"{name}: {value}" for name, value in {**asker.headers, "Content-Type": "application/json"}.items()]
    lines = [f"POST {place.path}/chat/send HTTP/1.1", f"Host: {place.netloc}", f"Content-Length: {len(body)}", *lines]
    with socket.create_connection((place.hostname, place.port or 0)) as reader:
        reader.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        # Claimed in a thread, while the event loop still waits for it.
        eventually(lambda: Message.objects.filter(conversation_id=asker.conversation).exists())
    eventually(lambda: Conversation.objects.get(pk=asker.conversation).busy_until is None)
    answer = Message.objects.get(conversation_id=asker.conversation, role="assistant")
    assert answer.error["type"] == "client_disconnected"
    assert AIRequestMetric.objects.get(message_id=answer.pk).error_type == "client_disconnected"
    eventually(lambda: vendor.open == 0)


def test_a_conversation_deleted_meanwhile_ends_without_a_trace(vendor: FakeAI, person: Make) -> None:
    vendor.script(Answer("one two three", pause=0.2))
    asker = person()
    answer = asker.post("Count")
    events = events_of(answer.iter_content(None))
    seen = [next(events), next(events)]
    assert requests.delete(
        f"{asker.base}/chat/conversations/{asker.conversation}", headers=asker.headers, timeout=20
    ).ok
    seen += events
    assert seen[-1].name == "done"
    assert not Message.objects.filter(conversation_id=asker.conversation).exists()


def test_of_two_questions_at_the_same_moment_one_is_answered(vendor: FakeAI, person: Make) -> None:
    vendor.script(Answer("Late", before=5))
    asker = person()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: asker.post(f"Question {n}?"), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    for answer in answers:
        answer.close()
    eventually(lambda: Conversation.objects.get(pk=asker.conversation).busy_until is None)


def test_an_ai_database_that_is_locked_costs_no_answer(vendor: FakeAI, person: Make) -> None:
    vendor.script(Answer("Without memories, then."))
    asker = person()
    with locked():
        stream = asker.ask("How am I?", page_hint="portfolio")
        assert requests.get(f"{asker.base}/portfolios", headers=asker.headers, timeout=20).ok
    assert stream.end.data["final_text"] == "Without memories, then."
    assert 'kind="memories"' not in vendor.bodies()[0]["instructions"]
    ai_database.rest.end()


def test_every_finished_answer_is_handed_to_the_memories(vendor: FakeAI, person: Make) -> None:
    queue = next(name for name in django_settings.WORKER_QUEUES if name.endswith("assistant"))
    vendor.script(*[Answer("Fine.")] * 4, Answer("", status="failed", reason="invalid_prompt"))
    asker, before = person(), waiting()[0][queue]
    for _ in range(5):
        asker.ask("How am I?")
    eventually(lambda: waiting()[0][queue] == before + 4)


def test_one_turn_at_a_time(vendor: FakeAI, person: Make) -> None:
    vendor.script(Answer("Slowly now", pause=0.3), Answer("Free again."))
    asker = person()
    streams: list[Stream] = []
    first = threading.Thread(target=lambda: streams.append(asker.ask("One?")))
    first.start()
    eventually(lambda: vendor.open == 1)
    second = asker.post("Two?")
    assert second.status_code == 409
    assert "still being answered" in second.json()["detail"]
    first.join()
    assert streams[0].end.name == "done"
    assert Message.objects.filter(conversation_id=asker.conversation).count() == 2
    assert asker.ask("Two?").end.data["final_text"] == "Free again."


def test_a_claim_of_a_killed_process_runs_out(vendor: FakeAI, person: Make) -> None:
    asker = person()
    committed(
        lambda: Conversation.objects.filter(pk=asker.conversation).update(
            busy_until="2025-01-01T00:00:00Z", provider_run_id="x"
        )
    )
    vendor.script(Answer("Here."))
    assert asker.ask("Anybody?").end.name == "done"


def test_messages_are_limited(vendor: FakeAI, person: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from sigmasight.core.api.throttles import ScopeThrottle

    monkeypatch.setattr(ScopeThrottle, "THROTTLE_RATES", {**ScopeThrottle.THROTTLE_RATES, "chat": "2/min"})
    asker = person()
    statuses = [asker.post("/mode blue").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = asker.post("/mode blue")
    assert isinstance(refused.json()["detail"], str)
    assert int(refused.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_what_cannot_be_sent_is_422_and_stores_nothing(person: Make, text: str) -> None:
    asker = person()
    assert asker.post(text).status_code == 422
    assert not Message.objects.filter(conversation_id=asker.conversation).exists()


def test_a_stranger_is_refused_before_any_stream(person: Make) -> None:
    asker = person()
    asker.headers = {"Authorization": "Bearer nonsense"}
    refused = asker.post("Hello")
    assert (refused.status_code, refused.headers["Content-Type"]) == (401, "application/json")
