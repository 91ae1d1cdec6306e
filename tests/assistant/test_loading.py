"""What a server loads before the first question."""

from __future__ import annotations

import sys
from typing import Any, get_args

import pytest

from assistant.llm import client


def test_without_a_model_nothing_is_loaded(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    monkeypatch.setitem(sys.modules, "openai.types.responses", None)
    client.load()


def test_events_need_not_be_made_while_somebody_waits(settings: Any) -> None:
    settings.OPENAI_API_KEY = "practice-key"
    client.load()
    from openai.types.responses import ResponseStreamEvent

    events = get_args(get_args(ResponseStreamEvent)[0])
    assert len(events) > 20
    assert all(event.__pydantic_complete__ for event in events)
